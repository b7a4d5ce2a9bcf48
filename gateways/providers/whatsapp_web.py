"""A WhatsApp session's way out: each message is a job in the session's page, under an id that is ours.

Nothing here decides about the browser, and no message leaves without the fences of the page's bridge: the lane's
epoch, a deadline by the page's clock, and the ids that the page has seen.
"""

import logging
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from bson import ObjectId

from domain.delivery import (
    ErrorKind,
    Health,
    Incoming,
    Outbound,
    Receipt,
    Reconciled,
    Scope,
    SendError,
    Sent,
    Unknown,
)
from domain.number_checks import BELIEVED, CONFIRM_AFTER, Absent, Known, Remembered, Wait, judge
from domain.whatsapp_answers import (
    NOT_ON_WHATSAPP,
    UNREADABLE,
    PageAnswer,
    SendAgain,
    absent,
    after_answer,
    after_look,
    after_second_answer,
    read_answer,
    read_look,
    unconfirmed,
)
from domain.whatsapp_ids import candidates, key_of, media_type
from gateways.provider import InvalidWebhook, Line, WebhookRequest
from gateways.providers.whatsapp_page import (
    UNAVAILABLE,
    Lost,
    Reached,
    Unreached,
    asking_database,
    carry_out,
    hand_over,
    reach,
)
from sessions_app import numbers

logger = logging.getLogger(__name__)

TEXT_SECONDS = 25.0
MEDIA_SECONDS = 58.0
ACK_SHARE = 0.6
"""Of those seconds, how long the page waits for WhatsApp's word: a doubt is looked at later anyway."""

LOOK_SECONDS = 20.0
LEFT = frozenset({"acked", "no_ack", "failed", "duplicate", "seen"})
"""The ends of a send after which the person may have it."""

_T = TypeVar("_T")


