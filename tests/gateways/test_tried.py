"""What a test of a line shows of its request and answer: all of it but the secrets, whatever the far side does."""

import base64
import html
import json
import time
from dataclasses import asdict
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import Call, Exchange, Purpose, Receipt, SendError, Sent, Verdict
from gateways.masking import Masker
from gateways.provider import WebhookRequest
from gateways.providers.http_generic import HttpGeneric
from gateways.transport import BODY_LIMIT
from gateways.tried import pretty
from lib.redaction import MASK
from tests.effort import assert_linear
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
from tests.gateways.lines import ATTEMPT, CALLBACK, exchange_of, line, outbound

SECRETS = ("k/ey+1234", "user77", "pässwört 9", "hdr-5678", "hush-status")
CALLS: list[Call] = []
"""What the lines of this module told."""

BODY = '{"to": "{phone}", "text": "{message}", "id": "{id}", "back": "{callback_url}"}'


def secret_line(url: str, **fields: object) -> HttpGeneric:
    given = {
        "url": f"{url}/send?key={quote_plus(SECRETS[0])}&pin=12&to={{phone}}",
        "method": "POST", "body": BODY, "auth": "basic", "token": f"{SECRETS[1]}:{SECRETS[2]}",
        "headers": {"X-Account": SECRETS[3], "X-To": "{phone}"},
        "status_url": f"{url}/state?id={{id}}&t={SECRETS[4]}", **fields,
    }  # fmt: skip
    return HttpGeneric(line(record=CALLS.append, **given))


@pytest.fixture(autouse=True)
def no_calls() -> None:
    CALLS.clear()


def tried(provider: HttpGeneric, text: str = "Hola") -> tuple[Sent | SendError, Exchange]:
    """The answer to a message, and what its call is told as."""
    [answer] = provider.send([outbound(text)], not_after=time.monotonic() + 30)
    call = CALLS.pop()
    assert (call.purpose, call.attempts, CALLS) == (Purpose.SEND, (ATTEMPT,), [])
    return answer, exchange_of(call)


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


def test_call_that_never_began_is_none() -> None:
    with FarSide(answers()) as far:
        [answer] = secret_line(far.url).send([outbound()], not_after=time.monotonic() - 1)
    assert (isinstance(answer, SendError), far.heard, CALLS) == (True, [], [])


@pytest.mark.parametrize(
    ("body", "rule", "verdict"),
    [
        (b'{"status": "delivered"}', "state", Verdict.ACCEPTED),
        (b'{"status": "expired"}', "state_failed", Verdict.ACCEPTED),
        (b'{"status": "on its way"}', "no_such_state", Verdict.UNCERTAIN),
    ],
)
def test_question_about_a_message_is_a_call_too(body: bytes, rule: str, verdict: Verdict) -> None:
    with FarSide(answers(200, body)) as far:
        secret_line(far.url).reconcile(outbound(), not_after=time.monotonic() + 30)
    [call] = CALLS
    exchange = exchange_of(call)
    assert (call.purpose, call.verdict, exchange.rule, exchange.pattern) == (Purpose.STATUS, verdict, rule, "status")
    assert exchange.url == f"{far.url}/state?id={ATTEMPT}&t={MASK}"
    assert "hush" not in repr(call)


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
    for form in escaped(secret):
        assert mask.known(f"<{form}>") == f"<{MASK}>"
    inside = base64.b64encode(before + secret.encode() + after).decode()
    assert MASK in mask.known(inside)


def escaped(secret: str) -> list[str]:
    """As other programs than Python's escape it, with each character escaped or those alone that they have to."""
    units = [secret[place].encode("utf-16-be").hex() for place in range(len(secret))]
    json_forms = ["".join("\\u" + unit[at : at + 4] for at in range(0, len(unit), 4)) for unit in units]
    rare = [form if not char.isalnum() else char for char, form in zip(secret, json_forms, strict=True)]
    raw = secret.encode()
    return [
        "".join(json_forms), "".join(json_forms).upper().replace("\\U", "\\u"), "".join(rare),
        "".join(f"%{byte:02x}" for byte in raw), quote("".join(rare), safe=""), quote(secret, safe="!'()*"),
        "".join(f"&#{ord(char)};" for char in secret), "".join(f"&#x{ord(char):X};" for char in secret),
        html.escape(secret), quote(html.escape(secret)), json.dumps(html.escape(secret))[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1], html.escape(json.dumps(secret)[1:-1]),
    ]  # fmt: skip


def test_secret_is_masked_in_the_encoding_of_its_line() -> None:
    secret = "contraseña<1>&\\x"
    mask = Masker([secret], "iso-8859-1")
    latin = secret.encode("iso-8859-1")
    forms = [quote(latin, safe=""), latin.decode("utf-8", "replace"), secret.encode().decode("iso-8859-1")]
    forms += [
        "contraseña&lt;1&gt;&amp;\\x",
        "contrase&ntilde;a&#60;1&#x3E;&\\x",
        "contrase\\u00F1a\\u003C1\\u003E\\u0026\\\\x",
    ]
    forms += [latin.hex(), base64.b64encode(b"user:" + latin).decode()]
    assert [mask.known(form) for form in forms[:-1]] == [MASK] * (len(forms) - 1)
    assert MASK in mask.known(forms[-1])


