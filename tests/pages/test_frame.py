"""The frame of every page: signing in, the menu, the language, the theme."""

import re
from collections.abc import Iterator
from datetime import timedelta
from random import randrange

import pytest
from axes.models import AccessAttempt
from bson import ObjectId
from django.test import Client
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from accounts.models import User
from domain.delivery import Incoming
from domain.states import Desired, MessageStatus, SessionStatus
from live.events import CampaignChanged
from live.publish import publish
from messaging import receipts
from messaging.models import Conversation
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.conftest import PASSWORD
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db


def test_pages_ask_to_sign_in_when_nobody_is(client: Client) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/")


OPEN = {"accounts/login/", "accounts/language/"}
"""The pages for whoever is not signed in."""


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for each in resolver.url_patterns:
        route = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from _routes(each, route)
        else:
            yield route


def test_every_page_is_for_who_is_signed_in(client: Client) -> None:
    routes = {route for route in _routes(get_resolver()) if not route.startswith("admin/")} - OPEN
    assert "campaigns/<oid:pk>/start/" in routes
    for route in sorted(routes):
        path = "/" + re.sub("<[^>]*>", "0" * 24, route)
        for answer in (client.get(path), client.post(path)):
            assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, "/accounts/login/"), path


def test_login_refuses_a_wrong_password(client: Client, staff: User) -> None:
    answer = client.post("/accounts/login/", {"username": "ana", "password": "wrong"})
    assert answer.status_code == 200
    assert "form.login" not in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()


def test_guessing_passwords_is_stopped_and_hurts_nobody_else(client: Client, staff: User) -> None:
    User.objects.create_user("eva", password=PASSWORD)
    for _ in range(9):
        assert client.post("/accounts/login/", {"username": "ana", "password": "wrong"}).status_code == 200
    assert client.post("/accounts/login/", {"username": "ana", "password": "wrong"}).status_code == 429
    assert client.post("/accounts/login/", {"username": "ana", "password": PASSWORD}).status_code == 429
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post("/accounts/login/", {"username": "ana", "password": PASSWORD}).status_code == 302
    assert client.post("/accounts/login/", {"username": "eva", "password": PASSWORD}).status_code == 302
    stored = str(list(AccessAttempt.objects.values()))
    assert "wrong" not in stored


def test_signing_in_and_out_is_in_the_log(client: Client, staff: User) -> None:
    client.post("/accounts/login/", {"username": "ana", "password": "wrong"})
    client.post("/accounts/login/", {"username": "ana", "password": PASSWORD})
    client.post("/accounts/logout/")
    acts = SystemLog.objects.filter(act=True).order_by("at", "pk").values_list("source", "message", "actor")
    assert list(acts) == [
        ("account.refused", "ana", ""),
        ("account.sign_in", "ana", "ana"),
        ("account.sign_out", "ana", "ana"),
    ]


def test_pages_speak_spanish_until_another_language_is_chosen(client: Client) -> None:
    assert '<html lang="es"' in client.get("/accounts/login/", headers={"accept-language": "en"}).content.decode()
    chosen = client.post("/accounts/language/", {"language": "en", "next": "/accounts/login/"})
    assert (chosen.status_code, chosen["Location"]) == (303, "/accounts/login/")
    assert '<html lang="en"' in client.get("/accounts/login/").content.decode()


