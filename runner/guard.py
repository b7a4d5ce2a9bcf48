"""The guard: a process that outlives the one it watches, and then ends all that this one started.

It reads a pipe whose other end only the watched process holds. At the end of file without a goodbye (the process was
killed) it ends every process that carries the run's tag, and removes what the run left on disk. The kernel's own
PR_SET_PDEATHSIG is not enough: it reaches children, not their children (browsers).
"""

import argparse
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from runner.processes import TAG, end_all

ROOT = Path(__file__).resolve().parent.parent
GRACE = 2.0
GOODBYE = "goodbye"


class Guard:
    """The watched process's side: starts the guard, and starts it again when it dies."""

    def __init__(self, run_id: str, *, data: Path, remove_data: bool = False) -> None:
        self.run_id, self.data, self.remove_data = run_id, data, remove_data
        self.groups: set[int] = set()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "runner.guard", self.run_id, str(os.getpid()), str(self.data)]
        if self.remove_data:
            command.append("--remove-data")
        # Without the tag, or it would end itself; in a session of its own, so that no Ctrl-C reaches it.
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != TAG},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for group in self.groups:
            self._say(f"watch {group}")

    def keep(self) -> None:
        """Start the guard again if something ended it."""
        if self._process is not None and self._process.poll() is not None:
            self.start()

    def watch(self, group: int) -> None:
        """Tell of a process group to end."""
        self.groups.add(group)
        self._say(f"watch {group}")

    def forget(self, group: int) -> None:
        self.groups.discard(group)
        self._say(f"forget {group}")

    def dismiss(self) -> None:
        """End the guard: nothing is left to guard."""
        process, self._process = self._process, None
        if process is None:
            return
        self._write(process, GOODBYE)
        if process.stdin:
            with contextlib.suppress(OSError):
                process.stdin.close()
        process.wait()

    def _say(self, line: str) -> None:
        if self._process is not None:
            self._write(self._process, line)

    def _write(self, process: subprocess.Popen[bytes], line: str) -> None:
        if process.stdin:
            try:
                process.stdin.write(f"{line}\n".encode())
                process.stdin.flush()
            except OSError:  # it died: keep() starts another
                pass


def wait_for_the_end(watched: int) -> set[int] | None:
    """Read the pipe until its end: the groups to end, or None after a goodbye.

    The parent is looked at too, because a forked child of the watched process may hold the pipe open.
    """
    groups: set[int] = set()
    pending = b""
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], 0.5)
        if readable:
            data = os.read(sys.stdin.fileno(), 65536)
            if not data:
                return groups
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                word, _, group = line.decode().partition(" ")
                if word == GOODBYE:
                    return None
                (groups.add if word == "watch" else groups.discard)(int(group))
        if os.getppid() != watched:
            return groups


def remove_traces(run_id: str, data: Path, *, remove_data: bool) -> None:
    """Remove the file that tells others where this run's services are, or the whole directory."""
    if remove_data:
        shutil.rmtree(data, ignore_errors=True)
        return
    path = data / "services.json"
    try:
        ours = json.loads(path.read_text()).get("run") == run_id
    except (OSError, ValueError):
        return
    if ours:
        path.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_id")
    parser.add_argument("watched", type=int)
    parser.add_argument("data", type=Path)
    parser.add_argument("--remove-data", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    groups = wait_for_the_end(arguments.watched)
    if groups is None:
        return
    end_all(arguments.run_id, grace=GRACE, groups=groups)
    remove_traces(arguments.run_id, arguments.data, remove_data=arguments.remove_data)


if __name__ == "__main__":
    main()
