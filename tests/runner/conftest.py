"""A data directory of its own, the command line of bin/services on it, and a look at what a run left behind."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.processes import PROC, TAG, end_all, relations, tagged

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 90.0
"""How long anything may take on a loaded machine before a test fails."""


class Installation:
    """`bin/services` on a directory of its own, without the set-up that it does first."""

    def __init__(self, data: Path) -> None:
        self.data = data
        given = ("MONGODB_URI", "REDIS_URL", "PUBLIC_URL")
        self.environment = {name: value for name, value in os.environ.items() if name not in given}

    def call(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "runner", "--data", str(self.data), *arguments],
            cwd=ROOT,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )

    def start(self, *arguments: str, **variables: str) -> None:
        done = self.call("start", *arguments, **variables)
        assert (done.returncode, done.stderr) == (0, "")

    def told(self, file: str = "services.json") -> dict[str, Any]:
        try:
            return dict(json.loads((self.data / file).read_text()))
        except FileNotFoundError:
            return {}

    def fact(self, service: str, key: str) -> Any:
        return self.told().get("services", {}).get(service, {}).get(key)

    def env(self) -> dict[str, str]:
        lines = self.call("env").stdout.splitlines()
        return dict(line.split("=", 1) for line in lines)


def wait_until(condition: Callable[[], bool], *, patience: float = PATIENCE) -> None:
    """Wait until the condition holds; fails when it does not in time."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < patience, "it did not happen in time"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    return pid in relations()  # which leaves out zombies


def processes_using(path: Path) -> list[str]:
    """The command lines that name a path, whether they carry a tag or not."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(path) in line:
                found.append(line)
    return found


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.call("stop")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose servers run, shared by the tests of a module."""
    made = Installation(tmp_path_factory.mktemp("running"))
    made.start()
    yield made
    made.call("stop")


@pytest.fixture
def run_tag() -> Iterator[str]:
    """A run id below this session's own, whose processes are ended afterwards."""
    run_id = f"{os.environ[TAG]}.{time.monotonic_ns()}"
    yield run_id
    end_all(run_id, grace=0)
    assert tagged(run_id) == set()
