"""The live parts of the log, and the banner of every page that says what does not work."""

from typing import Any

from live.fragments import Fragment, of_kinds, register
from systemlog import presence
from systemlog.queries import Filter, latest


def tail(key: str) -> dict[str, Any]:
    return {"rows": latest(Filter.of_key(key))}


def banner(key: str) -> dict[str, Any]:
    return {"engine_silent": presence.ENGINE in presence.silent([presence.ENGINE])}


register(Fragment("log-tail", "systemlog/_tail.html", of_kinds("log"), tail))
register(Fragment("system-banner", "systemlog/_banner.html", of_kinds("system"), banner))
