"""Which conversations a list shows, as its address says it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bson import ObjectId
from django.utils.translation import pgettext_lazy

from gateways.models import Channel
from lib.converters import object_id

LONGEST_SEARCH = 60

SHOWS = {
    "": pgettext_lazy("conversations", "All"),
    "unread": pgettext_lazy("conversations", "Unread"),
    "mine": pgettext_lazy("conversations", "Mine"),
    "unassigned": pgettext_lazy("conversations", "Unassigned"),
    "archived": pgettext_lazy("conversations", "Archived"),
    "opted-out": pgettext_lazy("conversations", "Opted out"),
}
"""The lists by the word in their address."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of SHOWS, of one line or one channel, or what a search finds."""

    show: str = ""
    line: ObjectId | None = None
    channel: str = ""
    search: str = ""

    @property
    def query(self) -> dict[str, str]:
        """It as its address says it."""
        line = str(self.line) if self.line else ""
        given = {"show": self.show, "line": line, "channel": self.channel, "q": self.search}
        return {name: value for name, value in given.items() if value}

    @property
    def by_what(self) -> str:
        """The line or the channel in one word, as a live part's key has it."""
        return str(self.line) if self.line else self.channel

    @property
    def channel_label(self) -> str:
        return str(Channel(self.channel).label) if self.channel else ""


def read(query: Mapping[str, str]) -> Wanted:
    """What an address asks for; what it asks for in vain is left out."""
    show, channel = query.get("show", ""), query.get("channel", "")
    return Wanted(
        show=show if show in SHOWS else "",
        line=object_id(query.get("line", "")),
        channel=channel if channel in Channel.values else "",
        search=" ".join(query.get("q", "").split())[:LONGEST_SEARCH],
    )
