"""What a far side can do to a line that asks it for something: every operation of every kind, over real sockets.

A kind joins with an entry in KINDS: its fields, with URL for the far side's address. What each fault makes of a send
in detail is in test_provider_contract.py; here it is what all of them have in common.
"""

import datetime
import ipaddress
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.delivery import ErrorKind, SendError, Unknown
from gateways.errors import GatewayError
from gateways.provider import Provider
from gateways.registry import provider_for
from gateways.transport import BODY_LIMIT, Request, Way, exchange
from tests.gateways.far_side import (
    FarSide,
    Script,
    Talk,
    answers,
    answers_late,
    closes_after_reading,
    drips,
    says_nothing,
)
from tests.gateways.lines import line, outbound

URL = "{far}"
KINDS: dict[str, dict[str, Any]] = {
    "http_generic": {
        "url": URL + "/send?to={phone}&text={message}&id={id}",
        "status_url": URL + "/status/{id}",
        "poll_s": 30,
        "id_path": "id",
    },
    "infobip": {"base_url": URL, "sender": "Cobranza", "token": "hush-hush"},
    "sms_gate": {"mode": "local", "base_url": URL, "token": "me:hush-hush", "poll_s": 30},
}
"""Fields by kind, of a line that sends, can be asked about a doubt, and is polled."""


# What a line asks for, and what of the answer would be taken for a word on the message ------------------------------
def send(provider: Provider) -> Sequence[object]:
    return [each for each in provider.send([outbound()], not_after=time.monotonic() + 60) if not _open(each)]


def look(provider: Provider) -> Sequence[object]:
    return [each for each in [provider.reconcile(outbound(), not_after=time.monotonic() + 60)] if not _open(each)]


def poll(provider: Provider) -> Sequence[object]:
    return [item for page in provider.poll([outbound()]) for item in page]


def _open(answer: object) -> bool:
    """Whether it leaves open what became of the message."""
    return isinstance(answer, Unknown) or (isinstance(answer, SendError) and answer.kind is ErrorKind.UNKNOWN)


OPERATIONS = (send, look, poll)
PAGE = b"<!doctype html><html><title>Sign in</title><p>delivered</p></html>"
LATE = b'{"id": "7", "status": "delivered", "state": "Delivered"}'


class Huge:
    """Answers with 100 MB, and counts how much of it was taken."""

    size = 100 * 1024 * 1024

    def __init__(self) -> None:
        self.written = 0

    def __call__(self, talk: Talk) -> None:
        while talk.read() is not None:
            talk.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % self.size)
            talk.write(b'{"rest": "')
            while self.written < self.size:
                talk.write(b"x" * 65536)
                self.written += 65536


FAULTS: dict[str, Callable[[], Script]] = {
    "200 with a page": lambda: answers(200, PAGE, kind="text/html"),
    "a page that calls itself JSON": lambda: answers(200, PAGE),
    "an empty answer": lambda: answers(200),
    "no UTF-8": lambda: answers(200, b'{"id": "\xff\xfe\xfd", "status": \xff}'),
    "nested too deep": lambda: answers(200, b"[" * 60_000),
    "a million values": lambda: answers(200, b"[" + b"1," * 1_000_000 + b"1]"),
    "no answer": lambda: says_nothing,
    "an answer after the timeout": lambda: answers_late(60, 200, LATE),
    "an answer that drips": lambda: drips,
    "a closed connection": lambda: closes_after_reading,
    "a redirect": lambda: answers(302, b"", "Location: /elsewhere"),
    "a redirect to a private address": lambda: answers(307, b"", "Location: http://169.254.169.254/"),
    "a 500": lambda: answers(500, LATE),
}


SLOW = ("no answer", "an answer after the timeout", "an answer that drips")


def provider_of(kind: str, far: FarSide, *, seconds: float = 60) -> Provider:
    made = line(kind, **fields_at(kind, far, "127.0.0.1"))
    return provider_for(replace(made, config={**made.config, "timeout_s": seconds}))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.__name__ for each in OPERATIONS])
@pytest.mark.parametrize("kind", KINDS)
def test_answer_that_says_nothing_is_no_word_on_the_message(
    kind: str, operation: Callable[[Provider], Sequence[object]], fault: str
) -> None:
    with FarSide(FAULTS[fault]()) as far:
        assert list(operation(provider_of(kind, far, seconds=0.5 if fault in SLOW else 60))) == []
        # Once: nothing is followed, and nothing repeated. With little time it may not have come so far.
        assert len(far.heard) == 1 or (fault in SLOW and not far.heard)


