"""Finds and ends every process of one run, by the tag that each carries in its environment.

Browsers are asked before their helpers are: one that loses these first may lose what it has not yet written, a login.
A program may overwrite its environment (to change its title, as browsers' helpers do), so descendants and the process
groups that the caller names are ended too. Where there is no /proc (macOS), these groups are all that is.
"""

import contextlib
import os
import signal
import time
from collections.abc import Collection, Mapping
from pathlib import Path

TAG = "WHATSMASSIVE_RUN"
PROC = Path("/proc")
PAUSE = 0.05
BROWSER_GRACE = 6.0
"""Seconds that browsers have to write their profiles, beyond those that everything has."""


def nested_run_id(new: str) -> str:
    """The id of a run that starts now: below the run that this process belongs to, so that it ends with that one."""
    outer = os.environ.get(TAG)
    return f"{outer}.{new}" if outer else new


def tagged(run_id: str) -> set[int]:
    """The ids of the living processes of the run and of the runs below it; zombies don't count."""
    whole, below = f"{TAG}={run_id}".encode(), f"{TAG}={run_id}.".encode()
    found = set()
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if not entry.name.isdecimal():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if any(variable == whole or variable.startswith(below) for variable in variables):
            found.add(int(entry.name))
    return found


def relations() -> dict[int, tuple[int, int]]:
    """Each living process's parent and process group."""
    found = {}
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdecimal():
            try:
                # The name in parentheses may hold anything; state and parent follow the last one.
                fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                found[int(entry.name)] = (int(fields[1]), int(fields[2]))
    return found


def members(run_id: str, groups: Collection[int], *, spared: Collection[int]) -> set[int]:
    """The processes that carry the tag or are in one of the groups, and all below them; nothing below the spared."""
    related = relations()
    found = (tagged(run_id) | {pid for pid, (_, group) in related.items() if group in groups}) - set(spared)
    return with_descendants(found, related, spared=spared) & related.keys()


def with_descendants(
    roots: Collection[int], related: Mapping[int, tuple[int, int]], *, spared: Collection[int] = ()
) -> set[int]:
    """These processes and all that stand below them, as far as no spared one is in between."""
    found = set(roots)
    grew = True
    while grew:
        below = {pid for pid, (parent, _) in related.items() if parent in found} - found - set(spared)
        found |= below
        grew = bool(below)
    return found


def is_browser(pid: int) -> bool:
    """Whether it is a browser's own process, which writes the profile; its helpers have a `--type`."""
    try:
        words = (PROC / str(pid) / "cmdline").read_bytes().replace(b" ", b"\0").split(b"\0")
    except OSError:
        return False
    names = {word.partition(b"=")[0] for word in words}
    return b"--user-data-dir" in names and b"--type" not in names


def end_all(run_id: str, *, grace: float, groups: Collection[int] = (), spare: Collection[int] = ()) -> int:
    """End every process of the run: TERM, then KILL after `grace` seconds (browsers have more), until none is left.

    `groups` are process groups to end too, `spare` processes left alone with this one. Returns how many processes were
    found.
    """
    if not PROC.is_dir():
        return _end_groups(groups, grace=grace)
    spared = {*spare, os.getpid()}
    seen: set[int] = set()
    asked: set[int] = set()
    deadline = time.monotonic() + grace
    while True:
        # What lost the tag and then its parent is still known from an earlier round.
        alive = members(run_id, groups, spared=spared) | (seen & relations().keys())
        if not alive:
            return len(seen)
        browsers = {pid for pid in alive if is_browser(pid)}
        patient = with_descendants(browsers, relations()) & alive
        late = time.monotonic() - deadline
        for pid in alive:
            if late >= (BROWSER_GRACE if pid in patient else 0):
                send(pid, signal.SIGKILL)
            elif pid not in asked and pid not in patient - browsers:
                send(pid, signal.SIGTERM)
                asked.add(pid)
        seen |= alive
        time.sleep(PAUSE)


def _end_groups(groups: Collection[int], *, grace: float) -> int:
    deadline = time.monotonic() + grace
    asked = False
    while alive := [group for group in groups if group_exists(group)]:
        late = time.monotonic() >= deadline
        if late or not asked:
            for group in alive:
                send_group(group, signal.SIGKILL if late else signal.SIGTERM)
        asked = True
        time.sleep(PAUSE)
    return len(groups)


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def send_group(group: int, number: signal.Signals) -> None:
    """Signal a process group that may have ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
