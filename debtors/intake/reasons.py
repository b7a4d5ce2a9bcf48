"""The sentences for what intake's codes say: why a file, a column or a row can't be used, and what to do."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from domain.columns import ColumnWarning, column_letter
from domain.headers import Field
from domain.money import MoneyProblem
from domain.phones import PhoneProblem
from domain.rows import RowProblem

FILE_ERRORS: Mapping[str, Any] = {
    # debtors.intake.sheet.SheetError
    "not_found": _("There is no file %(path)s."),
    "unreadable": _("%(path)s can't be read: %(error)s."),
    "too_large": _("The file has %(size)s and at most %(limit)s are read. Split it into several files."),
    "empty_file": _("The file is empty."),
    "not_a_spreadsheet": _("The file is not a spreadsheet. Save it as .xlsx or .csv and import that."),
    "other_format": _("The file is an .%(format)s spreadsheet. Save it as .xlsx and import that."),
    "old_format": _("The file is in the old Excel format (.xls). Save it as .xlsx and import that."),
    "password_protected": _("The file is protected by a password. Save it without one and import that."),
    "damaged": _("The file is damaged or incomplete. Copy or download it again, or save it again as .xlsx."),
    "zip_bomb": _(
        "The file unpacks to far more than a spreadsheet holds (the limit is %(limit)s), so it was not opened. "
        "Save it again as .xlsx, or split it into several files."
    ),
    "empty_sheet": _("The sheet %(sheet)s is empty. Choose another one with --sheet."),
    "empty_text": _("The file has no rows."),
    "no_rows": _("Below its header the sheet has no rows."),
    "no_such_sheet": _("The file has no sheet %(sheet)s. It has: %(sheets)s."),
    "no_sheets": _("The file has no worksheet."),
    "sheets_of_text": _("A csv file has no sheets. Leave out --sheet."),
    "too_many_columns": _(
        "The sheet has %(columns)s columns and at most %(limit)s are read. Delete the columns to the right of your "
        "data: a single forgotten cell is enough."
    ),
    "too_many_cells": _(
        "The sheet covers %(cells)s cells and at most %(limit)s are read. Delete the rows below and the columns to the "
        "right of your data, or split it into several files."
    ),
    "unplaced_formulas": _(
        "The sheet has errors or formulas without a value, and does not say in which cells. Open it with a spreadsheet "
        "program, save it, and import that."
    ),
    "mixed_encodings": _(
        "The file mixes encodings: these lines are not %(encoding)s like the others: %(lines)s. Correct them, or save "
        "the file again as UTF-8 csv or .xlsx."
    ),
    "nul_bytes": _("Line %(line)s has NUL bytes, which no text has. Save the file again as UTF-8 csv or .xlsx."),
    "bad_quotes": _(
        "The record that begins in line %(line)s has quotes (\") that don't match. Correct them, or save the file "
        "again as .xlsx."
    ),
    # domain.columns.ColumnsError
    "no_phone_column": _(
        "No column is recognised as the phone. The headers found are: %(headers)s. Say which one it is with "
        '--map "HEADER=phone".'
    ),
    "unknown_header": _("--map names the header %(header)s, which the file does not have. It has: %(headers)s."),
    "unknown_field": _("--map knows no field %(field)s. The fields are: %(fields)s."),
    "mapped_twice": _("--map gives the field %(field)s to two columns. Give it to one."),
    "bad_mapping": _('--map takes HEADER=field, as in --map "Phone 2=phone"; this is something else: %(text)s.'),
    # debtors.commands.import_file
    "unknown_country": _("%(country)s is no country. Give its two letters (ISO 3166), such as CL."),
    "unknown_owner": _("There is no user %(owner)s."),
}

# What a page says in another way than the command line, whose options it does not have.
PAGE_ERRORS: Mapping[str, Any] = {
    "too_large": _("The file is too large: at most %(limit)s are read. Split it into several files."),
    "empty_sheet": _("The sheet %(sheet)s is empty. Choose another one."),
    "sheets_of_text": _("A csv file has no sheets."),
    "no_phone_column": _("No column is the phone. Say below which one it is."),
    "unknown_header": _("The file has no column %(header)s. Look at it again."),
    "unknown_field": _("A column can't be %(field)s. Choose again."),
    "mapped_twice": _("Two columns are %(field)s. Choose one of them."),
    # debtors.carrying, debtors.uploads
    "interrupted": _("It was interrupted. What was imported stays."),
    "unexpected": _("Something unexpected happened; the log says what. What was imported stays."),
    "gave_up": _(
        "Reading the file ended its worker again and again, so it was given up. Split it into several files, or save "
        "it again as .xlsx."
    ),
    "file_gone": _("The file is no longer here. Send it again."),
    "already_begun": _("This file is being imported already."),
    # debtors.suppression_files
    "too_many_rows": _("The file has more than %(limit)s rows. Split it into several files."),
    "no_people_column": _("No column has phones or RUTs. Give one of them the header Phone, or RUT."),
}

ROW_REASONS: Mapping[str, Any] = {
    PhoneProblem.EMPTY: _("%(column)s: the phone is missing."),
    PhoneProblem.NOT_A_PHONE: _("%(column)s: %(value)s is not a phone number."),
    PhoneProblem.EXTENSION: _("%(column)s: %(value)s has an extension, and those get no messages."),
    PhoneProblem.ROUNDED: _(
        "%(column)s: %(value)s lost digits in the spreadsheet. Format the column as text and write the phone again."
    ),
    PhoneProblem.TOO_SHORT: _("%(column)s: %(value)s has too few digits."),
    PhoneProblem.TOO_LONG: _("%(column)s: %(value)s has too many digits."),
    PhoneProblem.INVALID: _("%(column)s: %(value)s is not a valid number."),
    PhoneProblem.LANDLINE: _("%(column)s: %(value)s is a landline, and those get no messages."),
    PhoneProblem.NOT_MOBILE: _("%(column)s: %(value)s is a service number, not a mobile."),
    MoneyProblem.NOT_MONEY: _("%(column)s: %(value)s is not an amount."),
    MoneyProblem.OTHER_CURRENCY: _("%(column)s: %(value)s is in another currency (%(currency)s)."),
    MoneyProblem.NEGATIVE: _("%(column)s: %(value)s is negative."),
    MoneyProblem.TOO_LARGE: _("%(column)s: %(value)s is too large an amount."),
    RowProblem.CELL_ERROR: _("%(column)s: the cell has the error %(text)s."),
    RowProblem.CELL_FORMULA: _(
        "%(column)s: the cell has a formula without a calculated value. Open the file with a spreadsheet program and "
        "save it, or write the value in place of the formula."
    ),
    RowProblem.TOO_LONG: _("%(column)s: the text has %(length)s characters and at most %(limit)s are kept."),
    RowProblem.BAD_RUT: _("%(column)s: %(value)s is not an identity number."),
    RowProblem.BAD_DUE_DATE: _("%(column)s: %(value)s is not a date. Write it like %(example)s."),
    RowProblem.EXTRA_CELLS: _(
        "The row has %(cells)s cells and the header %(headers)s: a text with a %(delimiter)s in it needs quotes."
    ),
    "same_external_id": _("It has the external id of row %(row)s (%(value)s)."),
    "same_rut": _("It has the RUT of row %(row)s (%(value)s)."),
    "same_phone": _("It has the phone of row %(row)s (%(value)s)."),
    "same_external_id_other_phone": _(
        "It has the external id of row %(row)s (%(value)s), with another phone: %(phone)s."
    ),
    "same_rut_other_phone": _("It has the RUT of row %(row)s (%(value)s), with another phone: %(phone)s."),
}

WARNINGS: Mapping[str, Any] = {
    "same_field": _(
        "%(kept)s could be the %(field)s too, which is taken from %(used)s: it is kept as another column. To choose "
        'otherwise: --map "%(kept)s=%(field)s".'
    ),
    "same_name": _("Several columns are called %(header)s: this one's placeholder is {%(key)s}."),
    "unnamed_column": _("Column %(column)s has no header, so it was not read."),
}

PAGE_WARNINGS: Mapping[str, Any] = {
    "same_field": _("%(kept)s could be the %(field)s too, which is taken from %(used)s: it is kept as another column."),
}

FIELD_LABELS: Mapping[str, Any] = {
    Field.NAME: pgettext_lazy("a debtor's field", "Name"),
    Field.PHONE: pgettext_lazy("a debtor's field", "Phone"),
    Field.DEBT: pgettext_lazy("a debtor's field", "Debt"),
    Field.RUT: pgettext_lazy("a debtor's field", "RUT"),
    Field.EXTERNAL_ID: pgettext_lazy("a debtor's field", "External id"),
    Field.DUE_DATE: pgettext_lazy("a debtor's field", "Due date"),
}

_BYTES = frozenset({"too_large", "zip_bomb"})


def file_error(code: str, params: Mapping[str, Any]) -> str:
    """Why nothing was imported."""
    if code == "empty_sheet" and not params["sheet"]:
        code = "empty_text"
    if code in _BYTES:
        sizes = {key: f"{-(-params[key] // 1024**2)} MB" for key in ("size", "limit") if key in params}
        params = {**params, **sizes}
    return str(FILE_ERRORS[code]) % {key: _text(value) for key, value in params.items()}


def page_error(code: str, params: Mapping[str, Any]) -> str:
    """The same for a page; and why an import that a page began failed."""
    if code not in PAGE_ERRORS or (code == "empty_sheet" and not params.get("sheet")):
        return file_error(code, params)
    if code in _BYTES:
        params = {**params, "limit": f"{params['limit'] // 1024**2} MB"}
    if "field" in params:
        params = {**params, "field": str(FIELD_LABELS.get(params["field"], params["field"]))}
    return str(PAGE_ERRORS[code]) % {key: _text(value) for key, value in params.items()}


def row_reason(code: str, params: Mapping[str, Any]) -> str:
    """Why a row is rejected or duplicate."""
    return str(ROW_REASONS[code]) % {key: _text(value) for key, value in params.items()}


def column_warning(warning: ColumnWarning) -> str:
    return str(WARNINGS[warning.code]) % warning.params


def page_warning(code: str, params: Mapping[str, str]) -> str:
    """The same for a page."""
    if "field" in params:
        params = {**params, "field": str(FIELD_LABELS.get(params["field"], params["field"]))}
    return str(PAGE_WARNINGS.get(code, WARNINGS[code])) % params


def unnamed_column(index: int) -> ColumnWarning:
    return ColumnWarning("unnamed_column", {"column": column_letter(index)})


def _text(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return str(value)
