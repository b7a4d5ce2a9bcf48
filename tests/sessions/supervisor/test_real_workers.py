"""A session under the real runner and workers: what dies is replaced, and no browser is left or loses its login."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from runner.processes import tagged
from tests.runner.conftest import ROOT, Installation, processes_using, wait_until
from tests.whatsapp_web.simulated import RunningWhatsApp

pytestmark = pytest.mark.timeout(900)
ACCOUNT = "5491150000900"
SLOW = 180.0
MAKE = """
import django; django.setup()
from gateways import commands
from sessions_app.commands import connect
commands.create_pool(name="Ventas", channel="whatsapp")
commands.create_session(name="Ventas 1", pool="Ventas")
connect("Ventas 1")
"""


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    # What pytest itself works with is not theirs.
    for name in ("WHATSMASSIVE_DATA", "WHATSMASSIVE_ENV", "MONGODB_NAME", "SELENIUM_URL"):
        made.environment.pop(name, None)
    yield made
    made.call("stop")


class Stored:
    """The session as it is stored, read without Django, whose database is another one here."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    def session(self) -> dict[str, Any]:
        with MongoClient[dict[str, Any]](self.installation.env()["MONGODB_URI"]) as mongo:
            return mongo.whatsmassive.sessions_app_session.find_one({"name": "Ventas 1"}) or {}

    def wait(self, found: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        with MongoClient[dict[str, Any]](self.installation.env()["MONGODB_URI"]) as mongo:
            sessions = mongo.whatsmassive.sessions_app_session
            wait_until(lambda: bool(found(sessions.find_one({"name": "Ventas 1"}) or {})), patience=SLOW)
        return self.session()


def test_session_outlives_its_workers_and_its_login_outlives_the_runner(installation: Installation) -> None:
    with RunningWhatsApp() as whatsapp:
        variables = {"WHATSAPP_WEB_URL": whatsapp.url}
        installation.start("--workers", **variables)
        environment = {**installation.environment, **installation.env(), **variables}
        settings = {"DJANGO_SETTINGS_MODULE": "whatsmassive.settings"}
        subprocess.run([sys.executable, "-c", MAKE], cwd=ROOT, env={**environment, **settings}, check=True)
        stored = Stored(installation)

        shown = stored.wait(lambda s: s.get("qr"))
        whatsapp.phone("scan", qr=shown["qr"], number=ACCOUNT)
        before = stored.wait(lambda s: s["status"] == "connected")
        pid, profile = before["browser"]["pid"], installation.data / "profiles" / str(before["_id"])
        assert before["phone"] == f"+{ACCOUNT}"
        assert before["driver_url"] == installation.env()["SELENIUM_URL"]
        parents = _parents(pid)
        assert [installation.fact(name, "pid") in parents for name in ("sessions", "chromedriver")] == [False, True]

        os.kill(installation.fact("sessions", "pid"), signal.SIGKILL)
        os.kill(installation.fact("chromedriver", "pid"), signal.SIGKILL)
        wait_until(lambda: installation.fact("sessions", "restarts") == 1, patience=SLOW)
        beat = stored.session()["heartbeat_at"]
        adopted = stored.wait(lambda s: s["status"] == "connected" and s["heartbeat_at"] > beat)
        assert (adopted["browser"]["pid"], adopted["page_epoch"]) == (pid, before["page_epoch"])
        assert adopted["driver_session"] != before["driver_session"]

        told = installation.told()
        os.kill(told["pid"], signal.SIGKILL)
        wait_until(lambda: not tagged(told["run"]) and not processes_using(profile))

        installation.start("--workers", **variables)
        again = stored.wait(lambda s: s["status"] == "connected" and s["heartbeat_at"] > adopted["heartbeat_at"])
        assert (again["login"], again["browser"]["pid"] != pid) == (before["login"], True)

        run = installation.told()["run"]
        assert installation.call("stop").returncode == 0
        assert (tagged(run), processes_using(profile)) == (set(), [])


def _parents(pid: int) -> list[int]:
    from runner.processes import relations

    related, found = relations(), []
    while pid in related:
        pid = related[pid][0]
        found.append(pid)
    return found