@pytest.mark.parametrize("operation", OPERATIONS, ids=[each.__name__ for each in OPERATIONS])
@pytest.mark.parametrize("kind", KINDS)
def test_hundred_megabytes_are_not_read(kind: str, operation: Callable[[Provider], Sequence[object]]) -> None:
    huge = Huge()
    with FarSide(huge) as far:
        assert list(operation(provider_of(kind, far))) == []
    # What is read, and what the sockets of both ends hold.
    assert huge.written < BODY_LIMIT + 16 * 1024 * 1024


# Certificates --------------------------------------------------------------------------------------------------------
class Authority:
    """Makes certificates for 127.0.0.1, and the trust in them."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of these tests")])
        self._root = self._build(self._name, self._key, authority=True).sign(self._key, hashes.SHA256())

    def _build(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, authority: bool = False, days: int = 1, ip: str = ""
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=10))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if ip:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ip))])
            built = built.add_extension(names, critical=False)
        return built

    def trusted(self) -> ssl.SSLContext:
        """What a client checks with that trusts this authority alone."""
        pem = self._root.public_bytes(serialization.Encoding.PEM).decode()
        return ssl.create_default_context(cadata=pem)

    def server(self, *, days: int = 1, ip: str = "127.0.0.1") -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ip)])
        made = self._build(name, key, days=days, ip=ip).sign(self._key, hashes.SHA256())
        path = self._place / f"{ip}-{days}.pem"
        plain = serialization.NoEncryption()
        path.write_bytes(
            made.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """One that the lines trust."""
    made = Authority(tmp_path)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", made.trusted())
    return made


@pytest.mark.parametrize(
    "wrong", [{"days": -1}, {"ip": "127.0.0.2"}, None], ids=["expired", "another host", "stranger"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_wrong_certificate_is_surely_not_sent_and_nothing_is_said_to_it(
    kind: str, wrong: dict[str, Any] | None, authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    context = authority.server(**wrong) if wrong is not None else Authority(tmp_path / "other").server()
    with FarSide(answers(200, LATE), tls=context) as far:
        provider = provider_of(kind, far)
        [sent] = provider.send([outbound()], not_after=time.monotonic() + 60)
        looked = provider.reconcile(outbound(), not_after=time.monotonic() + 60)
        polled = [item for page in provider.poll([outbound()]) for item in page]
    assert isinstance(sent, SendError)
    assert (sent.kind, sent.code) == (ErrorKind.REFUSED, "tls")
    assert isinstance(looked, SendError)
    assert looked.kind is ErrorKind.REFUSED  # the second request's: after_reconcile leaves the doubt open
    assert (polled, far.heard) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_right_certificate_is_taken(kind: str, authority: Authority) -> None:
    with FarSide(answers(200, LATE), tls=authority.server()) as far:
        list(provider_of(kind, far).poll([outbound()]))
        assert len(far.heard) == 1


# Private addresses ---------------------------------------------------------------------------------------------------
PLAIN = ("127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]")
ODD = ("2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0")
"""This machine, as URLs can write it: by a name, wrapped in IPv6; as one number, in hexadecimal, in octal, in short."""


def fields_at(kind: str, far: FarSide, host: str) -> dict[str, Any]:
    at = far.url.replace("127.0.0.1", host)
    return {name: value.replace(URL, at) if isinstance(value, str) else value for name, value in KINDS[kind].items()}


@pytest.mark.parametrize("host", PLAIN)
@pytest.mark.parametrize("kind", KINDS)
def test_private_address_is_reached_by_setting_alone_however_it_is_written(kind: str, host: str) -> None:
    with FarSide(answers(200, LATE)) as far:
        provider = provider_for(line(kind, allow_private=False, **fields_at(kind, far, host)))
        [sent] = provider.send([outbound()], not_after=time.monotonic() + 60)
        provider.reconcile(outbound(), not_after=time.monotonic() + 60)
        assert [item for page in provider.poll([outbound()]) for item in page] == []
        assert not provider.check().ok
    assert isinstance(sent, SendError)
    assert (sent.kind, sent.code) == (ErrorKind.REFUSED, "private_address")
    assert far.heard == []


@pytest.mark.parametrize("host", ODD)
@pytest.mark.parametrize("kind", KINDS)
def test_address_that_hides_behind_a_number_is_taken_by_no_form(kind: str, host: str) -> None:
    with FarSide(answers(200, LATE)) as far, pytest.raises(GatewayError):
        line(kind, **fields_at(kind, far, host))


@pytest.mark.parametrize("host", ODD)
def test_address_that_hides_behind_a_number_is_not_reached_even_without_a_form(host: str) -> None:
    with FarSide(answers(200, LATE)) as far:
        request = Request("a1", "GET", far.url.replace("127.0.0.1", host) + "/send")
        [answer] = exchange([request], Way(timeout=60), not_after=time.monotonic() + 60)
    assert isinstance(answer, SendError)
    assert answer.code in ("private_address", "dns", "unsendable")
    assert far.heard == []
