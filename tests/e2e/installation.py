"""An installation as its users have it: a data directory, `bin/services` and `manage.py`, and a look at how it does."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.faults.progress import tails, until

ROOT = Path(__file__).resolve().parent.parent.parent
OWN = ("MONGODB_URI", "REDIS_URL", "MONGODB_NAME", "WHATSMASSIVE_ENV", "DJANGO_SETTINGS_MODULE")
COMMAND_SECONDS = 450
"""How long a command that waits for no campaign may take; `bin/services start` gives up by itself after 420 s."""


class Installation:
    """A data directory of its own with `bin/services start --workers` in it, used by commands alone."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.environment = {key: value for key, value in os.environ.items() if key not in OWN}
        self.environment |= {"WHATSMASSIVE_DATA": str(data), "LANE_LEASE_SECONDS": "8", **environment}

    def services(self, *arguments: str) -> str:
        return self._run([str(ROOT / "bin" / "services"), *arguments])

    def manage(self, *arguments: str, fails: bool = False) -> str:
        return self._run(self._managed(arguments), fails=fails)

    def json(self, *arguments: str) -> Any:
        return json.loads(self.manage(*arguments, "--json"))

    def manage_while(self, *arguments: str, moved: Callable[[], Any]) -> str:
        """A command that waits for a campaign: it may take as long as something moves."""
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(self._managed(arguments), env=self.environment, cwd=ROOT, stdout=out, stderr=out)
            try:
                self.until(lambda: process.poll() is not None, moved=moved, more=lambda: _said(out))
            finally:
                process.kill()
                process.wait()
            assert process.returncode == 0, f"{arguments}\n{_said(out)}"
            return _said(out)

    def until(
        self, condition: Callable[[], bool], *, moved: Callable[[], Any], more: Callable[[], str] = lambda: ""
    ) -> None:
        """Wait for as long as `moved` or a service changes; a standstill fails with a report of the whole."""
        until(
            condition,
            moved=lambda: (moved(), self._starts()),
            report=lambda: "\n".join([more(), *self._stored(), json.dumps(self.facts(), indent=1), self.logs()]),
        )

    def kill(self, service: str) -> None:
        """kill -9 of one of its services."""
        os.kill(self.facts()[service]["pid"], signal.SIGKILL)

    def facts(self) -> dict[str, dict[str, Any]]:
        """What the runner says of each service."""
        found: dict[str, dict[str, Any]] = self._told()["services"]
        return found

    def logs(self) -> str:
        return tails(self.data / "logs")

    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data / "services.json").read_text())
        return told

    def _starts(self) -> dict[str, tuple[int, str]]:
        return {name: (facts["restarts"], facts["state"]) for name, facts in self.facts().items()}

    def _stored(self) -> list[str]:
        """The campaigns and lines as MongoDB has them, which also says what a command would not show."""
        try:
            with MongoClient[dict[str, Any]](
                self._told()["env"]["MONGODB_URI"], serverSelectionTimeoutMS=5000
            ) as client:
                database = client["whatsmassive"]
                campaigns = database["campaigns_campaign"].find({}, {"name": 1, "status": 1, "enrolled_at": 1})
                by_status = {"_id": {"campaign": "$campaign", "status": "$status"}, "messages": {"$sum": 1}}
                messages = database["messaging_message"].aggregate([{"$group": by_status}])
                shown = ("name", "health", "health_reason", "failures", "next_send_at", "down_since")
                lines = database["gateways_gateway"].find({}, [*shown, "lane_state", "lane_until", "lane_epoch"])
                now = client.admin.command("hello")["localTime"]
                return [f"MongoDB's time is {now}", *map(str, campaigns), *map(str, messages), *map(str, lines)]
        except PyMongoError as error:
            return [f"MongoDB does not tell: {error}"]

    def _managed(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, str(ROOT / "manage.py"), *arguments]

    def _run(self, command: list[str], *, fails: bool = False) -> str:
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stderr if fails else done.stdout


def _said(out: IO[str]) -> str:
    out.seek(0)
    return out.read()
