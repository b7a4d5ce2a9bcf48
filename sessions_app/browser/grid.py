"""What a Selenium server says of itself: the browser it has, its hosts, and the browsers that it runs.

Where it is on another machine, or in another container, nobody here sees its processes. But it knows every browser that
it has started, and ends them when it ends in good order: what it does not name is not there any more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

STATUS_SECONDS = 5
HOST_NAMES = ("container:hostname", "se:containerName")
"""How the images of Selenium name the container of a node, by which the locks of its profiles are known."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A Selenium server. `sessions` are its WebDriver sessions by id, each with its profile ("" for an adopted one)."""

    ready: bool
    version: str
    platform: str
    hosts: frozenset[str]
    sessions: Mapping[str, str]

    def of(self, profile: Path) -> list[str]:
        """The sessions whose browser has that profile."""
        return [session for session, path in self.sessions.items() if path == str(profile)]

    def under(self, root: Path) -> set[Path]:
        """The profiles under that directory that have a browser."""
        return {Path(path) for path in self.sessions.values() if path and Path(path).parent == root}


def ask(url: str) -> dict[str, Any]:
    """The status of the WebDriver server, Selenium or another. Raises requests.RequestException."""
    answer = requests.get(f"{url.rstrip('/')}/status", timeout=STATUS_SECONDS).json()
    value = answer.get("value") if isinstance(answer, dict) else None
    return value if isinstance(value, dict) else {}


def read(status: Mapping[str, Any]) -> Grid | None:
    """What `ask` has found, as a Selenium server's; None where the server is a browser's own driver."""
    if not isinstance(status.get("nodes"), list):
        return None
    slots = list(_slots(status))
    kinds = [slot["stereotype"] for slot in slots if isinstance(slot.get("stereotype"), dict)]
    kind: dict[str, Any] = next((one for one in kinds if one.get("browserName") == "chrome"), {})
    running = [slot["session"] for slot in slots if isinstance(slot.get("session"), dict)]
    return Grid(
        ready=bool(status.get("ready")),
        version=_version(kind),
        platform=str(kind.get("platformName") or ""),
        hosts=frozenset(str(one[name]) for one in kinds for name in HOST_NAMES if one.get(name)),
        sessions={str(one.get("sessionId")): _profile(one) for one in running},
    )


def _slots(status: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for node in status["nodes"]:
        yield from node.get("slots", ())


def _version(kind: Mapping[str, Any]) -> str:
    """A number, or nothing: it may be called "stable" just as well."""
    version = str(kind.get("browserVersion") or "")
    return version if version[:1].isdigit() else ""


def _profile(session: Mapping[str, Any]) -> str:
    chrome = session.get("capabilities", {}).get("chrome", {})
    return str(chrome.get("userDataDir", "")) if isinstance(chrome, dict) else ""


def end(url: str, session: str, *, seconds: float) -> bool:
    """Have it end the browser of that session. True when it has, or knows no such session."""
    try:
        answer = requests.delete(f"{url.rstrip('/')}/session/{session}", timeout=seconds)
    except requests.RequestException:
        return False
    return answer.ok or answer.status_code == requests.codes.not_found
