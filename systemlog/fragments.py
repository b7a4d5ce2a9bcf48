"""The live parts of the log, and the banner of every page that says what does not work."""

from typing import Any

from domain.roles import Role
from live.fragments import SUPERVISORS, Fragment, of_kinds, register, seen_by
from systemlog import presence
from systemlog.queries import MOST_NEWER, Filter, held_at, latest, newer, of_held_key


def tail(key: str) -> dict[str, Any]:
    wanted = Filter.of_key(key)
    return {"rows": latest(wanted), "wanted": wanted}


def held(key: str) -> dict[str, Any]:
    """How many came since."""
    pk, wanted = of_held_key(key)
    since = held_at(pk)
    number = newer(wanted, since) if since is not None else 0
    return {"number": number, "most": MOST_NEWER, "wanted": wanted}


def banner(key: str) -> dict[str, Any]:
    return {"engine_silent": presence.ENGINE in presence.silent([presence.ENGINE])}


register(Fragment("log-tail", "systemlog/_tail.html", of_kinds("log"), tail, SUPERVISORS))
register(Fragment("log-held", "systemlog/_held.html", of_kinds("log"), held, SUPERVISORS))
register(Fragment("system-banner", "systemlog/_banner.html", of_kinds("system"), banner, seen_by(Role.EXECUTIVE)))
