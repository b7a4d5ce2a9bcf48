"""The live parts of the panel, and of the other pages composed of several domains."""

from typing import Any

from accounts.roles import scope_of_key, sees
from desk import at_work, figures, incidents, overview, own
from desk.conversations import fragments as _of_conversations  # noqa: F401  # registers them
from desk.conversations import queries as conversations
from desk.debtors import fragments as _of_debtors  # noqa: F401  # registers them
from desk.outreach import fragments as _of_outreach  # noqa: F401  # registers them
from desk.sessions import fragments as _of_sessions  # noqa: F401  # registers them
from desk.suppressions import fragments as _of_suppressions  # noqa: F401  # registers them
from gateways import sessions
from live.fragments import SUPERVISORS, Fragment, of_kinds, register
from sessions_app.queries import all_sessions


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


def own_next(key: str) -> dict[str, Any]:
    return {"steps": [], "first": next(overview.unread_hand(scope_of_key(key)), None)}


def own_figures(key: str) -> dict[str, Any]:
    return {"figures": own.figures(scope_of_key(key))}


def today(key: str) -> dict[str, Any]:
    return {"figures": figures.today()}


def sent_now(key: str) -> dict[str, Any]:
    return figures.now_sent()


def last_day(key: str) -> dict[str, Any]:
    return figures.last_day()


def campaigns_at_work(key: str) -> dict[str, Any]:
    return {**at_work.campaigns(scope_of_key(key)), "own": key}


def ways_out(key: str) -> dict[str, Any]:
    return at_work.ways_out(sessions.rows(all_sessions()))


def people(key: str) -> dict[str, Any]:
    scope = scope_of_key(key)
    found = conversations.unread(scope).order_by("-last_at")
    most = overview.MOST_PEOPLE if scope.everything else own.MOST_PEOPLE
    return {"rows": conversations.rows(list(found[:most])), "own": key}


def trouble(key: str) -> dict[str, Any]:
    return incidents.recent()


def by_the_clock(key: str) -> tuple[str, ...]:
    """No event changes it: what is over stays as it was. Every fragment is looked at again once in a while."""
    return ()


FLOW = of_kinds("campaign", "conversation", "message")
"""What tells that a figure may have changed."""

register(
    Fragment(
        "panel-next",
        "desk/_next.html",
        of_kinds("session", "gateway", "pool", "campaign", "conversation", "import"),
        what_next,
        SUPERVISORS,
    )
)
register(Fragment("panel-today", "desk/_today.html", FLOW, today, SUPERVISORS))
register(Fragment("panel-now", "desk/_now.html", FLOW, sent_now, SUPERVISORS))
register(Fragment("panel-flow", "desk/_flow.html", by_the_clock, last_day, SUPERVISORS))
register(Fragment("panel-campaigns", "desk/_campaigns.html", of_kinds("campaign", "gateway"), campaigns_at_work, sees))
register(Fragment("panel-ways", "desk/_ways.html", of_kinds("session", "gateway"), ways_out, SUPERVISORS))
register(Fragment("panel-people", "desk/_people.html", of_kinds("conversation"), people, sees))
register(Fragment("panel-trouble", "desk/_trouble.html", of_kinds("log", "session", "gateway"), trouble, SUPERVISORS))

# An executive's panel: the key says whose.
register(Fragment("own-next", "desk/_next.html", of_kinds("conversation"), own_next, own.only))
register(Fragment("own-figures", "desk/_own_figures.html", FLOW, own_figures, own.only))
