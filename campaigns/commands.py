"""What staff do to campaigns. Every command stores intent by compare-and-set; the engine carries it out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import attachments, audience, audience_reading, drafts, lacks, ways_out
from campaigns.errors import CampaignError
from campaigns.models import STATUS_LABELS, AudienceCheck, AudienceKind, Campaign, CampaignStretch
from campaigns.sentences import incomplete_sentences, state_hint, unknown_placeholder
from campaigns.template_errors import template_error_sentence
from domain import states
from domain.states import CampaignStatus, MessageStatus
from domain.templating import TemplateError
from lib.mongo import Now, collection, run_tx
from live.events import CampaignChanged
from live.publish import publish
from messaging import claims
from messaging import queries as messaging

S = CampaignStatus
MAY_RETRY = (S.RUNNING, S.COMPLETED, S.PAUSED)
ENDED = (S.COMPLETED, S.CANCELLED)
RESOLVED_AT_ONCE = 500
MAX_REASON = 300

Progress = Callable[[int], None]
"""Is told how many more recipients were looked at."""


@dataclass(frozen=True, slots=True)
class Audience:
    """Who a campaign is for: all debtors, or the valid rows of these imports."""

    kind: AudienceKind
    imports: Sequence[ObjectId] = ()


ALL_DEBTORS = Audience(AudienceKind.ALL)


def find(name: str) -> Campaign:
    """The campaign of that name. Raises CampaignError that names the ones there are."""
    wanted = name.strip()
    campaign = Campaign.objects.filter(name=wanted).first() if wanted.isprintable() else None
    if campaign is None:
        names = ", ".join(Campaign.objects.order_by("-created_at").values_list("name", flat=True)[:10])
        known = _("The latest ones are: %(names)s.") % {"names": names} if names else _("There is none yet.")
        raise CampaignError(_("There is no campaign called “%(name)s”.") % {"name": name} + " " + known)
    return campaign


# Creating, and the audience -------------------------------------------------------------------------------------------


def create(campaign: Campaign, *, chosen: Audience | None = None, progress: Progress | None = None) -> AudienceCheck:
    """Store a validated campaign (see drafts.validate) as a draft, with its audience if one is chosen.

    Returns what the audience was found to be, empty without one. Raises CampaignError, with nothing stored, as
    choose_audience does and when the name was taken meanwhile.
    """
    found = AudienceCheck(campaign=campaign.pk)
    if chosen is not None:
        campaign.audience, campaign.audience_imports = chosen.kind, list(chosen.imports)
        found = check_audience(campaign, progress=progress)

    def store() -> None:
        if campaign.attachment is not None:
            campaign.attachment = attachments.keep(campaign.attachment)
        campaign.save(force_insert=True)

    try:
        run_tx(store)
    except IntegrityError as error:
        raise drafts.taken(campaign.name) from error
    if chosen is not None:
        audience.keep(found)
    publish(CampaignChanged(str(campaign.pk)))
    return found


def editable_campaign(name: str) -> Campaign:
    """The campaign, if its audience may still change. Raises CampaignError."""
    campaign = find(name)
    if campaign.status != S.DRAFT:
        raise CampaignError(
            _("The audience of “%(name)s” can't change any more: it is %(status)s. Create another campaign.")
            % {"name": campaign.name, "status": STATUS_LABELS[S(campaign.status)]}
        )
    return campaign


def choose_audience(campaign: Campaign, chosen: Audience, *, progress: Progress | None = None) -> AudienceCheck | None:
    """Set a stored draft's audience and check that the texts, once they are there, fit it. None: somebody else changed
    it meanwhile.

    Raises CampaignError, leaving the audience as it was, when nobody is in it, when a placeholder names no column, or
    when the campaign is strict and a row lacks a value.
    """
    before = {"audience": campaign.audience, "audience_imports": list(campaign.audience_imports)}
    campaign.audience, campaign.audience_imports = chosen.kind, list(chosen.imports)
    written = not drafts.faults_of_texts(campaign.texts)
    found = check_audience(campaign, progress=progress) if written else _counted(campaign)
    changed = Campaign.objects.filter(
        pk=campaign.pk, status=S.DRAFT.value, revision=campaign.revision, **before
    ).update(
        audience=campaign.audience,
        audience_imports=campaign.audience_imports,
        edits={step: edit for step, edit in campaign.edits.items() if step != lacks.AUDIENCE},
        revision=F("revision") + 1,
    )
    if not changed:
        return None
    if written:
        audience.keep(found)
    publish(CampaignChanged(str(campaign.pk)))
    return found


def check_audience(campaign: Campaign, *, progress: Progress | None = None) -> AudienceCheck:
    """Check the texts against the audience. Raises CampaignError as choose_audience does."""
    try:
        texts = audience.Texts(campaign)
    except TemplateError as error:
        raise CampaignError(template_error_sentence(error), field="message") from error
    for name in texts.unknown():
        raise CampaignError(unknown_placeholder(name, texts.known), field="message")
    found = audience.check(campaign, texts, progress=progress)
    if found.rows == 0:
        sentence = _("The audience is empty: import a spreadsheet with at least one valid row.")
        raise CampaignError(sentence, field="audience")
    if campaign.strict and found.incomplete:
        lines = [_("The campaign is strict and was refused."), *incomplete_sentences(found, refused=True)]
        raise CampaignError("\n".join(lines), field="strict")
    return found


def _counted(campaign: Campaign) -> AudienceCheck:
    """Who is in the audience of a draft whose message is not written yet."""
    return AudienceCheck(campaign=campaign.pk, rows=audience_reading.count(campaign).number)


def attach_import(*, campaign_name: str, import_id: ObjectId) -> list[str]:
    """Add an import to a draft's audience; returns what to tell about it. Raises CampaignError."""
    found = None
    while found is None:
        campaign = editable_campaign(campaign_name)
        if campaign.audience == AudienceKind.ALL:
            raise CampaignError(_("The audience of “%(name)s” is all debtors already.") % {"name": campaign.name})
        if campaign.audience not in (AudienceKind.NONE, AudienceKind.IMPORTS):
            raise CampaignError(
                _("The audience of “%(name)s” is not chosen by files: add the file in its audience step.")
                % {"name": campaign.name}
            )
        imports = list(dict.fromkeys([*campaign.audience_imports, import_id]))
        found = choose_audience(campaign, Audience(AudienceKind.IMPORTS, imports))
    return [
        ngettext("“%(name)s” has %(rows)s recipient now.", "“%(name)s” has %(rows)s recipients now.", found.rows)
        % {"name": campaign.name, "rows": found.rows},
        *incomplete_sentences(found),
    ]


