"""Drafts: storing them step by step, so that of two people none undoes the other's; deleting and copying them."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from django.db import IntegrityError
from django.db.models import F
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from campaigns import drafts
from campaigns.errors import CampaignError
from campaigns.lacks import AUDIENCE, FIELDS
from campaigns.models import AudienceCheck, AudienceKind, Campaign, ChosenDebtors
from debtors import queries as debtors
from domain.folding import fold
from domain.pacing import parse_days, parse_hours
from domain.states import CampaignStatus
from lib.mongo import collection, run_tx, session
from live.events import CampaignChanged
from live.publish import publish
from preferences import queries as preferences

SETTINGS = (*(field for fields in FIELDS.values() for field in fields), "unfinished")
"""What a draft says, and a copy takes over: everything else is the campaign's own life."""
MOST_COPIES = 1_000
ATTEMPTS = 20

Apply = Callable[[Campaign], None]
"""Sets a step's values on a campaign that was just read."""


class Conflict(CampaignError):
    """Somebody else changed the step meanwhile; nothing was stored. `stored` is the campaign as they left it."""

    def __init__(self, stored: Campaign, step: str) -> None:
        self.stored = stored
        self.edit = edit_of(stored, step)
        who = self.edit.by or _("Somebody")
        super().__init__(_("%(who)s changed this step meanwhile.") % {"who": who})


@dataclass(frozen=True, slots=True)
class Edit:
    """Who changed a step last, and when; `page` tells the page from which, `turn` which of its changes it was."""

    by: str = ""
    at: datetime | None = None
    page: str = ""
    turn: int = 0


def edit_of(campaign: Campaign, step: str) -> Edit:
    """The last change of a step; empty for one that no page changed."""
    found = campaign.edits.get(step) or {}
    at = found.get("at")
    return Edit(
        found.get("by", ""), datetime.fromisoformat(at) if at else None, found.get("page", ""), found.get("turn", 0)
    )


def digest(campaign: Campaign, step: str) -> str:
    """What a step says, as a short word: a page remembers it, and is told when it is another one."""
    values = [*(getattr(campaign, field) for field in FIELDS[step]), campaign.unfinished.get(step)]
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()[:16]


def new_draft(pk: ObjectId, *, owner: Any) -> Campaign:
    """A draft of `owner`'s with the usual hours and pauses, not stored yet."""
    start, end = parse_hours(preferences.get("sending.hours")) or (None, None)
    pauses = drafts.usual_pauses()
    return Campaign(
        pk=pk,
        name=proposed_name(),
        owner=owner,
        window_start=f"{start:%H:%M}" if start is not None else "",
        window_end=f"{end:%H:%M}" if end is not None else "",
        window_days=sorted(parse_days(preferences.get("sending.days"))),
        timezone=preferences.get("sending.timezone"),
        country=preferences.get("sending.country"),
        pause_mode=pauses.mode.value,
        pause_count=pauses.count,
        pause_every=pauses.every,
        pause_durations=str(pauses.durations),
        pause_channels=pauses.channels.value,
    )


def proposed_name(about: str = "") -> str:
    """A name that is free: of what it is about (a file) and of the day."""
    day = formats.date_format(timezone.localtime(), "SHORT_DATE_FORMAT")
    first = f"{about[: drafts.MAX_NAME - 20]} {day}" if about else _("Campaign of %(day)s") % {"day": day}
    return free_name(first)


def free_name(wanted: str) -> str:
    """This name, or where it is taken the same with a number."""
    stem = wanted[: drafts.MAX_NAME - 7]  # what all of them begin with, however long it is
    taken = set(Campaign.objects.filter(name__startswith=stem).values_list("name", flat=True)[:MOST_COPIES])
    names = (wanted, *(f"{stem} ({number})" for number in range(2, MOST_COPIES)))
    return next((name for name in names if name not in taken), wanted)


def draft_of(pk: ObjectId) -> Campaign | None:
    """The campaign with its pools and its file, without the file's bytes; None where there is none."""
    related = Campaign.objects.select_related("whatsapp_pool", "sms_pool", "attachment")
    return related.defer("attachment__data").filter(pk=pk).first()


def store_step(
    pk: ObjectId, step: str, apply: Apply, *, base: str, page: str, user: Any, turn: int = 0,
    fresh: Campaign | None = None,
) -> tuple[Campaign, bool]:  # fmt: skip
    """Store what a page says of a step, and whether that is the page's first change of it.

    `base` is the digest that the page began with: another person's change since is never overwritten. `turn` counts
    what the page sent, 0 where it does not: what comes after a later one of it is old, and left out. `fresh` is the new
    draft that is stored with it where there is none of that key yet.
    Raises Conflict, and CampaignError when the draft was deleted or started, or the name was taken.
    """
    for _attempt in range(ATTEMPTS):
        campaign = draft_of(pk)
        if campaign is None and fresh is not None:
            return _insert(fresh, step, apply, edit=_edit(page, user, turn)), True
        if campaign is None:
            raise CampaignError(_("Somebody deleted this draft meanwhile."))
        if campaign.status != CampaignStatus.DRAFT:
            raise CampaignError(_("This campaign can't change any more: somebody started it meanwhile."))
        before, edit = digest(campaign, step), edit_of(campaign, step)
        if page and edit.page == page and 0 < turn < edit.turn:
            return campaign, False
        theirs = Campaign(**{field.attname: getattr(campaign, field.attname) for field in Campaign._meta.fields})
        apply(campaign)
        after = digest(campaign, step)
        if after == before:
            return campaign, False
        if before != base and edit.page != page:
            raise Conflict(theirs, step)
        last = max(turn, edit.turn) if edit.page == page else turn
        if _update(campaign, step, edit=_edit(page, user, last)):
            publish(CampaignChanged(str(pk)))
            return campaign, edit.page != page
    raise CampaignError(_("Too many people change this draft at once. Try again."))


