"""Store what the far side answers, as the answers come: no answer is dropped, whatever happens to MongoDB meanwhile."""

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from bson import ObjectId

from campaigns.models import Campaign, CampaignChannel
from domain.channels import goes_by_sms
from domain.delivery import ErrorKind, Outbound, SendError, Sent
from domain.outcome import after_send
from domain.people import person_key
from domain.states import MessageStatus
from engine import finish
from engine.lane import Lane
from gateways.provider import Provider
from lib.mongo import retry_unavailable
from live.events import CampaignChanged, ConversationChanged, MessageChanged
from live.publish import publish
from messaging import claims, receipts
from messaging.claims import Answered

logger = logging.getLogger(__name__)

FLUSH_ANSWERS = 500
"""The most that one request brings: they are stored as they came, together."""
FLUSH_SECONDS = 0.25
STORE_SECONDS = 600.0
"""How long an answer is held in memory while MongoDB is away, before its message is left to recovery."""


def send_and_settle(
    lane: Lane, provider: Provider, started: Sequence[tuple[Outbound, ObjectId | None]], *, not_after: float
) -> list[Sent | SendError]:
    """Send the started messages and store each answer; returns the answers, one for each message."""
    waiting: dict[str, tuple[Outbound, ObjectId | None]] = {o.attempt_id: (o, c) for o, c in started}
    answers: list[Sent | SendError] = []
    ready: list[Answered] = []
    flushed_at = time.monotonic()
    for answer in _answers(lane, provider, [outbound for outbound, _ in started], not_after=not_after):
        known = waiting.pop(answer.attempt_id, None)
        if known is None:
            continue  # a second answer for the same attempt: the first one stands
        answers.append(answer)
        ready.append(_answered(*known, answer, provider))
        if len(ready) >= FLUSH_ANSWERS or time.monotonic() - flushed_at >= FLUSH_SECONDS:
            _store(lane, ready, provider)
            ready, flushed_at = [], time.monotonic()
    for outbound, campaign in waiting.values():
        lost = SendError(outbound.attempt_id, ErrorKind.UNKNOWN, "no_answer", "The provider gave no answer.")
        answers.append(lost)
        ready.append(_answered(outbound, campaign, lost, provider))
    _store(lane, ready, provider)
    return answers


def _answers(lane: Lane, provider: Provider, batch: list[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
    """The provider's answers; a fault of the provider itself ends them, and what has none is unknown."""
    try:
        yield from provider.send(batch, not_after=not_after)
    except Exception:
        about = {"kind": "gateway", "object_id": lane.id, "code": "line.fault"}
        logger.exception("the provider failed in the middle of a batch of %d", len(batch), extra=about)


def _answered(outbound: Outbound, campaign: ObjectId | None, answer: Sent | SendError, provider: Provider) -> Answered:
    sms_pool, plain = None, False
    if campaign is not None and goes_by_sms(answer, fallback=True):
        sms_pool, plain = retry_unavailable(partial(sms_way_of, campaign), seconds=STORE_SECONDS)
    outcome = after_send(answer, can_reconcile=provider.can_reconcile, fallback=sms_pool is not None)
    return Answered(outbound, campaign, answer, outcome, sms_pool, plain, ask_after=provider.poll_every)


def sms_way_of(campaign: ObjectId) -> tuple[ObjectId | None, bool]:
    """Where a campaign's messages go that WhatsApp can't deliver, and whether without accents; None where they go
    nowhere else."""
    fallback = Campaign.objects.filter(pk=campaign, channel=CampaignChannel.WHATSAPP_FALLBACK_SMS)
    return fallback.values_list("sms_pool_id", "transliterate").first() or (None, False)


def _store(lane: Lane, ready: Sequence[Answered], provider: Provider) -> None:
    if not ready:
        return
    retry_unavailable(lambda: claims.settle(lane.holder, ready), seconds=STORE_SECONDS)
    put_back = {a.campaign for a in ready if a.campaign and a.outcome.status is MessageStatus.PENDING}
    retry_unavailable(lambda: finish.keep_open(put_back), seconds=STORE_SECONDS)
    ids = [a.answer.provider_id for a in ready if isinstance(a.answer, Sent) and a.answer.provider_id]
    retry_unavailable(lambda: receipts.expect(lane.id, ids), seconds=STORE_SECONDS)
    announce((a.outbound, a.campaign) for a in ready)


def announce(moved: Iterable[tuple[Outbound, ObjectId | None]]) -> None:
    """Tell the pages that look on that messages moved, each given with its campaign.

    Of a campaign's messages it is the counts that are looked at; a reply or a test is looked at itself.
    """
    campaigns: set[ObjectId] = set()
    for outbound, campaign in moved:
        if campaign is None:
            publish(MessageChanged(outbound.message_id))
            publish(ConversationChanged(person_key(outbound.phone)))
        else:
            campaigns.add(campaign)
    for campaign in campaigns:
        publish(CampaignChanged(str(campaign)))
