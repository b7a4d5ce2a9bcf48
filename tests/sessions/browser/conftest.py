"""One stand-in, one chromedriver and one linked browser for all tests here; no test leaves a browser behind."""

import itertools
from collections.abc import Iterator

import pytest

from sessions_app.browser import driver, processes
from tests.sessions.browser.running import Running, start_browser
from tests.whatsapp_web.browser import Driver
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

ACCOUNT = "5491150000000"
SHARED = "shared"
_profiles = itertools.count(1)
_people = itertools.count(5491140000001)


@pytest.fixture(scope="session")
def server() -> Iterator[Driver]:
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


@pytest.fixture(scope="session")
def shared(server: Driver, stand_in: RunningWhatsApp) -> Iterator[Running]:
    stand_in.control(**CALM)
    running = start_browser(server, stand_in, SHARED)
    running.open()
    yield running
    assert driver.end(running.browser, grace=10)


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


@pytest.fixture
def profile() -> str:
    """The name of a profile that nobody has used."""
    return f"own-{next(_profiles)}"


@pytest.fixture
def person() -> str:
    """A number that no other test writes to."""
    return str(next(_people))


@pytest.fixture(autouse=True)
def no_orphans(server: Driver) -> Iterator[None]:
    yield
    left = {path: tree for path, tree in processes.browsers_under(server.profiles).items() if path.name != SHARED}
    for tree in left.values():
        processes.end_all(tree, grace=5)
    assert left == {}
