"""A stand-in and a chromedriver for all tests of a folder: its conftest.py imports what it needs, and has its own."""

import itertools
from collections.abc import Iterator

import pytest

from tests.whatsapp_web.browser import Driver
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp

ACCOUNT = "5491150000000"
_profiles = itertools.count(1)
_people = itertools.count(5491140000001)


@pytest.fixture(scope="package")
def driver() -> Iterator[Driver]:
    with Driver() as running:
        yield running


@pytest.fixture(scope="package")
def stand_in() -> Iterator[RunningWhatsApp]:
    with RunningWhatsApp() as running:
        yield running


@pytest.fixture
def whatsapp(stand_in: RunningWhatsApp) -> RunningWhatsApp:
    """The stand-in as new: calm, and nothing said. Browsers stay linked."""
    stand_in.control(**CALM)
    stand_in.reset()
    return stand_in


def new_profile() -> str:
    return f"own-{next(_profiles)}"


@pytest.fixture
def profile() -> str:
    """The name of a browser profile that nobody has used."""
    return new_profile()


@pytest.fixture
def person() -> str:
    """A number that no other test writes to."""
    return str(next(_people))
