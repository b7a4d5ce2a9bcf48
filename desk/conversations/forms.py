"""The forms of a reply, and of a quick reply."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django import forms
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns import attachments
from campaigns.errors import CampaignError
from campaigns.models import Attachment
from campaigns.template_errors import template_error_sentence
from desk.conversations.commands import LONGEST
from desk.conversations.people import Way
from domain.folding import fold
from domain.templating import TemplateError, parse
from messaging.models import QuickReply

ACCEPTED = ",".join(suffix for suffixes in attachments.SUFFIXES.values() for suffix in suffixes)
KEPT = "reply-file"
"""What the ids of files that were taken already are signed for: nobody sends another file by guessing its id."""


class ReplyForm(forms.Form):
    """A text, a file with it, and the line they go by. `id` is the future message's: sent twice, a form makes one.

    `kept` is a file that was taken already, where the form is shown again: a browser does not choose it anew.
    """

    text = forms.CharField(
        label=gettext_lazy("Reply"),
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3, "data-ctrl-enter": "", "maxlength": LONGEST}),
    )
    line = forms.ChoiceField(
        label=gettext_lazy("By the line"), widget=forms.Select(attrs={"class": "form-select", "data-known": ""})
    )
    id = forms.CharField(widget=forms.HiddenInput())
    file = forms.FileField(
        label=gettext_lazy("Attach a file"), required=False, widget=forms.FileInput(attrs={"accept": ACCEPTED})
    )
    kept = forms.CharField(required=False)
    drop = forms.BooleanField(required=False)
    sure = forms.BooleanField(required=False)

    def __init__(self, *args: Any, ways: Sequence[Way], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = [(str(way.gateway.pk), way.label) for way in ways]
        line: Any = self.fields["line"]
        line.choices = choices
        known = next((str(way.gateway.pk) for way in ways if way.known), "")
        line.widget.attrs["data-known"] = known
        line.widget.attrs["data-sms"] = " ".join(str(way.gateway.pk) for way in ways if way.gateway.channel == "sms")
        self.initial.setdefault("line", known or (choices[0][0] if choices else ""))
        self.initial.setdefault("id", str(ObjectId()))
        self.attachment: Attachment | None = None

    @property
    def mark(self) -> str:
        """The taken file, as the form's next showing names it."""
        return signing.dumps(str(self.attachment.pk), salt=KEPT) if self.attachment is not None else ""

    def clean_id(self) -> ObjectId:
        text = self.cleaned_data["id"]
        return ObjectId(text) if ObjectId.is_valid(text) else ObjectId()

    def clean_line(self) -> ObjectId:
        return ObjectId(self.cleaned_data["line"])

    def clean_file(self) -> None:
        given: UploadedFile | None = self.cleaned_data.get("file")
        if given is None:
            return
        try:
            read = attachments.checked(given.name or "", given.read(attachments.MAX_BYTES + 1))
        except CampaignError as error:
            raise forms.ValidationError(str(error)) from None
        self.attachment = attachments.keep(read)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.attachment is None and data.get("kept") and not data.get("drop"):
            try:
                pk = signing.loads(data["kept"], salt=KEPT)
            except signing.BadSignature:
                pk = None
            self.attachment = Attachment.objects.defer("data").filter(pk=pk).first() if pk else None
        if not data.get("text") and self.attachment is None and not self.errors:
            self.add_error("text", _("Write a message first."))
        return data


class QuickReplyForm(forms.Form):
    """A quick reply's name, by which it is found, and its text."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("It is found by it: type / and the name in an answer."),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Placeholders like {nombre}, {deuda} or {rut|not known} are filled in for each debtor."),
    )

    def __init__(self, *args: Any, reply: QuickReply | None = None, **kwargs: Any) -> None:
        if reply is not None:
            kwargs.setdefault("initial", {"name": reply.name, "text": reply.text})
        super().__init__(*args, **kwargs)
        self.reply = reply

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if not fold(name):
            raise forms.ValidationError(_("A name needs a letter or a digit."))
        same = QuickReply.objects.filter(folded_name=fold(name)[:60])
        if self.reply is not None:
            same = same.exclude(pk=self.reply.pk)
        if same.exists():
            raise forms.ValidationError(_("There is a quick reply of that name already: change it, or choose another."))
        return name

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\r\n", "\n").strip()
        try:
            parse(text)
        except TemplateError as error:
            raise forms.ValidationError(template_error_sentence(error)) from None
        return text
