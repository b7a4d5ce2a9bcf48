"""Publishing against a real Redis: what arrives, how often, and what happens while Redis is away."""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgpack
import pytest
import redis
from django.conf import settings
from pytest_django import Settings

from live import publish as publishing
from live.events import CampaignChanged, Event, GatewayChanged
from live.publish import Publisher, publish
from runner.embedded import find_redis

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0
"""Seconds that anything may take on a loaded machine."""


class Subscriber:
    """Listens to an event's group as the web processes' channel layer does."""

    def __init__(self, url: str, prefix: str, event: Event) -> None:
        self.client = redis.Redis.from_url(url)
        self.pubsub = self.client.pubsub(ignore_subscribe_messages=True)
        self.pubsub.subscribe(f"{prefix}__group__{event.groups[0]}")
        self.pubsub.get_message(timeout=PATIENCE)

    def events(self, *, until: Callable[[list[dict[str, Any]]], bool] = bool) -> Any:
        """The payloads that come until the condition holds: at once those that have come, and more if need be."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE
        while not until(found) and (left := deadline - time.monotonic()) > 0:
            message = self.pubsub.get_message(timeout=left)
            if message:
                found.append(msgpack.unpackb(message["data"]))
        return found

    def close(self) -> None:
        self.pubsub.close()
        self.client.close()


@contextmanager
def subscribed(event: Event, url: str = "", prefix: str = "") -> Iterator[Subscriber]:
    layer = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    subscriber = Subscriber(url or layer["hosts"][0], prefix or layer["prefix"], event)
    try:
        yield subscriber
    finally:
        subscriber.close()


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    publisher = Publisher()
    yield publisher
    publisher.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OwnRedis:
    """A Redis of one test, to be stopped and started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [find_redis(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""],
            cwd=self.directory,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE
        with redis.Redis.from_url(self.url) as client:
            while time.monotonic() < deadline:
                try:
                    client.ping()
                except redis.ConnectionError:
                    time.sleep(0.02)
                else:
                    return
        raise TimeoutError("Redis did not start")

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None


@pytest.fixture
def own_redis(tmp_path: Path, settings: Settings) -> Iterator[OwnRedis]:
    """A Redis that is not started yet, where the channel layer looks for one."""
    server = OwnRedis(tmp_path)
    settings.CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [server.url], "prefix": "own"},
        },
    }
    yield server
    server.stop()