@pytest.mark.parametrize("unit", ["%25", "%5c", "\\", "&amp;", "k", "k/e", "%2525", "&#0", "\\u005c"])
def test_masking_takes_linear_time(unit: str) -> None:
    mask = Masker(["k/ey+1234", "\\" * 12 + "%25%25&amp;", "ñandú & co"], "iso-8859-1")
    assert_linear(lambda size: mask.known(unit * (size // len(unit))), size=3_000)


def test_detail_is_masked_before_it_is_cut() -> None:
    body = b"x" * 195 + SECRETS[2].encode() + b" not taken"
    with FarSide(answers(422, body)) as far:
        answer, _told = tried(secret_line(far.url))
    assert isinstance(answer, SendError)
    assert answer.detail == "x" * 195 + MASK + " n"
    # Nor where the answer itself was cut, at the end of a great many blanks.
    with FarSide(answers(422, b"no" + b" " * (BODY_LIMIT - 6) + SECRETS[2].encode())) as far:
        answer, _told = tried(secret_line(far.url))
    assert isinstance(answer, SendError)
    assert answer.detail == "no"


def test_report_is_masked_before_it_is_cut() -> None:
    fields = {"callback_id": "id", "callback_state": "state", "callback_error": "error", "states": {"bad": "failed"}}
    report = {"id": ATTEMPT, "state": "bad", "error": "x" * 195 + SECRETS[2] + "\ud800"}
    asked = WebhookRequest("POST", {}, {"Content-Type": "application/json"}, json.dumps(report).encode())
    [receipt] = secret_line("https://host", **fields).receipts(asked)
    assert isinstance(receipt, Receipt)
    assert receipt.detail == "x" * 195 + MASK + "?"


def test_bytes_that_are_no_text_are_told_all_the_same() -> None:
    with FarSide(answers(301, b"", "X-Said: se\udcf1al", "Location: /ma\udcf1ana")) as far:
        answer, told = tried(secret_line(far.url))
        _answer, latin = tried(secret_line(far.url, encoding="iso-8859-1"))
    assert isinstance(answer, SendError)
    assert (dict(told.answer_headers)["x-said"], told.matched) == ("se\ufffdal", "/ma\ufffdana")
    assert (dict(latin.answer_headers)["x-said"], latin.matched) == ("señal", "/mañana")
    json.dumps(asdict(told), ensure_ascii=False).encode()


def test_answer_in_the_encoding_of_its_line_is_masked() -> None:
    body = json.dumps({"you": SECRETS[2], "ok": "mañana"}, ensure_ascii=False).encode("iso-8859-1")
    with FarSide(answers(422, body)) as far:
        answer, told = tried(secret_line(far.url, encoding="iso-8859-1"))
    assert isinstance(answer, SendError)
    assert answer.detail == told.answer_body == f'{{"you": "{MASK}", "ok": "mañana"}}'


def test_id_with_half_a_character_can_be_stored() -> None:
    with FarSide(answers(200, b'{"id": "a\\ud800b"}')) as far:
        answer, _told = tried(secret_line(far.url, id_path="id"))
    assert isinstance(answer, Sent)
    assert answer.provider_id == "a?b"


def test_body_with_half_a_character_can_be_shown() -> None:
    assert pretty('{"id": "\\ud800"}') == '{\n  "id": "\\ud800"\n}'


def test_what_stands_around_placeholders_is_masked() -> None:
    basic = base64.b64encode(b"walter:wh1te-9").decode()
    own = {"X-Key": "s3cr3t-{id}", "X-Pin": "7:{phone}", "Authorization": f"Basic {basic}"}
    with FarSide(answers(422, b"s3cr3t- KEYKEY walter wh1te-9")) as far:
        url = f"{far.url}/send?a=1&&pin=77&sig=KEYKEY{{id}}&text={{message_raw}}&b=2&to={{phone}}"
        answer, told = tried(HttpGeneric(line(record=CALLS.append, url=url, method="GET", headers=own)), "uno&dos=tres")
    assert isinstance(answer, SendError)
    assert told.url.partition("?")[2] == (
        f"a={MASK}&&pin={MASK}&sig={MASK}{ATTEMPT}&text=uno&dos=tres&b={MASK}&to=%2B56911111111"
    )
    shown = dict(told.headers)
    assert (shown["X-Key"], shown["X-Pin"]) == (f"{MASK}{ATTEMPT}", f"{MASK}+56911111111")
    assert told.answer_body == " ".join([MASK] * 4)


def test_short_values_are_left_in_texts() -> None:
    assert Masker(["12", "abc"])("12 abc") == "12 abc"
