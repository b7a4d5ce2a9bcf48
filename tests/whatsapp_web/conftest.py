"""One stand-in and one chromedriver for all tests here, and one browser for each module."""

import itertools
from collections.abc import Iterator

import pytest

from tests.whatsapp_web.browser import Driver, Page
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

ACCOUNT = "5491150000000"
_profiles = itertools.count(1)
_people = itertools.count(5491140000001)


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


@pytest.fixture(scope="session")
def stand_in() -> Iterator[RunningWhatsApp]:
    with RunningWhatsApp() as running:
        yield running


@pytest.fixture
def whatsapp(stand_in: RunningWhatsApp) -> RunningWhatsApp:
    """The stand-in as new: calm, and nothing said. Browsers stay linked."""
    stand_in.control(**CALM)
    stand_in.reset()
    return stand_in


@pytest.fixture(scope="module")
def browser(driver: Driver, stand_in: RunningWhatsApp) -> Iterator[Page]:
    page = driver.open(stand_in.url, f"shared-{next(_profiles)}")
    yield page
    page.quit()


@pytest.fixture
def profile() -> str:
    """The name of a browser profile that nobody has used."""
    return f"own-{next(_profiles)}"


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


@pytest.fixture
def person() -> str:
    """A number that no other test writes to."""
    return str(next(_people))
