"""What sends by WhatsApp dies, freezes and comes back in mid-campaign: doubled 0, lost 0, and no new QR for it."""

import random
import signal
import time
from collections.abc import Iterator

import pytest

from gateways.models import Strategy
from messaging.models import IncomingText, Message
from sessions_app.models import Session
from tests.faults.browser_host import DRIVER, BrowserHost
from tests.faults.paired import ACCOUNTS, Paired
from tests.whatsapp_web.simulated import RunningWhatsApp

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

STILL_SECONDS = 62.0


@pytest.fixture(scope="module")
def installed(database_baseline, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paired]:
    """The sessions of all tests here, paired once; the database is emptied before and after all of them."""
    from django.conf import settings
    from django.db import connection

    logs = tmp_path_factory.mktemp("browser-host")
    keys = ",".join(settings.SEAL_KEYS)
    name = connection.settings_dict["NAME"]
    with django_db_blocker.unblock():
        database_baseline.restore_all()
        with (
            RunningWhatsApp() as whatsapp,
            BrowserHost(database=name, logs=logs, whatsapp_url=whatsapp.url, WHATSMASSIVE_SEAL_KEYS=keys) as host,
        ):
            made = Paired(host, whatsapp)
            made.create()
            yield made
        database_baseline.restore_all()


@pytest.fixture
def _django_db_helper(installed: Paired) -> None:
    """In the place of tests/isolation.py's, which would empty the database after each test."""


@pytest.fixture
def paired(installed: Paired) -> Paired:
    installed.heal()
    return installed


def test_kill_9_of_the_whatsapp_workers_in_mid_send(paired: Paired) -> None:
    """One person's acks are lost on top, and another's are slow."""
    paired.begin(40)
    silent, slow = paired.phones[5], paired.phones[9]
    paired.whatsapp.control(people={silent: {"ack": "lost"}, slow: {"ack_ms": 4000}})
    for arrivals, victim in ((8, "whatsapp1"), (14, "whatsapp2")):
        paired.wait_arrivals(arrivals)
        paired.host.kill(victim)
        paired.host.start(victim)
    paired.wait(lambda: Message.objects.get(phone=f"+{silent}").status == "uncertain")
    doubted = Message.objects.get(phone=f"+{silent}")
    [arrival] = [one for one in paired.whatsapp.arrivals() if one["to"] == silent]
    assert doubted.attempts[-1].provider_id == arrival["id"]
    # WhatsApp's late word ends the doubt.
    paired.whatsapp.phone("receipt", number=arrival["account"], id=arrival["id"], ack=3)
    paired.wait_done()
    paired.wait_states({"read": 40})
    assert paired.check() == {"read": 40}


def test_kill_9_of_the_sessions_worker_in_mid_look(paired: Paired) -> None:
    """Nothing that pages told is lost or applied twice, wherever between drain and acknowledge a look ended."""
    paired.whatsapp.control(default={"reply": "Pago el viernes", "reply_ms": 10})
    paired.begin(50)
    dead: set[str] = set()
    for arrivals in (8, 14, 20):
        paired.wait_arrivals(arrivals)

        def looking() -> set[str]:
            return set(Session.objects.exclude(owner_token="").values_list("owner_token", flat=True))

        until = time.monotonic() + 10
        while not looking() - dead and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.1))
        paired.host.kill("sessions")
        dead |= looking()
        paired.host.start("sessions")
        paired.host.wait_ready("sessions")
    paired.wait_done()
    paired.wait_states({"read": 50})
    paired.wait(lambda: IncomingText.objects.count() >= 50)
    assert paired.check() == {"read": 50}
    assert sorted(IncomingText.objects.values_list("phone", flat=True)) == sorted(f"+{one}" for one in paired.phones)


def test_kill_9_of_chromedriver(paired: Paired) -> None:
    paired.begin(45)
    browsers = paired.host.browsers()
    for arrivals in (8, 25):
        paired.wait_arrivals(arrivals)
        paired.host.restart(DRIVER)
    paired.wait_done()
    paired.wait_states({"read": 45})
    assert paired.check() == {"read": 45}
    assert paired.host.browsers() == browsers


def test_kill_9_of_a_browser(paired: Paired) -> None:
    paired.begin(45)
    paired.wait_arrivals(8)
    paired.host.signal_browser(paired.session("Beto"), signal.SIGKILL)
    paired.wait_done()
    states = paired.check()
    assert states["uncertain"] == 0


def test_worker_and_browser_that_stand_still_for_a_minute(paired: Paired) -> None:
    # All that the first one holds is its own.
    paired.host.kill("whatsapp2")
    paired.begin(60)
    paired.wait_arrivals(8)
    frozen = paired.session("Beto")
    paired.host.signal_browser(frozen, signal.SIGSTOP)
    stopped_at = time.monotonic()
    try:
        paired.host.stop("whatsapp1")
        held = paired.held_lanes()
        assert held
        paired.host.start("whatsapp2")
        # Its lanes are recovered, and the other worker goes on with them.
        paired.wait(lambda: not held & paired.held_lanes())
        seen = paired.arrived()
        paired.wait_arrivals(min(seen + 10, 50))
        # Long enough for the supervisor to lose patience with the browser, too.
        paired.wait(lambda: time.monotonic() - stopped_at >= STILL_SECONDS)
    finally:
        paired.host.signal_browser(frozen, signal.SIGCONT)
        paired.host.cont("whatsapp1")
    paired.wait_done()
    paired.host.end("whatsapp1")
    states = paired.check()
    assert states["uncertain"] == 0


def test_page_that_reloads_itself(paired: Paired) -> None:
    paired.begin(45)
    for arrivals, number in zip((6, 14, 22), ACCOUNTS.values(), strict=True):
        paired.wait_arrivals(arrivals)
        paired.whatsapp.phone("reload", number=number)
    paired.wait_done()
    paired.wait_states({"read": 45})
    assert paired.check() == {"read": 45}


def test_logout_by_the_phone(paired: Paired) -> None:
    """Its messages go to others; of what it was just sending nobody can tell."""
    paired.begin(45, Strategy.FIXED_TURNS)
    paired.wait_arrivals(9)
    paired.whatsapp.phone("logout", number=ACCOUNTS["Beto"])
    paired.wait(lambda: paired.session("Beto").status == "pairing")
    assert paired.session("Beto").cause == "logged_out"
    paired.wait_done()
    assert paired.counts().get("uncertain", 0) <= 1
    paired.pair()
    assert paired.check(again=frozenset({"Beto"}))["uncertain"] <= 1
