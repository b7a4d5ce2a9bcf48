"""Checks of numbers: a batch is made, stopped and gone on with; what is known of a number is not asked again.

Pages store intent; engine/checks.py asks. A number's answer and the counts of its check are one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from bson import ObjectId
from django.utils.translation import gettext as _

from debtors import queries as debtors
from debtors.intake.sheet import open_sheet
from debtors.models import Debtor, Import
from domain.cells import CellProblem, is_blank, text_of
from domain.columns import HEADER_SEARCH_ROWS, find_header, guess_columns, text_of_header
from domain.headers import Field
from domain.number_checks import Absent, Known, Remembered, judge
from domain.phones import MAX_TEXT, PhoneError, parse_phone
from gateways.models import Channel, Pool
from lib.mongo import chunks, collection, compare_and_set, insert_many, run_tx, server_now, session, typed_values
from live.events import CheckChanged
from live.publish import publish
from outreach.errors import OutreachError
from outreach.models import Answer, CheckedNumber, CheckStatus, NumberCheck
from sessions_app.models import Number

MOST = 50_000
"""Numbers of one check: months of asking."""


@dataclass(frozen=True, slots=True)
class Written:
    """A number as somebody wrote it, with whose it is where that is known."""

    raw: str
    name: str = ""


# Where numbers come from ----------------------------------------------------------------------------------------------
def pasted(text: str) -> list[Written]:
    """One number a line, or several parted by commas and the like."""
    parts = (
        part.strip() for line in text.splitlines() for part in line.replace(";", ",").replace("\t", ",").split(",")
    )
    return [Written(part) for part in parts if part]


def from_file(path: Path, country: str) -> list[Written]:
    """The phone column of a spreadsheet, or its only column. Raises SheetError and OutreachError."""
    rows = ((number, cells) for number, cells in open_sheet(path).rows() if not is_blank(cells))
    found = [cells for _number, cells in islice(rows, MOST + HEADER_SEARCH_ROWS + 1)]
    place = find_header(found[:HEADER_SEARCH_ROWS], {})
    if place is None:
        raise OutreachError(_("The file has no rows."), field="file")
    headers = [text_of_header(cell) for cell in found[place]]
    columns = {field: index for index, field in guess_columns(headers).items()}
    phone, name = columns.get(Field.PHONE.value), columns.get(Field.NAME.value)
    body = found[place + 1 :]
    if phone is None and len(headers) == 1:
        phone = 0
        if not isinstance(parse_phone(headers[0], country), PhoneError):
            body = found[place:]  # a bare list of numbers, without a header
    if phone is None:
        sentence = _("No column is the phone. Name its header “Phone”. The headers found are: %(headers)s.")
        raise OutreachError(sentence % {"headers": ", ".join(each for each in headers if each)}, field="file")
    return [Written(_cell(cells, phone, country), _cell(cells, name, country)) for cells in body]


def _cell(cells: Sequence[Any], index: int | None, country: str) -> str:
    if index is None or index >= len(cells):
        return ""
    cell = cells[index]
    return cell.text if isinstance(cell, CellProblem) else text_of(cell, country).strip()


def from_import(source: Import) -> list[Written]:
    """The phones of an import's debtors."""
    found: list[Written] = []
    after = 0
    while (rows := debtors.audience_rows(source.pk, after)) and len(found) <= MOST:
        after = rows[-1][0]
        known = {
            row["_id"]: row
            for row in collection(Debtor).find({"_id": {"$in": [pk for _n, pk in rows]}}, {"phone": 1, "name": 1})
        }
        found += [Written(known[pk]["phone"], known[pk]["name"]) for _n, pk in rows if pk in known]
    return found


def from_debtors(*, search: str, owner: ObjectId | None) -> list[Written]:
    """The phones of the debtors that their list shows for this search and executive."""
    theirs = {} if owner is None else {"owner": owner}
    listed = debtors.listed(search=search).filter(**theirs)
    found = listed.order_by("pk").values_list("phone", "name")[: MOST + 1]
    return [Written(phone, name) for phone, name in found]


