"""The recipients of a campaign, page by page from a place that can be kept: each debtor once, whatever kind it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from campaigns.models import AudienceKind, Campaign, ChosenDebtors
from debtors import queries as debtors
from debtors.queries import Counted, DebtorValues
from domain.audiences import Filter, RowRange, matches, read_filter, read_range
from lib.converters import object_id
from lib.mongo import collection, session

PAGE = 1000

Cursor = dict[str, Any]
Keep = Callable[[DebtorValues], bool]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One debtor of the audience. `row` is its row in the spreadsheet, or None; `index` counts from 0."""

    index: int
    row: int | None
    debtor: DebtorValues


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the audience; `cursor` is where the next one begins, None after the last. It may be empty before
    the last, where few debtors fit a filter."""

    recipients: list[Recipient]
    cursor: Cursor | None


NOBODY = Page([], None)


def read_page(campaign: Campaign, cursor: Cursor, *, limit: int = PAGE) -> Page:
    """The audience from `cursor` on ({} is the beginning), at most `limit` recipients."""
    match campaign.audience:
        case AudienceKind.ALL:
            return _all(cursor, limit)
        case AudienceKind.IMPORTS:
            return _imports(list(campaign.audience_imports), cursor, limit)
        case AudienceKind.FILTER:
            wanted = chosen_filter(campaign)
            return NOBODY if wanted is None else _filter(wanted, cursor, limit)
        case AudienceKind.RANGE:
            rows = chosen_range(campaign)
            return NOBODY if rows is None else _range(rows, cursor, limit)
        case AudienceKind.SELECTION:
            return _selection(campaign, cursor, limit)
    return NOBODY


def chosen_filter(campaign: Campaign) -> Filter | None:
    """The filter of a campaign; None when anything of it can't be read: better nobody than somebody who was not
    meant."""
    reading = read_filter(campaign.audience_spec.get(AudienceKind.FILTER) or {})
    sound = not reading.problems and all(object_id(key) for key in reading.filter.imports)
    return reading.filter if sound else None


def chosen_range(campaign: Campaign) -> RowRange | None:
    """The range of rows of a campaign; None when it can't be read."""
    rows = read_range(campaign.audience_spec.get(AudienceKind.RANGE) or {})
    return rows if isinstance(rows, RowRange) and (not rows.source or object_id(rows.source)) else None


def sources(campaign: Campaign) -> list[ObjectId] | None:
    """The files whose columns placeholders may name; None for those of all files."""
    match campaign.audience:
        case AudienceKind.IMPORTS:
            return list(campaign.audience_imports)
        case AudienceKind.FILTER if (wanted := chosen_filter(campaign)) is not None and wanted.imports:
            return [ObjectId(key) for key in wanted.imports]
        case AudienceKind.RANGE if (rows := chosen_range(campaign)) is not None and rows.source:
            return [ObjectId(rows.source)]
    return None


def count(campaign: Campaign) -> Counted:
    """How many recipients there are, by a count that never takes long."""
    match campaign.audience:
        case AudienceKind.ALL:
            return Counted(debtors.count_debtors())
        case AudienceKind.IMPORTS if campaign.audience_imports:
            imports = tuple(map(str, campaign.audience_imports))
            return debtors.count_rows(imports[0]) if len(imports) == 1 else debtors.count_fitting(Filter(imports))
        case AudienceKind.FILTER if (wanted := chosen_filter(campaign)) is not None:
            return debtors.count_fitting(wanted)
        case AudienceKind.RANGE if (rows := chosen_range(campaign)) is not None:
            return _count_range(rows)
        case AudienceKind.SELECTION:
            return Counted(len(debtors.existing(chosen_debtors(campaign.pk))))
    return Counted(0)


def _count_range(rows: RowRange) -> Counted:
    if rows.source:
        return debtors.count_rows(rows.source, first=rows.first, last=rows.last)
    return Counted(max(0, min(rows.last, debtors.count_debtors()) - rows.first + 1))


def chosen_debtors(campaign: ObjectId, *, start: int = 0, limit: int = ChosenDebtors.MOST) -> list[ObjectId]:
    """The debtors that were chosen one by one, in their order, so many from one on."""
    part = {"debtors": {"$slice": [start, limit]}}
    found = collection(ChosenDebtors).find_one({"campaign": campaign}, part, session=session())
    return list(found["debtors"]) if found else []


