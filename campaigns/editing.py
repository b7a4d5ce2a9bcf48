"""Drafts after they were created: changing, deleting and copying them."""

from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F
from django.utils.translation import gettext as _

from campaigns import attachments, audience, commands, drafts
from campaigns.commands import Audience
from campaigns.errors import CampaignError
from campaigns.models import AudienceCheck, AudienceKind, Campaign
from domain.folding import fold
from domain.states import CampaignStatus
from lib.mongo import run_tx
from live.events import CampaignChanged
from live.publish import publish

SETTINGS = (
    *("name", "channel", "message", "variants", "rotation", "whatsapp_pool", "sms_pool", "attachment", "strict"),
    *("no_session_policy", "no_session_minutes", "min_sessions", "audience", "audience_imports"),
    *("window_start", "window_end", "window_days", "timezone", "country"),
    *("pause_mode", "pause_count", "pause_every", "pause_durations", "pause_channels"),
)
"""What a draft says, and a copy takes over: everything else is the campaign's own life."""
MOST_COPIES = 1_000


def change_draft(changed: Campaign, *, revision: int, chosen: Audience | None = None) -> AudienceCheck:
    """Store a validated campaign in the place of the draft that has its key, if it still is as `revision` says.

    Returns what the audience was found to be, empty without one. Raises CampaignError, with nothing stored, as
    commands.choose_audience does, when the name was taken meanwhile, and when the draft was changed or started.
    """
    found = AudienceCheck(campaign=changed.pk)
    changed.audience, changed.audience_imports = AudienceKind.NONE, []
    if chosen is not None:
        changed.audience, changed.audience_imports = chosen.kind, list(chosen.imports)
        found = commands.check_audience(changed)

    def store() -> None:
        if changed.attachment is not None and changed.attachment._state.adding:
            changed.attachment = attachments.keep(changed.attachment)
        values = {name: getattr(changed, name) for name in SETTINGS}
        same = Campaign.objects.filter(pk=changed.pk, status=CampaignStatus.DRAFT.value, revision=revision)
        if not same.update(**values, folded_name=fold(changed.name), revision=F("revision") + 1):
            raise _changed_meanwhile(changed.pk)

    try:
        run_tx(store)
    except IntegrityError as error:
        raise drafts.taken(changed.name) from error
    if chosen is not None:
        audience.keep(found)
    publish(CampaignChanged(str(changed.pk)))
    return found


def _changed_meanwhile(pk: ObjectId) -> CampaignError:
    status = Campaign.objects.filter(pk=pk).values_list("status", flat=True).first()
    if status is None:
        return CampaignError(_("Somebody deleted this draft meanwhile."))
    if status == CampaignStatus.DRAFT:
        return CampaignError(_("Somebody changed this draft meanwhile. Open it again to see what it says now."))
    return CampaignError(_("This campaign can't change any more: somebody started it meanwhile."))


def delete_draft(campaign: Campaign) -> None:
    """Delete a draft for good. Raises CampaignError when it is no draft any more."""
    deleted, _kinds = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT.value).delete()
    if not deleted:
        raise CampaignError(_("Only drafts can be deleted, and “%(name)s” is none any more.") % {"name": campaign.name})
    AudienceCheck.objects.filter(campaign=campaign.pk).delete()
    publish(CampaignChanged(str(campaign.pk)))


def duplicate(campaign: Campaign, *, owner: Any) -> Campaign:
    """A new draft of `owner`'s (a user) that says what a campaign says, under a name of its own."""
    values = {name: getattr(campaign, name) for name in SETTINGS if name != "name"}
    for number in range(2, MOST_COPIES):
        ending = f" ({number})"
        name = campaign.name[: drafts.MAX_NAME - len(ending)] + ending
        if Campaign.objects.filter(name=name).exists():
            continue
        copy = Campaign(pk=ObjectId(), name=name, owner=owner, **values)
        commands.create(copy)
        return copy
    raise drafts.taken(campaign.name)
