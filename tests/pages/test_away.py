"""MongoDB or Redis away: pages say so, and come back by themselves."""

import pytest
from django.test import Client
from pymongo.errors import ServerSelectionTimeoutError

from accounts.models import User

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
