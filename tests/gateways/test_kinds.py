"""Settings of a generic HTTP line: what is taken, what is refused, and what is shown."""

import json
from typing import Any

import pytest

from gateways.errors import GatewayError
from gateways.kinds import KINDS, kind_named
from lib.redaction import MASK

HTTP = KINDS["http_generic"]
GET = {"url": "https://host/send?to={phone}&text={message}&id={id}&key=hush"}
POST = {"url": "https://host/send", "method": "post", "body": '{"to": "{phone}", "text": "{message}"}'}


def error(fields: dict[str, Any]) -> str:
    with pytest.raises(GatewayError) as caught:
        HTTP.clean(fields)
    return str(caught.value)


def test_unknown_kind_names_the_ones_there_are() -> None:
    with pytest.raises(GatewayError, match=r"“carrier_pigeon”.*http_generic"):
        kind_named("carrier_pigeon")


def test_texts_are_read_in_their_types() -> None:
    values = HTTP.clean(
        {**GET, "timeout_s": "20", "verify_tls": "no", "deduplicates": "sí", "headers": "X-A: 1\nX-B: b: c",
         "states": '{"OK": "delivered"}', "auth": "BEARER", "token": " t ", "refusal_statuses": "503, 429,429"}
    )  # fmt: skip
    found = {name: values[name] for name in ("timeout_s", "verify_tls", "deduplicates", "headers", "states", "auth",
                                             "token", "refusal_statuses")}  # fmt: skip
    assert found == {
        "timeout_s": 20, "verify_tls": False, "deduplicates": True, "headers": {"X-A": "1", "X-B": "b: c"},
        "states": {"ok": "delivered"}, "auth": "bearer", "token": "t", "refusal_statuses": "429,503",
    }  # fmt: skip


def test_defaults_are_those_of_the_contract() -> None:
    values = HTTP.clean(GET)
    names = ("method", "timeout_s", "concurrency", "rate_per_second", "refusal_statuses", "deduplicates", "verify_tls")
    assert {name: values[name] for name in names} == {
        "method": "GET", "timeout_s": 15, "concurrency": 16, "rate_per_second": 0, "refusal_statuses": "429",
        "deduplicates": False, "verify_tls": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "name"), [("UTF8", "utf-8"), ("latin1", "iso-8859-1"), ("cp1252", "windows-1252"), ("ascii", "ascii")]
)
def test_encoding_has_the_name_that_the_internet_knows(given: str, name: str) -> None:
    assert HTTP.clean({**GET, "encoding": given})["encoding"] == name
    assert HTTP.clean({**GET, "encoding": name})["encoding"] == name


def test_cleaning_what_was_cleaned_changes_nothing() -> None:
    values = HTTP.clean({**POST, "headers": {"X-A": "1"}, "encoding": "latin1"})
    assert HTTP.clean(values) == values


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "url: is needed"),
        ({**GET, "speed": 1}, "no field speed"),
        ({**GET, "method": "DELETE"}, "method: takes one of GET, POST, PUT"),
        ({**GET, "timeout_s": "61"}, "timeout_s: takes a number from 1 to 60"),
        ({**GET, "timeout_s": "soon"}, "timeout_s: takes a whole number"),
        ({**GET, "concurrency": 201}, "concurrency: takes a number from 1 to 200"),
        ({**GET, "verify_tls": "perhaps"}, "verify_tls: takes yes or no"),
        ({**GET, "headers": "{"}, "headers: isn't a valid JSON object"),
        ({**GET, "headers": "no colon"}, "headers: takes a JSON object"),
        ({**GET, "headers": {"X A": "1"}}, "headers: has a name"),
        ({**GET, "headers": {"X-A": "a\r\nb"}}, "headers: has a line end"),
        ({**GET, "headers": {"Host": "x"}}, "headers: can't set Host"),
        ({**GET, "headers": {"X-A": "{message}"}}, "headers: has an unknown placeholder {message}"),
        ({**GET, "success_pattern": "("}, "success_pattern: isn't a valid regular expression"),
        ({**GET, "id_path": "a b"}, "id_path: takes a path"),
        ({**GET, "id_path": "/(/"}, "id_path: isn't a valid regular expression"),
        ({**GET, "encoding": "klingon"}, "encoding: isn't a known encoding"),
        ({**GET, "encoding": "rot13"}, "encoding: isn't a known encoding"),
        ({**GET, "refusal_statuses": "200"}, "refusal_statuses: takes HTTP statuses"),
        ({**GET, "states": {"ok": "done"}}, "states: maps to the unknown state done"),
        ({**GET, "status_url": "https://host/{phone}"}, "status_url: needs {id}"),
        ({**GET, "body": "x"}, "body: a GET has none"),
        ({**GET, "auth": "bearer"}, "token: is needed"),
        ({**GET, "token": "abc"}, "auth: is needed to use the token"),
        ({**GET, "auth": "basic", "token": "abc"}, "token: takes user:password"),
        ({**GET, "auth": "query", "token": "abc"}, "token_name: is needed"),
        ({**GET, "auth": "header", "token": "abc", "token_name": "a b"}, "token_name: has a name"),
        ({**POST, "deduplicates": True}, "deduplicates: the gateway can know"),
        ({"url": "https://host/{phone}"}, "The line has no message"),
        ({"url": "https://host/{message}"}, "The line has no phone"),
        ({**POST, "body": '{"to": "{phone}"}'}, "The line has no message"),
        ({**POST, "body": '{"to": {phone}, "text": "{message}"}'}, "body: isn't valid JSON"),
        ({**POST, "body": '{"to": "{phone}", "text": "{message_raw}"}'}, "body: isn't valid JSON"),
        ({**POST, "body": '{"to": "{phone}", "text": "{mensaje}"}'}, "body: has an unknown placeholder {mensaje}"),
        ({"url": "ftp://host/{phone}{message}"}, "url: takes an address that begins with http"),
        ({"url": "https://{phone}/{message}"}, "url: takes placeholders in its path"),
        ({"url": "https://me:pw@host/{phone}{message}"}, "url: takes no user and password"),
        ({"url": "https://host/{phone}{message}#x"}, "url: takes no “#” part"),
        ({"url": "https://127.1/{phone}{message}"}, "url: takes an IP address in its usual form"),
        ({"url": "https://ñandú.cl/{phone}{message}"}, "url: takes a host in ASCII"),
        ({"url": "https://host/{phone}{message"}, "url: has a brace without its pair"),
    ],
)  # fmt: skip
def test_wrong_settings_say_what_to_do(fields: dict[str, Any], words: str) -> None:
    assert words in error(fields)


def test_secrets_are_split_off_and_masked() -> None:
    values = HTTP.clean({**GET, "auth": "bearer", "token": "hush", "headers": {"X-Key": "hush"},
                         "status_url": "https://host/status/{id}?key=hush"})  # fmt: skip
    plain, sealed = HTTP.split(values)
    assert sorted(sealed) == ["headers", "status_url", "token", "url"]
    assert "hush" not in json.dumps(plain)
    shown = HTTP.masked({**plain, **sealed})
    assert "hush" not in json.dumps(shown)
    assert {name: shown[name] for name in sealed} == {
        "url": "https://host/send", "headers": MASK, "token": MASK, "status_url": "https://host/status/{id}",
    }  # fmt: skip


def test_errors_do_not_repeat_a_secret() -> None:
    said = [error({**GET, "auth": "basic", "token": "hush"}), error({"url": "https://me:hush@host/{phone}{message}"})]
    assert "hush" not in " ".join(said)
