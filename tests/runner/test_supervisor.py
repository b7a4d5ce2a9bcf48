"""The supervisor with small programs in place of services."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.guard import Guard
from runner.readiness import EndsWell, FileAppears
from runner.service import Service
from runner.supervisor import Supervisor
from tests.runner.conftest import PATIENCE, ROOT, is_alive, wait_until


class Supervised:
    """A supervisor in a thread of its own, and what it announced."""

    def __init__(self, folder: Path, run_id: str) -> None:
        self.folder = folder
        self.announced: list[str] = []
        self.guard = Guard(run_id, data=folder)
        self.supervisor = Supervisor(
            guard=self.guard, logs=folder / "logs", environment=os.environ, announce=self.announced.append
        )
        self._thread = threading.Thread(target=self.supervisor.run)

    def program(self, name: str, code: str = "", needs: tuple[str, ...] = (), **limits: float) -> Service:
        """A service that makes its ready file, runs this code, and waits."""
        ready = self.folder / f"{name}.ready"
        whole = (
            f"import os, pathlib, signal, sys, time\npathlib.Path({str(ready)!r}).touch()\n{code}\ntime.sleep(600)\n"
        )
        return Service(name, (sys.executable, "-c", whole), FileAppears(ready), needs=needs, **limits)

    def start(self, *services: Service) -> str | None:
        self.supervisor.add(services)
        self._thread.start()
        return self.supervisor.wait_until_ready(PATIENCE)

    def add(self, *services: Service) -> str | None:
        self.supervisor.add(services)
        return self.supervisor.wait_until_ready(PATIENCE)

    def pid(self, name: str) -> int:
        process = self.supervisor.running[name].process
        assert process is not None
        return process.pid

    def stop(self) -> None:
        if self._thread.is_alive():
            self.supervisor.stop()
            self._thread.join()
        self.guard.dismiss()


@pytest.fixture
def supervised(tmp_path: Path, run_tag: str) -> Iterator[Supervised]:
    made = Supervised(tmp_path, run_tag)
    yield made
    made.stop()


def restarted(supervised: Supervised, name: str, times: int) -> Callable[[], bool]:
    def seen() -> bool:
        running = supervised.supervisor.running[name]
        return running.restarts == times and running.ready

    return seen


def test_services_start_after_what_they_need_and_stop_before_it(supervised: Supervised) -> None:
    failure = supervised.start(
        supervised.program("page", needs=("base", "step")),
        Service("step", (sys.executable, "-c", ""), EndsWell(), needs=("base",), once=True),
        supervised.program("base"),
    )
    supervised.stop()
    order = [" ".join(line.split()[:2]) for line in supervised.announced]
    assert failure is None
    assert order == ["base ready", "step done", "page ready", "page stopped", "base stopped"]


def test_dead_service_is_started_again_and_the_others_keep_going(supervised: Supervised) -> None:
    supervised.start(supervised.program("first"), supervised.program("second"))
    first, second = supervised.pid("first"), supervised.pid("second")
    os.kill(first, signal.SIGKILL)
    wait_until(restarted(supervised, "first", 1))
    assert supervised.pid("first") != first
    assert supervised.pid("second") == second


def test_service_that_keeps_dying_is_started_again_each_time(supervised: Supervised) -> None:
    supervised.start(supervised.program("weak", "time.sleep(0.1); sys.exit(4)"))
    wait_until(lambda: len([line for line in supervised.announced if "exited with 4" in line]) >= 3)
    delays = [line.rpartition(" in ")[2] for line in supervised.announced if "exited with 4" in line]
    assert delays[:3] == ["0.2 s", "0.4 s", "0.8 s"]


def test_failed_start_stops_what_needs_it_and_tells_the_end_of_the_log(supervised: Supervised) -> None:
    step = Service("step", (sys.executable, "-c", "import sys; sys.exit('no such table')"), EndsWell(), once=True)
    failure = supervised.start(step, supervised.program("page", needs=("step",)))
    log = supervised.folder / "logs" / "step.log"
    assert failure == f"step exited with 1 before it was ready. The end of {log}:\nno such table"
    assert supervised.supervisor.running == {}


def test_failed_addition_leaves_the_running_ones(supervised: Supervised) -> None:
    supervised.start(supervised.program("base"))
    base = supervised.pid("base")
    failure = supervised.add(Service("step", (sys.executable, "-c", "exit(1)"), EndsWell(), needs=("base",), once=True))
    assert failure is not None
    assert list(supervised.supervisor.running) == ["base"]
    assert supervised.pid("base") == base
    assert supervised.add(supervised.program("page", needs=("base",))) is None


def test_service_that_never_gets_ready_is_given_up(supervised: Supervised) -> None:
    sleeper = Service("sleeper", ("sleep", "600"), FileAppears(supervised.folder / "never"), timeout=0.2)
    failure = supervised.start(sleeper)
    assert failure is not None
    assert supervised.announced == ["sleeper is not ready after 0.2 s, ending it"]
    assert failure.startswith("sleeper was killed by SIGKILL before it was ready.")


def test_service_that_ignores_term_is_killed_with_its_children(supervised: Supervised) -> None:
    child = supervised.folder / "child"
    code = (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "import subprocess\n"
        f"pathlib.Path({str(child)!r}).write_text(str(subprocess.Popen(['sleep', '600']).pid))"
    )
    supervised.start(supervised.program("deaf", code, grace=0.3))
    wait_until(lambda: child.exists() and child.read_text() != "")
    pids = [supervised.pid("deaf"), int(child.read_text())]
    began = time.monotonic()
    supervised.stop()  # left alone, they would go on until the test's own time is up
    assert time.monotonic() - began >= 0.3
    assert [is_alive(pid) for pid in pids] == [False, False]


def test_dead_guard_is_replaced(supervised: Supervised) -> None:
    supervised.start(supervised.program("base"))
    first = supervised.guard._process
    assert first is not None
    first.kill()
    wait_until(lambda: supervised.guard._process is not first)
    assert supervised.guard._process is not None
    assert supervised.guard._process.poll() is None


# Starts a service whose child leaves its session and takes another environment, as browsers' helpers do.
ORPHANING = """
import os, sys
from pathlib import Path
from runner.guard import Guard
from runner.readiness import FileAppears
from runner.service import Service
from runner.supervisor import Supervisor
folder, run_id = Path(sys.argv[1]), sys.argv[2]
child = "import subprocess, pathlib, sys, time; "
child += "inner = subprocess.Popen(['sleep', '600'], start_new_session=True); "
child += "pathlib.Path(sys.argv[1]).write_text(str(inner.pid)); time.sleep(600)"
service = Service("parent", (sys.executable, "-c", child, str(folder / "pid")), FileAppears(folder / "pid"))
supervisor = Supervisor(guard=Guard(run_id, data=folder), logs=folder, environment=os.environ, announce=print)
supervisor.add([service])
supervisor.run()
"""


def test_killed_runner_takes_grandchildren_of_other_sessions_along(tmp_path: Path, run_tag: str) -> None:
    runner = subprocess.Popen([sys.executable, "-c", ORPHANING, str(tmp_path), run_tag], cwd=ROOT)
    path = tmp_path / "pid"
    wait_until(lambda: path.exists() and path.read_text() != "")
    grandchild = int(path.read_text())
    runner.kill()
    runner.wait()
    wait_until(lambda: not is_alive(grandchild))
