"""The services of a test session (tests/services.py) end with it, however it ends."""

import os
import subprocess
import sys
from pathlib import Path

from runner.processes import tagged
from tests.runner.conftest import ROOT, is_alive, wait_until

LEAVING = """
import os, pathlib, subprocess

def test_leaving():
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pathlib.Path(os.environ["SEEN"]).write_text(str(child.pid))
"""
SLEEPING = """
import os, pathlib, time

def test_sleeping():
    pathlib.Path(os.environ["SEEN"]).write_text(os.environ["WHATSMASSIVE_RUN"] + " " + os.environ["WHATSMASSIVE_DATA"])
    time.sleep(600)
"""


def start_session(test: Path, code: str, seen: Path) -> subprocess.Popen[bytes]:
    test.write_text(code)
    given = ("MONGODB_URI", "REDIS_URL")
    environment = {name: value for name, value in os.environ.items() if name not in given}
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    return subprocess.Popen(
        [*command, str(test)], cwd=ROOT, env={**environment, "SEEN": str(seen)}, stdout=subprocess.DEVNULL
    )


def test_ended_session_takes_along_what_a_test_left(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    assert start_session(tmp_path / "test_leaving.py", LEAVING, seen).wait() == 0
    assert is_alive(int(seen.read_text())) is False


def test_killed_session_leaves_no_process_and_no_directory(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    session = start_session(tmp_path / "test_sleeping.py", SLEEPING, seen)
    try:
        wait_until(lambda: seen.exists() and seen.read_text() != "")
        run_id, data = seen.read_text().split()
        assert len(tagged(run_id)) == 2
        assert Path(data).is_dir()
    finally:
        session.kill()
        session.wait()
    wait_until(lambda: not tagged(run_id) and not Path(data).exists())