# Start, pause, resume, cancel, retry ----------------------------------------------------------------------------------


def _change(
    campaign: Campaign,
    target: S,
    *,
    origins: Sequence[S] | None = None,
    where: Mapping[str, object] | None = None,
    **fields: object,
) -> bool:
    """Compare-and-set the status; False when the campaign was in no state that `target` may follow, or not `where`."""
    allowed = [origin.value for origin in (origins or states.origins_of(target))]
    wanted = Campaign.objects.filter(pk=campaign.pk, status__in=allowed, **(where or {}))
    changed = wanted.update(status=target.value, **fields)
    if changed:
        campaign.refresh_from_db()
        publish(CampaignChanged(str(campaign.pk)))
    return bool(changed)


def _refuse(campaign: Campaign, sentence: str) -> CampaignError:
    """The error of a command that the campaign's state does not allow, naming that state as it is now."""
    campaign.refresh_from_db()
    status = S(campaign.status)
    return CampaignError(sentence % {"name": campaign.name, "status": STATUS_LABELS[status]} + " " + state_hint(status))


def start(
    name: str, *, at: datetime | None = None, revision: int | None = None, progress: Progress | None = None
) -> Campaign:
    """Start a draft (or a scheduled campaign) now, or schedule it for `at` (aware). Raises CampaignError.

    `revision` is the one that a person has looked at: of one that changed since nothing is sent.
    """
    campaign = find(name)
    refused = _("“%(name)s” can't be started: it is %(status)s.")
    if campaign.status not in (S.DRAFT, S.SCHEDULED):
        raise _refuse(campaign, refused)
    if at is not None and at <= timezone.now():
        raise CampaignError(_("The time to start at is in the past. Give a later one, or none to start now."))
    if revision is not None and campaign.revision != revision:
        raise _changed(campaign)
    checked = {"revision": campaign.revision}  # what follows is about these texts and this audience
    if missing := lacks.lacks(campaign):
        raise lacks.Incomplete(missing)
    audience.keep(check_audience(campaign, progress=progress))
    if at is not None:
        done = _change(campaign, S.SCHEDULED, origins=(S.DRAFT, S.SCHEDULED), where=checked, scheduled_at=at)
    else:
        fields = {"started_at": timezone.now(), "scheduled_at": None, "pause_reason": ""}
        done = _change(campaign, S.RUNNING, origins=(S.DRAFT, S.SCHEDULED), where=checked, **fields)
    if not done:
        campaign.refresh_from_db()
        if campaign.status == S.DRAFT:
            raise _changed(campaign)
        raise _refuse(campaign, refused)
    return campaign


