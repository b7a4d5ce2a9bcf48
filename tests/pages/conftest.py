"""Fixtures of the pages' tests: the web process, people, browsers that are signed in."""

from collections.abc import Callable, Iterator

import pytest
from channels.layers import channel_layers
from django.conf import settings
from django.db import connection
from django.test import Client

from accounts.models import User
from accounts.roles import set_role
from domain.roles import Role
from tests.pages.web import Browser, Web

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="session")
def web(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Web]:
    """The web process on the test database; what it writes is cleaned by the mark whole_database."""
    with django_db_blocker.unblock():  # type: ignore[attr-defined]  # pytest-django's own class
        name = str(connection.settings_dict["NAME"])
    web = Web(name)
    yield web
    web.stop()


@pytest.fixture
def same_layer(web: Web) -> Iterator[None]:
    """Events that the test publishes reach the web process."""
    config = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    before = config["prefix"]
    config["prefix"] = f"whatsmassive.{connection.settings_dict['NAME']}"
    channel_layers.backends.clear()
    yield
    config["prefix"] = before
    channel_layers.backends.clear()


@pytest.fixture
def staff(db: None) -> User:
    """Somebody who works with all of the pages."""
    user = User.objects.create_user("ana", password=PASSWORD, first_name="Ana", last_name="Rojas")
    set_role(user, Role.ADMINISTRATOR)
    return user


@pytest.fixture
def signed_in(client: Client, staff: User) -> Client:
    """Django's client, in which Ana is signed in and reads English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def new_browser(web: Web, clean_database: None, same_layer: None) -> Iterator[Callable[[], Browser]]:
    """Makes browsers; they end with the test."""
    made: list[Browser] = []

    def make() -> Browser:
        made.append(Browser(web.url))
        return made[-1]

    yield make
    for browser in made:
        browser.close()


@pytest.fixture
def browser(new_browser: Callable[[], Browser], staff: User) -> Browser:
    """A browser in which Ana is signed in."""
    found = new_browser()
    found.sign_in("ana", PASSWORD)
    return found