def _all(cursor: Cursor, limit: int) -> Page:
    index = cursor.get("index", 0)
    found = debtors.all_debtors(after_id=_after(cursor), limit=limit)
    recipients = _numbered(found, index)
    if len(found) < limit:
        return Page(recipients, None)
    return Page(recipients, {"after": str(found[-1].id), "index": index + len(found)})


def _filter(wanted: Filter, cursor: Cursor, limit: int) -> Page:
    if wanted.imports:
        keep = _keep(wanted) if wanted.conditions else None
        return _imports([ObjectId(key) for key in wanted.imports], cursor, limit, keep=keep)
    index = cursor.get("index", 0)
    found, last = debtors.fitting(debtors.condition_of(wanted), after=_after(cursor), limit=limit)
    following = {"after": str(last), "index": index + len(found)} if last is not None else None
    return Page(_numbered(found, index), following)


def _keep(wanted: Filter) -> Keep:
    def keep(debtor: DebtorValues) -> bool:
        return matches(
            wanted,
            name=debtor.name,
            phone=debtor.phone,
            country=debtor.country,
            debt=debtor.debt,
            rut=debtor.rut,
            external_id=debtor.external_id,
            due_date=debtor.due_date,
            metadata=debtor.metadata,
        )

    return keep


def _range(rows: RowRange, cursor: Cursor, limit: int) -> Page:
    if rows.source:
        begin = cursor or {"import": 0, "row": rows.first - 1, "index": 0}
        return _imports([ObjectId(rows.source)], begin, limit, last=rows.last)
    index = cursor.get("index", 0)
    left = rows.last - rows.first + 1 - index
    try:
        # The place is found once; from then on the ids lead, so that debtors who come or go meanwhile shift nothing.
        after = _after(cursor) if cursor else debtors.id_before(rows.first)
    except LookupError:
        return NOBODY
    found = debtors.all_debtors(after_id=after, limit=min(limit, left))
    index += len(found)
    going_on = len(found) == limit < left
    return Page(
        _numbered(found, index - len(found)), {"after": str(found[-1].id), "index": index} if going_on else None
    )


def _selection(campaign: Campaign, cursor: Cursor, limit: int) -> Page:
    place, index = cursor.get("place", 0), cursor.get("index", 0)
    ids = chosen_debtors(campaign.pk, start=place, limit=limit)
    values = debtors.debtors_by_id(ids)
    found = [values[key] for key in ids if key in values]
    following = {"place": place + len(ids), "index": index + len(found)} if len(ids) == limit else None
    return Page(_numbered(found, index), following)


def _imports(
    imports: Sequence[ObjectId], cursor: Cursor, limit: int, *, keep: Keep | None = None, last: int | None = None
) -> Page:
    place, index = cursor.get("import", 0), cursor.get("index", 0)
    if place >= len(imports):
        return NOBODY
    rows = debtors.audience_rows(imports[place], after_number=cursor.get("row", 0), limit=limit, last=last)
    recipients = _recipients(rows, earlier=imports[:place], index=index, keep=keep)
    index += len(recipients)
    if len(rows) == limit:
        return Page(recipients, {"import": place, "row": rows[-1][0], "index": index})
    if place + 1 < len(imports):
        return Page(recipients, {"import": place + 1, "row": 0, "index": index})
    return Page(recipients, None)


def _recipients(
    rows: Sequence[tuple[int, ObjectId]], *, earlier: Sequence[ObjectId], index: int, keep: Keep | None
) -> list[Recipient]:
    """An import's rows as recipients, without the debtors that an earlier import of the audience brought already."""
    ids = [debtor for _, debtor in rows]
    repeated = debtors.debtors_in(earlier, ids) if earlier else set()
    values = debtors.debtors_by_id(ids)
    kept = [
        (number, values[debtor])
        for number, debtor in rows
        if debtor in values and debtor not in repeated and (keep is None or keep(values[debtor]))
    ]
    return [Recipient(index + place, number, debtor) for place, (number, debtor) in enumerate(kept)]


def _numbered(found: Sequence[DebtorValues], index: int) -> list[Recipient]:
    return [Recipient(index + place, None, debtor) for place, debtor in enumerate(found)]


def _after(cursor: Cursor) -> ObjectId | None:
    return ObjectId(cursor["after"]) if "after" in cursor else None
