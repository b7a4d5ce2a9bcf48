"""The live parts of the campaigns' pages."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from campaigns import commands, looking, showing, watching, wording
from campaigns.editing import digest, edit_of
from campaigns.lacks import FIELDS
from campaigns.models import Campaign
from domain.people import person_key
from domain.states import CampaignStatus, MessageStatus
from lib.converters import object_id
from live.fragments import SUPERVISORS, Fragment, of_object, register
from messaging import queries as messaging
from messaging.filters import NO_REASON
from messaging.models import Conversation

Context = Mapping[str, Any] | None


def _of_campaign(show: Callable[[Campaign], Context]) -> Callable[[str], Context]:
    """A fragment's context from the campaign of its key; None when that is gone. `acts` tells the template whether
    whoever looks at it may act, or go where the lines are."""

    def context(key: str) -> Context:
        pk = object_id(looking.pk_of(key))
        campaign = Campaign.objects.select_related("owner").filter(pk=pk).first()
        shown = None if campaign is None else show(campaign)
        if shown is None:
            return None
        acts = not key.endswith(looking.LOOK)
        # What hinders it is for those who can mend it.
        return {**shown, "acts": acts, "hints": shown.get("hints") if acts else ()}

    return context


def _of_its_campaign(key: str) -> Sequence[str]:
    return (f"campaign.{looking.pk_of(key)}",)


def row(campaign: Campaign) -> Context:
    [shown] = watching.standings([campaign])
    return shown.row


def progress(campaign: Campaign) -> Context:
    shown = watching.standing(campaign)
    return {
        "shown": shown,
        "campaign": campaign,
        "outlook": wording.outlook(shown),
        "hints": showing.hints(campaign),
        "undecided": watching.troubles(campaign.pk).undecided,
        "chart": showing.bars(campaign),
    }


def funnel(campaign: Campaign) -> Context:
    counts = messaging.counts(campaign.pk)
    funnels, people = showing.funnels(campaign, counts)
    return {
        "campaign": campaign,
        "total": sum(counts.values()),
        "funnels": funnels,
        "people": people,
        "labels": showing.STEP_LABELS,
    }


def actions(campaign: Campaign) -> Context:
    failed = messaging.counts(campaign.pk)[MessageStatus.FAILED]
    worth = showing.worth_a_retry(campaign) if failed else []
    return {
        "campaign": campaign,
        "failed": sum(problem.number for problem in worth),
        "worth": ",".join(problem.reason or NO_REASON for problem in worth),
        "says": wording.retry_sentence(worth, campaign) if worth else "",
        "ended": campaign.status in commands.ENDED,
    }


def asked(key: str) -> Context:
    """What an act would do now: the key is the act's name, a hyphen and the campaign's id."""
    act, _, pk = key.partition("-")
    sentences = wording.ASKED.get(act)
    campaign = Campaign.objects.filter(pk=object_id(pk)).first()
    return None if sentences is None or campaign is None else {"sentences": sentences(campaign)}


def lanes(campaign: Campaign) -> Context:
    rows = showing.line_standings(campaign)
    return {
        "campaign": campaign,
        "rows": rows,
        "running": campaign.status == CampaignStatus.RUNNING,
        "receipts": any(row.delivered for row in rows),
        "doubts": any(row.uncertain for row in rows),
    }


def cost(campaign: Campaign) -> Context:
    return {"campaign": campaign, "cost": showing.cost(campaign) if campaign.sms_pool_id is not None else None}


def problems(campaign: Campaign) -> Context:
    counts = messaging.counts(campaign.pk)
    return {"campaign": campaign, "rows": showing.causes(campaign, sum(counts.values()))}


def changes(key: str) -> Context:
    """Whether a list of messages is behind: the key is the campaign's id, the list's state and how many it had then."""
    pk, _, rest = key.partition("-")
    status, _, number = rest.partition("-")
    campaign = Campaign.objects.filter(pk=object_id(pk)).first()
    if campaign is None or not number.isdigit():
        return None
    return {"campaign": campaign, "difference": abs(watching.moved(campaign.pk, status) - int(number))}


def replies(campaign: Campaign) -> Context:
    answers = watching.answers(campaign.pk)
    keys = [person_key(reply.phone) for reply in answers.latest]
    # Whoever only looks on is the campaign's owner: not each who answered is among the owner's people.
    theirs = Conversation.objects.filter(key__in=keys, owners=campaign.owner_id) if campaign.owner_id else ()
    return {
        "people": answers.people,
        "rows": list(zip(answers.latest, keys, strict=True)),
        "theirs": {one.key for one in theirs},
    }


def last(campaign: Campaign) -> Context:
    found = messaging.last_messages(campaign.pk)
    return {"campaign": campaign, "rows": wording.shown_messages(found)}


def draft(key: str) -> Context:
    """Who changed a step of a draft last: the key is the step, a hyphen and the campaign's id.

    A page that shows the step compares its digest with the one that it began with.
    """
    step, _, pk = key.partition("-")
    campaign = Campaign.objects.filter(pk=object_id(pk)).first()
    if campaign is None or step not in FIELDS:
        return {"digest": "", "edit": None}
    return {"digest": digest(campaign, step), "edit": edit_of(campaign, step), "status": campaign.status}


for _name, _show in {
    "row": row,
    "progress": progress,
    "funnel": funnel,
    "lanes": lanes,
    "cost": cost,
    "problems": problems,
    "replies": replies,
    "last": last,
}.items():
    register(
        Fragment(
            f"campaign-{_name}",
            f"campaigns/_{_name}.html",
            _of_its_campaign,
            _of_campaign(_show),
            looking.allowed,
        )
    )
register(
    Fragment("campaign-actions", "campaigns/_actions.html", of_object("campaign"), _of_campaign(actions), SUPERVISORS)
)
register(
    Fragment(
        "campaign-draft",
        "campaigns/edit/_draft.html",
        lambda key: (f"campaign.{key.partition('-')[2]}",),
        draft,
        SUPERVISORS,
    )
)
register(
    Fragment(
        "campaign-asked",
        "campaigns/_asked.html",
        lambda key: (f"campaign.{key.partition('-')[2]}",),
        asked,
        SUPERVISORS,
    )
)
register(
    Fragment(
        "campaign-changes",
        "campaigns/_changes.html",
        lambda key: (f"campaign.{key.partition('-')[0]}",),
        changes,
        lambda user, key: looking.sees(user, key.partition("-")[0]),
    )
)
