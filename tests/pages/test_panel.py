"""The panel: the next thing to do, the figures of the day, what is at work; all live."""

from collections.abc import Callable

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from accounts.roles import EVERYTHING
from campaigns import commands
from campaigns.models import Campaign
from desk import overview
from desk.fragments import what_next
from domain.delivery import Incoming, Receipt, ReceiptState
from domain.states import CampaignStatus, Desired, SessionStatus
from gateways.models import Gateway, LaneHealth
from live.events import GatewayChanged, SessionChanged
from live.publish import publish
from messaging import receipts
from messaging.models import Conversation
from sessions_app.models import Session
from systemlog.models import Level, SystemLog
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_line, make_pool, send
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def panel(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def done() -> list[bool]:
    return [step.done for step in overview.first_steps()]


def test_fresh_installation_shows_its_first_steps_with_what_is_done(signed_in: Client) -> None:
    assert done() == [False, False, False, False]
    make_whatsapp_pool()
    assert done() == [True, False, False, False]
    assert 'href="/sessions/new/"' in panel(signed_in)
    session = make_session(overview.Pool.objects.get())
    assert done() == [True, False, False, False]
    Session.objects.filter(pk=session.pk).update(phone="+56911112222")
    make_debtor()
    assert done() == [True, True, True, False]
    make_campaign(make_pool())
    assert done() == []
    assert 'class="card first-steps"' not in panel(signed_in)


def test_calm_panel_says_that_nothing_is_to_be_done(signed_in: Client) -> None:
    make_campaign(make_pool(), status=CampaignStatus.COMPLETED)
    assert "hand calm" in panel(signed_in)


def test_most_urgent_thing_comes_first(signed_in: Client) -> None:
    pool = make_whatsapp_pool()
    campaign = make_campaign(make_pool(), "Cobranza norte")
    assert overview.hands() == []
    receipts.store(str(ObjectId()), [Incoming("1", "+56911111111", "hola")])
    Campaign.objects.filter(pk=campaign.pk).update(status="paused", pause_reason="no hay sesiones")
    now = timezone.now()
    wanted = {"desired": Desired.CONNECTED.value, "status_at": now, "next_look_at": now, "asked_at": now}
    pairing = make_session(pool, "Ventas 1", status=SessionStatus.PAIRING.value, **wanted)
    blocked = make_session(pool, "Ventas 2", status=SessionStatus.BLOCKED.value, **wanted)
    line = make_line(make_pool(), "http://127.0.0.1:1/", "Entel")
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.DOWN, health_reason="connect")
    assert [(hand.key, hand.colour) for hand in overview.hands()] == [
        (f"session-{blocked.pk}", "now"),
        (f"line-{line.pk}", "now"),
        (f"session-{pairing.pk}", "soon"),
        (f"campaign-{campaign.pk}", "soon"),
        ("unread", "working"),
    ]
    text = panel(signed_in)
    assert text.index("Ventas 2") < text.index("Cobranza norte")
    assert "No hay sesiones" in text


def test_what_does_not_fit_is_counted_in_full(signed_in: Client) -> None:
    pool = make_pool()
    for number in range(overview.MOST_HANDS + 3):
        make_campaign(pool, status=CampaignStatus.PAUSED)
        make_line(pool, f"http://127.0.0.1:1/{number}")
    Gateway.objects.update(health=LaneHealth.DOWN, health_reason="connect")
    shown = what_next("")
    assert (len(shown["others"]), shown["more"]) == (overview.MOST_HANDS - 1, overview.MOST_HANDS + 6)


def test_counted_figures_stop_where_counting_grows_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "MOST_COUNTED", 3)
    receipts.store(str(ObjectId()), [Incoming(str(n), f"+5691111{n:04}", "hola") for n in range(9)])
    assert overview.counted(overview.unread(EVERYTHING)) == "3+"


def test_panel_asks_as_much_for_many_messages_as_for_few(signed_in: Client) -> None:
    asked = []
    session = make_session(make_whatsapp_pool(), connected=True)
    make_campaign(make_pool())
    for number in range(12):
        receipts.store(str(session.gateway), [Incoming(str(number), f"+5691111{number:04}", "hola")])
        if number in (0, 11):
            with CaptureQueriesContext(connection) as seen:
                panel(signed_in)
            asked.append(len(seen))
    assert asked[0] >= asked[1]


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (lambda: Conversation.objects.filter(is_unread=True)[:9], "conversation_unread"),
    ],
)
def test_figures_are_read_along_an_index(query: Callable[..., object], index: str) -> None:
    plan = query().explain(verbosity="queryPlanner")
    assert index in plan, plan
    assert "COLLSCAN" not in plan


@pytest.mark.whole_database
def test_panel_is_live(browser: Browser) -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    pool = make_pool()
    make_line(pool, "http://127.0.0.1:1/")
    campaign = make_campaign(pool, "Cobranza norte")
    browser.open("/")
    browser.live()
    browser.see(".hand.calm")
    browser.driver.execute_script("window.unreloaded = true")
    receipts.store(str(session.gateway), [Incoming("1", "+56911111111", "ya pagué")])
    browser.reads("ya pagué", "#panel-people")
    browser.see("#hand-unread")
    Session.objects.filter(pk=session.pk).update(status=SessionStatus.BLOCKED.value)
    publish(SessionChanged(str(session.pk)))
    browser.see(f".hand.state-now #hand-session-{session.pk}")
    commands.pause(campaign.name)
    browser.see(f"#hand-campaign-{campaign.pk}")
    SystemLog.objects.create(at=timezone.now(), level=Level.ERROR, source="engine.tick", message="la línea cayó")
    holder, attempts = send(3)
    publish(GatewayChanged(str(holder.gateway)))
    receipts.store(str(holder.gateway), [Receipt(ReceiptState.READ, attempt_id=attempts[0])])
    receipts.apply_due()
    commands.resume(campaign.name)
    browser.until(lambda: not browser.all(f"#hand-campaign-{campaign.pk}"), "the campaign needs nothing")
    browser.reads("3", "#panel-today .figure:nth-child(1)")
    browser.reads("1", "#panel-today .figure:nth-child(3)")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.click(f"#hand-session-{session.pk}")
    browser.reads(session.name, "h1")
    assert browser.complaints() == []
