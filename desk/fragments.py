"""The live parts of the panel, and of the other pages composed of several domains."""

from typing import Any

from desk import overview
from desk.conversations import fragments as _of_conversations  # noqa: F401  # registers them
from desk.conversations import queries as conversations
from desk.sessions import fragments as _of_sessions  # noqa: F401  # registers them
from gateways import sessions
from live.fragments import Fragment, of_kinds, register
from sessions_app.queries import all_sessions
from systemlog.queries import incidents


def what_next(key: str) -> dict[str, Any]:
    steps = overview.first_steps()
    found = overview.hands()
    return {
        "steps": steps,
        "now": next((step for step in steps if not step.done), None),
        "first": found[0] if found else None,
        "others": found[1 : overview.MOST_HANDS],
        "more": max(0, len(found) - overview.MOST_HANDS),
    }


def today(key: str) -> dict[str, Any]:
    return {"figures": overview.today()}


def campaigns_at_work(key: str) -> dict[str, Any]:
    return {"rows": overview.campaigns()}


def ways_out(key: str) -> dict[str, Any]:
    rows = sessions.rows(all_sessions())
    return {"total": len(rows), "states": overview.session_states(rows), "down": overview.down()}


def people(key: str) -> dict[str, Any]:
    found = conversations.listed(unread=True).order_by("-last_at")[: overview.MOST_PEOPLE]
    return {"rows": conversations.rows(list(found))}


def trouble(key: str) -> dict[str, Any]:
    return {"rows": incidents()}


register(
    Fragment(
        "panel-next",
        "desk/_next.html",
        of_kinds("session", "gateway", "pool", "campaign", "conversation", "import"),
        what_next,
    )
)
register(Fragment("panel-today", "desk/_today.html", of_kinds("campaign", "conversation", "message"), today))
register(Fragment("panel-campaigns", "desk/_campaigns.html", of_kinds("campaign"), campaigns_at_work))
register(Fragment("panel-ways", "desk/_ways.html", of_kinds("session", "gateway"), ways_out))
register(Fragment("panel-people", "desk/_people.html", of_kinds("conversation"), people))
register(Fragment("panel-trouble", "desk/_trouble.html", of_kinds("log"), trouble))
