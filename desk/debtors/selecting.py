"""Which debtors work on many means, page by page in the order of their ids: chosen ones, a list's, a clean-up's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from bson import Decimal128, ObjectId
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from debtors.models import Debtor, DebtorAct, DebtorWork
from desk.debtors import asked as asking
from domain.clean_up import CleanRules
from lib.mongo import collection, session

KNOWN = frozenset({*asking.PARAMETERS, "order", "mark"})
"""What a list's address may ask for. Anything else is refused: work must never be wider than what somebody saw."""
WINDOW = 10_000
"""Debtors that one page reads past at most, where few of them fit."""


def _refused() -> str:
    return _("This list's filter can't be used for this: choose the debtors one by one.")


class SelectionError(ValueError):
    """The filter can't be used for work; str() is the translated sentence."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Which debtors a list shows: a raw condition, and what of a page of them is left by what no condition tells."""

    condition: dict[str, Any]
    among: Callable[[Sequence[ObjectId]], list[ObjectId]] = list


def fit_of(filter: str, user: User | None) -> Fit:
    """What a list's query string asks for, within what that user sees. Raises SelectionError."""
    given = QueryDict(filter)
    if user is None or any(name not in KNOWN and given[name] for name in given):
        raise SelectionError(_refused())
    asked = asking.read_text(filter, user)
    if asked.problems:
        raise SelectionError(asked.told)

    def among(ids: Sequence[ObjectId]) -> list[ObjectId]:
        left = set(ids)
        for members in asked.members:
            left &= set(members.among(sorted(left))) if left else set()
        return [each for each in ids if each in left]

    return Fit(asked.listing().condition, among)


def page(work: DebtorWork, *, limit: int) -> tuple[list[ObjectId], ObjectId | None]:
    """The next debtors behind the work's place, and behind whom to go on; None at the end.

    There may be fewer than `limit`, and none at all, with more behind them.
    """
    if work.chosen:
        ids = sorted(each for each in set(work.chosen) if work.cursor is None or each > work.cursor)
        return ids[:limit], ids[limit - 1] if len(ids) > limit else None
    fit = Fit(_clean(work)) if work.act == DebtorAct.CLEAN else fit_of(work.filter, work.user)
    place: dict[str, Any] = {"$lte": work.last}
    if work.cursor is not None:
        place["$gt"] = work.cursor
    debtors = collection(Debtor)
    edge = debtors.find({"_id": place}, {"_id": 1}, session=session()).sort("_id", 1).hint("_id_")
    ends = [row["_id"] for row in edge.skip(WINDOW - 1).limit(1)]
    within = {**place, "$lte": ends[0]} if ends else place
    rows = debtors.find({"_id": within, **fit.condition}, {"_id": 1}, session=session()).sort("_id", 1).hint("_id_")
    found = [row["_id"] for row in rows.limit(limit)]
    after = found[-1] if len(found) == limit else ends[0] if ends else None
    return fit.among(found), after


def _clean(work: DebtorWork) -> dict[str, Any]:
    """As CleanRules.fits says, by the time at which the work was asked for."""
    rules = CleanRules.of_json(work.rules)
    asked: dict[str, Any] = {"created_at": {"$lt": rules.before(work.created_at).astimezone(UTC).replace(tzinfo=None)}}
    if rules.without_name:
        asked["name"] = {"$not": {"$regex": r"\S"}}
    if rules.without_debt:
        asked["debt"] = {"$in": [None, Decimal128("0")]}
    if rules.without_owner:
        asked["owner_id"] = None
    return asked


def last_debtor() -> ObjectId | None:
    """The last there is: who comes later is not meant."""
    row = collection(Debtor).find_one({}, {"_id": 1}, sort=[("_id", -1)])
    return row["_id"] if row else None
