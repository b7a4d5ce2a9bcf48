"""Live parts: what changes is on the page without a reload, and a page that can't know says so."""

from collections.abc import Callable

import pytest

from accounts.models import User
from campaigns import commands
from live.events import CampaignChanged
from live.publish import publish
from tests.factories.sending import make_campaign, make_pool
from tests.pages.conftest import PASSWORD
from tests.pages.web import Browser, Web

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