def _insert(fresh: Campaign, step: str, apply: Apply, *, edit: dict[str, Any]) -> Campaign:
    apply(fresh)
    fresh.edits = {step: edit}
    try:
        run_tx(lambda: fresh.save(force_insert=True))
    except IntegrityError as error:
        raise drafts.taken(fresh.name) from error
    publish(CampaignChanged(str(fresh.pk)))
    return fresh


def _update(campaign: Campaign, step: str, *, edit: dict[str, Any]) -> bool:
    campaign.edits = {**campaign.edits, step: edit}
    values = {field: getattr(campaign, field) for field in FIELDS[step]}
    same = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT.value, revision=campaign.revision)
    try:
        changed = same.update(
            **values,
            unfinished=campaign.unfinished,
            edits=campaign.edits,
            folded_name=fold(campaign.name),
            revision=F("revision") + 1,
        )
    except IntegrityError as error:
        raise drafts.taken(campaign.name) from error
    campaign.revision += 1
    return bool(changed)


def _edit(page: str, user: Any, turn: int) -> dict[str, Any]:
    name = user.get_full_name() or user.get_username() if user is not None else ""
    return {"by": name, "at": timezone.now().isoformat(), "page": page, "turn": turn}


def left_at(pk: ObjectId, step: str) -> None:
    """Remember at which step a draft was left, for whoever goes on with it."""
    campaigns = collection(Campaign)
    campaigns.update_one({"_id": pk, "status": CampaignStatus.DRAFT.value}, {"$set": {"edits.at": step}})


# Debtors that are chosen one by one -----------------------------------------------------------------------------------
def choose_debtors(
    pk: ObjectId, *, user: Any, page: str, base: str = "", add: Sequence[ObjectId] = (),
    remove: Sequence[ObjectId] = (), clear: bool = False, fresh: Campaign | None = None,
) -> Campaign:  # fmt: skip
    """Add debtors to those of a draft, or take some or all of them away; it then goes to them.

    Two people who choose at once both get theirs. Where the page has not seen what is stored (`base` is another
    digest), the change is kept without its word: else what the page stores next would undo what it never showed.
    Raises CampaignError for more than ChosenDebtors.MOST.
    """

    def change() -> Campaign:
        held = collection(ChosenDebtors).find_one({"campaign": pk}, session=session())
        chosen: list[ObjectId] = list(held["debtors"]) if held and not clear else []
        gone = set(remove)
        after = [each for each in dict.fromkeys([*chosen, *debtors.existing(add)]) if each not in gone]
        if len(after) > ChosenDebtors.MOST:
            sentence = _("At most %(most)s debtors can be chosen one by one. Use a filter or a file for more.")
            raise CampaignError(sentence % {"most": ChosenDebtors.MOST})
        spec = {"number": len(after), "digest": hashlib.sha256(b"".join(e.binary for e in after)).hexdigest()[:16]}

        def apply(campaign: Campaign) -> None:
            campaign.audience = AudienceKind.SELECTION
            campaign.audience_spec = {**campaign.audience_spec, AudienceKind.SELECTION.value: spec}

        campaign = Campaign.objects.filter(pk=pk).first()
        before = digest(campaign, AUDIENCE) if campaign is not None else ""
        seen = campaign is None or before == base or edit_of(campaign, AUDIENCE).page == page
        word = page if seen else ""
        stored, _first = store_step(pk, AUDIENCE, apply, base=before, page=word, user=user, fresh=fresh)
        collection(ChosenDebtors).update_one(
            {"campaign": pk}, {"$set": {"debtors": after}}, upsert=True, session=session()
        )
        return stored

    return run_tx(change)


# Deleting and copying -------------------------------------------------------------------------------------------------
def delete_draft(campaign: Campaign) -> None:
    """Delete a draft for good. Raises CampaignError when it is no draft any more."""
    deleted, _kinds = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.DRAFT.value).delete()
    if not deleted:
        raise CampaignError(_("Only drafts can be deleted, and “%(name)s” is none any more.") % {"name": campaign.name})
    AudienceCheck.objects.filter(campaign=campaign.pk).delete()
    ChosenDebtors.objects.filter(campaign=campaign.pk).delete()
    publish(CampaignChanged(str(campaign.pk)))


def duplicate(campaign: Campaign, *, owner: Any) -> Campaign:
    """A new draft of `owner`'s (a user) that says what a campaign says, under a name of its own."""
    values = {name: getattr(campaign, name) for name in SETTINGS if name != "name"}
    name = free_name(campaign.name)
    copy = Campaign(pk=ObjectId(), name=name, owner=owner, **values)

    def store() -> None:
        copy.save(force_insert=True)
        held = collection(ChosenDebtors).find_one({"campaign": campaign.pk}, session=session())
        if held:
            document = {"campaign": copy.pk, "debtors": held["debtors"]}
            collection(ChosenDebtors).insert_one(document, session=session())

    try:
        run_tx(store)
    except IntegrityError as error:
        raise drafts.taken(name) from error
    publish(CampaignChanged(str(copy.pk)))
    return copy
