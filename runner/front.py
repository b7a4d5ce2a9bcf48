"""A run in front of a person: everything in the foreground, until Ctrl-C stops it in order. `bin/run` is one."""

import argparse
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

from runner import state
from runner.guard import ROOT
from runner.ports import is_free
from runner.processes import TAG, end_all, nested_run_id, send_group
from runner.run import WEB, Run, clean_up_after
from runner.service import Service

OK, FAILED, TAKEN, INTERRUPTED = 0, 1, 2, 130
MARK = "WHATSMASSIVE_FRONT"
"""Holds the process that carries a tag of its own already."""


class Front(Run):
    """The services of one data directory with the pages on a port that a person chose.

    `more` are services beside the product's. `story` is a command that runs once everything is ready; the run ends
    with it when `ends_with_story`, and has its exit code. What this says goes to standard error.
    """

    def __init__(
        self,
        data: Path,
        run_id: str,
        *,
        web_port: int,
        environment: Mapping[str, str] = {},
        more: Sequence[Service] = (),
        story: Sequence[str] = (),
        ends_with_story: bool = False,
    ) -> None:
        super().__init__(data, run_id, web_port=web_port, environment=environment)
        self.more, self.story, self.ends_with_story = list(more), list(story), ends_with_story
        self.code = OK
        self._told = False
        self._interrupts = 0
        self._playing: subprocess.Popen[bytes] | None = None

    def play(self) -> int:
        """Run until Ctrl-C, or until the story's end. Returns the exit code."""
        self.supervisor.add(self.more)
        code = self.execute(with_workers=True)
        if self._playing is not None:
            self._playing.wait()
        self.say("Stopped." if self.failure is None else f"Failed: {self.failure}")
        return code or (INTERRUPTED if self._interrupts and self.ends_with_story else self.code)

    def announce(self, text: str) -> None:
        super().announce(text)
        self.say(f"  {text}")

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def log(self, line: str) -> None:
        with (self.data / "logs" / "runner.log").open("a") as log:
            log.write(f"{line}\n")

    def look_around(self) -> None:
        super().look_around()
        if self.phase == "ready" and not self._told:
            self._told = True
            self._everything_is_up()
        if self._playing is not None and self._playing.poll() is not None and self.ends_with_story:
            self.code = self._playing.returncode
            self.supervisor.stop()

    def listen(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._asked_to_stop)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._interrupts += 1
        if self._interrupts == 1:
            self.say("\nStopping: what was begun is finished first. Press Ctrl-C again to hurry.")
            if self._playing is not None:
                send_group(self._playing.pid, signal.SIGTERM)
            self.supervisor.stop()
        elif self._interrupts == 2:
            # A thread: the loop that waits for the services goes on meanwhile, and sees them end.
            threading.Thread(target=end_all, args=(self.run_id,), kwargs={"grace": 0.0}, daemon=True).start()

    def _everything_is_up(self) -> None:
        environment = self.supervisor.environment
        # Not a service: its output would be kept in a log, and it holds a password.
        subprocess.run(
            [sys.executable, "manage.py", "first_administrator", "--quiet"],
            cwd=ROOT,
            env=environment,
            check=False,
            stdout=sys.stderr.fileno(),
            start_new_session=True,  # Ctrl-C is this process's to hear
        )
        self.say(f"\nWhatsMassive runs on {self.public_url}\nLogs: {self.data / 'logs'}   Stop: Ctrl-C\n")
        if self.story:
            self._playing = subprocess.Popen(self.story, cwd=ROOT, env=environment, start_new_session=True)
            self.supervisor.guard.watch(self._playing.pid)


def own_tag() -> str:
    """The id of this run, which this process and all that it starts carry; may start the process anew to get it."""
    if os.environ.get(MARK) != str(os.getpid()):
        os.environ |= {TAG: nested_run_id(secrets.token_hex(6)), MARK: str(os.getpid())}
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # no shell is wanted
    return os.environ[TAG]


def stage(data: Path, port: int) -> object | int:
    """Take the data directory for this run: its lock, or the exit code after saying why not."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = state.take_lock(data)
    if lock is None:
        told = state.read_json(data / state.PROGRESS)
        address = told.get("services", {}).get(WEB, {}).get("port")
        where = f" Its pages are on http://127.0.0.1:{address}." if address else ""
        hint = "To stop it: bin/services stop, or Ctrl-C where it was started."
        print(f"It runs already on {data}.{where} {hint}", file=sys.stderr)
        return TAKEN
    clean_up_after(data)
    if not is_free(port):
        print(f"Port {port} is taken by another program. Choose another one: --port {port + 1}", file=sys.stderr)
        lock.close()
        return TAKEN
    (data / "logs").mkdir(exist_ok=True)
    return lock


def main() -> int:
    """bin/run."""
    parser = argparse.ArgumentParser(prog="bin/run", description="Runs WhatsMassive until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8000, help="of the pages, on 127.0.0.1 (8000)")
    parser.add_argument("--data", type=Path, help="the data directory; default: WHATSMASSIVE_DATA, else .data")
    arguments = parser.parse_args()
    run_id = own_tag()
    data = (arguments.data or Path(os.environ.get("WHATSMASSIVE_DATA") or ROOT / ".data")).expanduser().resolve()
    lock = stage(data, arguments.port)
    if isinstance(lock, int):
        return lock
    print("Starting WhatsMassive ...", file=sys.stderr, flush=True)
    code = Front(data, run_id, web_port=arguments.port).play()
    del lock
    return code


if __name__ == "__main__":
    sys.exit(main())
