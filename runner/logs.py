"""A service's log file: capped in size, with one older file kept beside it."""

import threading
from pathlib import Path

CAP = 5_000_000


class CappedLog:
    """Appends to `path`; past `cap` bytes the file becomes `path`.1 and a new one begins.

    A disk that refuses to be written to loses lines and nothing else: the service must not stop for its log.
    """

    def __init__(self, path: Path, *, cap: int = CAP) -> None:
        self.path = path
        self.cap = cap
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        with self._lock:
            try:
                with self.path.open("ab") as file:
                    file.write(data)
                    full = file.tell() >= self.cap
                if full:
                    self.path.replace(self.path.with_name(self.path.name + ".1"))
            except OSError:
                return

    def tail(self, lines: int = 15) -> str:
        """The last lines, or the empty text."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - 20_000))
                return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
        except OSError:
            return ""
