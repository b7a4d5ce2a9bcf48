"""The forms of uploads: the file and whose it is, then what its columns are."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from debtors.intake.reasons import FIELD_LABELS, page_error
from debtors.models import Upload
from domain.columns import IGNORE, KEEP, guess_columns, recall
from domain.headers import Field
from domain.phones import is_country
from lib.converters import object_id

PEOPLE = 200
"""Whom a list of owners offers."""


def owners() -> list[tuple[str, str]]:
    """Who debtors can be given to."""
    people = User.objects.filter(is_active=True).order_by("username")[:PEOPLE]
    return [(str(each.pk), each.get_full_name() or each.get_username()) for each in people]


class UploadForm(forms.Form):
    """A spreadsheet, and for whom. `campaigns` are the drafts that may get its debtors: (id, name)."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )
    country = forms.CharField(
        label=gettext_lazy("Country"),
        max_length=2,
        min_length=2,
        help_text=gettext_lazy("Of phones without a prefix, of amounts and of dates, in two letters: CL, ES."),
    )
    owner = forms.ChoiceField(
        label=gettext_lazy("Executive"), required=False, help_text=gettext_lazy("Whose debtors these are.")
    )
    campaign = forms.ChoiceField(
        label=gettext_lazy("Campaign"),
        required=False,
        help_text=gettext_lazy("A draft that gets these debtors as its recipients."),
    )

    def __init__(self, *args: Any, campaigns: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].initial = settings.DEFAULT_COUNTRY
        self._choices("owner", [("", _("Nobody in particular")), *owners()])
        self._choices("campaign", [("", _("None")), *campaigns])
        most = settings.UPLOAD_MAX_BYTES // 1024**2
        self.fields["file"].help_text = _("An .xlsx or .csv of at most %(most)s MB.") % {"most": most}
        self.fields["file"].widget.attrs.update(
            {"data-max-bytes": settings.UPLOAD_MAX_BYTES, "data-too-large": _too_large()}
        )
        if not campaigns:
            del self.fields["campaign"]

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(_too_large())
        return file

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if not is_country(country):
            raise forms.ValidationError(page_error("unknown_country", {"country": country}))
        return country

    def clean_owner(self) -> User | None:
        key = object_id(self.cleaned_data["owner"])
        return User.objects.filter(pk=key).first() if key else None

    def clean_campaign(self) -> Any:
        return object_id(self.cleaned_data["campaign"])


def _too_large() -> str:
    return page_error("too_large", {"limit": settings.UPLOAD_MAX_BYTES})


class ColumnsForm(forms.Form):
    """What each column of a looked-at file is: a select a header; `remembered`: what was chosen for the last file with
    these columns."""

    def __init__(self, upload: Upload, *args: Any, remembered: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._headers: dict[str, str] = {}
        guessed = recall(upload.headers, remembered) if remembered else guess_columns(upload.headers)
        named = [(each.value, FIELD_LABELS[each]) for each in Field]
        choices = [*named, (KEEP, _("Another column")), (IGNORE, _("Don't read it"))]
        for index, header in enumerate(upload.headers):
            # Of columns with the very same header only the first can be chosen for; the others are kept.
            if not header or header in self._headers.values():
                continue
            name = f"column-{index}"
            self._headers[name] = header
            self.fields[name] = forms.ChoiceField(label=header, choices=choices, initial=guessed[index])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        taken: set[str] = set()
        for name in self._headers:
            chosen = values.get(name, "")
            if chosen in taken and chosen not in (KEEP, IGNORE):
                self.add_error(name, page_error("mapped_twice", {"field": chosen}))
            taken.add(chosen)
        if Field.PHONE.value not in taken:
            raise forms.ValidationError(page_error("no_phone_column", {}))
        return values

    @property
    def mapping(self) -> dict[str, str]:
        """{header: field, "ignore" or "keep"}."""
        return {header: self.cleaned_data[name] for name, header in self._headers.items()}

    @property
    def usual(self) -> dict[str, str]:
        """The same as it is proposed."""
        return {header: str(self.fields[name].initial) for name, header in self._headers.items()}
