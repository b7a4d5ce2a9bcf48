"""The health addresses of a real web process: alive whatever is away, ready only with MongoDB and Redis."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
import requests

from tests.whatsapp_web.browser import wait_for
from whatsmassive.broker_watch import asking

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = {
    "MONGODB_URI": "mongodb://whatsmassive:secret-of-mongodb@127.0.0.1:9/?replicaSet=rs0",
    "REDIS_URL": "redis://:secret-of-redis@127.0.0.1:9/0",
}


@contextmanager
def web(log: Path, **environment: str) -> Iterator[str]:
    """The web process's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "whatsmassive.web", "-b", "127.0.0.1", "-p", str(port)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
        )

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return requests.get(f"{url}/health/", timeout=60).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    try:
        wait_for(answers, seconds=90, what="the web process answers")
        yield url
    finally:
        process.kill()
        process.wait()


def get(url: str, **more: str) -> tuple[int, dict[str, str]]:
    answer = requests.get(url, headers=more, timeout=60)
    return answer.status_code, answer.json()


def test_health_tells_what_is_there(tmp_path: Path) -> None:
    with web(tmp_path / "log") as url:
        # By whatever name it is asked: a probe knows the address only.
        assert get(f"{url}/health/", Host="10.1.2.3") == (200, {"web": "ok"})
        assert healthy("web", PORT=url.rpartition(":")[2])
        assert get(f"{url}/health/ready/", Host="10.1.2.3") == (200, {"mongodb": "ok", "redis": "ok"})
        assert requests.post(f"{url}/health/", timeout=60).status_code == 405
        assert get(f"{url}/health/other/")[0] == 404


@pytest.mark.parametrize("name", list(NOWHERE))
def test_readiness_names_what_is_away_and_nothing_more(tmp_path: Path, name: str) -> None:
    with web(tmp_path / "log", **{name: NOWHERE[name]}) as url:
        away = {"MONGODB_URI": "mongodb", "REDIS_URL": "redis"}[name]
        told = {"mongodb": "ok", "redis": "ok", away: "away"}
        assert get(f"{url}/health/ready/") == (503, told)
        assert get(f"{url}/health/") == (200, {"web": "ok"})


def test_worker_is_healthy_while_it_hears_from_the_broker(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ask = asking(redis.Redis.from_url(os.environ["REDIS_URL"]), ready=ready)
    assert ask()
    assert not ready.exists()  # it hears, and is not ready yet
    assert not healthy("worker", WHATSMASSIVE_READY_FILE=str(ready))
    ready.touch()
    long_ago = ready.stat().st_mtime - 600
    os.utime(ready, (long_ago, long_ago))
    assert not healthy("worker", WHATSMASSIVE_READY_FILE=str(ready))
    assert ask()
    assert healthy("worker", WHATSMASSIVE_READY_FILE=str(ready))
    os.utime(ready, (long_ago, long_ago))
    assert not asking(redis.Redis.from_url(NOWHERE["REDIS_URL"]), ready=ready)()
    assert not healthy("worker", WHATSMASSIVE_READY_FILE=str(ready))


def healthy(kind: str, **environment: str) -> bool:
    """What a container's health check says."""
    check = [str(ROOT / "bin" / "healthy"), kind]
    return subprocess.run(check, env={**os.environ, **environment}, check=False, timeout=60).returncode == 0
