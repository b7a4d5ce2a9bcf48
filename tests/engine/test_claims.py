"""The only writer of message state: its steps, their counts, and who may take them."""

import threading
from collections import Counter
from dataclasses import replace

import pytest
from bson import ObjectId

from domain.delivery import ErrorKind, Outbound, Receipt, ReceiptState, SendError, Sent
from domain.outcome import after_send
from domain.states import MessageStatus
from gateways.models import Pool
from lib.mongo import collection, server_now
from messaging import claims, queries, receipts
from messaging.claims import Answered, Holder
from messaging.models import InboxItem, IncomingText, Message
from tests.factories.sending import add_messages, make_campaign, make_pool

pytestmark = pytest.mark.django_db
M = MessageStatus


@pytest.fixture
def pool() -> Pool:
    return make_pool()


def holder(epoch: int = 1, gateway: ObjectId | None = None) -> Holder:
    return Holder(gateway or ObjectId(), f"token {epoch}", epoch)


def claim(lane: Holder, campaign, limit: int = 100, *, shared: bool = True):
    return claims.claim(lane, pool=campaign.sms_pool_id, campaign=campaign.pk, limit=limit, shared=shared)


def start(lane: Holder, claimed) -> list[Outbound]:
    return [outbound for outbound, _ in claims.start(lane, claims.new_attempts(claimed))]


def answered(outbound: Outbound, campaign, answer, *, can_reconcile: bool = False) -> Answered:
    return Answered(outbound, campaign.pk, answer, after_send(answer, can_reconcile=can_reconcile))


def unknown(outbound: Outbound) -> SendError:
    return SendError(outbound.attempt_id, ErrorKind.UNKNOWN, "timeout")


def refused(outbound: Outbound) -> SendError:
    return SendError(outbound.attempt_id, ErrorKind.REFUSED, "connect")


def state(campaign) -> dict[str, int]:
    """The counts that are not zero, proved equal to what the messages themselves say."""
    counts = queries.counts(campaign.pk)
    assert counts == queries.counted(campaign.pk)
    return {status: number for status, number in counts.items() if number}


def sending(lane: Holder, campaign, number: int = 1):
    """So many messages in SENDING; their requests."""
    add_messages(campaign, number)
    return start(lane, claim(lane, campaign, number))


def test_enroll_twice_adds_nobody_twice(pool) -> None:
    campaign = make_campaign(pool)
    draft = {
        "debtor": ObjectId(), "pool": pool.pk, "channel": "sms", "row": 2, "name": "A", "phone": "+56911111111",
        "text": "hola", "variant": 0, "status": "pending",
    }  # fmt: skip
    other = {**draft, "debtor": ObjectId(), "status": "skipped", "reason": "missing_value"}
    assert claims.enroll(campaign.pk, [draft, draft]) == 1
    assert claims.enroll(campaign.pk, [draft, other]) == 1
    assert state(campaign) == {"pending": 1, "skipped": 1}


def test_enroll_by_two_threads_adds_nobody_twice(pool) -> None:
    campaign = make_campaign(pool)
    drafts = [
        {
            "debtor": ObjectId(), "pool": pool.pk, "channel": "sms", "row": n, "name": "A", "phone": "+56911111111",
            "text": "hola", "variant": 0, "status": "pending",
        }
        for n in range(300)
    ]  # fmt: skip
    together(lambda: claims.enroll(campaign.pk, drafts), threads=4)
    assert state(campaign) == {"pending": 300}


