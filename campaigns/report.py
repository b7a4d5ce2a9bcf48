"""A campaign in full: beside its counts, which line sent what, what went by SMS instead, who answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from campaigns import costing, queries
from campaigns.costing import Costs, spent_json
from campaigns.models import Attachment, Campaign, CampaignChannel
from campaigns.queries import Progress
from domain.costs import Spent
from domain.states import CampaignStatus
from gateways.models import Channel, Gateway
from messaging import queries as messaging
from messaging import replies
from messaging.replies import Reply
from sessions_app.models import Session
from sessions_app.queries import connected_gateways


@dataclass(frozen=True, slots=True)
class LaneRow:
    """What one line has of a campaign, by state. No name: the messages that wait for any line of the channel.

    `session` is the state of a WhatsApp session, empty for a line without one; `connected` whether it can send now.
    `gateway` is the line as it is stored, None where there is none or it is gone, and `session_key` its session's id.
    """

    name: str
    channel: str
    session: str
    connected: bool
    counts: dict[str, int]
    gateway: Gateway | None = None
    session_key: ObjectId | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "channel": self.channel,
            "session": self.session,
            "connected": self.connected,
            "total": sum(self.counts.values()),
            **{status: self.counts.get(status, 0) for status in messaging.STATUSES},
        }


@dataclass(frozen=True, slots=True)
class Sessions:
    """How many of the pool's active sessions are connected, and how many the campaign needs."""

    connected: int
    active: int
    needed: int
    policy: str
    minutes: float


@dataclass(frozen=True, slots=True)
class Report:
    """`fallback` is how many messages went over to SMS; `replied` how many people answered."""

    progress: Progress
    attachment: str
    lanes: Sequence[LaneRow]
    fallback: int
    replied: int
    sessions: Sessions | None
    """None for a campaign that does not use WhatsApp."""
    costs: Costs

    @property
    def short_of_sessions(self) -> bool:
        """Whether it runs, and fewer sessions are connected than it needs."""
        running = self.progress.status == CampaignStatus.RUNNING
        return running and self.sessions is not None and self.sessions.connected < self.sessions.needed

    def as_json(self) -> dict[str, Any]:
        """What `campaign status --json` prints."""
        sessions = self.sessions
        return {
            **self.progress.as_json(),
            "replied": self.replied,
            "fallback": self.fallback,
            "attachment": self.attachment or None,
            "sessions": {"connected": sessions.connected, "active": sessions.active, "needed": sessions.needed}
            if sessions
            else None,
            "sms": self.costs.as_json(),
            "lanes": [
                lane.as_json() | spent_json(self.costs.by_line.get(lane.gateway.pk if lane.gateway else None, Spent()))
                for lane in self.lanes
            ],
        }


def report(campaign: Campaign) -> Report:
    """The campaign as it stands. It reads all its messages: not for a poll."""
    whatsapp = campaign.channel not in ("", CampaignChannel.SMS)
    rows = lanes(campaign)
    by_sms = sum(sum(row.counts.values()) for row in rows if row.channel == Channel.SMS)
    return Report(
        progress=queries.progress(campaign),
        attachment=_attachment_name(campaign),
        lanes=rows,
        fallback=by_sms if campaign.channel == CampaignChannel.WHATSAPP_FALLBACK_SMS else 0,
        replied=replies.count(campaign.pk, since=campaign.started_at) if campaign.started_at else 0,
        sessions=sessions_of(campaign) if whatsapp else None,
        costs=costing.costs(campaign),
    )


def answered(campaign: Campaign) -> list[tuple[Reply, str]]:
    """Who answered, last first, each with the name of the line that the answer came to."""
    if campaign.started_at is None:
        return []
    found = replies.replies(campaign.pk, since=campaign.started_at)
    names = dict(Gateway.objects.filter(pk__in={reply.line for reply in found}).values_list("pk", "name"))
    return [(reply, names.get(reply.line, "")) for reply in found]


def lanes(campaign: Campaign) -> list[LaneRow]:
    """The active lines of its pools and all that have messages of it: WhatsApp first, by name; waiting ones last."""
    counts = messaging.lanes(campaign.pk)
    used = {gateway for _channel, gateway in counts if gateway is not None}
    pools = [pool for pool in (campaign.whatsapp_pool_id, campaign.sms_pool_id) if pool is not None]
    active = Gateway.objects.filter(pool_id__in=pools, active=True)
    lines = [*active.defer("secrets"), *Gateway.objects.filter(pk__in=used).defer("secrets")]
    known = {gateway.pk: gateway for gateway in lines}
    sessions = Session.objects.filter(gateway__in=list(known)).values_list("gateway", "status", "pk")
    states = {gateway: status for gateway, status, _pk in sessions}
    keys = {gateway: pk for gateway, _status, pk in sessions}
    connected = connected_gateways(states)

    def row(channel: str, key: ObjectId | None, by_status: dict[str, int]) -> LaneRow:
        gateway = known.get(key) if key is not None else None
        name = gateway.name if gateway else ("?" if key is not None else "")
        return LaneRow(name, channel, states.get(key, ""), key in connected, by_status, gateway, keys.get(key))

    idle = {(gateway.channel, gateway.pk) for gateway in known.values()} - set(counts)
    rows = [row(channel, key, by_status) for (channel, key), by_status in counts.items()]
    rows += [row(channel, key, {}) for channel, key in idle]
    return sorted(rows, key=lambda lane: (lane.channel != Channel.WHATSAPP, not lane.name, lane.name))


def sessions_of(campaign: Campaign) -> Sessions:
    """How many sessions the campaign has and needs."""
    gateways = Gateway.objects.filter(pool_id=campaign.whatsapp_pool_id, active=True)
    active = list(gateways.values_list("pk", flat=True))
    return Sessions(
        connected=len(connected_gateways(active)),
        active=len(active),
        needed=campaign.min_sessions,
        policy=campaign.no_session_policy,
        minutes=campaign.no_session_minutes,
    )


def _attachment_name(campaign: Campaign) -> str:
    if campaign.attachment_id is None:
        return ""
    return Attachment.objects.filter(pk=campaign.attachment_id).values_list("filename", flat=True).get()
