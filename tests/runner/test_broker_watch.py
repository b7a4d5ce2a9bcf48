"""A worker that lost the broker ends itself: softly first, hard when that does not help."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.workers import workers
from tests.runner.conftest import ROOT, Installation, wait_until
from whatsmassive.broker_watch import EXIT_CODE, Watch


class Surroundings:
    """A broker that answers as listed, and a clock that moves only by sleeping."""

    def __init__(self, answers: list[bool]) -> None:
        self.answers = iter([*answers, *[False] * 1000])
        self.now = 0.0
        self.happened: list[tuple[str, float]] = []

    def watch(self) -> Watch:
        return Watch(
            answers=lambda: next(self.answers),
            end_softly=lambda: self.happened.append(("soft", self.now)),
            end_hard=lambda: self.happened.append(("hard", self.now)),
            limit=30,
            last_chance=60,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_lost_broker_ends_softly_after_the_limit_and_hard_after_the_last_chance() -> None:
    around = Surroundings([True])
    around.watch().run()
    assert around.happened == [("soft", 30.0), ("hard", 90.0)]


def test_broker_that_returns_in_time_starts_the_limit_anew() -> None:
    around = Surroundings([True, False, False, False, False, True])
    around.watch().run()
    assert around.happened == [("soft", 55.0), ("hard", 115.0)]


@pytest.fixture
def broker(installation: Installation) -> Iterator[Installation]:
    """A Redis of its own; MongoDB is the session's."""
    installation.environment["MONGODB_URI"] = os.environ["MONGODB_URI"]
    installation.start()
    yield installation


# Shutting down softly talks to the broker, which takes long when it is silent: so that one is ended hard.
@pytest.mark.parametrize(("how", "code"), [("gone", 0), ("silent", EXIT_CODE)])
def test_worker_ends_when_its_broker_is(broker: Installation, tmp_path: Path, how: str, code: int) -> None:
    ready = tmp_path / "ready-file"
    command = next(service.command for service in workers(tmp_path, web_port=1, servers=[]) if service.name == "sms1")
    worker = subprocess.Popen(
        command,
        cwd=ROOT,
        env={
            **broker.environment,
            "REDIS_URL": broker.env()["REDIS_URL"],
            "WHATSMASSIVE_READY_FILE": str(ready),
            "WHATSMASSIVE_BROKER_LOSS_LIMIT": "2",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(ready.exists)
        if how == "gone":
            broker.call("stop")
        else:
            os.kill(broker.fact("redis", "pid"), signal.SIGSTOP)
        assert worker.wait(timeout=120) == code
    finally:
        if how == "silent":
            os.kill(broker.fact("redis", "pid"), signal.SIGCONT)
        worker.kill()
        worker.wait()
