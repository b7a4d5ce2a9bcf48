"""Redaction: no credential of any known shape gets through, in no form a log may have."""

import io
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from hypothesis import example, given
from hypothesis import strategies as st

from lib.redaction import MASK, RedactingFilter, redact
from tests.effort import assert_linear


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("redis://:pw@host:1/0", "redis://•••@host:1/0"),
        ("redis://:p/w@host:1/0", "redis://•••@host:1/0"),
        ("mongodb://u:p%40@h1:1,h2:2/?replicaSet=rs0", "mongodb://•••@h1:1,h2:2/?replicaSet=rs0"),
        ("https://token@host/path", "https://•••@host/path"),
        ("https://h/send?from=X&auth=abc123&to=56", "https://h/send?from=X&auth=•••&to=56"),
        ("https://h/send?key=ABC", "https://h/send?key=•••"),
        ("https://h/send?usuario=u&clave=abc", "https://h/send?usuario=u&clave=•••"),
        ("https://h/?next=x%3Ftoken%3Dabc", "https://h/?next=x%3Ftoken%3D•••"),
        ('{"password": "a\\"b c", "n": 1}', '{"password": \'•••\', "n": 1}'),
        ('{\\"api_key\\": \\"a b\\", \\"n\\": 1}', '{\\"api_key\\": \'•••\', \\"n\\": 1}'),
        ("{'Authorization': 'App abc-def', 'X': 1}", "{'Authorization': '•••', 'X': 1}"),
        (
            "[(b'authorization', b'Bearer x'), (b'cookie', b'a=b; c=d')]",
            "[(b'authorization', '•••'), (b'cookie', '•••')]",
        ),
        ("Authorization: Basic dXNlcjpwdw==\nHost: h", "Authorization: •••\nHost: h"),
        ('Authorization: Digest username="u", response="r"', "Authorization: •••"),
        ("Set-Cookie: sessionid=abc; Path=/\nHost: h", "Set-Cookie: •••\nHost: h"),
        ("X-Api-Key: abc", "X-Api-Key: •••"),
        ("SECRET_KEY=abc DEBUG=1", "SECRET_KEY=••• DEBUG=1"),
        ("accessToken => abc", "accessToken => •••"),
        ("contraseña: abc", "contraseña: •••"),
        ("password='cut off at the e", "password='•••'"),
        ("sent Bearer abcd1234efgh away", "sent Bearer ••• away"),
        ("sent App 0123456789abcdef-01 away", "sent App ••• away"),
        ("jwt eyJhbGciOi.eyJzdWIi.c2ln end", "jwt ••• end"),
        ("POST /hooks/65f0/s3cr3t-Xy?part=1 200", "POST /hooks/65f0/•••?part=1 200"),
        (f"key {Fernet.generate_key().decode()} end", "key ••• end"),
        (f"sealed {Fernet(Fernet.generate_key()).encrypt(b'x').decode()} end", "sealed ••• end"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nx", "•••\nx"),
        ("-----BEGIN PRIVATE KEY-----\nabc", "•••"),
    ],
)
def test_redact_masks(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Campaign 65f0c0ffee0123456789abcd started by ana@example.com",
        "author: Ana; authority=3; monkey=4; primary key: 5",
        "basic authentication failed for +56912345678",
        "http://h:8080/path?mail=ana@example.com",
        "GET /campaigns/65f0c0ffee0123456789abcd?page=2",
        "bypass: on, compass: north",
        "",
    ],
)
def test_redact_leaves_what_is_no_secret(text: str) -> None:
    assert redact(text) == text


secrets = st.text("abcdefgXYZ0123456789-_.~+", min_size=12, max_size=60).map(lambda text: f"Zq7{text}")
shapes = st.sampled_from(
    [
        "https://host/path?token={}&to=56",
        "https://user:{}@host/path",
        "redis://:{}@host",
        '{{"password": "{}", "other": 1}}',
        "{{'secret': '{}'}}",
        '{{\\"apiKey\\": \\"{}\\"}}',
        "Authorization: App {}",
        "authorization=Bearer {}",
        "Cookie: a=1; sessionid={}; b=2",
        "WHATSMASSIVE_SEAL_KEYS={}",
        "/hooks/65f0c0ffee0123456789abcd/{}",
        "clave={}",
        "X-Auth-Token: {}",
    ]
)
surroundings = st.text(st.characters(codec="utf-8", exclude_characters="Zq7"), max_size=30)


