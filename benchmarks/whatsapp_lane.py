"""What WhatsApp sessions cost: the engine's time for a message, a session's memory, and how far a pool's speed grows.

    .venv/bin/python benchmarks/whatsapp_lane.py [--messages 50] [--rounds 5] [--ack-ms 10]
        [--memory-sessions 5] [--sessions 10] [--delay 1] [--each 20] [--pool-rounds 2]

Only WhatsApp is played (simulators/whatsapp_web). The rest is real: Chromium, wa-js, MongoDB and Redis of its own.
Needs Node.js with npm, which installs Puppeteer beside its program at the first run.

The lane, in rounds that take turns on one page, until WhatsApp's ack of each message, to new people and again to them:

    lane       the engine: slices of a session's lane without a delay, in one process   send_whatsapp.py
    puppeteer  the same calls in the page by a bot that stores nothing                  references/puppeteer/send.mjs

Memory is PSS: pages shared with others, also with browsers that are none of ours, count by their share.

The pool: bin/services --workers with two competitive pools, one session in the first and --sessions in the second; all
browsers are there all the time. A campaign of --each messages a session goes through each pool in turn.

Prints one JSON object: medians of the rounds, and ratios as medians of the ratios within a round.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymongo

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from send_sms import GIVEN, machine, services  # noqa: E402
from whatsapp_sessions import Product, wait_for  # noqa: E402

from sessions_app.browser.driver import end, launch, page_scripts  # noqa: E402
from sessions_app.browser.page import Page  # noqa: E402
from tests.whatsapp_web.browser import Driver  # noqa: E402
from tests.whatsapp_web.simulated import RunningWhatsApp  # noqa: E402

HERE = Path("benchmarks")
PUPPETEER = ROOT / HERE / "references" / "puppeteer"
ACCOUNTS = 56_950_000_000
PEOPLE = 56_960_000_000
TURNS = ("new", "known")
PARTS = ("mongodb", "driver", "pauses")

Turns = dict[str, dict[str, float]]
"""For new and for known people: messages and seconds; more figures may stand beside them."""


def install() -> None:
    """Puppeteer, as its lock file says, unless it is there."""
    lock, done = PUPPETEER / "package-lock.json", PUPPETEER / "node_modules" / ".package-lock.json"
    if not shutil.which("npm") or not shutil.which("node"):
        raise SystemExit("The reference needs Node.js 18 or newer, with npm.")
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        quiet = ("--no-audit", "--no-fund", "--loglevel", "error")
        subprocess.run(["npm", "ci", "--prefix", PUPPETEER, *quiet], check=True, stdout=sys.stderr)


@contextmanager
def connected_browser(whatsapp: RunningWhatsApp, folder: Path) -> Iterator[Path]:
    """A browser on a connected page; the file that says where it is, as sessions keep it."""
    with Driver() as driver:
        browser, remote = launch(driver.url, profile=driver.profiles / "lane", page_scripts=page_scripts(whatsapp.url))
        page = Page(remote)
        page.open(whatsapp.url)
        code = wait_for(lambda: page.state().qr, "a code")
        whatsapp.phone("scan", qr=code, number=str(ACCOUNTS))
        wait_for(lambda: (page.state().info, page.state().phase) == ("NORMAL", "full"), "a connected page")
        file = folder / "browser.json"
        file.write_text(json.dumps(browser.as_json()))
        yield file
        end(browser, grace=10)


class Contenders:
    """The two ways to send through one page, each to people of its own."""

    def __init__(self, whatsapp: RunningWhatsApp, browser: Path, environment: Mapping[str, str], messages: int) -> None:
        self._whatsapp = whatsapp
        self._browser = browser
        self._environment = {**environment, "MONGODB_NAME": "benchmark_whatsapp"}
        self._messages = messages
        self._next = PEOPLE

    def lane(self) -> Turns:
        arguments = (sys.executable, HERE / "send_whatsapp.py", self._browser)
        return self._measured(arguments)

    def puppeteer(self) -> Turns:
        address = json.loads(self._browser.read_text())["debugger_address"]
        return self._measured(("node", PUPPETEER / "send.mjs", address, self._whatsapp.url))

    def _measured(self, arguments: Sequence[str | Path]) -> Turns:
        self._whatsapp.reset()
        first, self._next = self._next, self._next + self._messages
        done = subprocess.run(
            [*arguments, str(self._messages), str(first)],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{arguments[1]} ended with {done.returncode}")
        arrivals = self._whatsapp.arrivals()
        wanted = [str(person) for person in range(first, first + self._messages)] * len(TURNS)
        if sorted(one["to"] for one in arrivals) != sorted(wanted):
            raise SystemExit(f"{len(wanted)} were to arrive, but {len(arrivals)} did")
        found: Turns = json.loads(done.stdout)
        return found


def milliseconds(rounds: Sequence[Turns], turn: str, part: str) -> list[float]:
    """Of a message, in each round."""
    return [one[turn][part] / one[turn]["messages"] * 1000 for one in rounds]


def lane_figures(rounds: Mapping[str, Sequence[Turns]]) -> dict[str, Any]:
    """Milliseconds a message; of the lane also its parts, and what is left for its own program."""
    found: dict[str, Any] = {}
    for turn in TURNS:
        ours, theirs = (milliseconds(rounds[name], turn, "seconds") for name in ("lane", "puppeteer"))
        parts = {part: milliseconds(rounds["lane"], turn, part) for part in PARTS}
        parts["program"] = [
            total - sum(spent) for total, *spent in zip(ours, *(parts[part] for part in PARTS), strict=True)
        ]
        found[turn] = {
            "lane_ms": round(statistics.median(ours), 1),
            "lane_all_rounds": [round(one, 1) for one in ours],
            "puppeteer_ms": round(statistics.median(theirs), 1),
            "puppeteer_all_rounds": [round(one, 1) for one in theirs],
            "lane_to_puppeteer": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2),
            "lane_provider_ms": round(statistics.median(milliseconds(rounds["lane"], turn, "provider")), 1),
            "lane_parts_ms": {part: round(statistics.median(each), 1) for part, each in parts.items()},
            "lane_mongodb_commands": round(
                statistics.median(one[turn]["commands"] / one[turn]["messages"] for one in rounds["lane"]), 1
            ),
        }
    return found


def measure_lane(
    options: argparse.Namespace, whatsapp: RunningWhatsApp, environment: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    rounds: dict[str, list[Turns]] = {"lane": [], "puppeteer": []}
    with connected_browser(whatsapp, folder) as browser:
        contenders = Contenders(whatsapp, browser, environment, options.messages)
        for _ in range(options.rounds):
            for way in (contenders.lane, contenders.puppeteer):
                rounds[way.__name__].append(way())
    return lane_figures(rounds)


def measure_sessions(
    options: argparse.Namespace, whatsapp: RunningWhatsApp, environment: Mapping[str, str], folder: Path
) -> dict[str, Any]:
    """Memory while sessions are added, and the speed of both pools."""
    name = "benchmark_sessions"
    given = {**environment, "MONGODB_NAME": name, "WHATSAPP_WEB_URL": f"{whatsapp.url}/"}
    memory, speeds = [], {"one": [], "many": []}
    sessions = {"one": 1, "many": options.sessions}
    numbers = iter(range(ACCOUNTS + 1, ACCOUNTS + 1000))
    first = PEOPLE + 10_000_000
    data = folder / "workers"
    with pymongo.MongoClient[dict[str, Any]](environment["MONGODB_URI"]) as client:
        client.drop_database(name)
        with services(data, given, "--workers") as ready:
            product = Product(ready, data, whatsapp, client[name])
            for pool, count in sessions.items():
                product.add_pool(pool, delay=options.delay)
                for place in range(count):
                    product.connect(f"{pool} {place + 1}", pool=pool, number=str(next(numbers)))
                    if pool == "one" or place + 2 == options.memory_sessions:
                        memory.append(product.memory())
            for turn in range(options.pool_rounds):
                for pool, count in sessions.items():
                    people = range(first, first := first + count * options.each)
                    sent = product.campaign(
                        f"{pool} {turn + 1}", pool=pool, people=people, folder=folder, delay=options.delay
                    )
                    speeds[pool].append(sent)
            memory.append({**product.memory(), "after": "sending"})
        client.drop_database(name)
    return {"memory": memory, "pools": pool_figures(speeds)}


def pool_figures(speeds: Mapping[str, Sequence[Mapping[str, float]]]) -> dict[str, Any]:
    one, many = ([each["messages_per_second"] for each in speeds[pool]] for pool in ("one", "many"))
    found: dict[str, Any] = {}
    for pool, rounds in speeds.items():
        found[pool] = {key: round(statistics.median(each[key] for each in rounds), 2) for key in rounds[0]}
        found[pool]["all_rounds"] = [round(each["messages_per_second"], 2) for each in rounds]
    found["many_to_one"] = round(statistics.median(b / a for a, b in zip(one, many, strict=True)), 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=50, help="of the lane, to new people and again to known ones")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ack-ms", type=float, default=10.0, help="after which WhatsApp acknowledges a message")
    parser.add_argument("--memory-sessions", type=int, default=5, help="with how many to measure memory again")
    parser.add_argument("--sessions", type=int, default=10, help="of the large pool; 0 leaves the product out")
    parser.add_argument("--delay", type=float, default=1.0, help="of the pools, in seconds")
    parser.add_argument("--each", type=int, default=20, help="messages of a campaign for each session")
    parser.add_argument("--pool-rounds", type=int, default=2)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # browsers and servers are ended on the way out
    install()
    given = {*GIVEN, "SELENIUM_URL", "WHATSAPP_WEB_URL", "BROWSER_HOST"}
    clean = {name: value for name, value in os.environ.items() if name not in given}
    found: dict[str, Any] = {"benchmark": "whatsapp_lane", **vars(options)}
    with (
        tempfile.TemporaryDirectory(prefix="whatsmassive-benchmark-", ignore_cleanup_errors=True) as name,
        RunningWhatsApp() as whatsapp,
        services(Path(name) / "servers", clean) as environment,
    ):
        whatsapp.control(default={"ack_ms": options.ack_ms})
        found["machine"] = machine(environment)
        if options.rounds:
            found["lane"] = measure_lane(options, whatsapp, environment, Path(name))
        if options.sessions:
            found |= measure_sessions(options, whatsapp, environment, Path(name))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
