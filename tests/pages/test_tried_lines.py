"""A line's test as its page shows it: request, answer and what was made of it, with no secret anywhere."""

import json
import logging
from typing import Any

import pytest
from django.test import Client

from engine import deliver
from gateways import calls, commands
from gateways.models import Call, Gateway
from lib.mongo import collection
from messaging.models import Message
from systemlog.models import SystemLog
from tests.factories.sending import make_pool
from tests.gateways.far_side import FarSide, Script, answers, closes_in_the_middle, floods
from tests.gateways.test_tried import SECRETS, echo

pytestmark = pytest.mark.django_db


def line_to(url: str, **fields: Any) -> Gateway:
    make_pool("SMS")
    given = {
        "url": f"{url}/send?key={SECRETS[0].replace('+', '%2B')}&to={{phone}}", "method": "POST",
        "body": '{"text": "{message}", "id": "{id}"}', "auth": "basic", "token": f"{SECRETS[1]}:{SECRETS[2]}",
        "headers": {"X-Account": SECRETS[3]}, "status_url": f"{url}/state?id={{id}}&t={SECRETS[4]}", **fields,
    }  # fmt: skip
    return commands.create_gateway(name="Empresa A", kind="http_generic", pool="SMS", fields=given)


def tried(client: Client, line: Gateway) -> str:
    """The line's page after a test has gone out by it."""
    client.post(f"/lines/{line.pk}/test/", {"phone": "+56 9 1111 1111", "text": "Hola"})
    deliver.deliver(line.pk)
    assert calls.flush()
    return client.get(f"/lines/{line.pk}/").content.decode()


def test_secrets_are_in_no_page_document_or_log(signed_in: Client, caplog: pytest.LogCaptureFixture) -> None:
    with FarSide(echo) as far, caplog.at_level(logging.DEBUG):
        line = line_to(far.url, id_path="id")
        pages = [tried(signed_in, line)]
        assert len(far.heard) == 1
    signed_in.cookies["django_language"] = "es"
    pages.append(signed_in.get(f"/lines/{line.pk}/").content.decode())
    stored = [list(collection(model).find()) for model in (Call, Message, SystemLog)]
    assert len(stored[0]) == 1
    everything = json.dumps([*pages, *stored, caplog.text, [vars(record) for record in caplog.records]], default=str)
    plain = everything.encode().decode("unicode_escape", "replace")
    hidden = [*SECRETS, line.secrets["callback_secret"]]
    assert [secret for secret in hidden if secret in everything or secret in plain] == []
    assert "Authorization:</span> Basic •••" in pages[0]
    assert "Accepted: the answer has the message&#x27;s id where the line says." in pages[0]
    assert "Aceptado: la respuesta trae el id" in pages[1]
    assert "curl -i -X POST" in pages[0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (answers(200, b"<html><script>alert(1)</script>", kind="text/html"), ("it is a web page", "&lt;script&gt;")),
        (answers(302, b"", "Location: https://elsewhere/login"), ("it redirects", "https://elsewhere/login")),
        (answers(200, bytes(range(256)), kind="image/png"), ("by its status alone", "is no text")),
        (answers(422, b'{"error": "no credit"}'), ("Refused for good, by its status.", "no credit")),
        (floods, ("by its status alone", "Only its beginning is shown.", "more than 64 KB")),
        (closes_in_the_middle, ("No answer: the connection ended before", "none, after")),
    ],
)
def test_page_says_what_was_made_of_a_bad_answer(signed_in: Client, script: Script, words: tuple[str, ...]) -> None:
    with FarSide(script) as far:
        found = tried(signed_in, line_to(far.url))
    for each in words:
        assert each in found, each
    assert len(found) < 60_000


def test_page_without_tests_says_what_a_test_shows(signed_in: Client) -> None:
    line = line_to("https://host")
    assert "with secrets masked" in signed_in.get(f"/lines/{line.pk}/").content.decode()
