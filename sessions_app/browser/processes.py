"""The processes of browsers on this machine: which belong to a profile, how much memory they take, and their end.

A browser is known by its `--user-data-dir`, by the lock in its profile, and by its process id together with the time
that the process started at (ids are used again). Zombies don't count: only their parent can take them away.
"""

import logging
import socket
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path

import psutil

logger = logging.getLogger(__name__)

LOCKS = ("SingletonLock", "SingletonCookie", "SingletonSocket")
SAME_START_SECONDS = 1.0
"""A start is read with the resolution of the kernel's ticks, and moves a little when the clock is set."""
WAIT_AFTER_KILL = 5.0
LAST_WRITES_SECONDS = 5.0
POLL = 0.05


def started_at(pid: int) -> float:
    """When that process was started, Unix seconds; 0.0 when there is none."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process.create_time()
    return 0.0


def is_alive(pid: int, since: float) -> bool:
    """Whether the process with that id is the one that was started then."""
    now = started_at(pid)
    return bool(now) and abs(now - since) <= SAME_START_SECONDS


def _uses(arguments: Iterable[str], profile: str) -> bool:
    """Whether a command line names the profile: as a browser, or as its helper with a path inside it."""
    for argument in arguments:
        path = argument.rpartition("=")[2]
        if path == profile or path.startswith(profile + "/"):
            return True
    return False


def _running() -> list[psutil.Process]:
    return [one for one in psutil.process_iter(["cmdline", "status"]) if one.info["status"] != psutil.STATUS_ZOMBIE]


def users_of(profile: Path) -> list[psutil.Process]:
    """The browser of a profile and all that it has started, as far as they are there now."""
    found = {one.pid: one for one in _running() if _is_browser_of(one.info["cmdline"] or [], str(profile))}
    return list(with_children(found.values()).values())


def _is_browser_of(arguments: list[str], profile: str) -> bool:
    # Other programs may name a path in a profile too (an editor, a grep): a browser's processes carry switches.
    return _uses((one for one in arguments if one.startswith("--")), profile)


def with_children(roots: Iterable[psutil.Process]) -> dict[int, psutil.Process]:
    found: dict[int, psutil.Process] = {}
    for root in roots:
        found[root.pid] = root
        with suppress(psutil.Error):
            found.update({child.pid: child for child in root.children(recursive=True)})
    return found


def living(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        with suppress(psutil.Error):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def wait_end(processes: Iterable[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Those that are still there after that time at most. A zombie has ended."""
    until = time.monotonic() + seconds
    while (there := living(processes)) and time.monotonic() < until:
        time.sleep(POLL)
    return there


def end_all(processes: Iterable[psutil.Process], *, grace: float) -> bool:
    """Ask them to end, wait that many seconds, then kill what is left. True when nothing is left.

    Only the browsers themselves are asked, and end their helpers in good order: a browser that is killed right after a
    login, or whose helper for storage is, loses it.
    """
    there = living(processes)
    ids = {one.pid for one in there}
    for process in there:
        with suppress(psutil.Error):
            if process.ppid() not in ids:
                process.terminate()
    there = wait_end(there, seconds=grace)
    for process in there:
        with suppress(psutil.Error):
            process.kill()
    return not wait_end(there, seconds=WAIT_AFTER_KILL)


def memory(processes: Iterable[psutil.Process]) -> int:
    """Bytes of memory that would be free without them: shared pages count by their share where the system tells it."""
    total = 0
    for process in processes:
        with suppress(psutil.Error):
            total += _memory(process)
    return total


def _memory(process: psutil.Process) -> int:
    try:
        found = process.memory_full_info()
    except psutil.AccessDenied:  # a sandboxed process tells only root how its pages are shared
        rough = process.memory_info()
        return max(int(rough.rss) - int(getattr(rough, "shared", 0)), 0)
    return int(getattr(found, "pss", 0) or found.uss)


def browsers_under(root: Path) -> dict[Path, list[psutil.Process]]:
    """Each profile under that directory that is in use on this machine, with the processes of its browser."""
    found: dict[Path, dict[int, psutil.Process]] = {}
    for process in _running():
        for argument in process.info["cmdline"] or []:
            name, _, path = argument.partition("=")
            if name == "--user-data-dir" and Path(path).parent == root:
                found.setdefault(Path(path), {}).update(with_children([process]))
    for lock in root.glob("*/SingletonLock"):
        host, pid = lock_holder(lock.parent)
        if host == socket.gethostname() and holds(pid, lock.parent):
            with suppress(psutil.Error):
                found.setdefault(lock.parent, {}).update(with_children([psutil.Process(pid)]))
    for profile, processes in found.items():
        processes.update({one.pid: one for one in users_of(profile)})
    return {profile: list(processes.values()) for profile, processes in found.items()}


def lock_holder(profile: Path) -> tuple[str, int]:
    """The host and the process id that a profile's lock names; ("", 0) when there is no lock."""
    try:
        host, _, pid = str((profile / "SingletonLock").readlink()).rpartition("-")
    except OSError:
        return "", 0
    return (host, int(pid)) if pid.isdecimal() else (host or pid, 0)


def holds(pid: int, profile: Path) -> bool:
    """Whether a process of this machine is there and is a browser of that profile; ids are used again by others."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and _is_browser_of(process.cmdline(), str(profile))
    return False


def free_profile(profile: Path, *, ended_on: Collection[str] = ()) -> str:
    """Take away the lock that a dead browser has left; who holds the profile, empty when nobody does.

    Whether a browser of this host is dead is seen. That of another host can't be seen from here, and its lock stays,
    unless the caller knows that no browser of the profile runs on the hosts `ended_on`.
    """
    host, pid = lock_holder(profile)
    if not host and not pid:
        holders = users_of(profile)
        return f"{socket.gethostname()}-{holders[0].pid}" if holders else ""
    if host == socket.gethostname():
        if holds(pid, profile):
            return f"{host}-{pid}"
    elif host not in ended_on:
        return f"{host}-{pid}"
    elif not _lock_goes(profile):
        logger.warning("took away the lock that a browser on %s has left in the profile %s", host, profile.name)
    for name in LOCKS:
        (profile / name).unlink(missing_ok=True)
    return ""


def _lock_goes(profile: Path) -> bool:
    """Whether the lock goes by itself: a browser that is just ending writes what it has to, and then takes it away."""
    until = time.monotonic() + LAST_WRITES_SECONDS
    while lock_holder(profile)[0] and time.monotonic() < until:
        time.sleep(POLL)
    return not lock_holder(profile)[0]
