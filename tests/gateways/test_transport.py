"""Requests that could not start, and the promise that none is ever sent twice."""

import asyncio
import datetime
import gc
import ipaddress
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.delivery import ErrorKind, Scope, SendError
from gateways import transport
from gateways.net import GuardedResolver, PrivateAddress, is_private
from gateways.transport import Answer, Request, Way, exchange
from tests.gateways.far_side import FarSide, Talk, answers, closes_after_reading, response, says_nothing

SOON = 60.0
LONG = 60.0
"""A timeout that nothing here reaches."""


def get(url: str, id: str = "a1") -> Request:
    return Request(id, "GET", f"{url}/send?id={id}")


def send(requests: list[Request], way: Way | None = None, *, within: float = SOON) -> list[Answer | SendError]:
    way = way or Way(timeout=LONG, allow_private=True)
    return list(exchange(requests, way, not_after=time.monotonic() + within))


def error_of(url: str, way: Way | None = None) -> SendError:
    [result] = send([get(url)], way)
    assert isinstance(result, SendError)
    return result


def refused(code: str, detail: str) -> SendError:
    return SendError("a1", ErrorKind.REFUSED, code, detail, Scope.LINE)


@pytest.fixture
def certificate(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS context with a certificate for 127.0.0.1 that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    path.write_bytes(
        built.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def full_listener() -> Iterator[str]:
    """The address of a port whose queue of connections is full: a further one is never taken."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# Before a byte went out ----------------------------------------------------------------------------------------------
def test_refused_connection_is_surely_not_sent() -> None:
    assert error_of(f"http://127.0.0.1:{unused_port()}") == refused("connect", "The host took no connection.")


def test_connection_that_times_out_is_surely_not_sent(full_listener: str) -> None:
    assert error_of(full_listener, Way(timeout=1, allow_private=True)) == refused(
        "connect_timeout", "The host took no connection in time."
    )


def test_name_that_does_not_resolve_is_surely_not_sent() -> None:
    assert error_of("http://nobody.invalid") == refused("dns", "The host's name doesn't resolve.")


def test_certificate_that_nobody_vouches_for_is_surely_not_sent(certificate: ssl.SSLContext) -> None:
    with FarSide(answers(200), tls=certificate) as far:
        error = error_of(far.url)
    assert error == refused("tls", "The TLS handshake failed: see the host's certificate.")
    assert far.heard == []


def test_tls_with_a_host_that_speaks_plain_http_is_surely_not_sent() -> None:
    def says_bad_request(talk: Talk) -> None:
        talk.connection.recv(10)
        talk.write(response(400))

    with FarSide(says_bad_request) as far:
        error = error_of(far.url.replace("http:", "https:"))
    assert error.code == "tls"
    assert far.heard == []


def test_tls_check_can_be_turned_off_for_a_line(certificate: ssl.SSLContext) -> None:
    with FarSide(answers(200, b"yes"), tls=certificate) as far:
        [answer] = send([get(far.url)], Way(timeout=LONG, allow_private=True, verify_tls=False))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body) == (200, b"yes")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_private_address_is_refused_written_or_resolved(host: str) -> None:
    with FarSide(answers(200)) as far:
        error = error_of(far.url.replace("127.0.0.1", host), Way(timeout=LONG))
    assert error == refused(
        "private_address", "The line's host is on a private address; ALLOW_PRIVATE_GATEWAYS allows that."
    )
    assert far.heard == []


@pytest.mark.parametrize(
    ("address", "private"),
    [("127.0.0.1", True), ("10.1.2.3", True), ("192.168.0.9", True), ("172.16.0.1", True), ("169.254.169.254", True),
     ("100.64.0.1", True), ("0.0.0.0", True), ("224.0.0.1", True), ("255.255.255.255", True), ("::1", True),
     ("::", True), ("fe80::1%eth0", True), ("fd00::1", True), ("::ffff:10.0.0.1", True), ("64:ff9b::7f00:1", True),
     ("2002:7f00:1::", True), ("8.8.8.8", False), ("2606:4700::1111", False), ("::ffff:8.8.8.8", False),
     ("64:ff9b::808:808", False)],
)  # fmt: skip
def test_private_addresses_are_told_from_public_ones(address: str, private: bool) -> None:
    assert is_private(address) is private


def test_resolver_gives_no_private_address() -> None:
    async def resolve() -> None:
        await GuardedResolver().resolve("localhost", 80, family=socket.AF_UNSPEC)

    with pytest.raises(PrivateAddress):
        asyncio.run(resolve())


def test_nothing_starts_after_the_deadline() -> None:
    with FarSide(answers(200)) as far:
        results = send([get(far.url, "a1"), get(far.url, "a2")], within=-0.001)
    assert results == [
        SendError(id, ErrorKind.REFUSED, "not_started", "Its time to start had passed.", Scope.MESSAGE)
        for id in ("a1", "a2")
    ]
    assert far.heard == []


def test_what_waits_its_turn_past_the_deadline_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    passed = [0.0]
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + passed[0])
    monkeypatch.setattr(transport, "time", clock)

    def slow(talk: Talk) -> None:
        while talk.read() is not None:
            passed[0] += 2 * SOON
            talk.write(response(200))

    with FarSide(slow) as far:
        way = Way(timeout=LONG, allow_private=True, concurrency=1)
        first, second = send([get(far.url, "a1"), get(far.url, "a2")], way)
    assert isinstance(first, Answer)
    assert isinstance(second, SendError)
    assert (second.attempt_id, second.kind, second.code) == ("a2", ErrorKind.REFUSED, "not_started")
    assert [heard.target for heard in far.heard] == ["/send?id=a1"]


# Never twice ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_kept_connection_that_dies_with_a_request_does_not_repeat_it(method: str) -> None:
    """What HTTP clients repeat by themselves: the second request on a kept connection is read, then it is closed."""

    def dies_at_the_second(talk: Talk) -> None:
        talk.read()
        talk.write(response(200))
        if talk.nth == 1:
            talk.read()
        else:
            while talk.read() is not None:
                talk.write(response(200))

    with FarSide(dies_at_the_second) as far:
        requests = [
            Request(f"a{n}", method, f"{far.url}/send?id=a{n}", body=b"x" * (method != "GET")) for n in (1, 2, 3)
        ]
        results = send(requests, Way(timeout=LONG, allow_private=True, concurrency=1))
    assert [heard.target for heard in far.heard] == ["/send?id=a1", "/send?id=a2", "/send?id=a3"]
    assert [isinstance(result, Answer) for result in results] == [True, False, True]
    assert results[1] == SendError(
        "a2", ErrorKind.UNKNOWN, "disconnected", "The connection ended before the answer.", Scope.LINE
    )


def test_each_of_many_requests_arrives_once_when_every_connection_is_closed_on_them() -> None:
    with FarSide(closes_after_reading) as far:
        results = send([get(far.url, f"a{n}") for n in range(30)])
    assert sorted(heard.target for heard in far.heard) == sorted(f"/send?id=a{n}" for n in range(30))
    assert {(r.kind, r.code) for r in results if isinstance(r, SendError)} == {(ErrorKind.UNKNOWN, "disconnected")}


# The course of a batch -----------------------------------------------------------------------------------------------
def test_answers_come_as_they_arrive() -> None:
    second_came = threading.Event()

    def slow_for_the_first(talk: Talk) -> None:
        heard = talk.read()
        if heard is not None and heard.target.endswith("a1"):
            second_came.wait(LONG)
        talk.write(response(200))

    with FarSide(slow_for_the_first) as far:
        way = Way(timeout=LONG, allow_private=True)
        results = exchange([get(far.url, "a1"), get(far.url, "a2")], way, not_after=time.monotonic() + SOON)
        assert next(results).attempt_id == "a2"
        second_came.set()
        assert [result.attempt_id for result in results] == ["a1"]


def test_no_more_requests_are_under_way_than_the_line_takes() -> None:
    now: list[int] = [0]
    most: list[int] = [0]
    changed = threading.Condition()

    def counts(talk: Talk) -> None:
        while talk.read() is not None:
            with changed:
                now[0] += 1
                most[0] = max(most[0], now[0])
                changed.notify_all()
                changed.wait_for(lambda: most[0] >= 3, timeout=LONG)
            time.sleep(0.03)  # for a fourth one to come, if it could
            with changed:
                now[0] -= 1
            talk.write(response(200))

    with FarSide(counts) as far:
        send([get(far.url, f"a{n}") for n in range(12)], Way(timeout=LONG, allow_private=True, concurrency=3))
    assert most[0] == 3


def test_rate_holds_within_a_batch_and_up_to_the_next() -> None:
    with FarSide(answers(200)) as far:
        began = time.monotonic()
        send([get(far.url, f"a{n}") for n in range(10)], Way(timeout=LONG, allow_private=True, per_second=20))
        spent = time.monotonic() - began
    assert spent >= 0.5


def test_batch_that_is_given_up_leaves_no_thread_and_no_connection() -> None:
    hung_up = threading.Event()

    def waits(talk: Talk) -> None:
        heard = talk.read()
        if heard is not None and heard.target.endswith("a1"):
            talk.write(response(200))
        elif talk.read() is None:
            hung_up.set()

    with FarSide(waits) as far, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        before = threading.active_count()
        way = Way(timeout=LONG, allow_private=True)
        batch = exchange([get(far.url.replace("127.0.0.1", "localhost"), id) for id in ("a1", "a2")], way,
                         not_after=time.monotonic() + SOON)  # fmt: skip
        assert next(batch).attempt_id == "a1"
        del batch
        gc.collect()
        assert hung_up.wait(LONG)
        deadline = time.monotonic() + LONG
        while threading.active_count() > before + 2 and time.monotonic() < deadline:  # the far side's two talks
            time.sleep(0.01)
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]
    assert [str(one.message) for one in warned if one.category is ResourceWarning] == []


def test_address_that_no_request_can_go_to_is_refused_for_good() -> None:
    assert error_of("ftp://127.0.0.1") == SendError(
        "a1", ErrorKind.PERMANENT, "unsendable", "The line's address can't be called: see its url.", Scope.LINE
    )


def test_silent_far_side_times_out_within_the_lines_timeout() -> None:
    """It would hang up a minute later, which is told as another error."""
    with FarSide(says_nothing) as far:
        error = error_of(far.url, Way(timeout=1, allow_private=True))
    assert (error.kind, error.code) == (ErrorKind.UNKNOWN, "timeout")


def test_slow_connection_that_began_in_time_is_used() -> None:
    """A line whose handshake takes long must still be able to send; a process that was frozen meanwhile must not."""
    late = transport._Course(time.monotonic() - 1.0, connect=5.0)
    with pytest.raises(transport._NotStarted):
        late.check_start()
    late.begin()
    assert late.begun
    frozen = transport._Course(time.monotonic() - 9.0, connect=5.0)
    with pytest.raises(transport._NotStarted):
        frozen.begin()