@pytest.fixture
def connecting(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of the threads that connect to anything."""
    found: set[str] = set()
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        found.add(threading.current_thread().name)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    return found


def wait_for(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def test_publish_reaches_a_subscriber() -> None:
    event = CampaignChanged("c1")
    with subscribed(event) as subscriber:
        publish(event)
        assert subscriber.events() == [
            {"type": "live.event", "kind": "campaign", "id": "c1", "groups": ["campaign.c1", "campaign"]}
        ]


def test_publish_of_one_object_a_thousand_times_is_coalesced(publisher: Publisher) -> None:
    class Numbered(CampaignChanged):
        """Tells one event of the object from the next."""

        number = 0

        def payload(self) -> dict[str, Any]:
            return {**super().payload(), "number": self.number}

    with subscribed(CampaignChanged("c2")) as subscriber:
        began = time.monotonic()
        for number in range(1000):
            event = Numbered("c2")
            object.__setattr__(event, "number", number)
            publisher.put(event)
            time.sleep(0.0008)
        events = subscriber.events(until=lambda found: bool(found) and found[-1]["number"] == 999)
        spent = time.monotonic() - began
    # One at once, and one for each interval since.
    assert len(events) <= 2 + spent / publishing.INTERVAL


def test_publish_keeps_objects_and_types_apart(publisher: Publisher) -> None:
    with subscribed(CampaignChanged("c3")) as campaign, subscribed(GatewayChanged("c3")) as gateway:
        for _ in range(3):
            publisher.put(CampaignChanged("c3"))
            publisher.put(GatewayChanged("c3"))
            publisher.put(CampaignChanged("c4"))
        assert campaign.events()[0]["kind"] == "campaign"
        assert gateway.events()[0]["kind"] == "gateway"


def test_publish_with_redis_away_returns_at_once_and_events_flow_when_it_is_back(
    own_redis: OwnRedis, publisher: Publisher, caplog: pytest.LogCaptureFixture, connecting: set[str]
) -> None:
    caplog.set_level(logging.INFO, logger="live.publish")
    for number in range(50):
        publisher.put(CampaignChanged(str(number)))
    assert wait_for(lambda: len(caplog.records) == 1)
    time.sleep(publishing.RETRY_AFTER * 1.5)  # another attempt fails, and is not told again
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert connecting == {"live-publish"}  # whoever publishes waits for nothing

    own_redis.start()
    event = CampaignChanged("back")
    with subscribed(event, own_redis.url, "own") as subscriber:
        publisher.put(event)
        assert subscriber.events()[0]["id"] == "back"
    assert wait_for(lambda: len(caplog.records) == 2)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_publish_with_redis_stuck_returns_at_once_and_the_last_event_arrives(
    own_redis: OwnRedis, publisher: Publisher
) -> None:
    own_redis.start()
    event = CampaignChanged("stuck")
    with subscribed(event, own_redis.url, "own") as subscriber:
        publisher.put(event)
        assert len(subscriber.events()) == 1
        assert own_redis.process
        own_redis.process.send_signal(signal.SIGSTOP)
        for _ in range(1000):  # none of them waits for an answer, which does not come
            publisher.put(event)
        own_redis.process.send_signal(signal.SIGCONT)
        assert len(subscriber.events()) == 1


def test_publish_keeps_a_bounded_number_of_events(own_redis: OwnRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "MAX_PENDING", 100)
    publisher = Publisher()
    for number in range(1000):
        publisher.put(CampaignChanged(str(number)))
    own_redis.start()
    with subscribed(CampaignChanged("999"), own_redis.url, "own") as subscriber:
        assert len(subscriber.events()) == 1
    publisher.close()
    assert publisher._pending == {}


def test_publish_from_many_threads_uses_one_thread(publisher: Publisher) -> None:
    with subscribed(CampaignChanged("c5")) as subscriber, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: publisher.put(CampaignChanged("c5")), range(200)))
        assert len(subscriber.events()) == 1
    assert publisher._thread is not None


def test_publish_in_a_forked_child_uses_its_own_thread() -> None:
    """Run in a program of its own, because pytest's process holds threads that a fork would break."""
    with subscribed(CampaignChanged("parent")) as parent, subscribed(CampaignChanged("child")) as child:
        program = """
import os, sys, time
import django
django.setup()
from live import publish as publishing
from live.events import CampaignChanged
from live.publish import publish
publish(CampaignChanged("parent"))
while publishing._publisher._pending:
    time.sleep(0.01)
pid = os.fork()
if pid == 0:
    publish(CampaignChanged("child"))
    publishing._publisher.close(50)
    os._exit(0)
publish(CampaignChanged("parent"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""
        subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT, env=program_environment(), timeout=120)
        assert len(parent.events(until=lambda found: len(found) == 2)) == 2
        assert len(child.events()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_publish_just_before_the_end_of_a_program_arrives(host: str) -> None:
    program = """
import django
django.setup()
from live.events import CampaignChanged
from live.publish import publish
for _ in range(10):
    publish(CampaignChanged("exit"))
"""
    url = os.environ["REDIS_URL"].replace("127.0.0.1", host)
    with subscribed(CampaignChanged("exit")) as subscriber:
        subprocess.run(
            [sys.executable, "-c", program],
            check=True,
            cwd=ROOT,
            env={**program_environment(), "REDIS_URL": url},
            timeout=120,
        )
        assert subscriber.events()[0]["id"] == "exit"


def test_the_end_of_a_program_waits_a_second_for_redis_at_most() -> None:
    program = """
import threading
import django
django.setup()
from live.events import CampaignChanged
from live.publish import publish
join = threading.Thread.join
def told(self, timeout=None):
    print(self.name, timeout, flush=True)
    join(self, timeout)
threading.Thread.join = told
publish(CampaignChanged("exit"))
"""
    found = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=ROOT,
        env={**program_environment(), "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"},
        timeout=120,
        capture_output=True,
    )
    assert found.stdout.split() == [b"live-publish", b"1.0"]


def program_environment() -> dict[str, str]:
    """The environment of a program that publishes to where this test listens."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "whatsmassive.settings",
        "MONGODB_NAME": settings.ENV["MONGODB_NAME"],
        "PYTHONPATH": str(ROOT),
    }
