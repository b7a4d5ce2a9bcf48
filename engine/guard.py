"""May it go now? What is asked before anything is claimed and again before each request starts."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bson import ObjectId
from django.db.models import Q

from campaigns.models import Campaign, NoSessionPolicy
from domain.pacing import Window, opens_at
from domain.pauses import NO_PAUSES, PausePlan
from domain.states import CampaignStatus
from engine import readiness, rests
from gateways.models import Channel, Gateway, Pool
from messaging.claims import Claimed

REREAD_SECONDS = 0.5
"""How old a reading of the campaigns' states may be when requests are released."""

STALE_SECONDS = 1.9
"""No request starts on a reading older than this: a pause stops everything within 2 s of being stored."""


@dataclass(frozen=True, slots=True)
class RunningCampaign:
    """A campaign that sends through a pool, as last read."""

    id: ObjectId
    window: Window
    pool: ObjectId
    """Where its messages wait."""
    borrows: bool = False
    """Whether sessions of other pools may send them now."""
    pauses: PausePlan = NO_PAUSES
    """Those that it makes by this channel."""
    rests: bool = False
    """Whether it makes one now."""

    def is_open(self, now: datetime) -> bool:
        return not self.rests and self.in_window(now)

    def in_window(self, now: datetime) -> bool:
        return opens_at(self.window, now) == now


FIELDS = (
    *("pk", "window_start", "window_end", "window_days", "timezone", "whatsapp_pool_id", "sms_pool_id"),
    *rests.FIELDS,
)


def running_campaigns(pool: ObjectId) -> list[RunningCampaign]:
    """The running campaigns of a pool, oldest first, by either of their channels."""
    of_pool = Q(sms_pool_id=pool) | Q(whatsapp_pool_id=pool)
    found = list(Campaign.objects.filter(of_pool, status=CampaignStatus.RUNNING.value).order_by("pk").only(*FIELDS))
    by_sms = bool(found) and found[0].sms_pool_id == pool
    channel = Channel.SMS if by_sms else Channel.WHATSAPP
    resting = rests.resting(found, channel)
    return [RunningCampaign(c.pk, c.window, pool, pauses=c.pauses_by(channel), rests=c.pk in resting) for c in found]


def campaigns_elsewhere(pool: Pool) -> list[RunningCampaign]:
    """The running WhatsApp campaigns of the other pools, oldest first: none for a pool of another channel.

    Those that have too few sessions of their own and may borrow say so, unless their pool is switched off.
    """
    if pool.channel != Channel.WHATSAPP:
        return []
    running = Campaign.objects.filter(status=CampaignStatus.RUNNING.value, whatsapp_pool_id__isnull=False)
    fields = (*FIELDS, "no_session_policy", "without_sessions_since")
    found = [c for c in running.order_by("pk").only(*fields) if c.whatsapp_pool_id not in (None, pool.pk)]
    short = {c.pk: c.whatsapp_pool_id for c in found if _borrows(c)}
    resting = rests.resting(found, Channel.WHATSAPP)
    active = set(Pool.objects.filter(pk__in=short.values(), active=True).values_list("pk", flat=True)) if short else ()
    return [
        RunningCampaign(
            c.pk,
            c.window,
            c.whatsapp_pool_id,
            borrows=short.get(c.pk) in active,
            pauses=c.pauses_by(Channel.WHATSAPP),
            rests=c.pk in resting,
        )
        for c in found
        if c.whatsapp_pool_id is not None
    ]


def _borrows(campaign: Campaign) -> bool:
    return campaign.no_session_policy == NoSessionPolicy.BORROW and campaign.without_sessions_since is not None


