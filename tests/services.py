"""The pytest plugin that gives the tests their MongoDB and Redis; pyproject.toml loads it before Django's settings.

The servers are those of bin/services, on a directory of their own: in memory where there is room, else under the
system's temporary one. They start while the tests are being collected, and a guard ends them even if pytest is killed.
Set MONGODB_URI and REDIS_URL to use others.
"""

import contextlib
import faulthandler
import os
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.embedded import addresses, servers, wanted
from runner.guard import Guard
from runner.ports import kept_ports
from runner.processes import TAG, end_all, nested_run_id
from runner.supervisor import Supervisor

PATIENCE = 150.0
"""Seconds that the servers may take to start on a loaded machine: they need three."""

MEMORY = Path("/dev/shm")
ROOM = 4 * 1024**3
"""Bytes that must be free in memory. A session's servers take 0.3 GB at first and seldom 0.5; several run abreast."""


def roomy() -> Path | None:
    """Where MongoDB waits for no disk at each write; None for the system's choice. No test's data outlives it."""
    with contextlib.suppress(OSError):
        if not os.environ.get("TMPDIR") and shutil.disk_usage(MEMORY).free >= ROOM:
            return MEMORY
    return None


STANDARD_ERROR = os.dup(2)
"""As it was before pytest catches what tests write to it: this plugin is loaded earlier."""


class TestServices:
    """The servers of one test session."""

    __test__ = False

    def __init__(self) -> None:
        given = dict(os.environ)
        self.data = Path(tempfile.mkdtemp(prefix="whatsmassive-tests-", dir=roomy()))
        ports = kept_ports(self.data, wanted(given))
        self.environment = {
            **addresses(given, ports),
            "WHATSMASSIVE_ENV": "test",
            "SYSTEM_LOG": "no",  # a thread that writes between two tests would be a surprise to both
            "WHATSMASSIVE_DATA": str(self.data),
            TAG: nested_run_id(secrets.token_hex(6)),
        }
        # Programs that tests start inherit the tag, and so end with the session.
        os.environ.update(self.environment)
        self.guard = Guard(self.environment[TAG], data=self.data, remove_data=True)
        self.messages: list[str] = []
        self.supervisor = Supervisor(
            guard=self.guard,
            logs=self.data / "logs",
            environment=os.environ,
            announce=self.messages.append,
        )
        self.supervisor.add(servers(self.data, ports, {**given, TAG: self.environment[TAG]}))
        self._thread = threading.Thread(target=self.supervisor.run, name="services", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wait(self) -> None:
        """Wait until the servers answer. Ends the session when they don't."""
        failure = self.supervisor.wait_until_ready(PATIENCE)
        if failure:
            pytest.exit(f"The tests' services did not start: {failure}", returncode=1)

    def stop(self) -> None:
        if self._thread.is_alive():
            self.supervisor.stop()
            self._thread.join()
            # What a test started and left is found by the tag it inherited.
            end_all(self.environment[TAG], grace=2.0)
            self.guard.dismiss()
        shutil.rmtree(self.data, ignore_errors=True)


KEY = pytest.StashKey[TestServices]()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set the addresses before pytest-django loads the settings."""
    # A shell without job control has what it runs in the background ignore Ctrl-C, and so would what tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # A session that is cut off says what each of its threads was at.
    faulthandler.register(signal.SIGTERM, file=STANDARD_ERROR, chain=True)
    early_config.stash[KEY] = TestServices()


def pytest_sessionstart(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        session.config.stash[KEY].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if KEY in config.stash:
        config.stash[KEY].stop()


@pytest.fixture(scope="session", autouse=True)
def services(request: pytest.FixtureRequest) -> Iterator[TestServices]:
    """The running servers: every test may count on them."""
    running = request.config.stash[KEY]
    running.wait()
    yield running
