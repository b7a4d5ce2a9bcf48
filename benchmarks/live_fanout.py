"""What an event costs a web process, by how many sockets look on.

    .venv/bin/python benchmarks/live_fanout.py [--sockets 1 100 500] [--events 20]

The consumers are the product's, in one process, on a Redis of its own; what a browser would be sent is counted. All
sockets watch the same fragment, as the panel's do, so it is rendered once for all. An event goes to the two groups that
it always goes to. Prints one JSON object: the process's CPU seconds an event (the median, what the process spends while
nothing happens taken off), and how many times that of one socket it is.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

from runner.embedded import find_redis  # noqa: E402
from runner.ports import HOST, kept_ports  # noqa: E402

ROUND = 0.6
"""Seconds after an event in which everything that it brings about happens: two renderings' distance and some."""


@contextmanager
def own_redis() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        port = kept_ports(Path(folder), ["redis"])["redis"]
        command = [find_redis(), "--port", str(port), "--bind", HOST, "--save", ""]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
            try:
                yield f"redis://{HOST}:{port}/0"
            finally:
                process.kill()


class Onlooker:
    """A page's socket without a page: it counts what it is sent."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._said = [{"type": "websocket.connect"}]
        user = SimpleNamespace(is_authenticated=True, is_active=True)
        self._scope = {"type": "websocket", "user": user, "query_string": b"f=benchmark:one", "cookies": {}}

    def open(self, application: Any) -> asyncio.Task[None]:
        return asyncio.create_task(application(self._scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        return self._said.pop() if self._said else await asyncio.Future()

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            raise SystemExit(f"a socket was closed: {message}")
        if "text" in message:
            self.texts.append(message["text"])


async def seen(onlookers: list[Onlooker], text: str) -> None:
    async with asyncio.timeout(60):
        while not all(one.texts and text in one.texts[-1] for one in onlookers):
            await asyncio.sleep(0.01)


async def measured(sockets: int, events: int) -> float:
    """CPU seconds an event with so many sockets."""
    from channels.layers import get_channel_layer

    from live.consumers import LiveConsumer
    from live.events import CampaignChanged

    application = LiveConsumer.as_asgi()
    onlookers = [Onlooker() for _ in range(sockets)]
    tasks = [one.open(application) for one in onlookers]
    await seen(onlookers, f"<b>{SHOWN['number']}</b>")
    layer, event = get_channel_layer(), CampaignChanged("one")
    spent, idle = [], []
    for _ in range(events):
        await asyncio.sleep(ROUND)  # what went before is over
        before = time.process_time()
        await asyncio.sleep(ROUND)
        between = time.process_time()
        SHOWN["number"] += 1
        for group in event.groups:
            await layer.group_send(group, event.payload())
        await asyncio.sleep(ROUND)
        spent.append(time.process_time() - between)
        idle.append(between - before)
        await seen(onlookers, f"<b>{SHOWN['number']}</b>")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return max(0.0, statistics.median(spent) - statistics.median(idle))


SHOWN = {"number": 0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sockets", type=int, nargs="+", default=[1, 100, 500])
    parser.add_argument("--events", type=int, default=20)
    arguments = parser.parse_args()
    with own_redis() as url:
        os.environ["REDIS_URL"] = url
        import django

        django.setup()
        from live.fragments import Fragment, of_object, register

        class Counted(Fragment):
            """Its template costs nothing: what is measured happens around it."""

            def render(self, key: str, **_given: Any) -> str:
                return f'<p id="{self.name}"><b>{SHOWN["number"]}</b></p>'

        register(Counted("benchmark", "", of_object("campaign"), lambda key: SHOWN))
        found = {number: asyncio.run(measured(number, arguments.events)) for number in arguments.sockets}
    first = found[arguments.sockets[0]]
    figures = {
        number: {"cpu_seconds_an_event": round(spent, 5), "times_the_first": round(spent / first, 1) if first else None}
        for number, spent in found.items()
    }
    print(json.dumps({"events": arguments.events, "sockets": figures}))


if __name__ == "__main__":
    main()
