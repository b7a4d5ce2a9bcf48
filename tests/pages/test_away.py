"""MongoDB or Redis away: pages say so, and come back by themselves."""

import os
from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import Client
from pymongo.errors import ServerSelectionTimeoutError

from accounts.models import User
from campaigns import commands
from tests.factories.sending import make_campaign, make_pool
from tests.pages.conftest import PASSWORD
from tests.pages.web import Browser, Web
from tests.pages.wire import Wire, wired

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/no-such-page/", "/campaigns/65f0c0ffee0123456789abcd0/"])
def test_unknown_page_is_told_in_words_with_a_way_back(client: Client, staff: User, path: str) -> None:
    client.force_login(staff)
    answer = client.get(path)
    assert answer.status_code == 404
    assert 'href="/"' in answer.content.decode()


def test_database_away_is_told_and_not_called_a_fault(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*arguments: object, **named: object) -> None:
        raise ServerSelectionTimeoutError("nobody answers")

    client.raise_request_exception = False
    monkeypatch.setattr("accounts.views.LoginView.get", away)
    monkeypatch.setattr("accounts.views.LoginView.post", away)
    answer = client.get("/accounts/login/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "data-reload" in answer.content.decode()
    posted = client.post("/accounts/login/", {})
    assert posted.status_code == 503
    assert "data-reload" not in posted.content.decode()
    part = client.get("/accounts/login/", headers={"HX-Request": "true"})
    assert (part.status_code, part["Content-Type"]) == (503, "text/plain; charset=utf-8")


def test_fault_of_ours_has_a_page_without_its_details(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*arguments: object, **named: object) -> None:
        raise RuntimeError("the secret of it")

    client.raise_request_exception = False
    monkeypatch.setattr("accounts.views.LoginView.get", fault)
    answer = client.get("/accounts/login/")
    assert answer.status_code == 500
    assert "secret" not in answer.content.decode()


class Reached:
    """A browser at a web process that reaches MongoDB and Redis over wires."""

    def __init__(self, browser: Browser, mongodb: Wire, redis: Wire) -> None:
        self.browser, self.mongodb, self.redis = browser, mongodb, redis


@pytest.fixture
def reached(web: Web, clean_database: None, same_layer: None, staff: User) -> Iterator[Reached]:
    mongodb, uri = wired(os.environ["MONGODB_URI"], query="directConnection=true")
    redis, url = wired(os.environ["REDIS_URL"])
    own = Web(str(connection.settings_dict["NAME"]), MONGODB_URI=uri, REDIS_URL=url)
    browser = Browser(own.url)
    yield Reached(browser, mongodb, redis)
    browser.close()
    own.stop()
    mongodb.cut()
    redis.cut()


@pytest.mark.whole_database
def test_pages_say_that_the_database_is_away_and_come_back_by_themselves(reached: Reached) -> None:
    campaign = make_campaign(make_pool())
    browser = reached.browser
    browser.sign_in("ana", PASSWORD)
    browser.live()
    reached.mongodb.cut()
    browser.open("/")
    browser.see("#away[data-reload]")
    reached.mongodb.join()
    browser.reads(campaign.name)
    browser.live()


@pytest.mark.whole_database
def test_page_without_redis_works_and_says_that_it_is_not_live(reached: Reached) -> None:
    campaign = make_campaign(make_pool())
    browser = reached.browser
    browser.sign_in("ana", PASSWORD)
    browser.live()
    reached.redis.cut()
    browser.see('html[data-live="off"]')
    commands.pause(campaign.name)
    browser.open("/log/")
    browser.see('html[data-live="off"]')
    browser.open("/")
    browser.see("#panel-campaigns .state-soon")
    reached.redis.join()
    browser.live()
