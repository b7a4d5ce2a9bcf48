"""Each way to send that the benchmark compares really sends every message once, and prints what it measured."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCES = ROOT / "benchmarks" / "references"
MESSAGES = 20


@pytest.fixture(scope="module")
def sink() -> Iterator[str]:
    program = [sys.executable, REFERENCES / "sink.py"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


def ask(url: str) -> dict[str, Any]:
    with urlopen(url, timeout=60) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


@pytest.mark.parametrize(
    ("program", "more"),
    [
        (REFERENCES / "send_limit.py", ["4"]),
        (REFERENCES / "send_loop.py", []),
        (REFERENCES / "send_queue.py", ["4"]),
        (ROOT / "benchmarks" / "send_lane.py", ["4"]),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_contender_sends_each_message_once(sink: str, program: Path, more: list[str]) -> None:
    ask(f"{sink}/reset")
    own = {"DATABASE": "smoke_reference", "MONGODB_NAME": "smoke_lane"}
    addresses = {"URI": os.environ["MONGODB_URI"], "REDIS": os.environ["REDIS_URL"]}
    done = subprocess.run(
        [sys.executable, program, sink, str(MESSAGES), *more],
        env={**os.environ, **addresses, **own},
        capture_output=True,
        text=True,
        check=True,
        timeout=150,
    )
    told = json.loads(done.stdout)
    assert (told["messages"], told["seconds"] > 0) == (MESSAGES, True)
    arrived = ask(f"{sink}/stats")
    assert (arrived["arrivals"], arrived["recipients"]) == (MESSAGES, MESSAGES)
