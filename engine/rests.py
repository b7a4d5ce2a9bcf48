"""A campaign's pauses: a place in its stretch is taken before each message starts, and the last one begins the pause.

The stretch is the campaign's by one channel, whatever lane sends: CampaignStretch changes by compare-and-set, so that
between two pauses no more messages start than the plan says. A worker that dies between taking and sending leaves its
place taken: the pause comes a little earlier, which is the careful side.
"""

import logging
import random
from collections.abc import Callable, Collection, Iterable, Sequence

from bson import ObjectId

from campaigns.models import Campaign, CampaignStretch
from domain import pauses
from domain.pauses import PauseMode, PausePlan, Stretch
from lib.mongo import Now, collection, compare_and_set, server_now, typed_values
from live.events import CampaignChanged
from live.publish import publish
from messaging import queries
from messaging.claims import Claimed

logger = logging.getLogger(__name__)

TRIES = 200
"""How often a change is tried while other lanes change the same stretch."""

FIELDS = ("pause_mode", "pause_count", "pause_every", "pause_durations", "pause_channels", "enrolled_at")


def makes_pauses(campaign: Campaign, channel: str) -> bool:
    return campaign.pauses_by(channel).mode is not PauseMode.OFF


def resting(campaigns: Collection[Campaign], channel: str) -> set[ObjectId]:
    """Those of the campaigns that send nothing by this channel now, because of their pauses.

    One that is still being enrolled waits: its pauses are spread over a number that is not known yet.
    """
    asked = [campaign for campaign in campaigns if makes_pauses(campaign, channel)]
    if not asked:
        return set()
    waiting = {campaign.pk for campaign in asked if campaign.enrolled_at is None}
    found = CampaignStretch.objects.filter(
        campaign__in=[campaign.pk for campaign in asked], channel=channel, rests_until__gt=Now()
    )
    return waiting | set(found.values_list("campaign", flat=True))


class Rests:
    """The places that one lane takes in the stretches of its campaigns, for as long as its holder works."""

    def __init__(self, channel: str) -> None:
        self._channel = channel
        self._plans: dict[ObjectId, PausePlan] = {}
        self._taken: dict[ObjectId, tuple[ObjectId, int]] = {}

    def take(self, claimed: Sequence[Claimed], *, plan: PausePlan | None = None) -> list[Claimed]:
        """The messages that may start, each with a place; they are the first ones. Replies and tests always may.

        They are of one campaign, as a lane claims them; `plan` is that campaign's, where it is known.
        """
        campaign = claimed[0].campaign if claimed else None
        if campaign is None:
            return list(claimed)
        plan = self._plans.setdefault(campaign, plan) if plan is not None else self._plan(campaign)
        if plan.mode is PauseMode.OFF:
            return list(claimed)
        draw = random.random()
        granted = 0

        def change(row: CampaignStretch) -> Stretch:
            nonlocal granted
            granted, after = pauses.take(
                row.stretch, len(claimed), plan=plan, total=row.total, now=server_now(), draw=draw
            )
            return after

        after = self._change(campaign, change)
        go = list(claimed[:granted])
        for each in go:
            self._taken[each.id] = (campaign, after.number)
        return go

    def give_back(self, messages: Iterable[ObjectId]) -> None:
        """These messages surely were not sent."""
        places: dict[tuple[ObjectId, int], int] = {}
        for message in messages:
            taken = self._taken.pop(message, None)
            if taken is not None:
                places[taken] = places.get(taken, 0) + 1
        for (campaign, number), count in places.items():
            self._change(campaign, self._without(count, number))

    @staticmethod
    def _without(count: int, number: int) -> Callable[[CampaignStretch], Stretch]:
        return lambda row: pauses.give_back(row.stretch, count, number=number, now=server_now())

    def _plan(self, campaign: ObjectId) -> PausePlan:
        """Fixed once the campaign has left being a draft."""
        if campaign not in self._plans:
            found = Campaign.objects.only(*FIELDS).get(pk=campaign)
            self._plans[campaign] = found.pauses_by(self._channel)
        return self._plans[campaign]

    def _change(self, campaign: ObjectId, change: Callable[[CampaignStretch], Stretch]) -> Stretch:
        """Change the stretch as it is now; returns it as it is then."""
        for _ in range(TRIES):
            row = CampaignStretch.objects.filter(campaign=campaign, channel=self._channel).first()
            if row is None:
                self._begin(campaign)
                continue
            before, after = row.stretch, change(row)
            if after == before:
                return after
            expected = {"number": before.number, "used": before.used, "rests_until": before.rests_until}
            changes = {
                "number": after.number,
                "length": after.length,
                "used": after.used,
                "rests_until": after.rests_until,
            }
            if compare_and_set(CampaignStretch, row.pk, expected, changes):
                if after.rests_until != before.rests_until:
                    self._tell(campaign, after)
                return after
        raise TimeoutError("the stretch of the campaign changes too often")

    def _begin(self, campaign: ObjectId) -> None:
        """Make the stretch, once, for as many messages as there are to send."""
        counts = queries.counts(campaign)
        total = sum(counts.values()) - counts["skipped"]
        first = pauses.first(self._plan(campaign), total)
        values = typed_values(
            CampaignStretch,
            {"total": total, "number": 0, "length": first.length, "used": 0, "rests_until": None},
        )
        collection(CampaignStretch).update_one(
            {"campaign": campaign, "channel": self._channel}, {"$setOnInsert": values}, upsert=True
        )

    def _tell(self, campaign: ObjectId, stretch: Stretch) -> None:
        publish(CampaignChanged(str(campaign)))
        if stretch.rests_until is not None:
            logger.info(
                "campaign %s rests by %s until %s, after %d messages",
                Campaign.objects.filter(pk=campaign).values_list("name", flat=True).first(),
                self._channel,
                stretch.rests_until.isoformat(timespec="seconds"),
                stretch.used,
                extra={"kind": "campaign", "object_id": campaign},
            )
