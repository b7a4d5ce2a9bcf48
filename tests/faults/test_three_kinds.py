"""One campaign over three lines of three kinds, of which one dies and one slows down midway: doubled 0, lost 0."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from campaigns.models import Campaign
from domain.states import CampaignStatus
from gateways import commands
from gateways.models import Gateway, Pool
from messaging import queries
from messaging.models import Message
from tests.factories.sending import BODY, add_messages, make_campaign, make_pool
from tests.faults.cluster import Cluster
from tests.faults.progress import until
from tests.gateways.simulated import RunningGateway, RunningInfobip, RunningSmsGate

pytestmark = [pytest.mark.whole_database, pytest.mark.timeout(900)]

PEOPLE = 600
KEY, LOGIN, DEVICE = "key-of-the-account", "sim:sim-password", "simulated-phone-00001"


class FarSides:
    """The three companies' stand-ins, each with a journal on disk that it reads back when it is started again."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.phone_journal = folder / "phone.jsonl"
        self._stack = stack
        self.infobip = stack.enter_context(RunningInfobip("--key", KEY))
        self.generic = stack.enter_context(RunningGateway())
        self.phone = stack.enter_context(RunningSmsGate("--journal", str(self.phone_journal)))
        self.dead = False

    def control(self, **sections: Any) -> None:
        self._behaviour = sections
        for each in (self.infobip, self.generic, self.phone):
            each.control(**sections)

    def kill_phone(self) -> None:
        self.phone.kill()
        self.dead = True

    def wake_phone(self) -> None:
        port = str(urlsplit(self.phone.url).port)
        again = RunningSmsGate("--journal", str(self.phone_journal), "--port", port)
        self.phone = self._stack.enter_context(again)
        self.phone.control(**self._behaviour)
        self.dead = False

    def arrivals(self) -> int:
        phone = len(self.phone_journal.read_text().splitlines()) if self.dead else self.phone.stats()["arrivals"]
        return int(self.infobip.stats()["arrivals"] + self.generic.stats()["arrivals"] + phone)

    def accepted(self) -> Counter[str]:
        """How often each number was accepted, by all three."""
        found: Counter[str] = Counter()
        for each in (self.infobip, self.generic, self.phone):
            for phone, times in each.stats(full=True)["accepted_by_recipient"].items():
                found["+" + phone.lstrip("+")] += times
        return found


@pytest.fixture
def far_sides(tmp_path: Path) -> Iterator[FarSides]:
    with ExitStack() as stack:
        yield FarSides(tmp_path, stack)


def three_lines(pool: Pool, far: FarSides, *, deduplicates: bool) -> None:
    host = urlsplit(far.infobip.url).netloc
    commands.create_gateway(
        name="Infobip", pool=pool.name, url_template=f"infobip://{host}/sms/3/messages?from=COBRANZA&auth=apikey",
        fields={"base_url": far.infobip.url, "token": KEY, "batch_size": 20, "timeout_s": 5},
    )  # fmt: skip
    commands.create_gateway(
        name="Teléfono", pool=pool.name,
        url_template=f"sms-gate://{DEVICE}?baseUrl={far.phone.url}/3rdparty/v1&simNumber=1",
        fields={"token": LOGIN, "timeout_s": 5, "concurrency": 8},
    )  # fmt: skip
    commands.create_gateway(
        name="HTTP", kind="http_generic", pool=pool.name,
        fields={"url": f"{far.generic.url}/send/a", "method": "POST", "body": BODY, "deduplicates": deduplicates,
                "concurrency": 8, "timeout_s": 5},
    )  # fmt: skip


def line_of(name: str) -> Gateway:
    return Gateway.objects.get(name=name)


@pytest.mark.parametrize("deduplicates", [True, False])
def test_one_line_dies_and_one_slows_down(cluster: Cluster, far_sides: FarSides, deduplicates: bool) -> None:
    far = far_sides
    far.control(default={"latency_ms": 60, "duplicates": "409" if deduplicates else "accept"})
    pool = make_pool("Tres")
    three_lines(pool, far, deduplicates=deduplicates)
    campaign = make_campaign(pool, status=CampaignStatus.PAUSED)
    add_messages(campaign, PEOPLE)
    Campaign.objects.filter(pk=campaign.pk).update(status=CampaignStatus.RUNNING.value)

    def counts() -> dict[str, int]:
        return {status: number for status, number in queries.counts(campaign.pk).items() if number}

    def report() -> str:
        fields = ("name", "lane_state", "health", "health_reason", "next_send_at", "failures")
        lines = "\n".join(map(str, Gateway.objects.values(*fields)))
        return f"{counts()}\n{lines}\n{cluster.all_logs()}"

    def wait(condition: Any) -> None:
        until(condition, moved=lambda: (far.arrivals(), counts()), report=report)

    def sent_by(name: str) -> int:
        return Message.objects.filter(campaign=campaign.pk, gateway=line_of(name).pk, status="sent").count()

    wait(lambda: all(sent_by(name) >= 15 for name in ("Infobip", "Teléfono", "HTTP")))
    far.kill_phone()
    far.infobip.control(default={"latency_ms": 300, "max_per_second": 20, "retry_after": "1"})
    # The dead line is told from the slow one, and what goes on goes through the others.
    wait(lambda: line_of("Teléfono").health == "down")
    before = sent_by("HTTP")
    wait(lambda: sent_by("HTTP") >= before + 40 or counts().get("pending", 0) == 0)
    far.wake_phone()

    def done() -> bool:
        campaign.refresh_from_db()
        return campaign.status == "completed"

    wait(done)
    assert queries.counts(campaign.pk) == queries.counted(campaign.pk)
    accepted = far.accepted()
    assert [phone for phone, times in accepted.items() if times > 1] == []
    states = dict(Message.objects.filter(campaign=campaign.pk).values_list("phone", "status"))
    assert len(states) == PEOPLE
    assert {phone for phone, status in states.items() if status == "sent"} == set(accepted)
    assert counts() == {"sent": PEOPLE}, json.dumps(counts())
