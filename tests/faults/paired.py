"""Three paired sessions on a browser host, campaigns through them, and what the journal and MongoDB say afterwards."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaigns.models import Campaign
from domain.states import SessionStatus
from gateways import commands as gateways
from gateways.models import Gateway, LaneHealth, Pool, Strategy
from lib.mongo import server_now
from messaging import queries
from messaging.models import Message
from sessions_app import commands as sessions
from sessions_app.models import Session, SessionChange
from sessions_app.queries import connected_gateways
from tests.engine.session_lines import add_recipients, whatsapp_campaign
from tests.faults.browser_host import BrowserHost
from tests.faults.progress import until
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

ACCOUNTS = {"Ana": "56950000001", "Beto": "56950000002", "Carla": "56950000003"}
POOL = "Ventas"
UNLIMITED = {"per_hour": 0, "per_day": 0}
ACK_MS = 250
"""How long WhatsApp takes to confirm a message here: most of the time a lane is in the middle of one."""
DELAY_SECONDS = 0.3
REACHED = ("sent", "delivered", "read")


@dataclass
class Paired:
    """The sessions, and the campaign that runs through them."""

    host: BrowserHost
    whatsapp: RunningWhatsApp
    campaign: Campaign = field(init=False)
    phones: list[str] = field(init=False)
    """The recipients', without the plus, as the journal has them."""
    _began: datetime = field(init=False)
    _logins: dict[str, str] = field(init=False)

    def create(self) -> None:
        gateways.create_pool(name=POOL, channel="whatsapp", delay=DELAY_SECONDS, variation=0)
        for name in ACCOUNTS:
            gateways.create_session(name=name, pool=POOL, fields=UNLIMITED)

    def heal(self) -> None:
        """Everything runs and rests no more, and every session is connected; who has to be paired is."""
        self.host.heal()
        self.whatsapp.control(**CALM)
        self.whatsapp.control(default={"ack_ms": ACK_MS})
        self.whatsapp.reset()
        Gateway.objects.update(health=LaneHealth.OK, failures=0, health_reason="", down_since=None, next_send_at=None)
        self.pair()

    def pair(self) -> None:
        """As people do it: ask for a QR where one is wanted, and scan it, until every session is connected."""
        for name in ACCOUNTS:
            if Session.objects.get(name=name).status in (SessionStatus.STOPPED, SessionStatus.PAIRING):
                sessions.connect(name)
        scanned: set[str] = set()

        def connected() -> bool:
            for name, qr in Session.objects.filter(status=SessionStatus.PAIRING).values_list("name", "qr"):
                if qr and name not in scanned:
                    self.whatsapp.phone("scan", qr=qr, number=ACCOUNTS[name])
                    scanned.add(name)
            return self.all_connected()

        self.wait(connected)

    def all_connected(self) -> bool:
        return len(connected_gateways(Gateway.objects.values_list("pk", flat=True))) == len(ACCOUNTS)

    def begin(self, number: int, strategy: Strategy = Strategy.COMPETITIVE) -> None:
        """Start a campaign to so many people."""
        gateways.change_pool(name=POOL, strategy=strategy)
        self._began = server_now()
        self._logins = dict(Session.objects.values_list("name", "login"))
        self.campaign = whatsapp_campaign(Pool.objects.get(name=POOL))
        self.phones = [phone[1:] for phone in add_recipients(self.campaign, number)]

    # Looking ----------------------------------------------------------------------------------------------------------
    def session(self, name: str) -> Session:
        return Session.objects.get(name=name)

    def counts(self) -> dict[str, int]:
        return {status: number for status, number in queries.counts(self.campaign.pk).items() if number}

    def arrived(self) -> int:
        return int(self.whatsapp.stats()["arrivals"])

    def changes(self) -> list[tuple[str, str, str]]:
        """(session's id, state, cause) of what the sessions went through since the campaign began, oldest first."""
        found = SessionChange.objects.filter(at__gte=self._began).order_by("at")
        return [(str(one.session), one.target, one.cause) for one in found]

    def held_lanes(self) -> set[str]:
        """The tokens by which workers hold lanes."""
        return set(Gateway.objects.exclude(lane_token="").values_list("lane_token", flat=True))

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until it holds, for as long as messages arrive, counts or sessions change, or processes come and go."""
        until(condition, moved=self._moved, report=self._report)

    def wait_arrivals(self, number: int) -> None:
        self.wait(lambda: self.arrived() >= number)

    def _moved(self) -> Any:
        states = list(Session.objects.order_by("name").values_list("status", "cause", "qr", "driver_session"))
        counts = self.counts() if hasattr(self, "campaign") else {}
        return self.arrived(), counts, states, sorted(self.host.running)

    def _report(self) -> str:
        lines: list[Any] = [f"MongoDB's time is {server_now()}", self.whatsapp.stats()]
        shown = ("name", "status", "cause", "detail", "status_at", "heartbeat_at", "owner_until", "next_look_at")
        lines += Session.objects.values(*shown, "failures")
        shown = ("name", "lane_state", "lane_until", "lane_epoch", "health", "health_reason", "next_send_at")
        lines += Gateway.objects.values(*shown)
        if hasattr(self, "campaign"):
            self.campaign.refresh_from_db()
            lines += [self.campaign.status, self.changes()]
            lines += [self.story(one) for one in Message.objects.filter(campaign=self.campaign.pk) if not _good(one)]
        return "\n".join([*map(str, lines), self.host.all_logs()])

    def story(self, message: Message) -> str:
        """What MongoDB and the journal say of a message."""
        arrivals = [one for one in self.whatsapp.arrivals() if one["to"] == message.phone[1:]]
        tried = [(str(a.gateway), a.started_at, a.outcome, a.code, a.detail, a.provider_id) for a in message.attempts]
        return f"{message.phone} {message.status} {message.reason} {message.detail} {message.due_at} {tried} {arrivals}"

    # Judging ----------------------------------------------------------------------------------------------------------
    def wait_done(self) -> None:
        """Until the campaign is completed."""

        def done() -> bool:
            self.campaign.refresh_from_db()
            return self.campaign.status == "completed"

        self.wait(done)

    def wait_states(self, wanted: dict[str, int]) -> None:
        self.wait(lambda: self.counts() == wanted)

    def check(self, *, again: frozenset[str] = frozenset()) -> Counter[str]:
        """Doubled 0 and lost 0 by the journal, tallies as the messages are, every session as it was, and no strays.

        `again` are the sessions that had to be paired anew. Returns how many messages are in each state.
        """
        stats = self.whatsapp.stats(full=True)
        assert stats["duplicated_recipients"] == 0, stats["repeated_recipients"]
        accepted = set(stats["accepted_by_recipient"])
        messages = list(Message.objects.filter(campaign=self.campaign.pk))
        assert {one.phone[1:] for one in messages} == set(self.phones)
        wrong = [one for one in messages if not (_good(one) and one.phone[1:] in accepted) and not _doubted(one)]
        assert not wrong, [self.story(one) for one in wrong]
        assert accepted <= set(self.phones)
        # An ack may come between the two questions: that moves both, and they agree in a moment.
        self.wait(lambda: queries.counts(self.campaign.pk) == queries.counted(self.campaign.pk))
        self.wait(self.all_connected)
        kept = {name: login for name, login in self._logins.items() if name not in again}
        assert {name: self.session(name).login for name in kept} == kept
        paired = {str(self.session(name).pk) for name in again}
        assert {session for session, target, _ in self.changes() if target == "pairing"} == paired
        self.wait(lambda: not self.host.strays())
        assert len(self.host.browsers()) == len(ACCOUNTS)
        return Counter(one.status for one in messages)


def _good(message: Message) -> bool:
    return message.status in REACHED


def _doubted(message: Message) -> bool:
    return message.status == "uncertain" and bool(message.reason)