# Making one -----------------------------------------------------------------------------------------------------------
def create(
    *, name: str, pool: Pool, per_hour: int, numbers: Sequence[Written], country: str, user: ObjectId | None
) -> NumberCheck:
    """A check of these numbers, each once, that begins at once. Raises OutreachError."""
    if pool.channel != Channel.WHATSAPP:
        raise OutreachError(_("Choose a WhatsApp pool: its sessions ask."), field="pool")
    if not numbers:
        raise OutreachError(_("There is no number to check."))
    if len(numbers) > MOST:
        raise OutreachError(_("A check takes at most %(most)s numbers. Make several of them.") % {"most": MOST})
    now = server_now()
    documents, invalid = _documents(numbers, country, now)
    check = NumberCheck.objects.create(
        name=name, pool=pool.pk, per_hour=per_hour, total=len(documents), invalid=invalid, user=user, created_at=now
    )
    insert_many(CheckedNumber, ({**document, "batch": check.pk} for document in documents))
    # Last: one whose numbers are not all there is none, and is never asked.
    collection(NumberCheck).update_one({"_id": check.pk}, {"$set": {"status": CheckStatus.RUNNING.value}})
    use_memory(check.pk)
    finish(check.pk)
    return NumberCheck.objects.get(pk=check.pk)


def _documents(numbers: Sequence[Written], country: str, now: datetime) -> tuple[list[dict[str, Any]], int]:
    documents: list[dict[str, Any]] = []
    seen: set[str] = set()
    invalid = 0
    for written in numbers:
        raw = written.raw[:MAX_TEXT]
        found = parse_phone(written.raw, country)
        wrong = found.code.value if isinstance(found, PhoneError) else ""
        phone = "" if isinstance(found, PhoneError) else found.e164
        if (phone or f"?{raw}") in seen:
            continue
        seen.add(phone or f"?{raw}")
        invalid += bool(wrong)
        values = {
            "batch": None, "place": len(documents) + 1, "raw": raw, "phone": phone, "name": written.name[:200],
            "status": Answer.INVALID.value if wrong else Answer.WAITING.value, "reason": wrong, "answered_at": None,
            "remembered": False, "gateway": None, "due_at": None if wrong else now, "tries": 0,
        }  # fmt: skip
        documents.append(typed_values(CheckedNumber, values))
    return documents, invalid


# What is known --------------------------------------------------------------------------------------------------------
def use_memory(check: ObjectId) -> int:
    """Answer what is known already; returns how many."""
    wanted = {"batch": check, "status": Answer.WAITING.value}
    rows = collection(CheckedNumber).find(wanted, {"phone": 1})
    return sum(_remember(check, chunk) for chunk in chunks(rows))


def _remember(check: ObjectId, rows: Sequence[Mapping[str, Any]]) -> int:
    known = remembered([row["phone"] for row in rows])
    answered = 0
    for row in rows:
        if (found := known.get(row["phone"])) is not None:
            answered += settle(check, row["_id"], found[0], at=found[1], remembered=True)
    return answered


def remembered(phones: Iterable[str]) -> dict[str, tuple[Answer, datetime]]:
    """Of which of the phones the answer is known still, and when it was given."""
    now = server_now()
    fields = {"phone": 1, "wid": 1, "lid": 1, "misses": 1, "checked_at": 1}
    found: dict[str, tuple[Answer, datetime]] = {}
    for row in collection(Number).find({"phone": {"$in": list(phones)}}, fields, session=session()):
        at = row["checked_at"].replace(tzinfo=now.tzinfo)
        said = judge(Remembered(row["wid"], row["lid"], int(row["misses"]), (now - at).total_seconds()))
        if isinstance(said, Known | Absent):
            found[row["phone"]] = (Answer.YES if isinstance(said, Known) else Answer.NO, at)
    return found


