"""bin/demo: the product on simulated gateways, in a data directory of its own that is made anew each time."""

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

from runner import state
from runner.front import TAKEN, Front, own_tag, stage
from runner.guard import ROOT
from runner.ports import HOST, kept_ports
from runner.readiness import answers_http
from runner.service import Service

PEOPLE = 290
FAR_SIDES = ("whatsapp-simulator", "sms-simulator")
# What of the environment could lead to servers that hold real data, or to real people.
OUTSIDE = ("MONGODB_URI", "MONGODB_NAME", "REDIS_URL", "SELENIUM_URL", "PUBLIC_URL", "WHATSMASSIVE_ENV")


def simulator(name: str, module: str, port: int, *arguments: str) -> Service:
    command = (sys.executable, "-m", module, "--port", str(port), *arguments)
    return Service(name, command, answers_http(port), port=port)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/demo", description="Shows WhatsMassive at work on simulated gateways.")
    parser.add_argument("--port", type=int, default=8000, help="of the pages, on 127.0.0.1 (8000)")
    parser.add_argument("--once", action="store_true", help="run the campaigns to their end, compare the counts, stop")
    parser.add_argument("--json", action="store_true", help="with --once: the result as JSON, on the last line")
    parser.add_argument("--people", type=int, default=PEOPLE, help=f"debtors in the spreadsheet ({PEOPLE})")
    parser.add_argument("--data", type=Path, default=ROOT / ".data" / "demo", help="its data directory; made anew")
    given = parser.parse_args()
    if given.json and not given.once:
        parser.error("--json goes with --once")
    since = time.time()
    for name in OUTSIDE:
        os.environ.pop(name, None)
    run_id = own_tag()
    data = given.data.expanduser().resolve()
    if data.exists() and not state.runner_lives(data):
        if any(data.iterdir()) and not (data / state.LOCK).exists():
            print(f"{data} is no data directory of the demo. Choose another one: --data DIR", file=sys.stderr)
            return TAKEN
        shutil.rmtree(data)
    lock = stage(data, given.port)
    if isinstance(lock, int):
        return lock
    print("Starting the demo ...", file=sys.stderr, flush=True)
    ports = kept_ports(data, list(FAR_SIDES))
    whatsapp, sms = (f"http://{HOST}:{ports[name]}" for name in FAR_SIDES)
    more = [
        simulator(
            FAR_SIDES[0], "simulators.whatsapp_web", ports[FAR_SIDES[0]],
            "--journal", str(data / "whatsapp.jsonl"), "--state", str(data / "whatsapp-state.json"),
        ),
        simulator(FAR_SIDES[1], "simulators.sms_gateway", ports[FAR_SIDES[1]], "--journal", str(data / "sms.jsonl")),
    ]  # fmt: skip
    story = [sys.executable, "-m", "demo.story", "--whatsapp", whatsapp, "--sms", sms, "--people", str(given.people)]
    story += ["--data", str(data), "--pages", f"http://{HOST}:{given.port}", "--since", str(since)]
    story += ["--once"] * given.once + ["--json"] * given.json
    front = Front(
        data,
        run_id,
        web_port=given.port,
        environment={"WHATSAPP_WEB_URL": f"{whatsapp}/", "WHATSMASSIVE_ENV": "development"},
        more=more,
        story=story,
        ends_with_story=given.once,
    )
    code = front.play()
    del lock
    return code


if __name__ == "__main__":
    sys.exit(main())
