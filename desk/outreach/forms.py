"""The forms of contacts, of digests and of checks of numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.book import Part
from domain.rows import MAX_NAME, MAX_RUT
from lib.converters import object_id
from outreach.errors import OutreachError
from outreach.models import BookImport, Contact
from preferences.queries import Settings

PART_LABELS: Mapping[Part, Any] = {
    Part.RUT: gettext_lazy("The debtor's RUT"),
    Part.NAME: gettext_lazy("The executive's name"),
    Part.PHONE: gettext_lazy("The executive's phone"),
}


class Refusable(forms.Form):
    """A form that shows what could not be done."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def refuse(self, error: OutreachError) -> None:
        """Show what could not be done at its field."""
        self.add_error(error.field if error.field in self.fields else None, str(error))


class ContactForm(Refusable):
    """An entry of the book."""

    rut = forms.CharField(
        label=PART_LABELS[Part.RUT],
        max_length=2 * MAX_RUT,
        error_messages={"required": gettext_lazy("Write the debtor's RUT.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    name = forms.CharField(
        label=PART_LABELS[Part.NAME],
        max_length=MAX_NAME,
        error_messages={"required": gettext_lazy("Write the executive's name.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    phone = forms.CharField(
        label=PART_LABELS[Part.PHONE],
        max_length=100,
        error_messages={"required": gettext_lazy("Write the phone.")},
        help_text=gettext_lazy(
            "Where the executive gets digests: a mobile with WhatsApp. A user with this phone is linked."
        ),
        widget=forms.TextInput({"type": "tel", "autocomplete": "off"}),
    )
    digests = forms.BooleanField(
        label=gettext_lazy("Tell the executive of this debtor's replies"), required=False, initial=True
    )

    def __init__(self, *args: Any, contact: Contact | None = None, **kwargs: Any) -> None:
        if contact is not None:
            kwargs["initial"] = {name: getattr(contact, name) for name in ("rut", "name", "phone", "digests")}
        super().__init__(*args, **kwargs)


class BookFileForm(Refusable):
    """A spreadsheet of contacts."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limit_file(self.fields["file"])

    def clean_file(self) -> UploadedFile:
        return fitting_file(self.cleaned_data["file"])


def limit_file(field: forms.Field) -> None:
    """Say how large a file may be, also to the page's script."""
    most = settings.UPLOAD_MAX_BYTES // 1024**2
    field.help_text = _("An .xlsx or .csv of at most %(most)s MB.") % {"most": most}
    field.widget.attrs.update({"data-max-bytes": settings.UPLOAD_MAX_BYTES, "data-too-large": _too_large()})


def fitting_file(file: UploadedFile) -> UploadedFile:
    if (file.size or 0) > settings.UPLOAD_MAX_BYTES:
        raise forms.ValidationError(_too_large())
    return file


def _too_large() -> str:
    most = settings.UPLOAD_MAX_BYTES // 1024**2
    return _("The file is too large: at most %(most)s MB are read. Split it into several files.") % {"most": most}


class BookColumnsForm(Refusable):
    """Which columns of a file of contacts are what."""

    def __init__(self, kept: BookImport, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(str(index), header or _("Column %(number)s") % {"number": index + 1})
                 for index, header in enumerate(kept.headers)]  # fmt: skip
        for part in Part:
            chosen = kept.mapping.get(part.value)
            self.fields[part.value] = forms.ChoiceField(
                label=PART_LABELS[part],
                choices=[("", _("Choose a column")), *named],
                initial="" if chosen is None else str(chosen),
                error_messages={"required": _("Choose a column.")},
            )

    @property
    def parts(self) -> dict[Part, int]:
        return {part: int(self.cleaned_data[part.value]) for part in Part}


class DigestForm(Refusable):
    """What a user chooses for their digests; what is left empty is the installation's."""

    active = forms.BooleanField(label=gettext_lazy("Tell me of my debtors' replies on WhatsApp"), required=False)
    every = forms.IntegerField(
        label=gettext_lazy("Seconds between two digests"), required=False, min_value=30, max_value=86_400
    )
    most = forms.IntegerField(label=gettext_lazy("People named in a digest"), required=False, min_value=1, max_value=20)
    gateway = forms.ChoiceField(label=gettext_lazy("By the session"), required=False)

    def __init__(self, *args: Any, lines: Sequence[tuple[str, str]], usual: Settings, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["every"].widget.attrs["placeholder"] = str(usual["every"])
        self.fields["most"].widget.attrs["placeholder"] = str(usual["most"])
        gateway = self.fields["gateway"]
        assert isinstance(gateway, forms.ChoiceField)
        gateway.choices = [("", _("Any session, as the installation says")), *lines]

    def clean_gateway(self) -> ObjectId | None:
        return object_id(self.cleaned_data["gateway"])
