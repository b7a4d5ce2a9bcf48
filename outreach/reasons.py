"""Why something can't be a contact or a number to ask about, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from debtors.intake.reasons import row_reason
from domain.book import NO_NAME, NO_RUT
from domain.phones import PhoneProblem
from domain.rows import RowProblem
from messaging.reasons import reason_sentence

PHONES: Mapping[str, Any] = {
    PhoneProblem.EMPTY: _("Write the phone."),
    PhoneProblem.NOT_A_PHONE: _("“%(value)s” is not a phone number."),
    PhoneProblem.EXTENSION: _("“%(value)s” has an extension, and those get no messages."),
    PhoneProblem.ROUNDED: _("“%(value)s” lost digits in a spreadsheet: write all of them."),
    PhoneProblem.TOO_SHORT: _("“%(value)s” has too few digits."),
    PhoneProblem.TOO_LONG: _("“%(value)s” has too many digits."),
    PhoneProblem.INVALID: _("“%(value)s” is not a valid number."),
    PhoneProblem.LANDLINE: _("“%(value)s” is a landline, and those get no messages."),
    PhoneProblem.NOT_MOBILE: _("“%(value)s” is a service number, not a mobile."),
}
"""Of a phone that somebody wrote into a form, where no column is to be named."""

_FORM: Mapping[str, Any] = {
    NO_RUT: _("Write the debtor's RUT."),
    RowProblem.BAD_RUT: _("“%(value)s” is not an identity number."),
    NO_NAME: _("Write the executive's name."),
    RowProblem.TOO_LONG: _("It has %(length)s characters; at most %(limit)s are kept."),
    **PHONES,
}
_ROWS: Mapping[str, Any] = {
    NO_RUT: _("%(column)s: the RUT is missing."),
    NO_NAME: _("%(column)s: the name is missing."),
}


def entry_reason(code: str, params: Mapping[str, Any]) -> str:
    """What is wrong with a field of a form."""
    return str(_FORM[code]) % params


def book_row_reason(code: str, params: Mapping[str, Any]) -> str:
    """Why a row of a file is no contact."""
    return str(_ROWS[code]) % params if code in _ROWS else row_reason(code, params)


def number_reason(code: str, raw: str) -> str:
    """Why a number of a check is no phone, or had no answer."""
    return str(PHONES[code]) % {"value": raw} if code in PHONES else reason_sentence(code)
