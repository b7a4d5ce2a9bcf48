"""What WhatsApp said of phone numbers, and whom our accounts know: remembered for all sessions."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from domain.number_checks import CONFIRM_AFTER, NO_LASTS, YES_LASTS, Remembered
from domain.whatsapp_ids import candidates, digits_of, e164_of
from lib.mongo import collection, now_plus, session
from sessions_app.models import Acquaintance, Number

__all__ = [
    "candidates",
    "forget",
    "is_acquainted",
    "met",
    "phone_of",
    "question",
    "remember_miss",
    "remember_wid",
    "remembered",
]

_AGE = {"$divide": [{"$subtract": ["$$NOW", "$checked_at"]}, 1000]}


def remembered(phone: str) -> Remembered | None:
    """What is known of an E.164 number, and for how long by MongoDB's clock."""
    fields = {"wid": 1, "lid": 1, "misses": 1, "age": _AGE}
    found = collection(Number).find_one({"phone": phone}, fields, session=session())
    if found is None:
        return None
    return Remembered(found["wid"], found["lid"], int(found["misses"]), float(found["age"]))


def remember_wid(phone: str, wid: str, lid: str = "") -> None:
    """The number is on WhatsApp, under that id. A LID that is known stays known."""
    known: dict[str, Any] = {"$literal": lid} if lid else {"$ifNull": ["$lid", ""]}
    _store(phone, {"wid": {"$literal": wid}, "lid": known, "misses": 0, "checked_at": "$$NOW"})


def remember_miss(phone: str) -> int:
    """WhatsApp does not know the number, or did not answer. Returns how often it was so in a row, this time included.

    Two sessions that ask at the same time have one answer: a miss counts again only CONFIRM_AFTER seconds later.
    """
    never: dict[str, Any] = {"$eq": [{"$type": "$checked_at"}, "missing"]}
    stale = {"$or": [never, {"$eq": ["$misses", 0]}, {"$gte": [_AGE, NO_LASTS]}]}
    again = {"$gte": [_AGE, CONFIRM_AFTER]}
    misses = {"$cond": [stale, 1, {"$cond": [again, {"$add": ["$misses", 1]}, "$misses"]}]}
    counted = {"$or": [stale, again]}
    stored = _store(
        phone,
        {
            "misses": misses,
            # The wid stays after the first miss, which may be a lost connection.
            "wid": {"$cond": [stale, {"$ifNull": ["$wid", ""]}, {"$cond": [again, "", "$wid"]}]},
            "lid": {"$ifNull": ["$lid", ""]},
            "checked_at": {"$cond": [counted, "$$NOW", "$checked_at"]},
        },
    )
    return int(stored["misses"])


def question(phone: str) -> None:
    """Ask again at the next message: WhatsApp refused one that went to the id that is remembered."""
    Number.objects.filter(phone=phone, misses=0).update(checked_at=now_plus(-YES_LASTS))


def forget(phones: Iterable[str]) -> int:
    """Ask anew of these numbers, whatever WhatsApp said, and however lately; how many were known.

    Their ids stay: replies come under them.
    """
    stale = {"$set": {"misses": 0, "checked_at": naive_ago(NO_LASTS + YES_LASTS)}}
    return int(collection(Number).update_many({"phone": {"$in": list(phones)}}, stale, session=session()).matched_count)


def naive_ago(seconds: float) -> datetime:
    """A time as MongoDB stores it, about so many seconds ago."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).replace(tzinfo=None)


def _store(phone: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Make or change a number in one step; the values are an aggregation's expressions. Returns it as it is then."""

    def write() -> dict[str, Any]:
        stored = collection(Number).find_one_and_update(
            {"phone": phone},
            [{"$set": fields}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session(),
        )
        assert stored is not None  # upserted
        return stored

    try:
        return write()
    except DuplicateKeyError:  # made by another session at the same moment
        return write()


def phone_of(wid: str, lid: str) -> str:
    """Whose ids these are: E.164 as our debtors have it, else what the id itself says, else `lid:` and its digits.

    Either may be empty. The id that answered a question names its debtor, even where the digits differ.
    """
    same = [{name: value} for name, value in (("wid", wid), ("lid", lid)) if value]
    if wid:
        same.append({"phone": e164_of(wid)})
    found = list(collection(Number).find({"$or": same}, session=session())) if same else []
    if found:
        named = [one for one in found if wid in (one["wid"], "") or (lid and one["lid"] == lid)]
        return str(max(named or found, key=lambda one: one["checked_at"])["phone"])
    return e164_of(wid) if wid else f"lid:{digits_of(lid)}"


def met(gateway: ObjectId | str, phone: str) -> None:
    """The account has written to that person, or the person to it."""
    if phone.startswith("lid:"):
        return  # nobody has that for a number
    first = [{"$set": {"since": {"$ifNull": ["$since", "$$NOW"]}}}]
    with suppress(DuplicateKeyError):  # they met twice at the same moment
        collection(Acquaintance).update_one(
            {"gateway": ObjectId(gateway), "phone": phone}, first, upsert=True, session=session()
        )


def is_acquainted(gateway: ObjectId | str, phone: str) -> bool:
    """Whether a message from that account to that person is no first contact."""
    return Acquaintance.objects.filter(gateway=ObjectId(gateway), phone=phone).exists()
