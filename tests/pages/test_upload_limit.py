"""The web process refuses what is too large before it is sent, and what grows too large while it comes in."""

import contextlib
import socket
from pathlib import Path

import pytest

from tests.pages.web import SECONDS, Web

pytestmark = pytest.mark.whole_database

TWO_HUNDRED_MB = 200 * 1024 * 1024
HEAD = "POST /debtors/upload/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: django_language=en\r\n"


def connect(web: Web, head: str) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", web.port), timeout=SECONDS)
    line.sendall((HEAD + head + "\r\n").encode())
    return line


def read_all(line: socket.socket) -> str:
    parts = []
    while part := line.recv(65536):
        parts.append(part)
    return b"".join(parts).decode()


def pages_of_memory(web: Web) -> int:
    """Bytes that the process holds in memory, what it wrote to files that were not yet on the disk too."""
    fields = Path(f"/proc/{web.pid}/status").read_text().splitlines()
    return next(int(field.split()[1]) * 1024 for field in fields if field.startswith("VmRSS"))


def open_files(web: Web) -> int:
    """Bytes of the files without a name that the process holds: what Twisted keeps bodies in."""
    total = 0
    for entry in Path(f"/proc/{web.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            if "(deleted)" in str(entry.readlink()):
                total += entry.stat().st_size
    return total


def test_length_beyond_the_limit_is_answered_before_the_body(web: Web) -> None:
    before = pages_of_memory(web)
    with connect(web, f"Content-Length: {TWO_HUNDRED_MB}\r\n") as line:
        answer = read_all(line)  # to its end: nothing of the body was sent
        assert answer.startswith("HTTP/1.1 413 ")
        assert "a file may have 50 MB" in answer
        # A browser sends on all the same, and must not find the connection broken: it would not show the answer.
        held = 0
        for _ in range(TWO_HUNDRED_MB // 2**20 // 2):
            line.sendall(b"x" * 2**20)
            held = max(held, open_files(web))
    assert held < 1024 * 1024
    assert pages_of_memory(web) - before < 40 * 1024 * 1024


def test_client_that_asks_first_is_told_no(web: Web) -> None:
    with connect(web, f"Content-Length: {TWO_HUNDRED_MB}\r\nExpect: 100-continue\r\n") as line:
        answer = read_all(line)
    assert answer.startswith("HTTP/1.1 413 ")
    assert "100 Continue" not in answer


def test_body_without_a_length_is_stopped_at_the_limit(web: Web) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with connect(web, "Transfer-Encoding: chunked\r\n") as line:
        for _ in range(60):
            line.sendall(chunk)
        assert read_all(line).startswith("HTTP/1.1 413 ")
        assert open_files(web) < 1024 * 1024


def test_htmx_is_told_in_plain_words(web: Web) -> None:
    with connect(web, f"HX-Request: true\r\nContent-Length: {TWO_HUNDRED_MB}\r\n") as line:
        answer = read_all(line)
    assert "Content-Type: text/plain" in answer
    assert answer.endswith("Split it into several files.")


def test_usual_form_passes(web: Web) -> None:
    with connect(web, "Content-Length: 3\r\nConnection: close\r\n") as line:
        line.sendall(b"a=b")
        assert read_all(line).startswith("HTTP/1.1 403 ")  # no csrf token
