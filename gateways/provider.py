"""The provider contract: what the engine asks of every way out, whatever company or browser is behind it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from domain.delivery import Call, Health, Incoming, Outbound, Receipt, Reconciled, SendError, Sent


def _nowhere(call: Call) -> None:
    """Records nothing."""


@dataclass(frozen=True, slots=True)
class Line:
    """One configured gateway as its provider sees it: plain values, secrets opened.

    `callback_url` is where the far side may post receipts; empty when this server has no public address. `record` takes
    every call that the provider makes (gateways.telling masks it, at once or `later`); it neither raises nor waits.
    """

    id: str
    name: str
    kind: str
    config: Mapping[str, Any]
    callback_url: str = ""
    allow_private: bool = False
    record: Callable[[Call], None] = field(default=_nowhere, repr=False, compare=False)

    def __repr__(self) -> str:  # the default one would print the secrets
        return f"Line({self.kind} {self.name!r})"


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A call that the far side made to us, before anything of it is believed."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


class InvalidWebhook(Exception):
    """The call is not authentic or cannot be read; nothing of it was applied."""


class Provider(Protocol):
    """One line's way out. Made for one call of the engine; holds no state between two."""

    batch_size: int
    """How many requests `send` starts at once: that many messages are marked SENDING together."""

    per_request: int
    """How many messages one request carries, 1 where a provider doesn't say: a line that its far side has slowed down
    sends fewer requests, and no smaller ones."""

    timeout: float
    """Seconds after which every request of a batch has its answer or its error; it may take longer only where a later
    holder of the lane is safe from requests that were begun before."""

    deduplicates_by_our_id: bool
    """Whether the far side surely ignores a second request with an attempt id it has seen."""

    can_reconcile: bool
    """Whether `reconcile` can ever say more than Unknown."""

    def reserve(self, attempt_id: str) -> str | None:
        """The id that the far side will know the attempt by, where it is known before sending; stored with it."""
        ...

    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        """Send each message once, and yield one answer for each, as they come.

        No request starts after `not_after` (time.monotonic() seconds), connecting included: what did not start is
        REFUSED. One that began to connect in time may be written later, but never after `timeout` more. Never raises
        for what the far side does; an answer that cannot be read is UNKNOWN.
        """
        ...

    def reconcile(self, outbound: Outbound, *, not_after: float) -> Reconciled:
        """Find out what became of an attempt whose answer was lost, under the same id."""
        ...

    poll_every: float
    """Seconds after which the far side is asked for what nobody told us; 0 for a line that is never asked."""

    def poll(self, waiting: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        """Receipts and texts that the far side keeps until they are asked for, a page at a time.

        A page is stored before the next one is asked for: what the far side gives only once isn't lost with us.
        `waiting` are attempts of this line that were accepted and whose end nobody told, the oldest first and without
        their texts, for a far side that is asked for each by its id. Never raises for what the far side does: it ends
        at the first answer that can't be read, which the line's log of calls has.
        """
        ...

    def receipts(self, request: WebhookRequest) -> Iterable[Receipt | Incoming]:
        """What a webhook call says. Raises InvalidWebhook when it is not authentic or cannot be read."""
        ...

    def check(self) -> Health:
        """Whether the line can be used now, without sending anything to a debtor."""
        ...


@runtime_checkable
class Registers(Protocol):
    """A provider whose far side can be told over its interface whom to call."""

    def register(self) -> Health:
        """Have it call the line's callback address for all that it can tell; harmless to repeat."""
        ...