def _changed(campaign: Campaign) -> CampaignError:
    sentence = _("Somebody changed “%(name)s” meanwhile. Look at it again, then start it.")
    return CampaignError(sentence % {"name": campaign.name})


def unschedule(name: str) -> Campaign:
    """Make a scheduled campaign a draft again, which may be changed."""
    campaign = find(name)
    if not _change(campaign, S.DRAFT, scheduled_at=None):
        raise _refuse(campaign, _("“%(name)s” can't become a draft: it is %(status)s."))
    return campaign


def schedule_time(text: str, *, zone: str) -> datetime:
    """The moment that a person wrote, in the campaign's zone unless it names its own. Raises CampaignError."""
    try:
        moment = datetime.fromisoformat(text.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise CampaignError(_("“%(text)s” is no time. Write it like 2026-12-01T09:00.") % {"text": text}) from error


def pause(name: str, *, reason: str = "") -> Campaign:
    """Stop sending: requests that have begun finish, nothing else starts later than 2 s from now."""
    campaign = find(name)
    why = " ".join(reason.split())
    if not why.isprintable() or len(why) > MAX_REASON:
        raise CampaignError(_("Give a reason of at most %(most)s characters.") % {"most": MAX_REASON})
    if not _change(campaign, S.PAUSED, pause_reason=why or _("by hand")):
        raise _refuse(campaign, _("“%(name)s” can't be paused: it is %(status)s."))
    return campaign


def resume(name: str) -> Campaign:
    """Go on with a paused campaign."""
    campaign = find(name)
    if campaign.status == S.PAUSED:
        ways_out.check(campaign)
    # A wait for sessions begins anew: it may be what paused it.
    if not _change(campaign, S.RUNNING, origins=(S.PAUSED,), pause_reason="", without_sessions_since=None):
        raise _refuse(campaign, _("“%(name)s” can't be resumed: it is %(status)s."))
    return campaign


def go_on(name: str) -> Campaign:
    """End the pause that a campaign makes: its next stretch begins now. Raises CampaignError when it makes none."""
    campaign = find(name)
    if campaign.status not in (S.RUNNING, S.PAUSED):
        raise _refuse(campaign, _("“%(name)s” makes no pause: it is %(status)s."))
    rests = CampaignStretch.objects.filter(campaign=campaign.pk, rests_until__gt=Now())
    if not rests.update(rests_until=Now()):
        raise CampaignError(_("“%(name)s” makes no pause now.") % {"name": campaign.name})
    publish(CampaignChanged(str(campaign.pk)))
    return campaign


def cancel(name: str) -> Campaign:
    """End a campaign for good: what was not sent yet is skipped."""
    campaign = find(name)
    if not _change(
        campaign,
        S.CANCELLED,
        pause_reason="",
        scheduled_at=None,
        sweep_requested=True,
        retry_requested=False,
        retry_wanted=[],
        completed_at=timezone.now(),
    ):
        raise _refuse(campaign, _("“%(name)s” can't be cancelled: it is %(status)s."))
    return campaign


def retry_failed(name: str, *, reasons: Sequence[str] = (), chosen: Sequence[ObjectId] = ()) -> int:
    """Send the failed ones again, each with a new attempt; returns how many there are.

    With `reasons` those that failed for them alone, with `chosen` those messages alone. What fails from now on is not
    part of it. Raises CampaignError.
    """
    campaign = find(name)
    refused = _("The failed messages of “%(name)s” can't be sent again: it is %(status)s.")
    if campaign.status not in MAY_RETRY:
        raise _refuse(campaign, refused)
    number = messaging.failed(campaign.pk, reasons=reasons, chosen=chosen)
    if not number:
        sentence = _("“%(name)s” has no failed messages.")
        if reasons:
            sentence = _("“%(name)s” has no messages that failed for this reason any more.")
        elif chosen:
            sentence = _("None of the messages that you ticked is failed any more.")
        raise CampaignError(sentence % {"name": campaign.name})
    ways_out.check(campaign)
    asked = {"reasons": {"$literal": list(reasons)}, "messages": {"$literal": list(chosen)}, "before": "$$NOW"}
    # One update, whatever comes at the same time: a paused campaign stays paused, its failed ones wait with the rest.
    completed = {"$eq": ["$status", S.COMPLETED.value]}
    changes = {
        "retry_wanted": {"$concatArrays": [{"$ifNull": ["$retry_wanted", []]}, [asked]]},
        "retry_requested": True,
        "status": {"$cond": [completed, S.RUNNING.value, "$status"]},
        "completed_at": {"$cond": [completed, None, "$completed_at"]},
        "archived": False,
    }
    stored = collection(Campaign).update_one(
        {"_id": campaign.pk, "status": {"$in": [status.value for status in MAY_RETRY]}}, [{"$set": changes}]
    )
    if not stored.matched_count:
        raise _refuse(campaign, refused)
    publish(CampaignChanged(str(campaign.pk)))
    return number


def archive(name: str) -> Campaign:
    """Put a campaign that has ended out of the list's sight. Nothing of it is lost, and `unarchive` brings it back."""
    campaign = find(name)
    if not _archived(campaign, archived=True):
        raise _refuse(campaign, _("“%(name)s” can't be archived before it has ended: it is %(status)s."))
    return campaign


def unarchive(name: str) -> Campaign:
    """List an archived campaign with the others again."""
    campaign = find(name)
    _archived(campaign, archived=False)
    return campaign


def _archived(campaign: Campaign, *, archived: bool) -> bool:
    """Store it where the campaign has ended; False where it has not."""
    ended = Campaign.objects.filter(pk=campaign.pk, status__in=[status.value for status in ENDED])
    changed = bool(ended.update(archived=archived))
    if changed:
        campaign.refresh_from_db()
        publish(CampaignChanged(str(campaign.pk)))
    return changed


def resolve_uncertain(name: str, *, verdict: str) -> int:
    """A person's word on the uncertain messages: `sent`, `failed` or `retry`; returns how many it settled.

    `retry` sends them again, at the risk that somebody gets the message twice: only a person may decide that.
    Raises CampaignError.
    """
    campaign = find(name)
    target = {"sent": MessageStatus.SENT, "failed": MessageStatus.FAILED, "retry": MessageStatus.PENDING}[verdict]
    if target is MessageStatus.PENDING:
        if campaign.status not in MAY_RETRY:
            raise _refuse(campaign, _("The messages of “%(name)s” can't be sent again: it is %(status)s."))
        ways_out.check(campaign)

    def batch() -> int:
        moved = claims.resolve_uncertain(campaign.pk, target=target, limit=RESOLVED_AT_ONCE)
        if moved and target is MessageStatus.PENDING:
            # Together with them: no completed campaign is ever left with messages that wait.
            Campaign.objects.filter(pk=campaign.pk, status=S.COMPLETED.value).update(
                status=S.RUNNING.value, completed_at=None, archived=False
            )
        return moved

    total = 0
    while moved := run_tx(batch):
        total += moved
    if not total:
        raise CampaignError(_nothing_to_decide(campaign))
    publish(CampaignChanged(str(campaign.pk)))
    return total


def _nothing_to_decide(campaign: Campaign) -> str:
    asked = messaging.counts(campaign.pk)[MessageStatus.UNCERTAIN]
    if not asked:
        return _("“%(name)s” has no uncertain messages.") % {"name": campaign.name}
    sentence = ngettext(
        "%(number)s uncertain message of “%(name)s” is still being asked about at its gateway. Wait for the answer.",
        "%(number)s uncertain messages of “%(name)s” are still being asked about at their gateways. "
        "Wait for the answers.",
        asked,
    )
    return sentence % {"name": campaign.name, "number": asked}
