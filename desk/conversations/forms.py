"""The form of a reply."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django import forms
from django.utils.translation import gettext_lazy as _

from desk.conversations.commands import LONGEST
from desk.conversations.people import Way


class ReplyForm(forms.Form):
    """A text and the line it goes by. `id` is the future message's, so that a form sent twice makes one."""

    text = forms.CharField(
        label=_("Reply"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "data-ctrl-enter": "", "maxlength": LONGEST}),
        error_messages={"required": _("Write a message first.")},
    )
    line = forms.ChoiceField(
        label=_("By the line"), widget=forms.Select(attrs={"class": "form-select", "data-known": ""})
    )
    id = forms.CharField(widget=forms.HiddenInput())

    def __init__(self, *args: Any, ways: Sequence[Way], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = [(str(way.gateway.pk), way.label) for way in ways]
        line: Any = self.fields["line"]
        line.choices = choices
        known = next((str(way.gateway.pk) for way in ways if way.known), "")
        line.widget.attrs["data-known"] = known
        self.initial.setdefault("line", known or (choices[0][0] if choices else ""))
        self.initial.setdefault("id", str(ObjectId()))

    def clean_id(self) -> ObjectId:
        text = self.cleaned_data["id"]
        return ObjectId(text) if ObjectId.is_valid(text) else ObjectId()

    def clean_line(self) -> ObjectId:
        return ObjectId(self.cleaned_data["line"])
