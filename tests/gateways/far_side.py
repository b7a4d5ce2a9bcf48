"""A far side whose every byte is scripted: what an HTTP server library would never do, gateways do."""

import select
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

PATIENCE = 60.0
"""Seconds that the other side may take for its next step."""


@dataclass
class Heard:
    """One request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Talk:
    """One connection, as a script sees it. `nth` counts the server's connections from 1."""

    connection: socket.socket
    nth: int
    heard: list[Heard]
    ended: threading.Event
    _rest: bytes = field(default=b"")

    def read(self) -> Heard | None:
        """Read one whole request and note it; None when the client hung up."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            chunk = self.connection.recv(65536)
            if not chunk:
                return None
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", 0))
        while len(body) < length:
            body += self.connection.recv(65536)
        self._rest = body[length:]
        request = Heard(method, target, headers, body[:length])
        self.heard.append(request)
        return request

    def write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Script = Callable[[Talk], None]


class FarSide:
    """A server on this machine that runs the script for each connection, in a thread of its own."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        self.heard: list[Heard] = []
        self._script = script
        self._tls = tls
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        nth = 0
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            nth += 1
            thread = threading.Thread(target=self._talk, args=(connection, nth))
            self._threads.append(thread)
            thread.start()

    def _talk(self, connection: socket.socket, nth: int) -> None:
        connection.settimeout(PATIENCE)
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self._script(Talk(connection, nth, self.heard, self._ended))
        except OSError:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=PATIENCE)


def response(status: int = 200, body: bytes = b"", *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", f"Content-Type: {kind}", *headers]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


# Scripts -------------------------------------------------------------------------------------------------------------
def answers(status: int = 200, body: bytes = b"", *headers: str, kind: str = "application/json") -> Script:
    """Answer every request the same."""

    def script(talk: Talk) -> None:
        while talk.read() is not None:
            talk.write(response(status, body, *headers, kind=kind))

    return script


def answers_late(seconds: float, status: int = 200, body: bytes = b"") -> Script:
    def script(talk: Talk) -> None:
        if talk.read() is not None and not talk.ended.wait(seconds):
            talk.write(response(status, body))

    return script


def says(data: bytes) -> Script:
    """Read a request, write these bytes and close."""

    def script(talk: Talk) -> None:
        talk.read()
        talk.write(data)

    return script


def closes_unread(talk: Talk) -> None:
    """Close with what the client has written unread."""
    select.select([talk.connection], [], [], PATIENCE)  # sooner, and the client sees a connection that was never made
    talk.reset()


def closes_in_the_middle(talk: Talk) -> None:
    """Read some of the request and reset the connection."""
    talk.connection.recv(10)
    talk.reset()


def closes_after_reading(talk: Talk) -> None:
    talk.read()


def says_nothing(talk: Talk) -> None:
    talk.read()
    talk.ended.wait(PATIENCE)


def drips(talk: Talk) -> None:
    """Begin an answer and go on with it a byte at a time, without end."""
    talk.read()
    talk.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not talk.ended.is_set():
        talk.write(b" ")
        time.sleep(0.05)


def floods(talk: Talk) -> None:
    """Answer with a body without end."""
    talk.read()
    talk.write(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"id": "7", "rest": "')
    while not talk.ended.is_set():
        talk.write(b"x" * 65536)
