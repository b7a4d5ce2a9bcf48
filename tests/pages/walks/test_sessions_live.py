"""The sessions' pages walked in a real browser, from the first QR to the last act, while the supervisor writes."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django.utils.translation import override
from selenium.webdriver.common.keys import Keys

from desk.sessions.batch import ACTS
from domain.phones import shown_phone
from domain.states import Desired, SessionStatus
from gateways.models import Gateway
from lib.mongo import server_now
from live.events import MessageChanged, SessionChanged
from live.publish import publish
from messaging.models import Message
from sessions_app import ownership
from sessions_app.models import Picture, Session
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
    browser.see("#pair-dialog[open] .qr-waits")
    session = Session.objects.get()
    assert session.desired == Desired.CONNECTED

    browser.live()
    browser.driver.execute_script("window.unreloaded = true")
    now = timezone.now()
    becomes(session, S.STARTING, S.PAIRING, qr="2@first", qr_at=now)
    first = browser.see("svg.qr path:last-child").get_attribute("d")
    box = browser.see("svg.qr").size
    assert min(box["width"], box["height"]) >= 300
    browser.see(".pairing time.countdown")
    becomes(session, S.PAIRING, qr="2@second", qr_at=now)
    browser.until(lambda: browser.see("svg.qr path:last-child").get_attribute("d") != first, "another QR")

    # A code instead: what is written stays while the dialog changes, and Esc closes it.
    browser.click(".with-code summary")
    browser.find("#link_phone").send_keys("91234")
    second = browser.see("svg.qr path:last-child").get_attribute("d")
    becomes(session, S.PAIRING, qr="2@third", qr_at=now)
    browser.until(lambda: browser.see("svg.qr path:last-child").get_attribute("d") != second, "the third QR")
    assert browser.driver.switch_to.active_element.get_attribute("id") == "link_phone"
    browser.find("#link_phone").send_keys("5678", Keys.ENTER)
    browser.until(lambda: Session.objects.get().request == "link_code", "the request of a code")
    Session.objects.update(request="")  # the supervisor's part
    becomes(session, S.PAIRING, link_code="WXYZ7890", link_code_until=now + timedelta(minutes=3))
    browser.reads("WXYZ", ".link-code")
    browser.see(".pair-code time.countdown")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    assert "pair=" not in browser.driver.current_url
    browser.click("#act-pair")
    browser.reads("WXYZ", ".link-code")
    browser.live()
    linked = {"phone": "+56911112222", "login": "1", "logged_in_at": now, "heartbeat_at": now}
    becomes(session, S.SYNCING, S.CONNECTED, qr="", link_code="", link_code_until=None, **linked)
    browser.reads(shown_phone("+56911112222"), ".linked")
    assert not browser.see(".only-linkable").is_displayed()
    browser.click("#pair-done")
    browser.see(".session-state.state-done")
    assert len(browser.all(".history li")) == 4

    # Checked, and looked at: the supervisor answers.
    browser.click("#act-verify")
    browser.until(lambda: Session.objects.get().verify_asked_at, "the question")
    answered = {"verified_at": server_now(), "verified": {"status": "connected", "cause": "", "ms": 41}}
    becomes(session, S.CONNECTED, browser={"pid": 1, "pid_started": 1.0}, memory=214 * 1024**2, **answered)
    publish(SessionChanged(str(session.pk)))
    browser.reads("41 ms", ".session-state")
    browser.reads("214 MB")
    browser.click("#act-picture")
    browser.until(lambda: Session.objects.get().picture_asked_at, "the wish for a picture")
    png = browser.driver.get_screenshot_as_png()
    taken = server_now()
    Picture.objects.create(session=session.pk, image=png, taken_at=taken, expires_at=taken + timedelta(minutes=9))
    becomes(session, S.CONNECTED, picture_at=taken)
    publish(SessionChanged(str(session.pk)))
    browser.until(lambda: browser.see(".browser-picture").get_property("naturalWidth"), "the picture itself")

    age = browser.text(".session-state time.ago")
    browser.until(lambda: browser.text(".session-state time.ago") != age, "a clock that goes on")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.click("#act-reconnect")
    browser.see("#toasts .notice-success")
    assert Session.objects.get().request == "reconnect"
    Session.objects.update(request="")

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


def test_list_changes_where_the_cards_stand_and_acts_on_those_selected(browser: Browser) -> None:
    pool = make_whatsapp_pool()
    first, second, third = (make_session(pool, f"Ventas {number}") for number in (1, 2, 3))
    Session.objects.filter(pk__in=[first.pk, second.pk]).update(desired=Desired.CONNECTED.value)
    browser.driver.add_cookie({"name": "django_language", "value": "en", "path": "/"})
    browser.open("/sessions/")
    browser.live()

    # Selected cards stay so while they change, and the order stays too.
    box = f".session-item [value='{second.pk}']"
    browser.find(box).send_keys(Keys.SPACE)
    browser.reads("1 selected", "#batch")
    becomes(second, S.STARTING, S.PAIRING, qr="2@code", qr_at=timezone.now())
    browser.see(f"#session-card-{second.pk}.state-soon.urgent")
    browser.see(".chip.wanting")
    names = [card.text for card in browser.all(".session-card h2")]
    assert names == ["Ventas 1", "Ventas 2", "Ventas 3"]
    assert browser.find(box).is_selected()

    # The dialog of one card is live, is in the address, and gives the focus back.
    browser.find(f"#next-{second.pk}").send_keys(Keys.ENTER)
    code = browser.see("svg.qr path:last-child").get_attribute("d")
    assert f"pair={second.pk}" in browser.driver.current_url
    becomes(second, S.PAIRING, qr="2@another", qr_at=timezone.now())
    browser.until(lambda: browser.see("svg.qr path:last-child").get_attribute("d") != code, "another QR")
    browser.click("#pair-qr")
    browser.until(lambda: Session.objects.get(pk=second.pk).request == "refresh_qr", "the request of a QR")
    Session.objects.update(request="")
    browser.click("#pair-dialog [data-close]")
    browser.until(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    assert browser.driver.switch_to.active_element.get_attribute("id") == f"next-{second.pk}"

    # All of them by the keyboard, on a phone: what will happen is named, and what became of each is told.
    browser.size(390)
    browser.find("#select-all").send_keys(Keys.SPACE)
    browser.reads("3 selected", "#batch")
    browser.find("#batch-disconnect").send_keys(Keys.ENTER)
    browser.reads("Ventas 1, Ventas 2", "#batch-dialog")
    browser.reads("1 is left out", "#batch-dialog")
    browser.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    browser.until(lambda: not browser.all("dialog[open]"), "the end of the question")
    assert Session.objects.filter(desired="connected").count() == 2
    browser.click("#batch-limits")
    browser.find("#same_per_day").send_keys("70")
    browser.click("#batch-dialog [value=yes]")
    browser.reads("done for 3 sessions", "#toasts")
    assert {line.config["per_day"] for line in Gateway.objects.all()} == {70}
    for act in ("deactivate", "disconnect", "connect", "verify", "delete"):
        browser.see("#batch[hidden]")
        browser.live()
        browser.find("#select-all").send_keys(Keys.SPACE)
        browser.click(f"#batch-{act}")
        if act != "verify":
            browser.click("#batch-dialog [value=yes]")
        with override("en"):
            browser.reads(f"{ACTS[act].label}: done for", "#toasts")
        Session.objects.update(request="")
    assert Session.objects.filter(desired="deleted", verify_asked_at__isnull=False).count() == 3
    assert {line.active for line in Gateway.objects.all()} == {False}

    # A card that goes takes its place along.
    browser.live()
    gone = str(third.pk)
    third.delete()
    publish(SessionChanged(gone))
    browser.until(lambda: len([one for one in browser.all(".session-item") if one.is_displayed()]) == 2, "two cards")
    assert browser.complaints() == []
