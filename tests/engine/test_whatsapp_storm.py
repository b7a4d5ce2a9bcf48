"""Everything at once: sessions that come and go, lost leases, borrowed lanes, SMS: never twice, nothing lost."""

import random
import threading
import time
from collections import Counter

import pytest
from bson import ObjectId

from campaigns.models import Campaign, NoSessionPolicy
from domain.states import SessionStatus
from engine import channels, deal, recover
from engine.deliver import deliver as run_slice
from gateways.models import Gateway, Strategy
from messaging import queries
from messaging.models import Message
from tests.engine.session_lines import add_recipients, session_line, set_session, whatsapp_campaign, whatsapp_pool
from tests.engine.test_deliver import expire, state
from tests.factories.sending import make_line, make_pool
from tests.faults.progress import until
from tests.gateways.simulated import RunningGateway

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sessions"), pytest.mark.timeout(900)]

STORM_SECONDS = 5.0
NUMBER = 100


class Storm:
    """Workers of every line, a heartbeat, and somebody who breaks things, each in a thread of its own."""

    def __init__(self, lines: list[Gateway], sessions: list[Gateway]) -> None:
        self.sessions = sessions
        self.errors: list[BaseException] = []
        self.storming, self.running = threading.Event(), threading.Event()
        self.storming.set(), self.running.set()
        works = [(self._deliver, line.pk) for line in lines] + [(self._beat, None), (self._break, None)]
        self.threads = [threading.Thread(target=self._run, args=(work, given)) for work, given in works]

    def _run(self, work, given) -> None:
        while self.running.is_set():
            try:
                work(given)
            except Exception as error:
                self.errors.append(error)
                return

    def _deliver(self, line: ObjectId) -> None:
        Gateway.objects.filter(pk=line).update(next_send_at=None)
        run_slice(line)
        time.sleep(0.02)

    def _beat(self, _) -> None:
        for step in (recover.recover_expired, recover.recover_strays, channels.mind_sessions, deal.deal_all):
            step()
        time.sleep(0.05)

    def _break(self, _) -> None:
        time.sleep(0.05)
        line = random.choice(self.sessions)
        if not self.storming.is_set():
            for one in self.sessions:
                set_session(one, SessionStatus.CONNECTED)
            return
        set_session(line, random.choice([SessionStatus.CONNECTED, SessionStatus.OFFLINE, SessionStatus.STOPPED]))
        if random.random() < 0.4:
            expire(line)  # its worker works on: it has not heard of it

    def __enter__(self) -> "Storm":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.running.clear()
        for thread in self.threads:
            thread.join()


def test_a_storm_of_sessions_sends_nothing_twice_and_loses_nothing(far_side: RunningGateway) -> None:
    far_side.control(
        default={"latency_ms": 5, "faults": {"drop_after": 0.04, "reject": 0.1}},
        lines={"/send/sms": {"latency_ms": 5, "faults": {}}},
    )
    first, second, sms_pool = whatsapp_pool(), whatsapp_pool(strategy=Strategy.FIXED_TURNS), make_pool()
    sessions = [
        session_line(pool, f"{far_side.url}/send/{name}", per_day=80) for pool, name in ((first, "a"), (first, "b"))
    ]
    sessions += [session_line(second, f"{far_side.url}/send/{name}") for name in "cd"]
    sms = make_line(sms_pool, f"{far_side.url}/send/sms", concurrency=2)
    campaigns = [
        whatsapp_campaign(
            pool, sms_pool=sms_pool, no_session_policy=policy, no_session_minutes=0.5 / 60, min_sessions=wanted
        )
        for pool, policy, wanted in ((first, NoSessionPolicy.BORROW, 1), (second, NoSessionPolicy.WAIT, 2))
    ]
    for campaign in campaigns:
        add_recipients(campaign, NUMBER)
    with Storm([*sessions, sms], sessions) as storm:
        time.sleep(STORM_SECONDS)
        storm.storming.clear()
        until(
            lambda: bool(storm.errors) or not any(_unfinished(c) for c in campaigns),
            moved=lambda: [queries.counts(c.pk) for c in campaigns],
            report=lambda: str(far_side.stats()),
        )
    assert storm.errors == []
    accepted = Counter(a["to"] for a in far_side.arrivals() if a["outcome"] == "accepted")
    assert max(accepted.values()) == 1
    for campaign in campaigns:
        found = state(campaign)
        assert sum(found.values()) == NUMBER
        assert set(found) <= {"sent", "uncertain"}
        for message in Message.objects.filter(campaign=campaign.pk):
            # What is settled is true; only of what is uncertain nobody knows.
            if message.status == "sent":
                assert accepted[message.phone] == 1
    ways = Counter(Message.objects.values_list("channel", flat=True))
    assert ways["sms"] > 0
    assert ways["whatsapp"] > 0
    for line in sessions[:2]:
        line.refresh_from_db()
        # On a loaded machine the others may have sent everything before this one came to its turn.
        assert line.usage.get("per_day", {"used": 0})["used"] <= 80


def _unfinished(campaign: Campaign) -> bool:
    counts = queries.counts(campaign.pk)
    return bool(counts["pending"] + counts["claimed"] + counts["sending"])