def test_language_goes_back_to_no_foreign_page(client: Client) -> None:
    answer = client.post("/accounts/language/", {"language": "en", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/"


def test_what_was_done_is_a_toast_and_what_went_wrong_stays_in_the_page(client: Client, staff: User) -> None:
    client.force_login(staff)
    pool = make_pool("Normal")
    client.post(f"/pools/{pool.pk}/switch/")
    page = client.get("/pools/").content.decode()
    assert "Normal" in between(page, 'id="toasts"', "</body>")
    assert 'class="notice ' not in between(page, 'id="notices"', "</main>").partition("</div>")[0]
    client.post(f"/campaigns/{make_campaign(pool).pk}/resume/")  # it runs already
    page = client.get("/campaigns/").content.decode()
    assert 'role="alert"' in between(page, 'id="notices"', 'id="toasts"')
    assert 'class="notice ' not in between(page, 'id="toasts"', "<template")


def test_part_of_a_page_adds_toasts_and_leaves_what_went_wrong_alone(client: Client, staff: User) -> None:
    client.force_login(staff)
    asked = {"HX-Request": "true"}
    assert 'id="notices"' not in client.get("/campaigns/", headers=asked).content.decode()
    client.post(f"/pools/{make_pool().pk}/switch/")
    part = client.get("/campaigns/", headers=asked).content.decode()
    assert 'hx-swap-oob="beforeend:#toasts"' in part
    assert "menu-unread" in between(part, 'id="live-socket"', "</div>")  # the frame stays live
    assert 'id="notices"' not in part


def between(page: str, start: str, end: str) -> str:
    return page.partition(start)[2].partition(end)[0]


def test_menu_counts_what_waits_for_somebody(client: Client, staff: User) -> None:
    client.force_login(staff)
    assert 'class="count' not in between(client.get("/campaigns/").content.decode(), 'id="menu"', "</nav>")
    wanted = {"desired": Desired.CONNECTED.value, "next_look_at": timezone.now() + timedelta(hours=1)}
    session = make_session(make_whatsapp_pool(), status=SessionStatus.BLOCKED.value, **wanted)
    receipts.store(str(session.gateway), [Incoming("1", "+56911111111", "Hola"), Incoming("2", "+56922222222", "Yo")])
    menu = between(client.get("/campaigns/").content.decode(), 'id="menu"', "</nav>")
    assert '<span aria-hidden="true">2</span>' in between(menu, 'id="menu-unread"', "</a>")
    assert "(2 sin leer)" in menu
    assert '<span aria-hidden="true">1</span>' in between(menu, 'id="menu-hands"', "</a>")


def counted(browser: Browser) -> str:
    """The count of unread conversations, which on a phone is in the menu that is folded away."""
    return str(browser.driver.execute_script("return document.querySelector('#menu-unread').textContent"))


NEXT_TO_NOTHING = 0.001
"""Of the sum of layout shifts: a number that grows by a digit moves the words beside it; 0.1 is what counts as good."""
SHIFTS = """
    window.shifted = [];
    new PerformanceObserver((list) => {
      for (const one of list.getEntries()) {
        if (!one.hadRecentInput) {
          shifted.push([one.value, ...one.sources.map((from) => from.node && (from.node.id || from.node.outerHTML))]);
        }
      }
    }).observe({type: "layout-shift", buffered: true});
"""


@pytest.mark.whole_database
def test_nothing_jumps_while_live_parts_and_toasts_come_and_go(browser: Browser, staff: User) -> None:
    pool = make_pool()
    campaign = make_campaign(pool, "Cobranza norte")
    add_messages(campaign, 400)
    session = make_session(make_whatsapp_pool(), connected=True)
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": SHIFTS})
    for width in (1440, 390):
        browser.size(width)
        browser.open(f"/campaigns/{campaign.pk}/")
        browser.live()
        browser.until(lambda: browser.all("#live-age")[0].text, "the age of what is shown")
        for _ in range(2):
            add_messages(campaign, 200, status=MessageStatus.SENT)
            publish(CampaignChanged(str(campaign.pk)))
            total = browser.driver.execute_script("return document.querySelector('main').innerText")
            browser.until(lambda before=total: browser.text("main") != before, "another figure")
            receipts.store(str(session.gateway), [Incoming(str(ObjectId()), f"+5691{randrange(10**7):07}", "Hola")])
        number = Conversation.objects.filter(is_unread=True).count()
        browser.until(lambda n=number: str(n) in counted(browser), "the count in the menu")
        shifts = browser.driver.execute_script("return shifted")
        assert sum(shift[0] for shift in shifts) < NEXT_TO_NOTHING, shifts
    assert browser.complaints() == []


def press(browser: Browser, keys: str) -> None:
    """Press keys, one after the other, wherever the focus is."""
    ActionChains(browser.driver).send_keys(*keys).perform()


def switch_a_pool(browser: Browser, name: str) -> None:
    """An act that says that it was done."""
    browser.open(f"/pools/{make_pool(name).pk}/")
    browser.driver.execute_script("for (const one of document.querySelectorAll('main details')) one.open = true")
    browser.driver.execute_script(
        "const form = document.querySelector('form[action$=\"/switch/\"]'); form.dataset.confirmed = 'yes';"
        "form.requestSubmit(form.querySelector('button'))"
    )


@pytest.mark.whole_database
def test_frame_works_in_a_browser(browser: Browser) -> None:
    make_campaign(make_pool())
    browser.see(".menu-list a.active")
    browser.click(".user summary")
    browser.click("[data-theme-choice=dark]")
    browser.see('html[data-bs-theme="dark"]')
    browser.click(".user button[lang=en]")
    browser.see("html[lang=en]")
    press(browser, "?")
    browser.reads("Keyboard shortcuts", "#shortcuts[open]")
    ActionChains(browser.driver).send_keys(Keys.ESCAPE).perform()
    browser.until(lambda: not browser.all("#shortcuts[open]"), "the shortcuts are closed")
    # Again where the machine took longer for the second key than people do.
    browser.until(lambda: press(browser, "gc") or browser.text("h1") == "Campaigns", "the page of campaigns")
    press(browser, "/")
    browser.until(lambda: browser.driver.switch_to.active_element.get_attribute("name") == "q", "the search has focus")
    browser.click(".user summary")
    browser.click(".user [data-shortcuts]")
    browser.click("#shortcuts[open] button")
    switch_a_pool(browser, "Uno")
    browser.reads("Uno", "#toasts .toast-note")
    toast, work = browser.find("#toasts .toast-note").rect, browser.find("main").rect
    assert toast["x"] + toast["width"] <= work["x"]  # it lies over no work
    browser.click("#toasts [data-dismiss]")
    browser.until(lambda: not browser.all("#toasts .toast-note"), "the toast is closed")
    assert browser.complaints() == []
    # What a script reports stays until it is closed, or until it works.
    browser.driver.execute_script("htmx.ajax('GET', '/no-such-page/', '#content')")
    browser.reads("That did not work: HTTP 404. Try again.", "#toasts .toast-note")
    browser.driver.execute_script("htmx.ajax('GET', '/campaigns/', {target: '#content', swap: 'none'})")
    browser.until(lambda: not browser.all("#toasts .toast-note"), "what failed is forgotten")
    browser.complaints()  # the browser itself names the page that is not there
    browser.click(".user summary")
    browser.click(".user form[action$='logout/'] button")
    browser.see("form.login")
    browser.open("/accounts/password/")
    browser.see("form.login")
    assert PASSWORD not in browser.driver.page_source