# Answers --------------------------------------------------------------------------------------------------------------
_COUNT = {Answer.YES: "yes", Answer.NO: "no", Answer.FAILED: "failed"}


def settle(
    check: ObjectId,
    number: ObjectId,
    answer: Answer,
    *,
    at: datetime | None,
    remembered: bool = False,
    gateway: ObjectId | None = None,
    reason: str = "",
) -> bool:
    """Store a number's answer with its check's counts; False where it has one already."""
    changes = {
        "status": answer.value, "answered_at": at, "remembered": remembered, "gateway": gateway, "reason": reason,
        "due_at": None,
    }  # fmt: skip
    count = {_COUNT[answer]: 1, "remembered": int(remembered)}

    def work() -> bool:
        waiting = {"_id": number, "status": Answer.WAITING.value}
        update = {"$set": typed_values(CheckedNumber, changes)}
        if not collection(CheckedNumber).update_one(waiting, update, session=session()).modified_count:
            return False
        collection(NumberCheck).update_one({"_id": check}, {"$inc": count}, session=session())
        return True

    settled = run_tx(work)
    if settled:
        publish(CheckChanged(str(check)))
    return settled


def finish(check: ObjectId) -> bool:
    """A running check without a number that waits is done; False for any other."""
    if CheckedNumber.objects.filter(batch=check, status=Answer.WAITING.value).exists():
        return False
    over = {"status": CheckStatus.DONE.value, "finished_at": server_now()}
    done = compare_and_set(NumberCheck, check, {"status": CheckStatus.RUNNING.value}, over)
    if done:
        publish(CheckChanged(str(check)))
    return done


# What staff do --------------------------------------------------------------------------------------------------------
def stop(check: ObjectId) -> bool:
    """Ask no more; what is under way is answered still."""
    return _move(check, CheckStatus.RUNNING, CheckStatus.STOPPED)


def go_on(check: ObjectId) -> bool:
    """Ask again, also what is known by now."""
    moved = _move(check, CheckStatus.STOPPED, CheckStatus.RUNNING)
    if moved:
        use_memory(check)
        finish(check)
    return moved


def ask_failed_again(check: ObjectId) -> int:
    """Ask again about those without an answer; how many."""
    failed = {"batch": check, "status": Answer.FAILED.value}
    again = typed_values(
        CheckedNumber, {"status": Answer.WAITING.value, "due_at": server_now(), "tries": 0, "reason": ""}
    )

    def work() -> int:
        number = collection(CheckedNumber).update_many(failed, {"$set": again}, session=session()).modified_count
        if number:
            changes = {"$inc": {"failed": -number}, "$set": {"status": CheckStatus.RUNNING.value, "finished_at": None}}
            collection(NumberCheck).update_one({"_id": check}, changes, session=session())
        return int(number)

    number = run_tx(work)
    publish(CheckChanged(str(check)))
    return number


def delete(check: ObjectId) -> None:
    """Forget a check and its numbers; what WhatsApp said of them stays known."""
    NumberCheck.objects.filter(pk=check).delete()
    collection(CheckedNumber).delete_many({"batch": check})


def put_off(number: ObjectId, seconds: float, *, tries: int | None = None) -> None:
    """Ask about a number later."""
    changes: dict[str, Any] = {"due_at": server_now() + timedelta(seconds=seconds)}
    if tries is not None:
        changes["tries"] = tries
    collection(CheckedNumber).update_one(
        {"_id": number, "status": Answer.WAITING.value}, {"$set": typed_values(CheckedNumber, changes)}
    )


def _move(check: ObjectId, origin: CheckStatus, target: CheckStatus) -> bool:
    moved = compare_and_set(NumberCheck, check, {"status": origin.value}, {"status": target.value})
    if moved:
        publish(CheckChanged(str(check)))
    return moved
