"""The frame of every page: signing in, the menu, the language, the theme."""

import re
from collections.abc import Iterator

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import URLResolver, get_resolver

from accounts.models import User
from systemlog.models import SystemLog
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


@pytest.mark.whole_database
def test_frame_works_in_a_browser(browser: Browser) -> None:
    browser.see(".menu-list a.active")
    browser.click(".user summary")
    browser.click("[data-theme-choice=dark]")
    browser.see('html[data-bs-theme="dark"]')
    browser.click(".user button[lang=en]")
    browser.see("html[lang=en]")
    assert browser.complaints() == []
    browser.click(".user summary")
    browser.click(".user form[action$='logout/'] button")
    browser.see("form.login")
    browser.open("/accounts/password/")
    browser.see("form.login")
    assert PASSWORD not in browser.driver.page_source
