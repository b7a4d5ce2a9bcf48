"""The live parts of the log, and the banner of every page that says what does not work."""

from typing import Any

from domain.roles import Role
from live.fragments import SUPERVISORS, Fragment, of_kinds, register, seen_by
from systemlog import presence
from systemlog.queries import Filter, latest


def tail(key: str) -> dict[str, Any]:
    return {"rows": latest(Filter.of_key(key))}


def banner(key: str) -> dict[str, Any]:
    return {"engine_silent": presence.ENGINE in presence.silent([presence.ENGINE])}


register(Fragment("log-tail", "systemlog/_tail.html", of_kinds("log"), tail, SUPERVISORS))
register(Fragment("system-banner", "systemlog/_banner.html", of_kinds("system"), banner, seen_by(Role.EXECUTIVE)))
