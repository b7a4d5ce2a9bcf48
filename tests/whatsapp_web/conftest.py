"""One stand-in and one chromedriver for all tests here, and one browser for each module."""

from collections.abc import Iterator

import pytest

from tests.whatsapp_web.browser import Driver, Page
from tests.whatsapp_web.fixtures import ACCOUNT, driver, new_profile, person, profile, stand_in, whatsapp
from tests.whatsapp_web.simulated import RunningWhatsApp

__all__ = ["driver", "person", "profile", "stand_in", "whatsapp"]


@pytest.fixture(scope="module")
def browser(driver: Driver, stand_in: RunningWhatsApp) -> Iterator[Page]:
    page = driver.open(stand_in.url, new_profile())
    yield page
    page.quit()


@pytest.fixture
def unpaired(whatsapp: RunningWhatsApp, browser: Page) -> Page:
    """A page that shows a code, of a profile that is not linked."""
    shown = browser.attempt("[WPP.isFullReady, WPP.conn.getStreamData().mode, Boolean(await WPP.conn.getAuthCode())]")
    if shown.get("value") == [True, "QR", True]:
        browser.run("WPP.conn.cancelLinkDeviceCode()")
        browser.forget_events()
    else:
        browser.renew(whatsapp.url)
    browser.qr()
    return browser


@pytest.fixture
def connected(whatsapp: RunningWhatsApp, browser: Page) -> Page:
    """A page that is linked to ACCOUNT and connected, and whose events are forgotten."""
    stream = browser.attempt("[WPP.isFullReady, WPP.conn.isAuthenticated(), WPP.conn.getStreamData().info]")
    if stream.get("value") != [True, True, "NORMAL"]:
        browser.renew(whatsapp.url)
        browser.link(whatsapp, ACCOUNT)
    browser.forget_events()
    return browser
