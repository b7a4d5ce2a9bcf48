"""Ways to see that a service that was started answers: real requests, because a port opens before its service works.

Each is asked again and again while the service starts, and answers at once or within a second.
"""

import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from runner.ports import HOST

PATIENCE = 1.0


class Readiness(Protocol):
    def reset(self) -> None:
        """Forget what an earlier process of the service showed."""

    def ready(self) -> bool: ...


class _Asks:
    """Sends a few bytes to a port and looks at how the answer begins."""

    def __init__(self, port: int, *, question: bytes, answer: bytes) -> None:
        self.port, self.question, self.answer = port, question, answer

    def reset(self) -> None:
        return

    def ready(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=PATIENCE) as connection:
                connection.sendall(self.question)
                return connection.recv(64).startswith(self.answer)
        except OSError:
            return False


def answers_redis(port: int) -> Readiness:
    return _Asks(port, question=b"PING\r\n", answer=b"+PONG")


def answers_http(port: int) -> Readiness:
    request = f"GET / HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    return _Asks(port, question=request.encode(), answer=b"HTTP/1.1 ")


class FileAppears:
    """The service makes this file when it works (whatsmassive/celery.py does, by WHATSMASSIVE_READY_FILE)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def reset(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)

    def ready(self) -> bool:
        return self.path.exists()


class CommandSucceeds:
    """A command that finishes the service's start-up and ends with 0 when the service works."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.command, self.environment = list(command), dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def reset(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def ready(self) -> bool:
        if self._process is None:
            self._process = subprocess.Popen(
                self.command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        code = self._process.poll()
        if code not in (None, 0):
            self._process = None
        return code == 0


class EndsWell:
    """Never ready while it runs: for a step that must end with 0 (see Service.once)."""

    def reset(self) -> None:
        return

    def ready(self) -> bool:
        return False
