"""Keeps what processes log in MongoDB, where the log's page finds it: redacted, in batches, never in anybody's way.

A record is handed over and its caller goes on; one daemon thread per process writes what came in twice a second. While
MongoDB is away the latest ones wait, up to a limit; how many were dropped is said when it is back.
"""

import atexit
import logging
import os
import socket
import sys
import threading
import traceback
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bson import ObjectId

from lib.redaction import redact

INTERVAL = 0.5  # seconds between two writes
RETRY_AFTER = 5.0  # seconds until MongoDB is tried again
EXIT_TIMEOUT = 1.0  # seconds that the end of the process may wait for the last write
MOST_WAITING = 2_000
LONGEST_MESSAGE = 2_000
LONGEST_TRACE = 12_000
DUPLICATE = 11000
"""What MongoDB says of a key that is there already."""

OURS = frozenset(
    {
        "accounts",
        "campaigns",
        "debtors",
        "desk",
        "engine",
        "gateways",
        "lib",
        "live",
        "messaging",
        "outreach",
        "sessions_app",
        "systemlog",
        "whatsmassive",
    }
)
# What the writing itself may say: keeping it would never end.
_SILENT = ("pymongo", "systemlog.handler", "asyncio")
_own_process = threading.local()


def process_label(arguments: list[str] | None = None) -> str:
    """What this process is, for people: `engine`, `web`, `beat`, or the command that was run."""
    arguments = sys.argv if arguments is None else arguments
    if "-n" in arguments[:-1]:
        return arguments[arguments.index("-n") + 1].partition("@")[0]
    if any("asgi:application" in argument or "daphne" in argument for argument in arguments):
        return "web"
    names = [argument for argument in arguments[1:] if not argument.startswith("-")]
    if Path(arguments[0]).name == "manage.py" and names:
        return names[0]
    return "beat" if "beat" in names else Path(arguments[0]).stem


class SystemLogHandler(logging.Handler):
    """INFO and above of our own packages, WARNING and above of all others.

    `extra={"kind": "campaign", "object_id": …}` on a record says what it is about. `"code"`, a stable word, with
    `"facts"`, plain values, is what pages tell of it in their own words (desk/incidents.py).
    """

    def __init__(self) -> None:
        super().__init__()
        self._begin()
        self._label = f"{process_label()} {socket.gethostname()}"[:70]
        atexit.register(self.flush_and_stop)
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin anew in a forked child: threads, locks and connections stay with the parent."""
        self._waiting: deque[dict[str, Any]] = deque()
        self._room = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._dropped = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if getattr(_own_process, "writing", False) or not wanted(record):
                return
            with self._room:
                if len(self._waiting) >= MOST_WAITING:
                    self._waiting.popleft()
                    self._dropped += 1
                self._waiting.append(self._document(record))
                if self._thread is None and not self._closing.is_set():
                    self._thread = threading.Thread(target=self._run, name="system-log", daemon=True)
                    self._thread.start()
            self._wake.set()
        except Exception:  # no room for a thread, or a record that nobody can read: logging must not break the work
            self.handleError(record)

    def flush_and_stop(self) -> None:
        """Write what waits, for a second at most."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(EXIT_TIMEOUT)

    def _document(self, record: logging.LogRecord) -> dict[str, Any]:
        facts = getattr(record, "facts", {})
        data: dict[str, Any] = {name: redact(it) if isinstance(it, str) else it for name, it in facts.items()}
        if code := getattr(record, "code", ""):
            data["code"] = code
        if record.exc_info and record.exc_info[0] is not None:
            trace = record.exc_text or "".join(traceback.format_exception(*record.exc_info))
            data["traceback"] = redact(trace)[-LONGEST_TRACE:]
        level = (
            "error" if record.levelno >= logging.ERROR else "warning" if record.levelno >= logging.WARNING else "info"
        )
        return {
            "_id": ObjectId(),
            "at": datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None),
            "level": level,
            "source": record.name[:60],
            "message": redact(record.getMessage())[:LONGEST_MESSAGE],
            "act": False,
            "actor": "",
            "kind": str(getattr(record, "kind", ""))[:20],
            "object_id": str(getattr(record, "object_id", ""))[:24],
            "process": f"{self._label} {os.getpid()}",
            "data": data,
        }

    def _run(self) -> None:
        _own_process.writing = True
        while True:
            self._wake.wait()
            self._wake.clear()
            # Asked before the writing: what came in during the last but one write is written too.
            last = self._closing.is_set()
            written = self._write()
            if last:
                return
            if not written:
                self._wake.set()
            self._closing.wait(INTERVAL if written else RETRY_AFTER)

    def _write(self) -> bool:
        from live.events import LogAdded
        from live.publish import publish

        with self._room:
            batch, dropped = list(self._waiting), self._dropped
            self._waiting.clear()
            self._dropped = 0
        told = [self._lost(dropped)] if dropped else []
        if not batch and not told:
            return True
        try:
            refused = _store([*batch, *told])
        except Exception:
            with self._room:
                # All of them, also those that were stored before it failed: they are known by their ids the next time.
                # What came in meanwhile goes on behind them; the oldest go first when there are too many.
                kept = [*batch, *self._waiting]
                self._dropped += dropped + max(0, len(kept) - MOST_WAITING)
                self._waiting = deque(kept[-MOST_WAITING:])
            return False
        if refused:
            with self._room:
                self._dropped += refused
        publish(LogAdded(""))
        return True

    def _lost(self, number: int) -> dict[str, Any]:
        record = logging.LogRecord(
            "systemlog.handler",
            logging.WARNING,
            __file__,
            0,
            "%d entries were lost while MongoDB was away; the process's own log file has them.",
            (number,),
            None,
        )
        record.code = "log.lost"
        return self._document(record)


def _store(documents: list[dict[str, Any]]) -> int:
    """Store them, each once however often it is tried; how many can't be stored. Raises while MongoDB is away."""
    from lib.mongo import insert_many, is_unavailable
    from systemlog.models import SystemLog

    try:
        insert_many(SystemLog, documents)
    except Exception as error:
        if is_unavailable(error):
            raise
        # One that is refused, or is there already, must not hold up those behind it.
        return sum(_store([one]) for one in documents) if len(documents) > 1 else int(not _is_there(error))
    return 0


def _is_there(error: Exception) -> bool:
    """Whether a document was refused because it is stored already: the answer was lost when it first was."""
    from pymongo.errors import BulkWriteError

    return isinstance(error, BulkWriteError) and all(
        one.get("code") == DUPLICATE for one in error.details["writeErrors"]
    )


def wanted(record: logging.LogRecord) -> bool:
    """Whether a record is for the people who run the product."""
    if record.name.startswith(_SILENT):
        return False
    least = logging.INFO if record.name.partition(".")[0] in OURS else logging.WARNING
    return record.levelno >= least
