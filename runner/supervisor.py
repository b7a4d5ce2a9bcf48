"""Keeps services running: starts them in the order of their needs, restarts what dies, stops them in reverse."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runner.backoff import Backoff
from runner.guard import ROOT, Guard
from runner.logs import CappedLog
from runner.processes import TAG, send, send_group
from runner.service import Service

LAUNCH = Path(__file__).resolve().parent / "launch.py"
POLL = 0.05
SLOW_POLL = 0.2


@dataclass(slots=True)
class Running:
    """A service and what is known of its process."""

    service: Service
    log: CappedLog
    backoff: Backoff = field(default_factory=Backoff)
    process: subprocess.Popen[bytes] | None = None
    pump: threading.Thread | None = None
    started: float = 0.0
    ready: bool = False
    given_up: bool = False  # it was not ready in time, and is being ended
    proven: bool = False  # was ready once: from now on its death is mended, not reported
    done: bool = False  # a step that ended well
    restarts: int = 0
    not_before: float = 0.0
    ready_seconds: float | None = None

    @property
    def state(self) -> str:
        if self.done:
            return "done"
        if self.process is None:
            return "waiting"
        return "ready" if self.ready else "starting"

    def facts(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "pid": self.process.pid if self.process else None,
            "port": self.service.port,
            "restarts": self.restarts,
            "ready_seconds": self.ready_seconds,
            "log": str(self.log.path),
        }


class Supervisor:
    """Runs services until stop() is called or one of them never gets ready.

    run() is called by one thread, which alone starts processes: the kernel ends a child when the thread that started
    it ends. The other methods may be called by any thread. `announce` gets one line for each thing that happened,
    `output` each line of a service's output, `every_round` is called a few times a second.
    """

    def __init__(
        self,
        *,
        guard: Guard,
        logs: Path,
        environment: Mapping[str, str],
        announce: Callable[[str], None],
        output: Callable[[str, bytes], None] | None = None,
        every_round: Callable[[], None] | None = None,
    ) -> None:
        self.guard, self.logs = guard, logs
        self.environment = {**environment, TAG: guard.run_id, "PYTHONUNBUFFERED": "1"}
        self.announce, self.output, self.every_round = announce, output, every_round
        self.failure: str | None = None
        self.running: dict[str, Running] = {}
        self._stopping = threading.Event()
        self._settled = threading.Event()

    def add(self, services: Iterable[Service]) -> None:
        """Take up services; the running thread starts them."""
        self._settled.clear()
        self.failure = None
        for service in services:
            log = CappedLog(self.logs / f"{service.name}.log")
            self.running = {**self.running, service.name: Running(service, log)}

    def stop(self) -> None:
        self._stopping.set()

    def wait_until_ready(self, timeout: float) -> str | None:
        """Wait until every service was ready once. Returns the reason when one can't be, None when all is well."""
        if not self._settled.wait(timeout):
            return f"not ready after {timeout:g} s: {', '.join(self._unproven()) or 'nothing is missing'}"
        return self.failure

    @property
    def settled(self) -> bool:
        """Whether nothing is being started for the first time: all is ready, or a failure was dealt with."""
        return self._settled.is_set()

    def run(self) -> None:
        """Start and keep the services; returns when all of them have been stopped."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self.guard.start()
        try:
            while not self._stopping.is_set():
                self.guard.keep()
                self._round()
                if self.every_round:
                    self.every_round()
                self._stopping.wait(SLOW_POLL if self.settled else POLL)
        finally:
            self._stop(list(self.running.values()))
            self._settled.set()

    def facts(self) -> dict[str, dict[str, Any]]:
        return {name: running.facts() for name, running in self.running.items()}

    # The rest runs in the thread of run() -------------------------------------------------------------------------

    def _unproven(self) -> list[str]:
        return [name for name, running in self.running.items() if not running.proven]

    def _round(self) -> None:
        for running in self.running.values():
            self._advance(running, time.monotonic())
        if not self.settled and (self.failure or not self._unproven()):
            if self.failure:
                self._give_up_new()
            self._settled.set()

    def _advance(self, running: Running, now: float) -> None:
        service, process = running.service, running.process
        if process is None:
            if not running.done and now >= running.not_before and self._has_its_needs(service) and not self.failure:
                self._start(running)
            return
        code = process.poll()
        if code is not None:
            self._ended(running, code, lived=now - running.started)
        elif not running.ready:
            if service.readiness.ready():
                self._became_ready(running)
            elif not running.given_up and now - running.started > service.timeout:
                running.given_up = True  # a loaded machine takes a while to end it
                self.announce(f"{service.name} is not ready after {service.timeout:g} s, ending it")
                send_group(process.pid, signal.SIGKILL)

    def _has_its_needs(self, service: Service) -> bool:
        needed = [self.running[name] for name in service.needs if name in self.running]
        return all(one.ready or one.done for one in needed)

    def _start(self, running: Running) -> None:
        service = running.service
        service.readiness.reset()
        launch = [sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid())]
        running.process = subprocess.Popen(
            [*launch, *service.command],
            cwd=ROOT,
            env={**self.environment, **service.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running.started, running.ready, running.given_up = time.monotonic(), False, False
        self.guard.watch(running.process.pid)
        running.pump = threading.Thread(target=self._pump, args=(running, running.process), daemon=True)
        running.pump.start()

    def _pump(self, running: Running, process: subprocess.Popen[bytes]) -> None:
        if process.stdout:
            for line in process.stdout:
                running.log.write(line)
                if self.output:
                    self.output(running.service.name, line)

    def _became_ready(self, running: Running) -> None:
        running.ready = running.proven = True
        running.ready_seconds = round(time.monotonic() - running.started, 2)
        again = f" again (start {running.restarts + 1})" if running.restarts else ""
        self.announce(f"{running.service.name} ready{again} in {running.ready_seconds:.1f} s")

    def _ended(self, running: Running, code: int, *, lived: float) -> None:
        name = running.service.name
        self._bury(running)
        if running.service.once and code == 0:
            running.done = running.proven = True
            running.ready_seconds = round(lived, 2)
            self.announce(f"{name} done in {lived:.1f} s")
        elif running.proven:
            delay = running.backoff.died(lived=lived)
            running.restarts += 1
            running.not_before = time.monotonic() + delay
            self.announce(f"{name} {how_it_ended(code)} after {lived:.1f} s; starting it again in {delay:.1f} s")
        else:
            tail = running.log.tail()
            self.failure = f"{name} {how_it_ended(code)} before it was ready. The end of {running.log.path}:\n{tail}"

    def _bury(self, running: Running) -> None:
        """Clean up after a process that ended: what is left of its group, its output, its readiness."""
        process, running.process, running.ready = running.process, None, False
        if process is None:
            return
        send_group(process.pid, signal.SIGKILL)
        if running.pump:
            running.pump.join(timeout=1)
        self.guard.forget(process.pid)
        running.service.readiness.reset()

    def _give_up_new(self) -> None:
        """Stop what was being started when one of it failed; what had been ready keeps running.

        Unless nothing was ready before: then the caller stops all of it.
        """
        new = set(self._unproven())
        for running in self.running.values():
            if set(running.service.needs) & new:
                new.add(running.service.name)
        self._stop([running for name, running in self.running.items() if name in new])
        self.running = {name: running for name, running in self.running.items() if name not in new}

    def _stop(self, leaving: Sequence[Running]) -> None:
        """End these: each is asked once nothing that needs it runs any more, and killed when its grace is over."""
        asked: dict[str, float] = {}
        while alive := [running for running in leaving if self._lives(running)]:
            needed = {name for running in alive for name in running.service.needs}
            for running in alive:
                name, process = running.service.name, running.process
                if process is None:
                    continue
                if name not in asked:
                    if name not in needed:
                        asked[name] = time.monotonic() + running.service.grace
                        send(process.pid, signal.SIGTERM)
                elif time.monotonic() > asked[name]:
                    self.announce(f"{name} does not end after {running.service.grace:g} s, killing it")
                    send_group(process.pid, signal.SIGKILL)
            time.sleep(POLL / 2)

    def _lives(self, running: Running) -> bool:
        if running.process is not None and running.process.poll() is not None:
            lived = time.monotonic() - running.started
            self._bury(running)
            self.announce(f"{running.service.name} stopped (it ran {lived:.0f} s)")
        return running.process is not None


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"exited with {code}"