def together(work, *, threads: int) -> list:
    """Run the work in so many threads at once; what each returned."""
    barrier, results, errors = threading.Barrier(threads), [], []

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except Exception as error:
            errors.append(error)

    started = [threading.Thread(target=run) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    assert errors == []
    return results


def test_claim_by_many_lanes_gives_each_message_to_one(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 300)

    def work() -> list[ObjectId]:
        lane, won = holder(), []
        while claimed := claim(lane, campaign, 20):
            won += [c.id for c in claimed]
        return won

    won = [message for ids in together(work, threads=6) for message in ids]
    assert (len(won), len(set(won))) == (300, 300)
    assert state(campaign) == {"claimed": 300}


def test_claim_leaves_what_is_not_due_yet(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 2)
    one = collection(Message).find_one({})
    collection(Message).update_one({"_id": one["_id"]}, [{"$set": {"due_at": {"$add": ["$$NOW", 60_000]}}}])
    assert len(claim(holder(), campaign)) == 1


def test_claim_leaves_what_was_dealt_to_another_lane(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    mine, other = holder(), holder()
    claims.deal(pool=pool.pk, campaign=campaign.pk, lanes=[mine.gateway, other.gateway])
    assert len(claim(mine, campaign, shared=False)) == 1
    assert len(claim(mine, campaign, shared=True)) == 1
    assert state(campaign) == {"pending": 1, "claimed": 2}


def test_claim_uses_its_index(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    due = {
        "pool": pool.pk, "status": "pending", "campaign": campaign.pk, "gateway": {"$in": [None, ObjectId()]},
        "$expr": {"$lte": ["$due_at", "$$NOW"]},
    }  # fmt: skip
    plan = collection(Message).find(due, {"_id": 1}).hint("message_claim").sort("due_at", 1).limit(10).explain()
    text = str(plan["queryPlanner"]["winningPlan"])
    assert "message_claim" in text
    assert "COLLSCAN" not in text
    assert "'SORT'" not in text


@pytest.mark.parametrize(
    ("field", "index"), [("attempts.attempt_id", "attempt_by_our_id"), ("attempts.provider_id", "attempt_by_their_id")]
)
def test_receipts_find_their_attempt_by_an_index(pool, field, index) -> None:
    campaign = make_campaign(pool)
    sending(holder(), campaign, 3)
    plan = str(collection(Message).find({field: {"$in": ["x", "y"]}}).explain()["queryPlanner"]["winningPlan"])
    assert index in plan
    assert "COLLSCAN" not in plan


def test_start_of_a_message_taken_away_meanwhile_is_left_out(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    lane = holder()
    claimed = claim(lane, campaign)
    claims.release(lane, claimed[:1])
    started = start(lane, claimed)
    assert {outbound.message_id for outbound in started} == {str(c.id) for c in claimed[1:]}
    assert state(campaign) == {"pending": 1, "sending": 2}


def test_start_by_another_epoch_starts_nothing(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 2)
    lane = holder(epoch=4)
    claimed = claim(lane, campaign)
    assert start(Holder(lane.gateway, lane.token, 5), claimed) == []
    assert state(campaign) == {"claimed": 2}


def test_start_stores_the_attempt_before_anything_is_sent(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder(epoch=3)
    [outbound] = sending(lane, campaign)
    [attempt] = Message.objects.get(pk=outbound.message_id).attempts
    assert (attempt.attempt_id, attempt.gateway, attempt.epoch) == (outbound.attempt_id, lane.gateway, 3)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda o: Sent(o.attempt_id, "theirs"), "sent"),
        (lambda o: SendError(o.attempt_id, ErrorKind.PERMANENT, "rejected", "bad number"), "failed"),
        (refused, "pending"),
        (unknown, "uncertain"),
    ],
)
def test_settle_by_answer(pool, answer, expected) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    [outbound] = sending(lane, campaign)
    assert claims.settle(lane, [answered(outbound, campaign, answer(outbound))]) == 1
    assert state(campaign) == {expected: 1}
    message = Message.objects.get(pk=outbound.message_id)
    assert message.attempts[0].outcome == expected
    assert (message.gateway is None) == (expected == "pending")


def test_settle_late_with_sent_ends_the_doubt(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder(epoch=1)
    [outbound] = sending(lane, campaign)
    claims.recover_orphans(pool=pool.pk, gateway=lane.gateway, up_to_epoch=1, can_reconcile=False)
    assert state(campaign) == {"uncertain": 1}
    assert claims.settle(lane, [answered(outbound, campaign, Sent(outbound.attempt_id))]) == 1
    assert state(campaign) == {"sent": 1}


def test_settle_late_with_refused_is_believed_while_nobody_took_the_doubt_over(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder(epoch=1)
    [outbound] = sending(lane, campaign)
    claims.recover_orphans(pool=pool.pk, gateway=lane.gateway, up_to_epoch=1, can_reconcile=True)
    assert claims.settle(lane, [answered(outbound, campaign, refused(outbound))]) == 1
    assert state(campaign) == {"pending": 1}


def test_settle_late_with_refused_after_another_holder_looked_changes_nothing(pool) -> None:
    """The look may have sent it again under the same id: an old "not accepted" must not free it for a new attempt."""
    campaign = make_campaign(pool)
    old = holder(epoch=1)
    [outbound] = sending(old, campaign)
    claims.recover_orphans(pool=pool.pk, gateway=old.gateway, up_to_epoch=1, can_reconcile=True)
    new = Holder(old.gateway, "another", 2)
    [(taken, _)] = claims.take_doubts(new, pool=pool.pk, campaigns=[campaign.pk], limit=10)
    assert taken == replace(outbound, epoch=2, started_at=taken.started_at)
    assert claims.settle(old, [answered(outbound, campaign, refused(outbound))]) == 0
    assert state(campaign) == {"uncertain": 1}
    assert claims.settle(old, [answered(outbound, campaign, Sent(outbound.attempt_id))]) == 1
    assert state(campaign) == {"sent": 1}


def test_settle_repeated_after_another_lane_began_anew_touches_nothing(pool) -> None:
    """Its commit's answer was lost, so it is repeated: by now the message is under way again, by a later attempt."""
    campaign = make_campaign(pool)
    first, second = holder(epoch=1), holder(epoch=1)
    [outbound] = sending(first, campaign)
    answer = answered(outbound, campaign, refused(outbound))
    assert claims.settle(first, [answer]) == 1
    [later] = start(second, claim(second, campaign))
    assert claims.settle(first, [answer]) == 0
    assert claims.settle(first, [answered(outbound, campaign, Sent(outbound.attempt_id))]) == 0
    assert state(campaign) == {"sending": 1}
    assert claims.settle(second, [answered(later, campaign, Sent(later.attempt_id))]) == 1


def test_start_repeated_with_the_same_attempts_starts_the_same(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    lane = holder()
    attempts = claims.new_attempts(claim(lane, campaign))
    assert claims.start(lane, attempts) == claims.start(lane, attempts)
    assert [len(m.attempts) for m in Message.objects.all()] == [1, 1, 1]


def test_settle_twice_counts_once(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    [outbound] = sending(lane, campaign)
    answer = answered(outbound, campaign, Sent(outbound.attempt_id))
    assert [claims.settle(lane, [answer]), claims.settle(lane, [answer])] == [1, 0]
    assert state(campaign) == {"sent": 1}


def test_settle_after_a_receipt_keeps_the_state_and_their_id(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    [outbound] = sending(lane, campaign)
    receipts.store(str(lane.gateway), [Receipt(ReceiptState.DELIVERED, attempt_id=outbound.attempt_id)])
    receipts.apply_due()
    claims.settle(lane, [answered(outbound, campaign, Sent(outbound.attempt_id, "theirs"))])
    assert state(campaign) == {"delivered": 1}
    assert Message.objects.get(pk=outbound.message_id).attempts[0].provider_id == "theirs"


def test_release_keeps_a_dealt_message_with_its_lane(pool) -> None:
    campaign = make_campaign(pool)
    add_messages(campaign, 2)
    lane = holder()
    claims.deal(pool=pool.pk, campaign=campaign.pk, lanes=[lane.gateway])
    claimed = claim(lane, campaign)
    assert claims.release(lane, claimed) == 2
    owners = Counter(Message.objects.values_list("gateway", flat=True))
    assert owners == Counter({lane.gateway: 1, None: 1})
    assert state(campaign) == {"pending": 2}


def test_recover_orphans_puts_claimed_back_and_doubts_what_was_being_sent(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder(epoch=2)
    sending(lane, campaign, 3)
    add_messages(campaign, 4)
    claim(lane, campaign)
    assert claims.recover_orphans(pool=pool.pk, gateway=lane.gateway, up_to_epoch=1, can_reconcile=False).total() == 0
    found = claims.recover_orphans(pool=pool.pk, gateway=lane.gateway, up_to_epoch=2, can_reconcile=False)
    assert found == Counter({"claimed": 4, "sending": 3})
    assert state(campaign) == {"pending": 4, "uncertain": 3}


def test_requeue_failed_takes_only_failed_ones_and_a_new_attempt(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    outbounds = sending(lane, campaign, 3)
    error = SendError(outbounds[0].attempt_id, ErrorKind.PERMANENT, "rejected")
    claims.settle(lane, [answered(outbounds[0], campaign, error)])
    claims.settle(lane, [answered(o, campaign, Sent(o.attempt_id)) for o in outbounds[1:]])
    assert claims.requeue_failed(campaign.pk, limit=10, before=server_now()) == 1
    assert state(campaign) == {"pending": 1, "sent": 2}
    [again] = start(lane, claim(lane, campaign))
    assert again.message_id == outbounds[0].message_id
    assert again.attempt_id != outbounds[0].attempt_id


def test_skip_pending_leaves_the_rest(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    sending(lane, campaign, 1)
    add_messages(campaign, 5)
    assert claims.skip_pending(campaign.pk, reason="cancelled", limit=3) == 3
    assert claims.skip_pending(campaign.pk, reason="cancelled", limit=3) == 2
    assert state(campaign) == {"sending": 1, "skipped": 5}


@pytest.mark.parametrize(("verdict", "expected"), [(M.SENT, "sent"), (M.FAILED, "failed"), (M.PENDING, "pending")])
def test_resolve_uncertain_by_verdict(pool, verdict, expected) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    [outbound] = sending(lane, campaign)
    claims.settle(lane, [answered(outbound, campaign, unknown(outbound))])
    assert claims.resolve_uncertain(campaign.pk, target=verdict, limit=10) == 1
    assert state(campaign) == {expected: 1}


def test_resolve_uncertain_leaves_what_the_engine_will_still_look_at(pool) -> None:
    campaign = make_campaign(pool)
    lane = holder()
    [outbound] = sending(lane, campaign)
    claims.settle(lane, [answered(outbound, campaign, unknown(outbound), can_reconcile=True)])
    assert claims.resolve_uncertain(campaign.pk, target=M.SENT, limit=10) == 0


# Receipts ---------------------------------------------------------------------------------------------------------


def sent_message(campaign, lane: Holder, provider_id: str | None = None) -> Outbound:
    [outbound] = sending(lane, campaign)
    claims.settle(lane, [answered(outbound, campaign, Sent(outbound.attempt_id, provider_id))])
    return outbound


def test_receipts_in_wrong_order_and_twice_move_forward_once(pool) -> None:
    campaign, lane = make_campaign(pool), holder()
    outbound = sent_message(campaign, lane)
    for receipt in (ReceiptState.READ, ReceiptState.DELIVERED, ReceiptState.READ, ReceiptState.SENT):
        receipts.store(str(lane.gateway), [Receipt(receipt, attempt_id=outbound.attempt_id)])
        receipts.apply_due()
    assert state(campaign) == {"read": 1}
    assert InboxItem.objects.count() == 0


def test_receipts_of_one_batch_are_applied_together(pool) -> None:
    campaign, lane = make_campaign(pool), holder()
    outbounds = [sent_message(campaign, lane) for _ in range(3)]
    items = [Receipt(ReceiptState.DELIVERED, attempt_id=o.attempt_id) for o in outbounds]
    items += [Receipt(ReceiptState.READ, attempt_id=outbounds[0].attempt_id)]
    items += [Receipt(ReceiptState.FAILED, attempt_id=outbounds[1].attempt_id, code="absent")]
    receipts.store(str(lane.gateway), items)
    assert receipts.apply_due() == (5, {campaign.pk})
    assert state(campaign) == {"delivered": 1, "read": 1, "failed": 1}
    assert Message.objects.get(pk=outbounds[1].message_id).reason == "absent"


def test_receipt_by_their_id_before_it_is_known_waits_for_it(pool) -> None:
    campaign, lane = make_campaign(pool), holder()
    [outbound] = sending(lane, campaign)
    receipts.store(str(lane.gateway), [Receipt(ReceiptState.DELIVERED, provider_id="theirs")])
    assert receipts.apply_due() == (1, set())
    assert state(campaign) == {"sending": 1}
    claims.settle(lane, [answered(outbound, campaign, Sent(outbound.attempt_id, "theirs"))])
    receipts.expect(lane.gateway, ["theirs"])
    receipts.apply_due()
    assert state(campaign) == {"delivered": 1}


def test_receipt_of_another_line_moves_nothing(pool) -> None:
    campaign, lane = make_campaign(pool), holder()
    outbound = sent_message(campaign, lane, "7")
    stranger = str(ObjectId())
    receipts.store(stranger, [Receipt(ReceiptState.DELIVERED, provider_id="7")])
    receipts.store(stranger, [Receipt(ReceiptState.DELIVERED, attempt_id=outbound.attempt_id)])
    receipts.apply_due()
    assert state(campaign) == {"sent": 1}


def test_receipt_that_matches_nothing_is_kept_and_asked_less_and_less_often(pool) -> None:
    receipts.store(str(ObjectId()), [Receipt(ReceiptState.DELIVERED, attempt_id="nobody")])
    receipts.apply_due()
    [item] = InboxItem.objects.all()
    assert item.due_at > item.received_at
    assert receipts.apply_due() == (0, set())


def test_receipt_for_an_uncertain_message_ends_the_doubt(pool) -> None:
    campaign, lane = make_campaign(pool), holder()
    [outbound] = sending(lane, campaign)
    claims.settle(lane, [answered(outbound, campaign, unknown(outbound))])
    receipts.store(str(lane.gateway), [Receipt(ReceiptState.DELIVERED, attempt_id=outbound.attempt_id)])
    receipts.apply_due()
    assert state(campaign) == {"delivered": 1}


def test_incoming_text_reported_twice_is_kept_once() -> None:
    from domain.delivery import Incoming

    gateway = str(ObjectId())
    for _ in range(2):
        receipts.store(gateway, [Incoming("in-1", "+56911111111", "ya pagué")])
    assert list(IncomingText.objects.values_list("text", flat=True)) == ["ya pagué"]
