"""The live parts of every page's frame: the counts beside the menu's entries."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import ngettext

from accounts.roles import scope_of_key, sees
from desk.conversations import queries as conversations
from desk.sessions import shown
from domain.states import Desired
from gateways import sessions
from live.fragments import SUPERVISORS, Fragment, of_kinds, register
from sessions_app.models import Session

MOST = 99
"""A count is no larger than this, so that it never moves what is beside it; more of them are `99+`."""


def _shown(number: int, words: str, colour: str) -> Mapping[str, Any]:
    return {"number": number, "most": MOST, "words": words % {"number": number}, "colour": colour}


def unread(key: str) -> Mapping[str, Any]:
    """How many people of the key's scope wrote what nobody has read."""
    number = int(conversations.unread(scope_of_key(key))[: MOST + 1].count())
    return _shown(number, ngettext("%(number)s unread", "%(number)s unread", number), "working")


def hands(key: str) -> Mapping[str, Any]:
    """How many sessions need somebody before they can send."""
    wanted = Session.objects.filter(desired=Desired.CONNECTED.value)
    number = sum(shown.needs_a_hand(row) for row in sessions.rows(wanted))
    return _shown(number, ngettext("%(number)s needs a hand", "%(number)s need a hand", number), "soon")


TEMPLATE = "includes/menu_count.html"
register(Fragment("menu-unread", TEMPLATE, of_kinds("conversation"), unread, sees))
register(Fragment("menu-hands", TEMPLATE, of_kinds("session", "gateway"), hands, SUPERVISORS))
