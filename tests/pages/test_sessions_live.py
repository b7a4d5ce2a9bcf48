"""A session's page from its QR to a delivered test, in a real browser, while the supervisor's writes come in."""

from typing import Any

import pytest
from django.utils import timezone

from domain.phones import shown_phone
from domain.states import Desired, SessionStatus
from live.events import MessageChanged
from live.publish import publish
from messaging.models import Message
from sessions_app import ownership
from sessions_app.models import Session
from sessions_app.states import set_state
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]
S = SessionStatus


def becomes(session: Session, *states: SessionStatus, **facts: Any) -> None:
    """What the supervisor stores of it, one state after another."""
    owner = ownership.take(session.pk)
    assert owner is not None
    for state in states:
        set_state(owner, state, **(facts if state == states[-1] else {}))
    owner.release(next_look=300)


def test_session_is_added_linked_and_tried_without_a_reload(browser: Browser) -> None:
    make_whatsapp_pool("Ventas")
    browser.open("/sessions/")
    browser.click("a[href='/sessions/new/']")
    browser.fill("name", "Ventas 1")
    browser.click("main form button.btn-primary")
    browser.reads("Ventas 1", "h1")
    session = Session.objects.get()
    browser.live()
    browser.click("#act-connect")
    browser.see(".qr-waits")
    session.refresh_from_db()
    assert session.desired == Desired.CONNECTED

    browser.live()
    browser.driver.execute_script("window.unreloaded = true")
    now = timezone.now()
    becomes(session, S.STARTING, S.PAIRING, qr="2@first", qr_at=now)
    first = browser.see("svg.qr path:last-child").get_attribute("d")
    box = browser.see("svg.qr").size
    assert min(box["width"], box["height"]) >= 260
    browser.see(".pair time.countdown")
    becomes(session, S.PAIRING, qr="2@second", qr_at=now)
    browser.until(lambda: browser.see("svg.qr path:last-child").get_attribute("d") != first, "another QR")
    becomes(session, S.PAIRING, link_code="WXYZ7890", link_code_until=now)
    browser.reads("WXYZ", ".link-code")
    linked = {"phone": "+56911112222", "login": "1", "logged_in_at": now, "heartbeat_at": now}
    becomes(session, S.SYNCING, S.CONNECTED, qr="", link_code="", link_code_until=None, **linked)
    browser.see(".session-state.state-done")
    browser.reads(shown_phone("+56911112222"))
    assert not browser.see(".only-linkable").is_displayed()
    assert len(browser.all(".history li")) == 4
    age = browser.text(".session-state time.ago")
    browser.until(lambda: browser.text(".session-state time.ago") != age, "a clock that goes on")
    assert browser.driver.execute_script("return window.unreloaded")

    browser.fill("text", "Hola")
    browser.find("#test_phone").send_keys("912345678")
    browser.click("#test button")
    browser.see(".test-message .state-waiting")
    browser.live()
    Message.objects.update(status="delivered")  # what the engine does is proved with it
    publish(MessageChanged(str(Message.objects.get().pk)))
    browser.see(".test-message .state-done")

    browser.click("form[action$='/delete/'] button")
    browser.click("#confirm-delete button[value=no]")
    browser.until(lambda: not browser.all("dialog[open]"), "the end of the question")
    session.refresh_from_db()
    assert session.desired == Desired.CONNECTED
    browser.click("form[action$='/delete/'] button")
    browser.click("#confirm-delete button[value=yes]")
    browser.see(".session-cards")
    session.refresh_from_db()
    assert session.desired == Desired.DELETED
    assert browser.complaints() == []


def test_list_shows_changes_where_the_card_stands(browser: Browser) -> None:
    pool = make_whatsapp_pool()
    first, second = make_session(pool, "Ventas 1"), make_session(pool, "Ventas 2")
    Session.objects.update(desired=Desired.CONNECTED.value)
    browser.open("/sessions/")
    browser.live()
    becomes(second, S.STARTING, S.PAIRING, qr="2@code", qr_at=timezone.now())
    browser.see(f"#session-card-{second.pk}.state-soon.urgent")
    browser.reads("1", ".session-summary .state-soon + b")
    names = [card.text for card in browser.all(".session-card h2")]
    assert names == ["Ventas 1", "Ventas 2"]
    browser.click(f"#next-{second.pk}")
    browser.see("svg.qr")
    assert browser.complaints() == []
    assert first.pk != second.pk
