"""A wire to a server that a test can cut and join again: a TCP proxy on a port of its own."""

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit, urlunsplit


class Wire:
    """Carries connections to `host:port` while it is whole; cut, it closes them and takes no more."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._ends: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self.port = 0
        self.join()

    def join(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        assert self._listener is not None
        # Closing alone would leave the thread that accepts, and the port with it.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ends, self._ends = self._ends, []
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            with self._lock:
                self._ends += [near, far]
            for origin, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(origin, target), daemon=True).start()

    @staticmethod
    def _carry(origin: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := origin.recv(65_536):
                target.sendall(data)
        for end in (origin, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def wired(address: str, *, query: str = "") -> tuple[Wire, str]:
    """A wire to the server at an address, and the address through it, with `query` in the place of its own."""
    parts = urlsplit(address)
    assert parts.hostname is not None and parts.port is not None
    wire = Wire(parts.hostname, parts.port)
    return wire, urlunsplit(parts._replace(netloc=f"127.0.0.1:{wire.port}", query=query))
