"""The product with WhatsApp sessions: workers, browsers and campaigns by its own commands, and what they take."""

import csv
import json
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pymongo
from send_sms import command

from sessions_app.browser import processes
from tests.whatsapp_web.simulated import RunningWhatsApp

PATIENCE = 180.0
SAMPLES, BETWEEN = 3, 2.0
MIB = 1024**2


def wait_for(look: Callable[[], Any], what: str) -> Any:
    """The first true thing that `look` finds."""
    until = time.monotonic() + PATIENCE
    while not (found := look()):
        if time.monotonic() > until:
            raise SystemExit(f"not within {PATIENCE:g} s: {what}")
        time.sleep(0.2)
    return found


@dataclass
class Product:
    """The running product, with its stand-in of WhatsApp Web. `environment` is what its programs run in."""

    environment: Mapping[str, str]
    data: Path
    whatsapp: RunningWhatsApp
    database: pymongo.database.Database[dict[str, Any]]

    def manage(self, *arguments: str) -> str:
        return command(["manage.py", *arguments], self.environment)

    def add_pool(self, name: str, *, delay: float) -> None:
        self.manage("pool", "add", name, "--channel", "whatsapp", "--delay", f"{delay:g}", "--variation", "0")

    def connect(self, name: str, *, pool: str, number: str) -> None:
        """A new session: its browser is started by the product, and its code is scanned."""
        self.manage("session", "add", name, "--pool", pool, "--per-hour", "10000", "--per-day", "100000")
        self.manage("session", "connect", name, "--wait", "0")
        shown = wait_for(
            lambda: [one["qr"] for one in self.whatsapp.devices() if one["state"] == "qr" and one["qr"]],
            f"the code of {name}",
        )
        self.whatsapp.phone("scan", qr=shown[0], number=number)
        wait_for(lambda: self._session(name)["status"] == "connected", f"{name} connected")

    def _session(self, name: str) -> dict[str, Any]:
        found = self.database.sessions_app_session.find_one({"name": name})
        assert found is not None
        return found

    def memory(self) -> dict[str, Any]:
        """MiB of memory (PSS) of each session's processes and of chromedriver: medians of some samples."""
        profiles = [Path(one["browser"]["profile"]) for one in self.database.sessions_app_session.find()]
        told = json.loads(command(["-m", "runner", "--data", self.data, "status", "--json"], self.environment))
        driver = psutil.Process(told["services"]["chromedriver"]["pid"])
        trees, drivers, counts = [], [], []
        for _ in range(SAMPLES):
            time.sleep(BETWEEN)
            found = [processes.users_of(profile) for profile in profiles]
            counts.append(sum(map(len, found)) / len(found))
            trees.append(sum(processes.memory(tree) for tree in found) / len(found))
            drivers.append(processes.memory([driver]))
        return {
            "sessions": len(profiles),
            "mib_per_session": round(statistics.median(trees) / MIB),
            "processes_per_session": round(statistics.median(counts), 1),
            "chromedriver_mib": round(statistics.median(drivers) / MIB),
        }

    def campaign(self, name: str, *, pool: str, people: range, folder: Path, delay: float) -> dict[str, float]:
        """Runs a campaign to its end. Ends the benchmark unless each person got one message.

        The speed is that from the first arrival to the last, after which each session would still have waited once.
        """
        table = folder / f"{name}.csv"
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("nombre", "telefono"), *((f"n{person}", f"+{person}") for person in people)])
        chosen = ("--channel", "whatsapp", "--whatsapp-pool", pool, "--audience", str(table), "--window", "none")
        self.manage("campaign", "create", name, *chosen, "--message", "Hola {nombre}")
        self.whatsapp.reset()
        psutil.cpu_percent()
        self.manage("campaign", "start", name, "--wait", "--json")
        busy = psutil.cpu_percent()
        arrivals = self.whatsapp.arrivals()
        if len(arrivals) != len(people) or len({one["to"] for one in arrivals}) != len(people):
            raise SystemExit(f"{len(people)} were to get a message once each, but {len(arrivals)} arrived")
        times = [one["at"] for one in arrivals]
        each: dict[str, int] = {}
        for one in arrivals:
            each[one["account"]] = each.get(one["account"], 0) + 1
        campaign = self.database.campaigns_campaign.find_one({"name": name})
        assert campaign is not None
        return {
            "messages": len(people),
            "messages_per_second": len(people) / (times[-1] - times[0] + delay),
            "seconds_to_completed": (campaign["completed_at"] - campaign["started_at"]).total_seconds(),
            "least_of_a_session": min(each.values()),
            "most_of_a_session": max(each.values()),
            "processors_busy": busy / 100,
        }