class Guard:
    """What a lane may send, read again whenever the last reading is older than REREAD_SECONDS."""

    def __init__(self, *, gateway: ObjectId, pool: Pool) -> None:
        self._gateway = gateway
        self._pool = pool
        self._read_at = float("-inf")
        self._usable = False
        self._campaigns: list[RunningCampaign] = []
        self._elsewhere: list[RunningCampaign] = []

    def _refresh(self, *, within: float = REREAD_SECONDS) -> None:
        now = time.monotonic()
        if now - self._read_at <= within:
            return
        # One that was moved to another pool stops here at once, and goes on there with its next slice.
        here = Gateway.objects.filter(pk=self._gateway, active=True, pool_id=self._pool.pk)
        gateway = here.only("pk", "kind").first()
        self._usable = (
            gateway is not None
            and Pool.objects.filter(pk=self._pool.pk, active=True).exists()
            and gateway.pk in readiness.ready([gateway])
        )
        self._campaigns = running_campaigns(self._pool.pk)
        self._elsewhere = campaigns_elsewhere(self._pool)
        self._read_at = now

    def open_campaigns(self) -> list[ObjectId]:
        """The campaigns that may send now, oldest first; none when the line can't be used."""
        self._refresh()
        return self._open(self._campaigns)

    def borrowing(self) -> list[RunningCampaign]:
        """The campaigns of other pools that this lane may send for now, oldest first."""
        self._refresh()
        may = set(self._open([c for c in self._elsewhere if c.borrows]))
        return [c for c in self._elsewhere if c.id in may]

    def doubtful(self) -> dict[ObjectId, list[ObjectId | None]]:
        """The campaigns whose uncertain messages the lane may look at now, by the pool that they wait in.

        Also those that it has sent for another pool, whether or not that still borrows; and those that make a pause,
        because what is looked at has begun before it.
        """
        self._refresh()
        now = datetime.now(UTC)
        found: dict[ObjectId, list[ObjectId | None]] = {self._pool.pk: [None]}
        for campaign in (*self._campaigns, *self._elsewhere) if self._usable else ():
            if campaign.in_window(now):
                found.setdefault(campaign.pool, []).append(campaign.id)
        return found

    def _open(self, campaigns: Sequence[RunningCampaign]) -> list[ObjectId]:
        now = datetime.now(UTC)
        return [campaign.id for campaign in campaigns if campaign.is_open(now)] if self._usable else []

    def _in_window(self) -> set[ObjectId]:
        """The campaigns that run and may send at this hour, making a pause or not."""
        now = datetime.now(UTC)
        there = [*self._campaigns, *(c for c in self._elsewhere if c.borrows)]
        return {campaign.id for campaign in there if campaign.in_window(now)}

    def usable(self) -> bool:
        """Whether the line and its pool are switched on, and its session connected where it needs one."""
        self._refresh()
        return self._usable

    def pauses_of(self, campaign: ObjectId | None) -> PausePlan | None:
        """Which pauses a campaign makes; None for one that was not among those read last."""
        known = (c.pauses for c in (*self._campaigns, *self._elsewhere) if c.id == campaign)
        return NO_PAUSES if campaign is None else next(known, None)

    def not_after(self) -> float:
        """The time.monotonic() until which requests may start on what was read."""
        return self._read_at + STALE_SECONDS

    def read_again(self) -> None:
        """Read now, for requests that take a while to start."""
        self._refresh(within=0.0)

    def split(self, claimed: Sequence[Claimed], *, placed: bool = False) -> tuple[list[Claimed], list[Claimed]]:
        """Those that may go now, and those that go back. Replies and tests belong to no campaign and no window.

        `placed`: they have their places in their campaign's stretch. A pause that began with the last of them, or
        behind them, does not concern them.
        """
        if not self.usable():
            return [], list(claimed)
        if placed:
            allowed = {None, *self._in_window()}
        else:
            allowed = {None, *self.open_campaigns(), *(c.id for c in self.borrowing())}
        go = [c for c in claimed if c.campaign in allowed]
        return go, [c for c in claimed if c.campaign not in allowed]

    def may_look(self, claimed: Claimed) -> bool:
        """Whether the far side may be asked about an uncertain message now."""
        return self.usable() and any(claimed.campaign in campaigns for campaigns in self.doubtful().values())
