"""One stand-in, one chromedriver and one linked browser for all tests here; no test leaves a browser behind."""

from collections.abc import Iterator

import pytest

from sessions_app.browser import driver as browsers
from sessions_app.browser import processes
from tests.sessions.browser.running import Running, start_browser
from tests.whatsapp_web.browser import Driver
from tests.whatsapp_web.fixtures import ACCOUNT, driver, person, profile, stand_in, whatsapp
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

__all__ = ["driver", "person", "profile", "stand_in", "whatsapp"]

SHARED = "shared"


@pytest.fixture(scope="package")
def server(driver: Driver) -> Driver:
    """Its name where `driver` is the product's module."""
    return driver


@pytest.fixture(scope="package")
def shared(server: Driver, stand_in: RunningWhatsApp) -> Iterator[Running]:
    stand_in.control(**CALM)
    running = start_browser(server, stand_in, SHARED)
    running.open()
    yield running
    assert browsers.end(running.browser, grace=10)


@pytest.fixture
def session(whatsapp: RunningWhatsApp, shared: Running) -> Running:
    """A browser that is linked to ACCOUNT and connected, and has told all it had to tell."""
    state = shared.page.state()
    if not state.authenticated:
        shared.link(ACCOUNT)
    shared.wait_connected()
    shared.remote.execute_script("localStorage.removeItem('whatsmassive.lane')")
    shared.events()
    shared.told.clear()
    return shared


@pytest.fixture(autouse=True)
def no_orphans(server: Driver) -> Iterator[None]:
    yield
    left = {path: tree for path, tree in processes.browsers_under(server.profiles).items() if path.name != SHARED}
    for tree in left.values():
        processes.end_all(tree, grace=5)
    assert left == {}
