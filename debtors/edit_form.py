"""The form of one debtor's values, read as a file's row is (domain/rows.py): refused with the same reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bson import ObjectId
from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from debtors.forms import owners
from debtors.intake.reasons import FIELD_LABELS, row_reason
from debtors.models import Debtor
from domain.core_fields import ALIASES
from domain.dates import parse_date
from domain.folding import fold
from domain.headers import Field
from domain.money import MoneyError, parse_money
from domain.phones import PhoneError, parse_phone, shown_phone
from domain.rows import EXAMPLE_DAY, MAX_EXTERNAL_ID, MAX_METADATA, MAX_NAME, MAX_RUT, RowProblem, normalise_rut
from domain.values import money, numeric_date
from lib.converters import object_id

BLANK_ROWS = 2
"""Columns that can be added at once."""
MOST_COLUMNS = 256
MAX_KEY = 100


@dataclass(frozen=True, slots=True)
class DebtorValues:
    """What somebody wants a debtor to be."""

    name: str
    phone: str
    phone_raw: str
    country: str
    debt: Decimal | None
    rut: str
    external_id: str
    due_date: date | None
    owner: ObjectId | None
    metadata: Mapping[str, str]


def initial_of(debtor: Debtor) -> dict[str, Any]:
    """The fields as the debtor's country writes them."""
    return {
        "name": debtor.name,
        "phone": shown_phone(debtor.phone),
        "rut": debtor.rut,
        "external_id": debtor.external_id,
        "debt": money(debtor.debt, debtor.country) if debtor.debt is not None else "",
        "due_date": numeric_date(debtor.due_date, debtor.country) if debtor.due_date else "",
        "owner": str(getattr(debtor, "owner_id", None) or ""),
    }


class DebtorForm(forms.Form):
    """One debtor. `values` afterwards is what was understood."""

    name = forms.CharField(label=FIELD_LABELS[Field.NAME], max_length=MAX_NAME, required=False)
    phone = forms.CharField(label=FIELD_LABELS[Field.PHONE], max_length=100, widget=forms.TextInput({"type": "tel"}))
    rut = forms.CharField(label=FIELD_LABELS[Field.RUT], max_length=MAX_RUT, required=False)
    external_id = forms.CharField(label=FIELD_LABELS[Field.EXTERNAL_ID], max_length=MAX_EXTERNAL_ID, required=False)
    debt = forms.CharField(label=FIELD_LABELS[Field.DEBT], max_length=40, required=False)
    due_date = forms.CharField(label=FIELD_LABELS[Field.DUE_DATE], max_length=40, required=False)
    owner = forms.ChoiceField(label=gettext_lazy("Executive"), required=False)

    def __init__(self, debtor: Debtor, data: Any = None) -> None:
        self.debtor = debtor
        super().__init__(data, initial=initial_of(debtor))
        self.fields["phone"].error_messages["required"] = _("Write the phone.")
        self.fields["due_date"].help_text = _("Like %(example)s.") % {
            "example": numeric_date(EXAMPLE_DAY, debtor.country)
        }
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _choices(getattr(debtor, "owner_id", None))
        self.rows = self._rows()
        self.column_errors: list[str] = []

    def _rows(self) -> list[tuple[str, str]]:
        """(column, text) of the columns as typed, and some empty ones to add."""
        if self.is_bound:
            given: Any = self.data
            return list(zip(given.getlist("key"), given.getlist("value"), strict=False))[:MOST_COLUMNS]
        kept = [(key, text) for key, text in self.debtor.metadata.items() if text]
        return [*kept, *[("", "")] * BLANK_ROWS]

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_phone(self) -> str:
        text: str = self.cleaned_data["phone"]
        if text == self.initial["phone"]:
            return self.debtor.phone  # one that is refused by today's rules may stay
        phone = parse_phone(text, self.debtor.country)
        if isinstance(phone, PhoneError):
            raise _refused(Field.PHONE, phone.code, value=text)
        self._country = phone.country
        return phone.e164

    def clean_rut(self) -> str:
        text: str = self.cleaned_data["rut"]
        rut = normalise_rut(text, self.debtor.country)
        if text and not rut:
            raise _refused(Field.RUT, RowProblem.BAD_RUT, value=text)
        return rut

    def clean_debt(self) -> Decimal | None:
        text: str = self.cleaned_data["debt"]
        if text == self.initial["debt"]:
            return self.debtor.debt  # what is shown may be rounded
        debt = parse_money(text, self.debtor.country)
        if isinstance(debt, MoneyError):
            raise _refused(Field.DEBT, debt.code, value=text, currency=debt.currency)
        return debt

    def clean_due_date(self) -> date | None:
        text: str = self.cleaned_data["due_date"]
        if not text:
            return None
        day = parse_date(text, self.debtor.country)
        if day is None:
            example = numeric_date(EXAMPLE_DAY, self.debtor.country)
            raise _refused(Field.DUE_DATE, RowProblem.BAD_DUE_DATE, value=text, example=example)
        return day

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self._metadata: dict[str, str] = {}
        for key, text in self.rows:
            self._read_column(fold(key)[:MAX_KEY], key.strip(), text.strip())
        if self.column_errors:
            raise forms.ValidationError(self.column_errors)
        return values

    def _read_column(self, key: str, typed: str, text: str) -> None:
        if not text:
            return  # emptied: the debtor has it no more
        if not key:
            self.column_errors.append(_("“%(text)s” needs the name of its column.") % {"text": text[:60]})
        elif key in ALIASES and key not in self.debtor.metadata:
            self.column_errors.append(
                _("“%(column)s” is a field above; call the column otherwise.") % {"column": typed}
            )
        elif key in self._metadata:
            self.column_errors.append(_("Two columns are called “%(column)s”.") % {"column": typed})
        elif len(text) > MAX_METADATA:
            params = {"column": typed, "length": len(text), "limit": MAX_METADATA}
            self.column_errors.append(row_reason(RowProblem.TOO_LONG, params))
        else:
            self._metadata[key] = text

    @property
    def values(self) -> DebtorValues:
        cleaned = self.cleaned_data
        same = cleaned["phone"] == self.debtor.phone
        return DebtorValues(
            name=cleaned["name"],
            phone=cleaned["phone"],
            phone_raw=self.debtor.phone_raw if same else self.data["phone"].strip(),
            country=self.debtor.country if same else self._country,
            debt=cleaned["debt"],
            rut=cleaned["rut"],
            external_id=cleaned["external_id"],
            due_date=cleaned["due_date"],
            owner=object_id(cleaned["owner"]),
            metadata=self._metadata,
        )


class OwnerForm(forms.Form):
    """Whom debtors are given to."""

    owner = forms.ChoiceField(label=gettext_lazy("Executive"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = _choices(None)


def _choices(present: Any) -> Sequence[tuple[str, Any]]:
    """Nobody, whoever can be given debtors, and whose they are now, who may be deactivated."""
    people = [("", _("Nobody in particular")), *owners()]
    if present is not None and str(present) not in dict(people):
        user = User.objects.filter(pk=present).first()
        people.append((str(present), (user.get_full_name() or user.get_username()) if user else str(present)))
    return people


def _refused(field: Field, code: str, **params: str) -> forms.ValidationError:
    return forms.ValidationError(row_reason(code, {"column": str(FIELD_LABELS[field]), **params}))
