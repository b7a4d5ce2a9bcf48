"""The forms of the suppression list: somebody to be put onto it, and a file of them."""

from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy

from debtors.intake.reasons import page_error, row_reason
from debtors.suppressions import MOST_REASON
from domain.phones import PhoneError, is_country, parse_phone


class AddForm(forms.Form):
    """Somebody by their phone, why, and until when."""

    phone = forms.CharField(
        label=gettext_lazy("Phone"),
        max_length=100,
        error_messages={"required": gettext_lazy("Write the phone.")},
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MOST_REASON,
        help_text=gettext_lazy("Whoever looks at the list later sees it."),
        error_messages={"required": gettext_lazy("Write the reason: it is kept with the entry.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    until = forms.DateField(
        label=gettext_lazy("Until and with"),
        required=False,
        help_text=gettext_lazy("The last day; empty for always."),
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)

    def clean_phone(self) -> str:
        text: str = self.cleaned_data["phone"]
        read = parse_phone(text, settings.DEFAULT_COUNTRY)
        if isinstance(read, PhoneError):
            column = str(self.fields["phone"].label)
            raise forms.ValidationError(row_reason(read.code, {"column": column, "value": text}))
        return read.e164

    def clean_until(self) -> datetime | None:
        """The moment at which that day is over."""
        day: date | None = self.cleaned_data["until"]
        if day is None:
            return None
        if day < timezone.localdate():
            raise forms.ValidationError(gettext_lazy("That day is over. Choose a later one, or none."))
        return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone()) + timedelta(days=1)


class FileForm(forms.Form):
    """A spreadsheet of people, and why they are on it."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
        help_text=gettext_lazy(
            "An .xlsx or .csv with a column of phones or of RUTs. Name, reason and until are read too."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=MOST_REASON,
        help_text=gettext_lazy("For the rows that have none of their own."),
        error_messages={"required": gettext_lazy("Write the reason: it is kept with the entry.")},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    country = forms.CharField(
        label=gettext_lazy("Country"),
        max_length=2,
        min_length=2,
        help_text=gettext_lazy("Of phones without a prefix, and of dates, in two letters: CL, ES."),
        widget=forms.TextInput({"autocapitalize": "characters", "size": 4}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        kwargs.setdefault("initial", {"country": settings.DEFAULT_COUNTRY})
        super().__init__(*args, **kwargs)
        too_large = page_error("too_large", {"limit": settings.UPLOAD_MAX_BYTES})
        limits = {"data-max-bytes": settings.UPLOAD_MAX_BYTES, "data-too-large": too_large}
        self.fields["file"].widget.attrs.update(limits)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > settings.UPLOAD_MAX_BYTES:
            raise forms.ValidationError(page_error("too_large", {"limit": settings.UPLOAD_MAX_BYTES}))
        return file

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"].upper()
        if not is_country(country):
            raise forms.ValidationError(page_error("unknown_country", {"country": country}))
        return country
