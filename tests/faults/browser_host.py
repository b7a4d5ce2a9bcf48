"""A cluster with a browser host: its WebDriver server, its workers, and every browser that these have started."""

import os
import secrets
import signal
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from runner.processes import PROC, TAG, end_all, is_browser, members, nested_run_id, relations, with_descendants
from sessions_app.models import Session
from tests.faults.cluster import ENGINE, Cluster, worker
from tests.faults.progress import until

DRIVER = "chromedriver"
HANDLERS = 2
"""A browser's helpers that report crashes: nobody's children, and they end with it."""

PROCESSES = {
    DRIVER: [],
    **ENGINE,
    "sessions": worker("sessions.main", 8),
    # Two of them, so that one can go on with what the other was sending.
    "whatsapp1": worker("whatsapp.main", 16),
    "whatsapp2": worker("whatsapp.main", 16),
}


class BrowserHost(Cluster):
    """The engine with the workers of WhatsApp. Its end takes the browsers with it, and proves that."""

    def __init__(self, *, database: str, logs: Path, whatsapp_url: str, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.run = nested_run_id(secrets.token_hex(6))
        super().__init__(
            database=database,
            logs=logs,
            processes=PROCESSES,
            BROWSER_HOST="main",
            SELENIUM_URL=f"http://127.0.0.1:{self._port}",
            WHATSAPP_WEB_URL=whatsapp_url,
            **{TAG: self.run},
            **environment,
        )

    def __enter__(self) -> Self:
        try:
            super().__enter__()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        end_all(self.run, grace=2.0)
        assert not members(self.run, (), spared=())

    def command(self, name: str) -> list[str]:
        return [DRIVER, f"--port={self._port}", "--log-level=SEVERE"] if name == DRIVER else super().command(name)

    def wait_ready(self, name: str) -> None:
        if name != DRIVER:
            super().wait_ready(name)
            return
        until(self._driver_answers, moved=lambda: None, report=self.all_logs)

    def _driver_answers(self) -> bool:
        with suppress(requests.RequestException):
            answer: dict[str, Any] = requests.get(f"http://127.0.0.1:{self._port}/status", timeout=5).json()
            return bool(answer["value"]["ready"])
        return False

    def end(self, name: str) -> None:
        """In good order: it finishes what it has begun."""
        process = self.running.pop(name)
        process.terminate()
        process.wait(timeout=120)

    # Browsers ---------------------------------------------------------------------------------------------------------
    def browsers(self) -> set[int]:
        """The browsers' own processes, whether or not a session knows them."""
        return {pid for pid in members(self.run, (), spared=()) if is_browser(pid)}

    def signal_browser(self, session: Session, number: signal.Signals) -> None:
        """Send it to a session's browser and all that it has started."""
        for pid in with_descendants({session.browser["pid"]}, relations()):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def strays(self) -> dict[int, str]:
        """The processes that nobody looks after, with their command lines: of no browser of a session, and not ours."""
        known = {session.browser["pid"] for session in Session.objects.all() if session.browser}
        related = relations()
        ours = {process.pid for process in self.running.values()} | with_descendants(known, related)
        left = {pid: _command_line(pid) for pid in members(self.run, (), spared=()) - ours}
        handlers = sorted(pid for pid, line in left.items() if "chrome_crashpad_handler" in line)
        for pid in handlers[: HANDLERS * len(known & related.keys())]:
            del left[pid]
        return {pid: line for pid, line in left.items() if line}


def _command_line(pid: int) -> str:
    """Empty for a process that has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    except OSError:
        return ""
