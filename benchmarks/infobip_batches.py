"""How much faster many messages in a request are than one, through Infobip's stand-in that takes its time to answer.

    .venv/bin/python benchmarks/infobip_batches.py [--messages 5000] [--batch 100] [--concurrency 4]
        [--latency-ms 50] [--rounds 3]

Runs MongoDB and Redis of its own in a temporary data directory, and the stand-in (simulators/infobip). In each round
every contender is one lane of the engine, its slices called in one process (send_lane.py), with as many requests at
once as the others:

    batches         --batch messages in a request
    largest         500 in a request, the most that Infobip takes
    one_by_one      one in a request; an eighth of the messages

The stand-in's journal tells that each number got exactly one message, or the benchmark fails. Prints one JSON object;
figures are medians of the rounds, in messages a second, and ratios medians of the ratios within a round.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from send_sms import GIVEN, HERE, Measured, machine, measured, services

from tests.gateways.simulated import RunningInfobip

LARGEST = 500


def send(
    gateway: RunningInfobip, environment: Mapping[str, str], *, messages: int, batch: int, concurrency: int
) -> Measured:
    """One lane's work; ends the benchmark unless each number got one message in requests of that size."""
    gateway.reset()
    arguments = [HERE / "send_lane.py", gateway.url, *map(str, (messages, concurrency, batch))]
    found = measured(arguments, {**environment, "MONGODB_NAME": "benchmark_infobip"})
    told = gateway.stats()
    if (told["accepted"], told["recipients"], told["duplicates_by_id"]) != (messages, messages, 0):
        raise SystemExit(f"{messages} were to arrive once each, but the stand-in tells {told}")
    if told["largest_request"] != min(batch, messages):
        raise SystemExit(f"requests of {batch} were wanted, the largest had {told['largest_request']}")
    return {**found, "requests": told["requests"]}


def figures(rounds: Mapping[str, Sequence[Measured]]) -> dict[str, dict[str, Any]]:
    found = {}
    for name, each in rounds.items():
        speeds = [one["messages"] / one["seconds"] for one in each]
        found[name] = {
            "messages_per_second": round(statistics.median(speeds)),
            "all_rounds": [round(speed, 1) for speed in speeds],
            "messages_per_request": round(each[0]["messages"] / each[0]["requests"], 1),
            "memory_mb": round(max(one["memory_mb"] for one in each)),
        }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=100, help="messages in a request")
    parser.add_argument("--concurrency", type=int, default=4, help="requests at once")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="that the gateway takes to answer")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN}
    rounds: dict[str, list[Measured]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory(prefix="whatsmassive-benchmark-") as folder,
        RunningInfobip("--latency-ms", str(options.latency_ms)) as gateway,
        services(Path(folder), clean) as environment,
    ):
        few = max(1, options.messages // 8)
        for _round in range(options.rounds):
            for name, batch, messages in (
                ("batches", options.batch, options.messages),
                ("largest", LARGEST, options.messages),
                ("one_by_one", 1, few),
            ):
                done = send(gateway, environment, messages=messages, batch=batch, concurrency=options.concurrency)
                rounds[name].append(done)
        facts = machine(environment)
    found = figures(rounds)
    alone = found["one_by_one"]["all_rounds"]
    ratios = {
        f"{name}_to_one_by_one": round(
            statistics.median(mine / other for mine, other in zip(found[name]["all_rounds"], alone, strict=True)), 2
        )
        for name in ("batches", "largest")
    }
    told = {"benchmark": "infobip_batches", **vars(options), "machine": facts, "figures": found, "ratios": ratios}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
