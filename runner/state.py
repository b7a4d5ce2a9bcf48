"""What a run leaves in the data directory for others: the lock, its progress, and where its services are.

runner.lock    held by the runner as long as it lives; the kernel frees it, however the runner ends
runner.json    the runner's progress, at any time: {"run", "pid", "phase", "workers", "messages", "services", ...}
services.json  the addresses, only while everything is up: {"run", "pid", "workers", "env", "services"}; the settings
               read its "env", so that plain `./manage.py` works
wanted.json    a request to a runner that is up: {"request", "workers"}
"""

import fcntl
import json
import os
from pathlib import Path
from typing import IO, Any

PROGRESS = "runner.json"
SERVICES = "services.json"
WANTED = "wanted.json"
LOCK = "runner.lock"


def write_json(path: Path, value: Any) -> None:
    """Replace the file in one step, readable by its owner only: an address may hold a password."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(value, file, indent=1)
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The file's object, or an empty one."""
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def take_lock(data: Path) -> IO[str] | None:
    """The data directory's lock, or None while another runner holds it. Closing the file frees it."""
    file = (data / LOCK).open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def runner_lives(data: Path) -> bool:
    if not (data / LOCK).exists():
        return False
    lock = take_lock(data)
    if lock is None:
        return True
    lock.close()
    return False
