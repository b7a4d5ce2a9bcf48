"""The real processes of the engine (beat, an engine worker, workers that send), to be killed and stopped by tests."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.faults.progress import tails, until

ROOT = Path(__file__).resolve().parent.parent.parent
LEASE_SECONDS = 8.0


def worker(queue: str, threads: int) -> list[str]:
    """The arguments of a worker."""
    pool = ["--pool", "threads", "--concurrency", str(threads)]
    return ["worker", "-Q", queue, *pool, "--without-gossip", "--without-mingle"]


ENGINE = {"beat": ["beat"], "engine": worker("engine", 4), "campaigns": worker("campaigns", 2)}
SMS = {**ENGINE, "sms1": worker("sms", 4), "sms2": worker("sms", 4)}


class Cluster:
    """Workers on the test's own database; a context manager that ends them all."""

    def __init__(
        self, *, database: str, logs: Path, processes: Mapping[str, list[str]] = SMS, **environment: str
    ) -> None:
        self.logs = logs
        self.processes = processes
        self.environment = {
            **os.environ,
            "MONGODB_NAME": database,
            "WHATSMASSIVE_DATA": str(logs),
            "LANE_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "INFO",
            **environment,
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        for name in self.processes:
            self.start(name)
        for name in self.processes:
            self.wait_ready(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self.running):
            self.kill(name)

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def start(self, name: str) -> None:
        self._ready(name).unlink(missing_ok=True)
        with self._log(name).open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.command(name),
                cwd=ROOT,
                env={**self.environment, "WHATSMASSIVE_READY_FILE": str(self._ready(name))},
                stdout=log,
                stderr=log,
            )

    def command(self, name: str) -> list[str]:
        arguments = list(self.processes[name])
        if arguments[0] == "worker":
            arguments += ["-n", f"{name}-{time.monotonic_ns()}@test"]
        return [sys.executable, "-m", "celery", "-A", "whatsmassive", *arguments]

    def _ready(self, name: str) -> Path:
        return self.logs / f"{name}.ready"

    def wait_ready(self, name: str) -> None:
        if name == "beat":
            return
        process = self.running[name]
        until(
            lambda: self._ready(name).exists() or process.poll() is not None,
            moved=lambda: self._log(name).stat().st_size,
            report=lambda: f"{name} is not ready:\n{self.all_logs()}",
        )
        assert process.poll() is None, f"{name} ended with {process.poll()}:\n{self.all_logs()}"

    def all_logs(self) -> str:
        return tails(self.logs)

    def kill(self, name: str) -> None:
        """As a crash: no goodbye, even if it is stopped."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=60)

    def restart(self, name: str) -> None:
        if name in self.running:
            self.kill(name)
        self.start(name)
        self.wait_ready(name)

    def stop(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGSTOP)

    def cont(self, name: str) -> None:
        self.running[name].send_signal(signal.SIGCONT)

    def heal(self) -> None:
        """Every process runs, whatever the last test did to it."""
        for name in self.processes:
            process = self.running.get(name)
            if process is None or process.poll() is not None:
                self.running.pop(name, None)
                self.start(name)
                self.wait_ready(name)
            else:
                self.cont(name)
