"""What a test of a line shows of its request and answer: all of it but the secrets, whatever the far side does."""

import base64
import json
import time
from dataclasses import asdict
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Exchange, Outbound, SendError, Sent
from gateways.masking import Masker
from gateways.providers.http_generic import HttpGeneric
from lib.redaction import MASK
from tests.gateways.far_side import (
    FarSide,
    Script,
    Talk,
    answers,
    closes_in_the_middle,
    floods,
    response,
    says,
    says_nothing,
)
from tests.gateways.lines import ATTEMPT, CALLBACK, line

SECRETS = ("k/ey+1234", "user77", "pässwört 9", "hdr-5678", "hush-status")
BODY = '{"to": "{phone}", "text": "{message}", "id": "{id}", "back": "{callback_url}"}'


def traced(text: str = "Hola") -> Outbound:
    return Outbound(ATTEMPT, "m1", "+56911111111", text, traced=True)


def secret_line(url: str, **fields: object) -> HttpGeneric:
    given = {
        "url": f"{url}/send?key={quote_plus(SECRETS[0])}&pin=12&to={{phone}}",
        "method": "POST", "body": BODY, "auth": "basic", "token": f"{SECRETS[1]}:{SECRETS[2]}",
        "headers": {"X-Account": SECRETS[3], "X-To": "{phone}"},
        "status_url": f"{url}/state?id={{id}}&t={SECRETS[4]}", **fields,
    }  # fmt: skip
    return HttpGeneric(line(**given))


def tried(provider: HttpGeneric) -> tuple[Sent | SendError, Exchange]:
    [answer] = provider.send([traced()], not_after=time.monotonic() + 30)
    assert answer.exchange is not None
    return answer, answer.exchange


def echo(talk: Talk) -> None:
    """Say again all that was said, in each way that gateways' error pages do."""
    heard = talk.read()
    assert heard is not None
    plain = f"{heard.target} {heard.headers} {heard.body.decode()}"
    inside = base64.b64encode(f"x={SECRETS[0]}&{SECRETS[2]};".encode()).decode()
    page = [plain, quote(plain), quote_plus(plain), json.dumps(plain), *SECRETS, inside, quote(inside), CALLBACK]
    page += [secret.encode().hex() for secret in SECRETS]
    body = json.dumps({"id": "77", "you_said": page}).encode()
    talk.write(response(200, body, f"X-Echo: {quote(plain)}", "Set-Cookie: sid=abc123"))


def test_exchange_of_a_test_has_everything_but_the_secrets() -> None:
    with FarSide(echo) as far:
        answer, told = tried(secret_line(far.url, id_path="id"))
        [heard] = far.heard
    assert isinstance(answer, Sent)
    assert (told.method, told.status, told.rule, told.pattern, told.matched) == ("POST", 200, "id", "id", "77")
    assert told.url == f"{far.url}/send?key={MASK}&pin={MASK}&to=%2B56911111111"
    shown = dict(told.headers)
    assert set(heard.headers) == {name.lower() for name in shown}
    assert (shown["Authorization"], shown["X-Account"], shown["X-To"]) == (f"Basic {MASK}", MASK, "+56911111111")
    assert '"text": "Hola"' in told.body
    assert told.size == len(heard.body)
    assert told.seconds >= 0
    assert dict(told.answer_headers)["set-cookie"] == MASK
    everything = json.dumps(asdict(told), ensure_ascii=False)
    hidden = [*SECRETS, "hush", *(base64.b64encode(secret.encode()).decode().rstrip("=")[:-1] for secret in SECRETS)]
    hidden += [quote(secret, safe="") for secret in SECRETS] + [secret.encode().hex() for secret in SECRETS]
    assert [secret for secret in hidden if secret in everything] == []


def test_nothing_is_told_of_messages_that_are_no_tests() -> None:
    with FarSide(answers(200, b'{"id": "7"}')) as far:
        [answer] = secret_line(far.url).send(
            [Outbound(ATTEMPT, "m1", "+56911111111", "Hola")], not_after=time.monotonic() + 30
        )
    assert answer.exchange is None


@pytest.mark.parametrize(
    ("script", "fields", "rule", "status"),
    [
        (answers(200, b"<html>Sign in</html>", kind="text/html"), {}, "page", 200),
        (answers(200, b""), {"success_pattern": "OK"}, "empty", 200),
        (answers(200, b"no"), {"success_pattern": "OK"}, "no_success", 200),
        (answers(200, b"ERR 5"), {"failure_pattern": r"ERR \d"}, "failure", 200),
        (answers(200, b"OK 5"), {"success_pattern": "OK"}, "success", 200),
        (answers(200, b"{}"), {"id_path": "id"}, "no_id", 200),
        (answers(200, b"{}"), {}, "status", 200),
        (answers(301, b"", "Location: https://elsewhere/k/ey+1234"), {}, "redirect", 301),
        (answers(401, b"{}"), {}, "not_let_in", 401),
        (answers(429, b"{}"), {}, "refusal_status", 429),
        (answers(409, b"{}"), {"deduplicates": True}, "known_already", 409),
        (answers(422, b"{}"), {}, "refused_status", 422),
        (answers(503, b"{}"), {}, "no_word_status", 503),
        (says(b"not HTTP at all\r\n\r\n"), {}, "unreadable", None),
        (closes_in_the_middle, {}, "disconnected", None),
        (says_nothing, {"timeout_s": 1}, "timeout", None),
    ],
)  # fmt: skip
def test_exchange_says_which_rule_told(
    script: Script, fields: dict[str, object], rule: str, status: int | None
) -> None:
    with FarSide(script) as far:
        _answer, told = tried(secret_line(far.url, **fields))
    assert (told.rule, told.status) == (rule, status)
    assert told.url.startswith(far.url)
    assert "ey+1234" not in str(asdict(told))


def test_line_without_a_connection_shows_what_would_have_been_sent() -> None:
    with FarSide(answers()) as far:
        pass
    answer, told = tried(secret_line(far.url))
    assert (isinstance(answer, SendError), told.rule, told.status) == (True, "connect", None)
    assert dict(told.headers)["Authorization"] == f"Basic {MASK}"


def test_long_and_binary_answers_are_kept_short() -> None:
    with FarSide(floods) as far:
        _answer, told = tried(secret_line(far.url, id_path="id"))
    assert (told.answer_endless, len(told.answer_body)) == (True, 4_000)
    with FarSide(answers(200, bytes(range(256)), kind="image/png")) as far:
        _answer, told = tried(secret_line(far.url))
    assert (told.answer_body, told.answer_size) == ("", 256)


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=8, max_size=30),
    before=st.binary(max_size=8),
    after=st.binary(max_size=8),
)
def test_secret_is_masked_in_whatever_form_it_comes_back(secret: str, before: bytes, after: bytes) -> None:
    mask = Masker([secret])
    for form in (secret, quote(secret), quote(secret, safe=""), quote_plus(secret), quote(quote(secret, safe="")),
                 json.dumps(secret), secret.encode().hex(), base64.b64encode(secret.encode()).decode()):  # fmt: skip
        told = mask.known(f"<{form}>")
        assert MASK in told
        assert form.strip('"') not in told
    inside = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in mask.known(inside)


def test_short_values_are_left_in_texts() -> None:
    assert Masker(["12", "abc"])("12 abc") == "12 abc"
