"""How fast the engine sends SMS, and in how much memory, against references on the same machine in the same minutes.

    .venv/bin/python benchmarks/send_sms.py [--messages 5000] [--lanes 2] [--concurrency 16] [--latency 0] [--rounds 3]

Runs MongoDB and Redis of its own in a temporary data directory. In each round every contender sends to the same
gateway, an HTTP sink that tells whether each number got exactly one message, or the benchmark fails:

    limit    an HTTP client that stores nothing                                 references/send_limit.py
    loop     one message after another, each write awaited; a tenth of them     references/send_loop.py
    queue    a job a message in Redis, so many at once, four writes a message   references/send_queue.py
    lane     the engine: one lane, its slices called in one process             send_lane.py
    workers  the product: bin/services --workers, `campaign start` to completed, over --lanes lines

The lane has as many requests at once as each reference; the workers have that many on every line, so only with
--lanes 1 are they compared like with like.

Prints one JSON object; figures are medians of the rounds, in messages a second, and ratios medians of the ratios within
a round. `workers` is counted from the stored start to the stored completion, enrolling included; `workers_sending` from
the first arrival to the last. Memory is the largest of any round: for the workers, both SMS workers together.
"""

import argparse
import csv
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pymongo

ROOT = Path(__file__).resolve().parent.parent
HERE = Path("benchmarks")
BODY = '{"phoneNumbers": ["{phone}"], "textMessage": {"text": "{message}"}, "id": "{id}"}'
GIVEN = ("MONGODB_URI", "REDIS_URL", "MONGODB_NAME", "WHATSMASSIVE_DATA", "WHATSMASSIVE_ENV", "PUBLIC_URL")

Measured = dict[str, float]
"""A contender's messages, seconds and memory_mb in one round; more figures may stand beside them."""


def command(arguments: Sequence[str | Path], environment: Mapping[str, str]) -> str:
    """Runs a Python program of this project to its end; what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, arguments))} failed:\n{done.stdout}\n{done.stderr}")
    return done.stdout


def measured(arguments: Sequence[str | Path], environment: Mapping[str, str]) -> Measured:
    """Runs a contender's program: the JSON that it printed, and the process's largest memory."""
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{arguments[0]} ended with {process.returncode}")
        output.seek(0)
        found: Measured = json.loads(output.read())
    # In bytes on macOS, else in KiB.
    return {**found, "memory_mb": usage.ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)}


class Sink:
    """The running gateway: where it is, and what arrived there."""

    def __init__(self, url: str) -> None:
        self.url = url

    def reset(self) -> None:
        self._get("/reset")

    def arrived(self, messages: int) -> float:
        """The seconds from the first arrival to the last. Ends the benchmark unless each number got one message."""
        told = self._get("/stats")
        if (told["arrivals"], told["recipients"]) != (messages, messages):
            raise SystemExit(f"{messages} were to arrive once each, but the sink tells {told}")
        return float(told["seconds"])

    def _get(self, path: str) -> dict[str, Any]:
        with urlopen(self.url + path, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found


@contextmanager
def running_sink(latency: float) -> Iterator[Sink]:
    arguments = [sys.executable, HERE / "references" / "sink.py", "--latency", str(latency)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Sink(json.loads(process.stdout.readline())["url"])
        finally:
            process.terminate()


@contextmanager
def services(data: Path, environment: Mapping[str, str], *arguments: str) -> Iterator[dict[str, str]]:
    """What bin/services starts on a data directory; the environment by which programs reach it."""
    runner = ("-m", "runner", "--data", data)
    try:
        command([*runner, "start", *arguments], environment)
        lines = command([*runner, "env"], environment).splitlines()
        yield {**environment, **dict(line.split("=", 1) for line in lines)}
    finally:
        command([*runner, "stop"], environment)


class Contenders:
    """The five ways to send, each a method that sends to the sink and measures."""

    def __init__(self, options: argparse.Namespace, sink: Sink, environment: Mapping[str, str], folder: Path) -> None:
        self._messages: int = options.messages
        self._lanes: int = options.lanes
        self._concurrency = str(options.concurrency)
        self._sink = sink
        self._folder = folder
        self._environment = {**environment, "URI": environment["MONGODB_URI"], "REDIS": environment["REDIS_URL"]}

    def limit(self) -> Measured:
        return self._program(HERE / "references" / "send_limit.py", self._messages, self._concurrency)

    def loop(self) -> Measured:
        return self._program(HERE / "references" / "send_loop.py", max(1, self._messages // 10))

    def queue(self) -> Measured:
        return self._program(HERE / "references" / "send_queue.py", self._messages, self._concurrency)

    def lane(self) -> Measured:
        return self._program(HERE / "send_lane.py", self._messages, self._concurrency)

    def _program(self, program: Path, messages: int, *more: str) -> Measured:
        own = {"DATABASE": "benchmark_reference", "MONGODB_NAME": "benchmark_lane"}
        found = measured([program, self._sink.url, str(messages), *more], {**self._environment, **own})
        self._sink.arrived(messages)
        return found

    def workers(self) -> Measured:
        name = "benchmark_workers"
        environment = {**self._environment, "MONGODB_NAME": name, "ALLOW_PRIVATE_GATEWAYS": "yes"}
        with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URI"]) as client:
            client.drop_database(name)
            with services(self._folder / "workers", environment, "--workers") as ready:
                self._prepare(ready)
                self._sink.reset()  # what sets a line up may have called it
                command(["manage.py", "campaign", "start", "benchmark", "--wait", "--json"], ready)
                sending = self._sink.arrived(self._messages)
                memory = self._workers_memory(ready)
            [campaign] = client[name].campaigns_campaign.find()
            client.drop_database(name)
        seconds = (campaign["completed_at"] - campaign["started_at"]).total_seconds()
        return {"messages": self._messages, "seconds": seconds, "sending_seconds": sending, "memory_mb": memory}

    def _prepare(self, environment: Mapping[str, str]) -> None:
        """The debtors, the lines and the campaign, by the product's own commands."""
        table = self._folder / "debtors.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            rows = ((f"n{n}", f"+569{40_000_000 + n}", n + 1) for n in range(self._messages))
            csv.writer(file).writerows([("nombre", "telefono", "deuda"), *rows])
        manage = "manage.py"
        command([manage, "pool", "add", "benchmark", "--channel", "sms"], environment)
        fields = [f"url={self._sink.url}/messages", "method=POST", f"body={BODY}", f"concurrency={self._concurrency}"]
        sets = [part for field in fields for part in ("--set", field)]
        for lane in range(self._lanes):
            kind = ("--kind", "http_generic", "--pool", "benchmark")
            command([manage, "gateway", "add", f"line {lane}", *kind, *sets], environment)
        text = ("--message", "Hola {nombre}, su deuda es {deuda}", "--window", "none")
        chosen = ("--channel", "sms", "--sms-pool", "benchmark", "--audience", table)
        command([manage, "campaign", "create", "benchmark", *chosen, *text], environment)

    def _workers_memory(self, environment: Mapping[str, str]) -> float:
        """The largest memory of the SMS workers together, in MB; 0 where there is no /proc."""
        told = json.loads(
            command(["-m", "runner", "--data", self._folder / "workers", "status", "--json"], environment)
        )
        pids = [facts["pid"] for name, facts in told["services"].items() if name.startswith("sms")]
        files = [Path(f"/proc/{pid}/status") for pid in pids]
        lines = (line for file in files if file.exists() for line in file.read_text().splitlines())
        return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def machine(environment: Mapping[str, str]) -> dict[str, Any]:
    with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URI"]) as client:
        mongod = client.server_info()["version"]
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "mongod": mongod,
    }


