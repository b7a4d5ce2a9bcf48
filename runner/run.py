"""One run on a data directory: the process that `bin/services start` leaves behind."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runner import state
from runner.embedded import MissingServerError, addresses, servers, wanted
from runner.guard import Guard
from runner.ports import kept_ports
from runner.processes import end_all
from runner.supervisor import Supervisor
from runner.workers import DRIVER, driver_url, driver_wanted, public_url, workers

WEB = "web"
KEPT_MESSAGES = 200


class Run:
    """The services of one data directory, from start to stop, and the files that tell about them.

    `web_port` is the pages', one that is kept in the data directory when none is given; `environment` is for all
    services, in the place of what this process has.
    """

    def __init__(
        self, data: Path, run_id: str, *, web_port: int | None = None, environment: Mapping[str, str] = {}
    ) -> None:
        self.data, self.run_id = data, run_id
        self.phase = "starting"
        self.workers = False
        self.failure: str | None = None
        self.answered: dict[str, Any] = {}
        self.messages: list[tuple[int, str]] = []
        self.given = {**os.environ, **environment}
        drivers = [DRIVER] if driver_wanted(self.given) else []
        self.ports = kept_ports(data, [*wanted(self.given), WEB, *drivers])
        if web_port is not None:
            self.ports[WEB] = web_port
        self.addresses = addresses(self.given, self.ports)
        environment = {**self.given, **self.addresses, "WHATSMASSIVE_DATA": str(data)}
        # The URL by which gateways call back: the one that the web process gets, unless told otherwise.
        self.public_url = self.given.get("PUBLIC_URL") or public_url(self.ports[WEB])
        environment["PUBLIC_URL"] = self.public_url
        # The browsers' WebDriver server: the one given, or the one that runs beside the workers.
        self.driver_port = self.ports.get(DRIVER) if drivers else None
        self.driver_url = driver_url(self.driver_port) if self.driver_port else self.given.get("SELENIUM_URL", "")
        if self.driver_url:
            environment["SELENIUM_URL"] = self.driver_url
        self.supervisor = Supervisor(
            guard=Guard(self.run_id, data=data),
            logs=data / "logs",
            environment=environment,
            announce=self.announce,
            every_round=self.look_around,
        )
        self._shown: Any = None

    def execute(self, *, with_workers: bool) -> int:
        """Run until a signal asks to stop. Returns the exit code."""
        self.listen()
        try:
            self.supervisor.add(servers(self.data, self.ports, self.given))
        except (MissingServerError, OSError) as error:
            self.failure = str(error)
        else:
            if with_workers:
                self.add_workers()
            self.supervisor.run()
        (self.data / state.SERVICES).unlink(missing_ok=True)
        # Who left its group is found by its tag.
        end_all(self.run_id, grace=2.0, groups=self.supervisor.guard.groups)
        self.supervisor.guard.dismiss()
        self.phase = "failed" if self.failure else "stopped"
        self.publish()
        return 1 if self.failure else 0

    def listen(self) -> None:
        """Stop at a signal."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.supervisor.stop())

    def announce(self, text: str) -> None:
        number = self.messages[-1][0] + 1 if self.messages else 1
        self.messages = [*self.messages[-KEPT_MESSAGES:], (number, text)]
        self.log(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}")

    def log(self, line: str) -> None:
        """Into the run's own log, which is this process's output."""
        print(line, flush=True)

    def add_workers(self) -> None:
        self.workers = True
        shutil.rmtree(self.data / "ready", ignore_errors=True)
        names = list(self.supervisor.running)
        host = self.given.get("BROWSER_HOST") or "main"
        if not self.driver_url:
            self.announce("no chromedriver on PATH: WhatsApp sessions can't start (run bin/setup, or set SELENIUM_URL)")
        added = workers(
            self.data, web_port=self.ports[WEB], servers=names, browser_host=host, driver_port=self.driver_port
        )
        self.supervisor.add(added)

    def look_around(self) -> None:
        """Called a few times a second: see what became of the services and what is asked of this run."""
        if self.supervisor.settled:
            failure = self.supervisor.failure
            if failure and self.phase == "starting":
                self.failure = failure
                self.supervisor.stop()
                return
            if self.phase == "adding workers":
                self.workers = not failure
                self.answered["failure"] = failure
            self.phase = "ready"
            self.take_request()
        self.publish()

    def take_request(self) -> None:
        path = self.data / state.WANTED
        if not path.exists():
            return
        request = state.read_json(path)
        path.unlink(missing_ok=True)
        if request.get("workers") and not self.workers:
            self.phase = "adding workers"
            self.answered = {"request": request.get("request"), "failure": None}
            self.add_workers()

    def publish(self) -> None:
        """Write the files anew when something changed."""
        known = {
            "run": self.run_id,
            "pid": os.getpid(),
            "workers": self.workers,
            "services": self.supervisor.facts(),
        }
        told = {**known, "phase": self.phase, "failure": self.failure, "answered": self.answered}
        told["messages"] = self.messages
        if told == self._shown:
            return
        self._shown = {**told, "answered": dict(self.answered)}
        state.write_json(self.data / state.PROGRESS, told)
        if self.phase == "ready":
            env = dict(self.addresses)
            if self.workers:
                env["PUBLIC_URL"] = self.public_url
                if self.driver_url:
                    env["SELENIUM_URL"] = self.driver_url
            state.write_json(self.data / state.SERVICES, {**known, "env": env})


def clean_up_after(data: Path) -> None:
    """End what an earlier run left, had its guard been killed too, and remove its files. Needs the lock."""
    run_id = state.read_json(data / state.PROGRESS).get("run")
    if run_id:
        end_all(str(run_id), grace=2.0)
    for name in (state.SERVICES, state.PROGRESS, state.WANTED):
        (data / name).unlink(missing_ok=True)


def main(data: Path, run_id: str, *, with_workers: bool) -> int:
    """Run in the foreground. Returns the exit code: 1 when not everything got ready, 2 when another runner is here."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = state.take_lock(data)
    if lock is None:
        print(f"Another runner has {data}. See bin/services status.", file=sys.stderr)
        return 2
    with lock:
        clean_up_after(data)
        return Run(data, run_id).execute(with_workers=with_workers)
