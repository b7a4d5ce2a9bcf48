"""An audience in words: the files, the conditions, the rows, the number of debtors that were chosen."""

from collections.abc import Iterator, Sequence

from bson import ObjectId
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.audience_form import OPS
from campaigns.audience_reading import chosen_filter, chosen_range
from campaigns.models import AudienceKind, Campaign
from debtors.intake.reasons import FIELD_LABELS
from debtors.models import Import
from domain.audiences import Filter, Op, RowRange
from domain.values import money
from lib.figures import figure

SHOWN_FILES = 5


def who(campaign: Campaign) -> list[str]:
    """One line a fact; empty while nothing is chosen."""
    match campaign.audience:
        case AudienceKind.ALL:
            return [_("All debtors")]
        case AudienceKind.IMPORTS:
            return _files(campaign.audience_imports)
        case AudienceKind.FILTER if (wanted := chosen_filter(campaign)) is not None:
            return [*_files([ObjectId(key) for key in wanted.imports]), *conditions(wanted, campaign.country)]
        case AudienceKind.RANGE if (rows := chosen_range(campaign)) is not None:
            return [_range(rows)]
        case AudienceKind.SELECTION:
            number = campaign.audience_spec.get(AudienceKind.SELECTION, {}).get("number", 0)
            sentence = ngettext("%(number)s debtor, chosen by hand", "%(number)s debtors, chosen by hand", number)
            return [sentence % {"number": figure(number)}]
    return []


def _files(imports: Sequence[ObjectId]) -> list[str]:
    names = list(Import.objects.filter(pk__in=list(imports)).order_by("-pk").values_list("file_name", flat=True))
    lines = [_("From %(name)s") % {"name": name} for name in names[:SHOWN_FILES]]
    if (more := len(names) - SHOWN_FILES) > 0:
        lines.append(ngettext("and %(number)s more file", "and %(number)s more files", more) % {"number": more})
    return lines


def conditions(wanted: Filter, country: str) -> Iterator[str]:
    """A filter's conditions, each a sentence without its point."""
    if wanted.text:
        yield _("Name, RUT or phone begins with “%(text)s”") % {"text": wanted.text}
    if wanted.country:
        yield _("Phones of %(country)s") % {"country": wanted.country}
    if wanted.debt_from is not None:
        yield _("Debt from %(amount)s") % {"amount": money(wanted.debt_from, country)}
    if wanted.debt_to is not None:
        yield _("Debt up to %(amount)s") % {"amount": money(wanted.debt_to, country)}
    if wanted.due_from is not None:
        yield _("Due from %(day)s") % {"day": formats.date_format(wanted.due_from, "SHORT_DATE_FORMAT")}
    if wanted.due_to is not None:
        yield _("Due up to %(day)s") % {"day": formats.date_format(wanted.due_to, "SHORT_DATE_FORMAT")}
    for test in wanted.tests:
        label = str(FIELD_LABELS.get(test.key, test.key))
        values = f": {'; '.join(test.values)}" if test.op is Op.IS else ""
        yield f"{label} {OPS[test.op]}{values}"


def _range(rows: RowRange) -> str:
    first, last = (figure(number) for number in (rows.first, rows.last))
    if not rows.source:
        return _("Of all debtors, from number %(first)s to number %(last)s") % {"first": first, "last": last}
    name = Import.objects.filter(pk=rows.source).values_list("file_name", flat=True).first() or "?"
    return _("Rows %(first)s to %(last)s of %(name)s") % {"first": first, "last": last, "name": name}
