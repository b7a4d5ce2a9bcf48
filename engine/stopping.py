"""Whether this process was asked to stop: lanes finish what they have begun and start nothing more."""

import threading

_asked = threading.Event()


def ask() -> None:
    _asked.set()


def asked() -> bool:
    return _asked.is_set()


def sleep(seconds: float) -> bool:
    """Sleep, but not past a request to stop; True when there is one."""
    return _asked.wait(seconds)