@given(secrets, shapes, surroundings, surroundings)
def test_redact_never_lets_a_secret_through(secret: str, shape: str, before: str, after: str) -> None:
    text = redact(f"{before} {shape.format(secret)} {after}")
    assert secret not in text
    assert "Zq7" not in text
    assert MASK in text


@given(st.text(st.characters(codec=None)) | st.text(st.sampled_from("token=:'\"\\@/ \n&"), max_size=60))
@example("password=" + MASK)
def test_redact_twice_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a-",
        "://",
        "://a:b",
        "://:x",
        "token",
        "token=",
        'token="',
        "token='\\",
        "token=\\'\\\"\\\\'",
        "token-",
        "pass",
        "cookie: 'a",
        "authorization:",
        "eyJ",
        "eyJaaaaa.",
        "gAAAAA",
        "Bearer ",
        "Basic aaaaaaaaaaaaaaaaaa",
        "/hooks/",
        "/hooks/a",
        "\\",
        "-----BEGIN PRIVATE KEY-----",
    ],
)
def test_redact_takes_linear_time(unit: str) -> None:
    assert_linear(lambda size: redact(unit * (size // len(unit))), size=12_500)


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("can't be shown")

    __repr__ = __str__


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(RedactingFilter())
    logger = logging.getLogger("tests.redaction")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(handler)
    yield logger, stream
    logger.removeHandler(handler)
    handler.close()


def test_filter_redacts_messages_with_arguments(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("GET %s %d", "https://h/?token=abc", 200)
    logger.info("%(token)s", {"token": "password=abc"})
    assert stream.getvalue() == "GET https://h/?token=••• 200\npassword=•••\n"


@pytest.mark.parametrize(
    ("message", "arguments", "shown"),
    [
        ("%d of %s", ("token=abc",), "%d of %s (its arguments do not fit: ('token=•••',))\n"),
        ("token=%d", ("abc",), "token=••• (its arguments do not fit: ('abc',))\n"),
        ("100% token=abc", ("x",), "100% token=••• (its arguments do not fit: ('x',))\n"),
        ({"token": "abc"}, (), "{'token': '•••'}\n"),
    ],
)
def test_filter_keeps_messages_whose_arguments_do_not_fit(
    log: tuple[logging.Logger, io.StringIO],
    capsys: pytest.CaptureFixture[str],
    message: Any,
    arguments: tuple[Any, ...],
    shown: str,
) -> None:
    logger, stream = log
    logger.info(message, *arguments)
    assert stream.getvalue() == shown
    assert capsys.readouterr().err == ""


def test_filter_says_where_an_unprintable_message_is_from(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.info("%s", Unprintable())
    logger.info(Unprintable())
    for line in stream.getvalue().splitlines():
        assert line.startswith("A message that can't be shown, from ")
        assert "test_redaction.py:" in line


def test_filter_redacts_tracebacks_and_stacks(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        raise ValueError("mongodb://user:hunter2@host/")
    except ValueError:
        logger.exception("Failed", stack_info=True)
    assert "hunter2@" not in stream.getvalue().replace('raise ValueError("mongodb://•••@host/")', "")
    assert "ValueError: mongodb://•••@host/" in stream.getvalue()


@given(st.text(st.characters(codec=None)), st.lists(st.text() | st.integers() | st.none() | st.binary(), max_size=3))
def test_filter_never_raises_and_drops_nothing(message: str, arguments: list[Any]) -> None:
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, message, tuple(arguments), sys.exc_info())
    assert RedactingFilter().filter(record)
    assert isinstance(record.getMessage(), str)
