"""What SMS cost: counted once, with the step by which the far side takes a message on, the same wherever it is kept."""

from datetime import date
from decimal import Decimal

import pytest
from bson import ObjectId

from domain.costs import MILLION, Price, Spent, spent_of, total
from domain.delivery import ErrorKind, Failed, Outbound, Receipt, ReceiptState, SendError, Sent
from domain.outcome import after_reconcile, after_send
from domain.states import MessageStatus
from lib.mongo import collection
from messaging import claims, receipts, spending
from messaging.claims import Answered, Holder
from messaging.models import DayTally, Kind, Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db
M = MessageStatus
LONG = "a" * 200
CHEAP = Price(35_000, "USD")
"""0.035 USD a part."""


@pytest.fixture
def campaign():
    return make_campaign(make_pool())


@pytest.fixture
def holder(campaign) -> Holder:
    return Holder(make_line(campaign.sms_pool, "http://127.0.0.1:1/").pk, "token", 1)


def begin(
    campaign, holder: Holder, number: int = 1, *, text: str = LONG, price: Price | None = CHEAP
) -> list[Outbound]:
    """So many new messages in SENDING at that price."""
    add_messages(campaign, number, text=text)
    return again(campaign, holder, number, price=price)


def again(campaign, holder: Holder, number: int = 1, *, price: Price | None = CHEAP) -> list[Outbound]:
    claimed = claims.claim(holder, pool=campaign.sms_pool_id, campaign=campaign.pk, limit=number, shared=True)
    return [outbound for outbound, _ in claims.start(holder, claims.new_attempts(claimed, price=price))]


def answer(campaign, holder: Holder, *answers: tuple[Outbound, Sent | SendError]) -> int:
    settled = [
        Answered(outbound, campaign.pk, said, after_send(said, can_reconcile=True)) for outbound, said in answers
    ]
    return claims.settle(holder, settled)


def report(holder: Holder, outbound: Outbound, state: ReceiptState) -> None:
    receipts.store(str(holder.gateway), [Receipt(state, attempt_id=outbound.attempt_id)])
    receipts.apply_due()


def sent(outbound: Outbound) -> Sent:
    return Sent(outbound.attempt_id)


def lost(outbound: Outbound) -> SendError:
    return SendError(outbound.attempt_id, ErrorKind.UNKNOWN, "timeout")


def spent(campaign) -> Spent:
    """What the campaign spent, proved to be the same by its messages, by its lines and by its days."""
    found = spending.by_campaign([campaign.pk])[campaign.pk]
    assert total(map(spent_of, collection(Message).find({"campaign": campaign.pk}))) == found
    assert total(spending.of_campaign(campaign.pk).values()) == found
    assert total(map(spent_of, collection(DayTally).find())) == found
    return found


def test_what_is_accepted_costs_its_parts_at_the_price_of_its_line(campaign, holder) -> None:
    [long] = begin(campaign, holder)
    [short] = begin(campaign, holder, text="hola")
    answer(campaign, holder, (long, sent(long)), (short, sent(short)))
    assert spent(campaign) == Spent(3, 0, {"USD": 3 * 35_000})
    [stored] = Message.objects.filter(pk=long.message_id)
    assert (stored.parts, stored.paid_parts, stored.cost) == (2, 2, {"USD": 70_000})
    lately = spending.lately([holder.gateway])[holder.gateway]
    assert lately.today == lately.month == spent(campaign)


def test_each_step_is_counted_once_however_often_it_is_told(campaign, holder) -> None:
    [outbound] = begin(campaign, holder)
    answer(campaign, holder, (outbound, sent(outbound)))
    answer(campaign, holder, (outbound, sent(outbound)))
    report(holder, outbound, ReceiptState.DELIVERED)
    report(holder, outbound, ReceiptState.DELIVERED)
    assert spent(campaign) == Spent(2, 0, {"USD": 70_000})


def test_what_is_refused_costs_nothing(campaign, holder) -> None:
    [again_later, never] = begin(campaign, holder, 2)
    refused = SendError(again_later.attempt_id, ErrorKind.REFUSED, "connect")
    permanent = SendError(never.attempt_id, ErrorKind.PERMANENT, "rejected")
    answer(campaign, holder, (again_later, refused), (never, permanent))
    assert spent(campaign) == Spent()


def test_what_fails_by_a_receipt_has_cost(campaign, holder) -> None:
    [told, overtaken] = begin(campaign, holder, 2)
    answer(campaign, holder, (told, sent(told)))
    report(holder, told, ReceiptState.FAILED)
    assert spent(campaign).parts == 2
    report(holder, overtaken, ReceiptState.FAILED)
    answer(campaign, holder, (overtaken, sent(overtaken)))
    assert spent(campaign) == Spent(4, 0, {"USD": 140_000})


def test_receipt_that_overtakes_the_answer_is_what_costs(campaign, holder) -> None:
    [outbound] = begin(campaign, holder)
    report(holder, outbound, ReceiptState.DELIVERED)
    answer(campaign, holder, (outbound, sent(outbound)))
    assert spent(campaign) == Spent(2, 0, {"USD": 70_000})


