"""How `campaign create` is called and what it prints: a draft, its audience from a file, and what to know of both."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import OutputWrapper
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import attachments, commands, drafts
from campaigns.audience import Texts
from campaigns.commands import ALL_DEBTORS, Audience
from campaigns.drafts import Draft
from campaigns.errors import CampaignError
from campaigns.management.outcome import Interrupted
from campaigns.management.progress import ProgressBar
from campaigns.models import AudienceCheck, AudienceKind, Campaign, CampaignChannel, NoSessionPolicy, RotationChoice
from campaigns.sentences import incomplete_sentences
from debtors.commands import ImportRefused, ImportReport, import_file


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `campaign create`."""
    parser.add_argument("name")
    parser.add_argument("--channel", required=True, choices=CampaignChannel.values)
    parser.add_argument(
        "--message", required=True, help="the text, with placeholders such as {nombre} or {ejecutivo|we}"
    )
    parser.add_argument("--variant", action="append", default=[], help="another text; may be repeated")
    parser.add_argument("--rotation", choices=RotationChoice.values, default="")
    parser.add_argument("--whatsapp-pool", default="")
    parser.add_argument("--sms-pool", default="")
    parser.add_argument(
        "--attach", type=Path, metavar="FILE", help="JPEG, PNG, WebP or PDF to send by WhatsApp, the text its caption"
    )
    parser.add_argument(
        "--no-session",
        choices=NoSessionPolicy.values,
        default="",
        help="while too few sessions are connected: pause at once, wait and then pause (default), or borrow others",
    )
    parser.add_argument(
        "--no-session-minutes", type=float, metavar="N", help="how long to wait, also before SMS takes over (10)"
    )
    parser.add_argument("--min-sessions", type=int, metavar="N", help="connected sessions that it needs (1)")
    parser.add_argument("--audience", metavar="FILE|all", help="a spreadsheet (all its valid rows), or all debtors")
    parser.add_argument("--window", default="", metavar="08:00-20:00|none", help="hours in which it may send")
    parser.add_argument("--days", default="", metavar="mon-sat", help="days on which it may send")
    parser.add_argument(
        "--pauses",
        default="",
        metavar="off|auto:3|every:30",
        help="whether it rests: so many pauses spread over it, or one after every so many messages",
    )
    parser.add_argument(
        "--pause-minutes", default="", metavar="5,10,20,30|5-30", help="how long a pause is: one of a list, or a range"
    )
    parser.add_argument("--pause-channels", default="", metavar="both|whatsapp|sms", help="which channels make pauses")
    parser.add_argument("--timezone", default="", metavar="ZONE", help="of the hours, such as America/Santiago")
    parser.add_argument("--country", default="", help="of money, of dates, and of phones without a prefix in FILE")
    parser.add_argument("--strict", action="store_true", help="refuse the campaign if a row lacks a value")
    parser.add_argument(
        "--transliterate", action="store_true", help="write its SMS without accents where they make it longer: á as a"
    )
    parser.add_argument("--json", action="store_true", help="print what was created as one JSON object")


def create(options: dict[str, Any], out: OutputWrapper) -> None:
    """Create what the options ask for. Raises CampaignError."""
    draft = Draft(
        name=options["name"],
        channel=options["channel"],
        message=options["message"],
        variants=options["variant"],
        rotation=options["rotation"],
        whatsapp_pool=options["whatsapp_pool"],
        sms_pool=options["sms_pool"],
        hours=options["window"],
        days=options["days"],
        timezone=options["timezone"],
        pauses=options["pauses"],
        pause_durations=options["pause_minutes"],
        pause_channels=options["pause_channels"],
        country=options["country"],
        strict=options["strict"],
        transliterate=options["transliterate"],
        attachment=attachments.read(options["attach"]) if options["attach"] else None,
        no_session=options["no_session"],
        no_session_minutes=options["no_session_minutes"],
        min_sessions=options["min_sessions"],
    )
    # Before the file is read: nothing is imported for a campaign that can't be.
    campaign = drafts.validate(draft)
    chosen, report = _audience(campaign, options, out)
    try:
        with ProgressBar(_("recipients"), hidden=options["json"]) as bar:
            found = commands.create(campaign, chosen=chosen, progress=bar.advance)
    except CampaignError as error:
        kept = "\n" + _("The file's debtors were imported, but no campaign was created.") if report else ""
        raise CampaignError(f"{error}{kept}") from error
    if options["json"]:
        out.write(json.dumps(_created(campaign, found, report), ensure_ascii=False))
        return
    out.write(_("Campaign “%(name)s” was created as a draft.") % {"name": campaign.name})
    if campaign.attachment is not None:
        out.write(_("“%(file)s” goes with its messages.") % {"file": campaign.attachment.filename})
    if chosen is None:
        out.write(_("It has no audience yet: import one with `import_debtors FILE --campaign NAME`."))
        return
    sentence = ngettext("It has %(rows)s recipient.", "It has %(rows)s recipients.", found.rows)
    out.write(sentence % {"rows": found.rows})
    for line in incomplete_sentences(found):
        out.write(line)
    for name in Texts(campaign).always_fallback():
        out.write(_("Note: no column is called {%(name)s}, so everybody gets its fallback.") % {"name": name})


def _audience(
    campaign: Campaign, options: dict[str, Any], out: OutputWrapper
) -> tuple[Audience | None, ImportReport | None]:
    """Who was asked for; a file is imported."""
    wanted = options["audience"]
    if not wanted:
        return None, None
    if wanted == "all":
        return ALL_DEBTORS, None
    try:
        with ProgressBar(_("rows"), hidden=options["json"]) as bar:
            report = import_file(Path(wanted), country=campaign.country, progress=bar.at)
    except ImportRefused as error:
        raise CampaignError(str(error)) from error
    except KeyboardInterrupt as interrupt:
        raise Interrupted(
            _("The import was interrupted, and no campaign was created. What was imported stays; do it again.")
        ) from interrupt
    if not options["json"]:
        out.write(report.summary())
    assert report.import_id is not None  # only a dry run has none
    return Audience(AudienceKind.IMPORTS, [report.import_id]), report


def _created(campaign: Campaign, found: AudienceCheck, report: ImportReport | None) -> dict[str, Any]:
    """What `campaign create --json` prints."""
    return {
        "name": campaign.name,
        "status": campaign.status,
        "recipients": found.rows,
        "incomplete": found.incomplete,
        "incomplete_rows": found.listed,
        "always_fallback": Texts(campaign).always_fallback() if found.rows else [],
        "import": report.as_json() if report else None,
    }