class WhatsAppWeb:
    """One session's way out (see gateways.provider.Provider)."""

    batch_size = 1
    # Of a text. A file, or a browser that hangs, may outlast the lane's lease: then the next holder looks for the
    # message, and the page refuses what the earlier one might still begin (its epoch, deadline and id are fenced).
    timeout = TEXT_SECONDS + 2.0
    deduplicates_by_our_id = False  # the page may, and nobody promises it
    can_reconcile = True
    poll_every = 0.0

    def __init__(self, line: Line) -> None:
        self._gateway = ObjectId(line.id)

    def reserve(self, attempt_id: str) -> str:
        """The hex part of the message's id: WhatsApp knows the message by what we chose."""
        return key_of(attempt_id)

    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        for outbound in batch:
            yield self._send(outbound, not_after)

    def _send(self, outbound: Outbound, not_after: float) -> Sent | SendError:
        attempt_id = outbound.attempt_id
        try:
            with asking_database():
                known = judge(numbers.remembered(outbound.phone))
            if isinstance(known, Absent | Wait):
                return absent(attempt_id) if isinstance(known, Absent) else unconfirmed(attempt_id, known.seconds)
            wid = known.wid if isinstance(known, Known) else ""
            reached = reach(self._gateway)
            answer = self._carry_out(reached, outbound, wid, not_after=not_after)
        except Unreached as error:
            return _refused(attempt_id, error)
        except Lost as error:
            self._met(outbound)
            return SendError(attempt_id, ErrorKind.UNKNOWN, error.code, error.detail[:300], Scope.LINE)
        if answer.outcome == NOT_ON_WHATSAPP:
            misses = _kept(lambda: numbers.remember_miss(outbound.phone))
            return absent(attempt_id) if (misses or 0) >= BELIEVED else unconfirmed(attempt_id, CONFIRM_AFTER)
        return after_answer(attempt_id, _key(outbound), answer)

    def reconcile(self, outbound: Outbound, *, not_after: float) -> Reconciled:
        """Look for the message in the page; where only that ends the doubt, send it again under the same id.

        NotSent only where the page has never seen the id, has kept its memory since before the attempt, and refuses
        the original from now on.
        """
        attempt_id, key = outbound.attempt_id, _key(outbound)
        if outbound.started_at is None:
            return Unknown(attempt_id, "Nobody knows when the message was begun.")
        try:
            with asking_database():
                known = numbers.remembered(outbound.phone)
            reached = reach(self._gateway)
            chats = self._chats(outbound, reached, known)
            job = {"id": _job_id(key), "kind": "look", "key": key, "chats": chats}
            look = read_look(carry_out(reached, job, time.monotonic() + LOOK_SECONDS))
            if look is None:
                return Unknown(attempt_id, UNREADABLE)
            said = after_look(attempt_id, key, look, started_ms=reached.page_date(outbound.started_at))
            if isinstance(said, SendAgain):
                wid = chats[0] if chats else ""
                answer = self._carry_out(reached, outbound, wid, not_after=not_after, again=True)
                return after_second_answer(attempt_id, key, answer)
        except Unreached as error:
            return _refused(attempt_id, error)
        except Lost as error:
            return Unknown(attempt_id, error.detail[:300])
        if isinstance(said, Sent):
            self._met(outbound)
        return said

    def _carry_out(
        self, reached: Reached, outbound: Outbound, wid: str, *, not_after: float, again: bool = False
    ) -> PageAnswer:
        """Send it in the page, and keep what the answer says beside the attempt. Raises Unreached and Lost."""
        file = hand_over(reached, outbound.media, seconds=MEDIA_SECONDS) if outbound.media else ""
        job = _send_job(outbound, wid, file, deadline=reached.page_time(not_after), again=again)
        answer = read_answer(carry_out(reached, job, time.monotonic() + _seconds(outbound)))
        if answer.wid:
            _kept(lambda: numbers.remember_wid(outbound.phone, answer.wid, answer.lid))
        if answer.outcome == "failed":
            _kept(lambda: numbers.question(outbound.phone))
        if answer.outcome in LEFT:
            self._met(outbound)
        return answer

    def _chats(self, outbound: Outbound, reached: Reached, known: Remembered | None) -> list[str]:
        """The ids of the person's chat. Where nobody kept what answered, WhatsApp is asked; none is no answer.

        Raises Unreached and Lost.
        """
        if known and known.wid:
            return [one for one in (known.wid, known.lid) if one]
        job = {"id": _job_id(_key(outbound)), "kind": "check", "candidates": list(candidates(outbound.phone))}
        found = carry_out(reached, job, time.monotonic() + LOOK_SECONDS)
        if not isinstance(found, Mapping) or not found.get("wid"):
            return []
        wid, lid = str(found["wid"]), str(found.get("lid") or "")
        _kept(lambda: numbers.remember_wid(outbound.phone, wid, lid))
        return [one for one in (wid, lid) if one]

    def poll(self, waiting: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        """Nothing: what the page tells is drained and stored by the session's supervisor."""
        return iter(())

    def receipts(self, request: WebhookRequest) -> Iterable[Receipt | Incoming]:
        raise InvalidWebhook("a WhatsApp session is called by nobody")

    def check(self) -> Health:
        """Whether the session's page is there and connected."""
        try:
            reach(self._gateway)
        except Unreached as error:
            return Health(False, error.detail)
        return Health(True)

    def _met(self, outbound: Outbound) -> None:
        """The person may have a message from this account: one that is doubted counts as a first contact too."""
        _kept(lambda: numbers.met(self._gateway, outbound.phone))


def _key(outbound: Outbound) -> str:
    return outbound.provider_id or key_of(outbound.attempt_id)


def _send_job(outbound: Outbound, wid: str, file: str, *, deadline: float, again: bool) -> dict[str, Any]:
    """What the page's bridge takes; without a `wid` it asks WhatsApp which of the candidates there is."""
    media = outbound.media
    key = _key(outbound)
    return {
        "id": _job_id(key),
        "kind": "send",
        "epoch": outbound.epoch,
        "deadline": deadline,
        "chat": wid,
        "candidates": [] if wid else list(candidates(outbound.phone)),
        "key": key,
        "text": outbound.text,
        "media": media
        and {
            "file": file,
            "filename": media.filename,
            "mimetype": media.mimetype,
            "type": media_type(media.mimetype),
        },
        "ack_wait_ms": int(_seconds(outbound) * ACK_SHARE * 1000),
        "again": again,
    }


def _job_id(key: str) -> str:
    """A look or a repetition is another job on the same message."""
    return f"{key}-{uuid.uuid4().hex[:8]}"


def _seconds(outbound: Outbound) -> float:
    return MEDIA_SECONDS if outbound.media else TEXT_SECONDS


def _refused(attempt_id: str, error: Unreached) -> Sent | SendError:
    if error.code == "late":
        return after_answer(attempt_id, "", PageAnswer("late"))
    return SendError(attempt_id, ErrorKind.REFUSED, error.code, error.detail[:300], Scope.SESSION)


def _kept(store: Callable[[], _T]) -> _T | None:
    """What storing returns; None where the database is away, because an answer must not be lost for it."""
    try:
        return store()
    except UNAVAILABLE as error:
        logger.warning("what WhatsApp said of a number is not kept: %s", type(error).__name__)
        return None
