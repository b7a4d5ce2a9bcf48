"""bin/run in front of a person: what it says, the first administrator, a port that is taken, Ctrl-C."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.runner.conftest import PATIENCE, ROOT, processes_using, wait_until


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class Foreground:
    """`python -m runner.front` on a data directory, without the set-up that bin/run does first."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.port = data, port
        given = ("MONGODB_URI", "REDIS_URL", "PUBLIC_URL", "WHATSMASSIVE_DATA")
        environment = {name: value for name, value in os.environ.items() if name not in given}
        self._said = (data.parent / f"said-{port}").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runner.front", "--port", str(port), "--data", str(data)],
            cwd=ROOT,
            env={**environment, "WHATSMASSIVE_ENV": "development"},
            stdin=subprocess.DEVNULL,
            stdout=self._said,
            stderr=self._said,
            start_new_session=True,
        )

    def said(self) -> str:
        self._said.seek(0)
        return self._said.read()

    def ready(self) -> None:
        def up() -> bool:
            assert self.process.poll() is None, self.said()
            return f"http://127.0.0.1:{self.port}\n" in self.said()

        wait_until(up, patience=2 * PATIENCE)

    def interrupt(self) -> int:
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=2 * PATIENCE)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    data = tmp_path / "data"
    yield data
    assert processes_using(data) == []


def sign_in(port: int, name: str, password: str) -> bool:
    session = requests.Session()
    url = f"http://127.0.0.1:{port}/accounts/login/"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', session.get(url, timeout=30).text)
    assert token
    answer = session.post(
        url,
        {"username": name, "password": password, "csrfmiddlewaretoken": token[1]},
        headers={"Referer": url},
        timeout=30,
        allow_redirects=False,
    )
    return answer.status_code == 302


@pytest.mark.timeout(500)
def test_first_start_prints_a_password_once_that_opens_the_pages(data: Path) -> None:
    run = Foreground(data, free_port())
    run.ready()
    told = re.search(r"(?:user|usuario): +(\S+)[\s\S]*?(?:password|contraseña): +(\S+)", run.said())
    assert told, run.said()
    assert sign_in(run.port, told[1], told[2])
    assert not sign_in(run.port, told[1], "admin")
    second = Foreground(data, free_port())
    assert second.process.wait(timeout=PATIENCE) == 2
    assert f"http://127.0.0.1:{run.port}" in second.said()
    assert run.interrupt() == 0
    stops = re.findall(r"(\S+) stopped", run.said())
    assert stops.index("engine") < stops.index("mongod")
    assert stops.index("web") < stops.index("redis")
    assert all(told[2] not in path.read_text(errors="replace") for path in (data / "logs").iterdir())
    again = Foreground(data, free_port())
    again.ready()
    assert "┌" not in again.said()
    again.interrupt()


def test_port_that_is_taken_is_told_before_anything_starts(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        run = Foreground(data, taken.getsockname()[1])
        assert run.process.wait(timeout=PATIENCE) == 2
    assert "--port" in run.said()
    assert not (data / "mongodb").exists()
