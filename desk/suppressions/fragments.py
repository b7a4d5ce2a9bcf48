"""The live parts of opt-outs: how many replies wait for a decision, in the menu and on their pages."""

from typing import Any

from django.utils.translation import ngettext

from desk.suppressions import queries
from live.fragments import SUPERVISORS, Fragment, of_kinds, register


def waiting(key: str) -> dict[str, Any]:
    """How many wait. `key` is how many the page knew of when it was shown: where there are others it says so."""
    number = queries.waiting()
    words = ngettext("%(number)s reply to decide", "%(number)s replies to decide", number) % {"number": number}
    most = queries.MOST_WAITING
    return {"number": number, "most": most, "words": words, "colour": "soon", "stale": bool(key) and key != str(number)}


register(Fragment("menu-reviews", "includes/menu_count.html", of_kinds("suppression"), waiting, SUPERVISORS))
register(Fragment("tab-reviews", "includes/menu_count.html", of_kinds("suppression"), waiting, SUPERVISORS))
register(Fragment("reviews-waiting", "suppressions/_waiting.html", of_kinds("suppression"), waiting, SUPERVISORS))
