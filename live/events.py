"""The events that pages listen to. Each says that an object changed, never how: the page asks the database.

So an event may be lost, doubled or coalesced with the next one, and the page is still right.
"""

from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """An object changed; `id` is its primary key as text."""

    kind: ClassVar[str]
    id: str

    @property
    def groups(self) -> tuple[str, ...]:
        """The Channels groups it goes to: of whoever watches the object, and of whoever watches all of its kind."""
        return (f"{self.kind}.{self.id}", self.kind)

    def payload(self) -> dict[str, Any]:
        """The message for the groups, of plain JSON values; consumers handle it in `live_event`."""
        return {"type": "live.event", "kind": self.kind, "id": str(self.id), "groups": list(self.groups)}


@dataclass(frozen=True, slots=True)
class CampaignChanged(Event):
    """A campaign's state or its counts."""

    kind = "campaign"


@dataclass(frozen=True, slots=True)
class GatewayChanged(Event):
    """A line's state, health or pace."""

    kind = "gateway"


@dataclass(frozen=True, slots=True)
class ImportChanged(Event):
    """An import's progress or its end."""

    kind = "import"


@dataclass(frozen=True, slots=True)
class MessageChanged(Event):
    """One message that somebody may be looking at: a reply, a test, a doubt that was settled.

    A batch of a campaign publishes CampaignChanged instead: nobody watches its messages one by one.
    """

    kind = "message"
    campaign_id: str | None = None

    def payload(self) -> dict[str, Any]:
        campaign = None if self.campaign_id is None else str(self.campaign_id)
        return {**super(MessageChanged, self).payload(), "campaign": campaign}


@dataclass(frozen=True, slots=True)
class ConversationChanged(Event):
    """The texts with one person: what came in, what was answered, or whether that arrived.

    Its id is the person's key (domain.people.person_key).
    """

    kind = "conversation"


@dataclass(frozen=True, slots=True)
class SuppressionChanged(Event):
    """Who may be written to, or which replies wait for a person to decide it; its id is empty."""

    kind = "suppression"


@dataclass(frozen=True, slots=True)
class DebtorChanged(Event):
    """A debtor's values, what somebody noted or did. Imports and work on many tell of themselves alone."""

    kind = "debtor"


@dataclass(frozen=True, slots=True)
class DebtorWorkChanged(Event):
    """The progress or the end of work on many debtors."""

    kind = "debtorwork"


@dataclass(frozen=True, slots=True)
class PoolChanged(Event):
    """A pool's settings, or which lines it has."""

    kind = "pool"


@dataclass(frozen=True, slots=True)
class SessionChanged(Event):
    """A WhatsApp session's state, its QR or its link code."""

    kind = "session"


@dataclass(frozen=True, slots=True)
class CallAdded(Event):
    """A line's log has new calls; its id is the line's."""

    kind = "call"


@dataclass(frozen=True, slots=True)
class LogAdded(Event):
    """The system log has new entries; it is about no single object, and its id is empty."""

    kind = "log"


@dataclass(frozen=True, slots=True)
class DigestChanged(Event):
    """A digest was made, or replies wait for one; its id is the reader's phone without the plus."""

    kind = "digest"


@dataclass(frozen=True, slots=True)
class CheckChanged(Event):
    """A check of numbers: its state or its answers."""

    kind = "check"
