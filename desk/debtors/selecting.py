"""Which debtors work on many means, page by page in the order of their ids: chosen ones, a list's, a clean-up's."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import partial
from typing import Any

from bson import Decimal128, ObjectId
from django.http import QueryDict
from django.utils.translation import gettext as _

from debtors.models import Debtor, DebtorAct, DebtorWork, ImportRow
from debtors.queries import VALID_OUTCOMES
from domain.clean_up import CleanRules
from domain.finding import search_terms
from lib.converters import object_id
from lib.mongo import collection, session

KNOWN = frozenset({"q", "owner", "import", "order", "mark"})
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


def fit_of(filter: str) -> Fit:
    """What a list's query string asks for. Raises SelectionError."""
    given = QueryDict(filter)
    if any(name not in KNOWN and given[name] for name in given):
        raise SelectionError(_refused())
    terms = search_terms(given.get("q", "").strip()[:100])
    asked: list[dict[str, Any]] = [{"words": {"$regex": f"^{re.escape(term)}"}} for term in terms]
    owner, source = (object_id(given.get(name, "")) for name in ("owner", "import"))
    if (given.get("owner") and owner is None) or (given.get("import") and source is None):
        raise SelectionError(_refused())
    if owner is not None:
        asked.append({"owner_id": owner})
    condition = {"$and": asked} if asked else {}
    return Fit(condition, partial(_brought_by, source)) if source is not None else Fit(condition)


def page(work: DebtorWork, *, limit: int) -> tuple[list[ObjectId], ObjectId | None]:
    """The next debtors behind the work's place, and behind whom to go on; None at the end.

    There may be fewer than `limit`, and none at all, with more behind them.
    """
    if work.chosen:
        ids = sorted(each for each in set(work.chosen) if work.cursor is None or each > work.cursor)
        return ids[:limit], ids[limit - 1] if len(ids) > limit else None
    fit = Fit(_clean(work)) if work.act == DebtorAct.CLEAN else fit_of(work.filter)
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


def _brought_by(source: ObjectId, ids: Sequence[ObjectId]) -> list[ObjectId]:
    wanted = {"debtor_id": {"$in": list(ids)}, "import_id": source, "outcome": {"$in": list(VALID_OUTCOMES)}}
    there = {row["debtor_id"] for row in collection(ImportRow).find(wanted, {"debtor_id": 1}, session=session())}
    return [each for each in ids if each in there]


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