def figures(rounds: Mapping[str, Sequence[Measured]]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, each in rounds.items():
        speeds = [one["messages"] / one["seconds"] for one in each]
        found[name] = {
            "messages_per_second": round(statistics.median(speeds)),
            "all_rounds": [round(speed, 1) for speed in speeds],
            "memory_mb": round(max(one["memory_mb"] for one in each)),
        }
    sending = [one["messages"] / max(one["sending_seconds"], 0.001) for one in rounds["workers"]]
    found["workers_sending"] = {
        "messages_per_second": round(statistics.median(sending)),
        "all_rounds": [round(speed, 1) for speed in sending],
        "memory_mb": found["workers"]["memory_mb"],
    }
    return found


def ratios(found: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Ours to theirs, each round by itself: what else the machine did then slowed both."""
    return {
        f"{ours}_to_{theirs}": round(
            statistics.median(
                mine / other for mine, other in zip(found[ours]["all_rounds"], found[theirs]["all_rounds"], strict=True)
            ),
            3,
        )
        for ours in ("lane", "workers", "workers_sending")
        for theirs in ("limit", "loop", "queue")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--lanes", type=int, default=2, help="lines of the pool, for the workers")
    parser.add_argument("--concurrency", type=int, default=16, help="requests at once, of a line and of a reference")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that the gateway takes to answer")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN}
    rounds: dict[str, list[Measured]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="whatsmassive-benchmark-") as folder,
        running_sink(options.latency) as sink,
        services(Path(folder) / "servers", clean) as environment,
    ):
        contenders = Contenders(options, sink, environment, Path(folder))
        ways: list[Callable[[], Measured]] = [
            *(contenders.limit, contenders.loop, contenders.queue),
            *(contenders.lane, contenders.workers),
        ]
        for _round in range(options.rounds):
            for way in ways:
                sink.reset()
                rounds[way.__name__].append(way())
        facts = machine(environment)
    found = figures(rounds)
    print(
        json.dumps(
            {"benchmark": "send_sms", **vars(options), "machine": facts, "figures": found, "ratios": ratios(found)}
        )
    )


if __name__ == "__main__":
    main()
