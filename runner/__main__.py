"""The command line of bin/services: start, stop, status, env; and `run`, the process that start leaves behind."""

import argparse
import json
import os
import re
import secrets
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from runner import run, state
from runner.guard import ROOT
from runner.logs import CappedLog
from runner.processes import TAG, end_all, nested_run_id, send, send_group, tagged

START_PATIENCE = 420.0
STOP_PATIENCE = 90.0
POLL = 0.05


def start(data: Path, *, with_workers: bool) -> int:
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if state.runner_lives(data):
        return join(data, with_workers=with_workers)
    (data / state.PROGRESS).unlink(missing_ok=True)
    (data / "logs").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "runner", "--data", str(data), "run"]
    if with_workers:
        command.append("--workers")
    with (data / "logs" / "runner.log").open("ab") as log:
        runner = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, TAG: nested_run_id(secrets.token_hex(6))},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    return follow(data, runner=runner)


def join(data: Path, *, with_workers: bool) -> int:
    """Start on a data directory that a runner has: wait for what it starts, and ask for the workers if it has none."""
    told = wait_for_progress(data)
    print(f"already running (pid {told.get('pid')})")
    if told.get("phase") != "ready":
        return follow(data, runner=None)
    if not with_workers or told.get("workers"):
        return 0
    request = secrets.token_hex(6)
    seen = max((number for number, _ in told["messages"]), default=0)
    state.write_json(data / state.WANTED, {"request": request, "workers": True})
    return follow(data, runner=None, seen=seen, request=request)


def wait_for_progress(data: Path) -> dict[str, Any]:
    deadline = time.monotonic() + 5
    while not (told := state.read_json(data / state.PROGRESS)) and time.monotonic() < deadline:
        time.sleep(POLL)
    return told


def follow(data: Path, *, runner: subprocess.Popen[bytes] | None, seen: int = 0, request: str | None = None) -> int:
    """Print the runner's progress until everything is ready (0) or something failed (1)."""
    deadline = time.monotonic() + START_PATIENCE
    while time.monotonic() < deadline:
        ended = runner.poll() is not None if runner else not state.runner_lives(data)
        told = state.read_json(data / state.PROGRESS)
        for number, text in told.get("messages", []):
            if number > seen:
                print(text, flush=True)
                seen = number
        failure, phase = told.get("failure"), told.get("phase")
        answered = told.get("answered", {})
        if request and answered.get("request") == request:
            failure = answered.get("failure")
        waiting = request and answered.get("request") != request
        if ended and phase not in ("failed", "stopped"):
            failure = f"The runner ended. The end of its log:\n{log_tail(data)}"
        if failure and (ended or request):
            print(failure, file=sys.stderr)
            return 1
        if ended:
            print("The services were stopped meanwhile.", file=sys.stderr)
            return 1
        if phase == "ready" and not waiting:
            print(f"services are ready; logs in {data / 'logs'}")
            return 0
        time.sleep(POLL)
    print(f"Not ready after {START_PATIENCE:g} s; see {data / 'logs'} and bin/services status.", file=sys.stderr)
    return 1


def log_tail(data: Path) -> str:
    return CappedLog(data / "logs" / "runner.log").tail()


def stop(data: Path) -> int:
    if not state.runner_lives(data):
        lock = state.take_lock(data) if data.is_dir() else None
        if lock:
            with lock:
                run.clean_up_after(data)
        print("not running")
        return 0
    told = wait_for_progress(data)
    pid, run_id = int(told["pid"]), str(told["run"])
    started = time.monotonic()
    send(pid, signal.SIGTERM)
    while state.runner_lives(data) and time.monotonic() - started < STOP_PATIENCE:
        time.sleep(POLL)
    if state.runner_lives(data):
        print(f"The runner does not end after {STOP_PATIENCE:g} s, killing it.", file=sys.stderr)
        send_group(pid, signal.SIGKILL)
    end_all(run_id, grace=2.0)
    print(f"stopped in {time.monotonic() - started:.1f} s")
    return 0


def status(data: Path, *, as_json: bool) -> int:
    """Print what runs. Returns 0 when everything is up, 3 when not (as service managers do)."""
    told = state.read_json(data / state.PROGRESS) if state.runner_lives(data) else {}
    phase = str(told.get("phase", "stopped"))
    services = told.get("services", {})
    well = phase == "ready" and all(facts["state"] in ("ready", "done") for facts in services.values())
    if as_json:
        facts = {"phase": phase, "data": str(data), "pid": told.get("pid"), "run": told.get("run")}
        print(json.dumps({**facts, "workers": told.get("workers", False), "services": services}, indent=1))
        return 0 if well else 3
    print(f"{phase}  (data in {data})")
    for name, facts in services.items():
        place = f"port {facts['port']}" if facts["port"] else ""
        print(f"  {name:<8} {facts['state']:<9} pid {facts['pid'] or '-':<8} restarts {facts['restarts']:<4} {place}")
    return 0 if well else 3


def env(data: Path) -> int:
    """Print KEY=VALUE lines for the shell: eval "$(bin/services env)", or set -a around it."""
    found = state.read_json(data / state.SERVICES).get("env", {}) if state.runner_lives(data) else {}
    if not found:
        print("The services are not running: bin/services start", file=sys.stderr)
        return 1
    for name, value in {**found, "WHATSMASSIVE_DATA": str(data)}.items():
        # Quoted only where a shell would read an assignment otherwise, for readers that are no shells.
        plain = re.fullmatch(r"[\w@%+=:,./?\[\]-]*", value, re.ASCII)
        print(f"{name}={value if plain else shlex.quote(value)}")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/services", description=__doc__)
    parser.add_argument("--data", type=Path, help="the data directory; default: WHATSMASSIVE_DATA, else .data")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (("start", "start what is not running"), ("run", "run in the foreground")):
        command = commands.add_parser(name, help=text)
        command.add_argument("--workers", action="store_true", help="also beat, the workers and the web process")
    commands.add_parser("stop", help="stop all of it")
    commands.add_parser("status", help="what runs").add_argument("--json", action="store_true", dest="as_json")
    commands.add_parser("env", help="KEY=VALUE lines by which other programs reach the services")
    arguments = parser.parse_args()
    data = (arguments.data or Path(os.environ.get("WHATSMASSIVE_DATA") or ROOT / ".data")).expanduser().resolve()
    match arguments.command:
        case "start":
            return start(data, with_workers=arguments.workers)
        case "run":
            run_id = os.environ.get(TAG)
            if not run_id or tagged(run_id) - {os.getpid()}:
                # Started by hand: become a process that carries a tag of its own.
                os.environ[TAG] = nested_run_id(secrets.token_hex(6))
                os.execv(sys.executable, [sys.executable, "-m", "runner", *sys.argv[1:]])  # noqa: S606  # no shell is wanted
            return run.main(data, run_id, with_workers=arguments.workers)
        case "stop":
            return stop(data)
        case "status":
            return status(data, as_json=arguments.as_json)
    return env(data)


def told() -> int:
    """`main`, quiet when whoever reads its output has enough of it (`| head`)."""
    try:
        code = main()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(told())
