"""Live parts: what changes is on the page without a reload, and a page that can't know says so."""

from collections.abc import Callable

import pytest

from accounts.models import User
from campaigns import commands
from domain.states import MessageStatus
from live.events import CampaignChanged
from live.publish import publish
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_pool
from tests.pages.conftest import PASSWORD
from tests.pages.web import Browser, Web
from tests.pages.wire import wired

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]


def test_change_reaches_two_browsers_without_a_reload(new_browser: Callable[[], Browser], staff: User) -> None:
    campaign = make_campaign(make_pool(), "Cobranza <norte>")
    browsers = [new_browser(), new_browser()]
    for browser in browsers:
        browser.sign_in("ana", PASSWORD)
        browser.live()
        browser.reads("Cobranza <norte>", "#panel-campaigns")
        browser.driver.execute_script("window.unreloaded = true")
    commands.pause(campaign.name)
    for browser in browsers:
        browser.see("#panel-campaigns .state-soon")
        assert browser.driver.execute_script("return window.unreloaded")
        assert browser.complaints() == []


def test_page_says_that_it_is_not_live_and_comes_back_with_right_figures(browser: Browser, web: Web) -> None:
    campaign = make_campaign(make_pool())
    publish(CampaignChanged(str(campaign.pk)))
    browser.reads(campaign.name, "#panel-campaigns")
    web.stop()
    try:
        browser.see('html[data-live="off"]')
        commands.pause(campaign.name)
    finally:
        web.start()
    browser.live()
    browser.see("#panel-campaigns .state-soon")


def test_socket_of_nobody_is_closed(new_browser: Callable[[], Browser], web: Web) -> None:
    browser = new_browser()
    browser.open("/accounts/login/")
    opened = """
        const done = arguments[0];
        const socket = new WebSocket(`ws://${location.host}/live/?f=panel-campaigns:`);
        socket.onmessage = () => done("told");
        socket.onclose = (event) => done(event.code);
    """
    assert browser.driver.execute_async_script(opened) == 4401


@pytest.mark.parametrize("query", ["f=no-such-thing:", "", "f=panel-campaigns:" + "x" * 101])
def test_socket_that_asks_for_what_there_is_not_is_closed(browser: Browser, query: str) -> None:
    opened = f"""
        const done = arguments[0];
        const socket = new WebSocket(`ws://${{location.host}}/live/?{query}`);
        socket.onmessage = () => done("told");
        socket.onclose = (event) => done(event.code);
    """
    assert browser.driver.execute_async_script(opened) == 4404


def test_of_two_browsers_one_loses_its_wire_and_comes_back_with_right_figures(
    new_browser: Callable[[], Browser], web: Web, staff: User
) -> None:
    wire, address = wired(web.url)
    campaign = make_campaign(make_pool(), "Cobranza norte")
    add_messages(campaign, 8)
    steady, cut = new_browser(), Browser(address.rstrip("/"))
    try:
        for browser in (steady, cut):
            browser.sign_in("ana", PASSWORD)
            browser.open(f"/campaigns/{campaign.pk}/")
            browser.live()
            browser.reads("0 %")
            browser.driver.execute_script("window.unreloaded = true")
        wire.cut()
        cut.see('html[data-live="off"]')
        assert "reconectando" in cut.text("#live-word")
        add_messages(campaign, 8, status=MessageStatus.SENT)
        publish(CampaignChanged(str(campaign.pk)))
        steady.reads("50 %")
        assert "0 %" in cut.text()
        wire.join()
        cut.live()
        cut.reads("50 %")
        assert cut.driver.execute_script("return window.unreloaded")
        steady.live()
        assert steady.complaints() == []
    finally:
        cut.close()
        wire.cut()


NO_SOCKETS = {
    "a browser that knows none": "delete window.WebSocket;",
    "a proxy that lets none through": """
        window.WebSocket = class extends WebSocket {
          constructor(url) { super(url.replace("/live/", "/nowhere/")); }
        };
    """,
}


@pytest.mark.parametrize("source", NO_SOCKETS.values(), ids=NO_SOCKETS.keys())
def test_page_without_sockets_works_and_says_that_it_is_not_live(browser: Browser, source: str) -> None:
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
    make_debtor("Ana Díaz")
    make_campaign(make_pool(), "Cobranza norte")
    for path, text in (("/", "Cobranza norte"), ("/debtors/", "Ana Díaz"), ("/sessions/", ""), ("/log/", "")):
        browser.open(path)
        browser.see('html[data-live="off"]')
        browser.reads(text)
        assert "No está en vivo" in browser.text("#live-word") or "reconectando" in browser.text("#live-word")
    browser.open("/campaigns/")
    browser.find("[data-search]").send_keys("zzz")  # what htmx brings works all the same
    browser.until(lambda: "Cobranza norte" not in browser.text("#list"), "only what fits is listed")
    # The browser names the socket that it can't open, and htmx the event that says so.
    assert [one for one in browser.complaints() if "/nowhere/" not in one and "[object Event]" not in one] == []