@pytest.mark.parametrize("way", ["receipt", "look", "failed look", "person"])
def test_doubt_costs_once_it_is_known_to_have_been_taken_on(campaign, holder, way: str) -> None:
    [outbound] = begin(campaign, holder)
    answer(campaign, holder, (outbound, lost(outbound)))
    assert spent(campaign) == Spent()
    if way == "receipt":
        report(holder, outbound, ReceiptState.SENT)
    elif way == "person":
        collection(Message).update_many({}, {"$set": {"due_at": None}})
        assert claims.resolve_uncertain(campaign.pk, target=M.SENT, limit=10) == 1
    else:
        failed = Failed(outbound.attempt_id, "undelivered")
        found = failed if way == "failed look" else sent(outbound)
        collection(Message).update_many({}, {"$set": {"due_at": collection(Message).find_one()["created_at"]}})
        [(asked, _)] = claims.take_doubts(holder, pool=campaign.sms_pool_id, campaigns=[campaign.pk], limit=10)
        outcome = after_reconcile(found, checks=0)
        assert claims.settle_doubt(holder, Answered(asked, campaign.pk, found, outcome))
    assert spent(campaign) == Spent(2, 0, {"USD": 70_000})
    assert spending.of_campaign(campaign.pk).keys() == {holder.gateway}


def test_doubt_that_a_person_calls_failed_costs_nothing(campaign, holder) -> None:
    [outbound] = begin(campaign, holder)
    answer(campaign, holder, (outbound, lost(outbound)))
    collection(Message).update_many({}, {"$set": {"due_at": None}})
    assert claims.resolve_uncertain(campaign.pk, target=M.FAILED, limit=10) == 1
    assert spent(campaign) == Spent()


def test_what_is_sent_again_costs_again_at_the_price_of_then(campaign, holder) -> None:
    [outbound] = begin(campaign, holder)
    answer(campaign, holder, (outbound, sent(outbound)))
    report(holder, outbound, ReceiptState.FAILED)
    stored = Message.objects.get(pk=outbound.message_id)
    assert claims.requeue_failed(campaign.pk, limit=10, before=stored.failed_at) == 1
    [second] = again(campaign, holder, price=Price(9 * MILLION, "CLP"))
    answer(campaign, holder, (second, sent(second)))
    assert spent(campaign) == Spent(4, 0, {"USD": 70_000, "CLP": 18 * MILLION})
    assert spent(campaign).amounts() == [("CLP", Decimal(18)), ("USD", Decimal("0.07"))]


def test_price_that_changes_counts_from_the_next_message_on(campaign, holder) -> None:
    [before] = begin(campaign, holder)
    [after] = begin(campaign, holder, price=Price(40_000, "USD"))
    answer(campaign, holder, (after, sent(after)), (before, sent(before)))
    assert spent(campaign) == Spent(4, 0, {"USD": 2 * 35_000 + 2 * 40_000})


def test_line_without_a_price_counts_parts_of_unknown_cost(campaign, holder) -> None:
    [outbound] = begin(campaign, holder, price=None)
    answer(campaign, holder, (outbound, sent(outbound)))
    assert spent(campaign) == Spent(2, 2, {})


def test_reply_costs_its_line_and_no_campaign(campaign, holder) -> None:
    claims.add_direct(
        kind=Kind.REPLY,
        gateway=holder.gateway,
        pool=campaign.sms_pool_id,
        channel="sms",
        phone="+56911111111",
        text=LONG,
    )
    claimed = claims.claim(holder, pool=campaign.sms_pool_id, campaign=None, limit=1, shared=False)
    [(outbound, _)] = claims.start(holder, claims.new_attempts(claimed, price=CHEAP))
    claims.settle(holder, [Answered(outbound, None, sent(outbound), after_send(sent(outbound), can_reconcile=False))])
    assert spending.lately([holder.gateway])[holder.gateway].today == Spent(2, 0, {"USD": 70_000})
    assert spending.by_campaign([campaign.pk])[campaign.pk] == Spent()


def test_parts_left_are_those_that_are_still_to_go(campaign, holder) -> None:
    add_messages(campaign, 3, text=LONG)
    [outbound] = again(campaign, holder)
    assert spending.parts_left(campaign.pk, campaign.sms_pool_id) == 6
    answer(campaign, holder, (outbound, sent(outbound)))
    assert spending.parts_left(campaign.pk, campaign.sms_pool_id) == 4


def test_month_of_a_line_is_read_along_the_index_of_days() -> None:
    stages = spending._of_days(date(2026, 11, 1), date(2026, 11, 30), [str(ObjectId())])
    plan = collection(DayTally).database.command(
        "explain", {"aggregate": DayTally._meta.db_table, "pipeline": stages, "cursor": {}}, verbosity="queryPlanner"
    )
    assert "day_tally_day_lane" in str(plan)
    assert "COLLSCAN" not in str(plan)
