"""bin/demo to its end, while each of its processes is killed in turn: the counts agree, nobody gets a text twice."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.progress import until
from tests.pages.web import ROOT

pytestmark = pytest.mark.timeout(900)

KILLED = (
    "engine",
    "whatsapp",
    "redis",
    "web",
    "sms1",
    "mongod",
    "sessions",
    "chromedriver",
    "campaigns",
    "beat",
    "sms2",
)
PEOPLE = 50


class Killer(threading.Thread):
    """Kills the demo's services one after another, each once so much more has arrived."""

    def __init__(self, data: Path, process: subprocess.Popen[str]) -> None:
        super().__init__(daemon=True)
        self.data, self.process = data, process
        self.killed: list[str] = []

    def run(self) -> None:
        for number, name in enumerate(KILLED, start=1):
            while self.arrived() < number * 10:
                if self.process.poll() is not None:
                    return
                threading.Event().wait(0.2)
            self.kill(name)
            if name == "sessions":
                self.kill_a_browser()

    def arrived(self) -> int:
        found = 0
        for name in ("whatsapp.jsonl", "sms.jsonl"):
            try:
                found += (self.data / name).read_text().count('"accepted"')
            except OSError:
                return 0
        return found

    def kill(self, name: str) -> None:
        try:
            told: dict[str, Any] = json.loads((self.data / "runner.json").read_text())
            os.kill(told["services"][name]["pid"], signal.SIGKILL)
        except (OSError, ValueError, TypeError, KeyError):
            return  # it is being started again just now
        self.killed.append(name)

    def kill_a_browser(self) -> None:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if any(str(self.data / "profiles") in word for word in words) and not any("--type=" in w for w in words):
                process.kill()
                self.killed.append("browser")
                return


def test_demo_agrees_with_the_journals_though_everything_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    port = 8_600 + os.getpid() % 300
    command = [sys.executable, "-m", "demo", "--once", "--json", "--people", str(PEOPLE)]
    with (tmp_path / "said").open("w+") as said:
        process = subprocess.Popen(
            [*command, "--data", str(data), "--port", str(port)],
            cwd=ROOT,
            env={**os.environ, "LANE_LEASE_SECONDS": "8"},
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
            start_new_session=True,
        )
        killer = Killer(data, process)
        killer.start()
        out, _ = process.communicate(timeout=800)
        said.seek(0)
        told = said.read()
    assert process.returncode == 0, told
    report = json.loads(out.strip().splitlines()[-1])
    assert len(killer.killed) >= len(KILLED) - 2, killer.killed
    assert report["duplicates"] == 0
    assert [row["total"] for row in report["campaigns"]] == [PEOPLE] * 3
    reached = sum(row[name] for row in report["campaigns"] for name in ("sent", "delivered", "read"))
    assert reached <= report["received_by_simulators"] <= reached + sum(row["uncertain"] for row in report["campaigns"])
    until(lambda: not left_of(data), moved=lambda: len(left_of(data)), report=lambda: str(left_of(data)))


def left_of(data: Path) -> list[list[str]]:
    """The command lines of processes that still work on the demo's directory."""
    lines = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return [line for line in lines if any(str(data) in word for word in line)]
