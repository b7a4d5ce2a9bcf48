"""What is done with a whole list of debtors: exported as it is shown, or made the audience of a new campaign."""

import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from accounts import lists
from accounts.models import User
from campaigns import editing, lacks
from campaigns.errors import CampaignError
from campaigns.models import AudienceKind, Campaign, ChosenDebtors
from debtors import queries
from debtors.listing import Listing
from debtors.models import Debtor
from debtors.queries import RowsOf
from desk.debtors import asked as asking
from desk.debtors import columns as showing
from desk.debtors.asked import Asked
from desk.debtors.pages import LIST, owners_of
from lib.htmx import go_to
from lib.tables import WORKBOOK_ROWS, XLSX, Download, PieceByPiece, csv_pieces, plain, text_cell
from systemlog import audit

WIDTHS = {"phone": 16, "rut": 14, "debt": 14}


# Exporting ------------------------------------------------------------------------------------------------------------
def export(request: HttpRequest) -> FileResponse | StreamingHttpResponse | HttpResponse:
    """The debtors that the list shows with the same query, in the same columns: as a workbook, or with `as=csv` at
    once and of any length. So many that a workbook would keep people waiting come as a csv in any case."""
    user: User = request.user  # type: ignore[assignment]  # every page is for signed-in users
    asked = asking.read(request.GET, user)
    if asked.problems:
        messages.error(request, asked.told)
        return go_to(request, "debtors:list")
    listing = asked.listing(request.GET.get("order", ""))
    columns = showing.chosen(lists.view_of(user, LIST).columns, showing.known(queries.known_columns()))
    zone = timezone.get_current_timezone()
    lines = rows(listing, columns, ZoneInfo(str(zone)))
    as_csv = request.GET.get("as") == "csv"
    start = [] if as_csv else list(islice(lines, WORKBOOK_ROWS + 1))
    as_csv = as_csv or len(start) > WORKBOOK_ROWS
    data = {"filter": asked.query.urlencode(), "format": "csv" if as_csv else "xlsx"}
    audit.record(user, "debtors.export", data=data)
    name = _("debtors") + f"-{timezone.localtime():%Y%m%d-%H%M}"
    titles = [_("Name"), *(title(column, str(zone)) for column in columns)]
    names = ["name", *(column.name for column in columns)]
    if as_csv:
        texts = ([plain(value) for value in row] for row in chain(start, lines))
        return PieceByPiece(
            csv_pieces(chain([titles], texts)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    _workbook(titles, names, start).save(file)
    file.seek(0)
    return Download(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def title(column: showing.Column, zone: str) -> str:
    return f"{column.title} ({zone})" if column.name in showing.TIMES else column.title


def rows(listing: Listing, columns: Sequence[showing.Column], zone: ZoneInfo) -> Iterator[list[Any]]:
    """The values of every debtor of the list, some read at a time; moments in the zone."""
    for keys in listing.every():
        found = Debtor.objects.defer(*showing.fields(columns)).in_bulk(keys)
        debtors = [found[key] for key in keys if key in found]
        owners = owners_of(debtors)
        for debtor in debtors:
            values = [debtor.name, *(showing.exported(debtor, column, owners) for column in columns)]
            yield [_local(value, zone) for value in values]


def _local(value: Any, zone: ZoneInfo) -> Any:
    if not isinstance(value, datetime):
        return value
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    return aware.astimezone(zone).replace(tzinfo=None, microsecond=0)


def _workbook(titles: Sequence[str], names: Sequence[str], lines: Sequence[Sequence[Any]]) -> Workbook:
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet(_("Debtors"))
    sheet.freeze_panes = "A2"
    for place, name in enumerate(names, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = 30 if name == "name" else WIDTHS.get(name, 20)
    sheet.append([text_cell(sheet, each) for each in titles])
    for row in lines:
        sheet.append([_cell(sheet, value) for value in row])
    return book


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return text_cell(sheet, value)
    return float(value) if isinstance(value, Decimal) and value == value.to_integral_value() else value


# A campaign of them ---------------------------------------------------------------------------------------------------
@require_POST
def new_campaign(request: HttpRequest) -> HttpResponse:
    """A draft whose recipients are those of the list that `filter`, its query, gives."""
    user: User = request.user  # type: ignore[assignment]  # every page is for signed-in users
    asked = asking.read_text(request.POST.get("filter", ""), user)
    try:
        campaign = _draft(asked, user)
    except CampaignError as error:
        messages.error(request, error.sentence)
        return HttpResponse(status=303, headers={"Location": f"{reverse('debtors:list')}?{asked.query.urlencode()}"})
    audit.record(user, "campaign.create", kind="campaign", id=campaign.pk, name=campaign.name)
    return go_to(request, "campaigns:step", campaign.pk, lacks.AUDIENCE)


def _draft(asked: Asked, user: User) -> Campaign:
    """The stored draft: by a filter where a campaign can have it, else with the debtors one by one.

    Raises CampaignError where it can't be either.
    """
    if asked.problems:
        raise CampaignError(asked.told)
    fresh = editing.new_draft(ObjectId(), owner=user)
    spec = _spec(asked)
    if spec is None:
        keys = list(islice(chain.from_iterable(asked.listing().every()), ChosenDebtors.MOST + 1))
        if len(keys) > ChosenDebtors.MOST:
            sentence = _(
                "A campaign can't be filtered by executive, answers, opt-outs or another campaign, and these are more "
                "than the %(most)s debtors that it can have one by one. Take such a filter away, or narrow the list."
            )
            raise CampaignError(sentence % {"most": ChosenDebtors.MOST})
        return editing.choose_debtors(fresh.pk, user=user, page="", add=keys, fresh=fresh)

    def apply(campaign: Campaign) -> None:
        imports = [each.brought.pk for each in asked.members if isinstance(each, RowsOf)]
        if not spec:
            campaign.audience = AudienceKind.IMPORTS.value if imports else AudienceKind.ALL.value
            campaign.audience_imports = imports
            return
        wanted = {**spec, "imports": [str(pk) for pk in imports]} if imports else spec
        campaign.audience = AudienceKind.FILTER.value
        campaign.audience_spec = {**campaign.audience_spec, AudienceKind.FILTER.value: wanted}

    return editing.store_step(fresh.pk, lacks.AUDIENCE, apply, base="", page="", user=user, fresh=fresh)[0]


def _spec(asked: Asked) -> dict[str, Any] | None:
    """The filter as a campaign's audience keeps it, files apart; None where it asks for what a campaign can't."""
    wanted = asked.wanted
    others = any(not isinstance(member, RowsOf) for member in asked.members)
    if others or not asked.scope.everything or wanted.owner or wanted.nobodys:
        return None
    if wanted.answered is not None or wanted.suppressed is not None:
        return None
    query = asked.query
    found: dict[str, Any] = {name: query[name] for name in asking.TYPED if name in query and name != "q"}
    if "q" in query:
        found["text"] = query["q"]
    if tests := [{"key": key, "op": "is", "values": value} for key, value in asking.pairs_of(query)]:
        found["tests"] = tests
    return {**found, "written_in": asking.country()} if found else {}
