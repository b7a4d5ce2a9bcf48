"""What pages told, on its way to messages and to the texts that people wrote."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from bson import ObjectId

from campaigns.models import Campaign
from domain.delivery import ErrorKind, SendError
from domain.outcome import after_send
from domain.states import MessageStatus
from domain.whatsapp_ids import key_of
from engine import inbox, tick
from gateways.models import Channel, Gateway, Pool
from lib.mongo import now_plus, server_now
from messaging import claims, queries
from messaging.claims import Answered
from messaging.models import InboxItem, IncomingText, Message
from sessions_app import numbers
from sessions_app.models import Acquaintance, SessionEvent
from tests.factories.sending import add_messages, make_campaign

pytestmark = pytest.mark.django_db

SESSION = ObjectId()
_sequences = itertools.count(1)


@pytest.fixture
def gateway() -> Gateway:
    pool = Pool.objects.create(name="whatsapp", channel=Channel.WHATSAPP)
    return Gateway.objects.create(name="cobranza 1", kind="whatsapp_web", channel=Channel.WHATSAPP, pool=pool)


def told(gateway: Gateway, name: str, data: Any, **more: Any) -> SessionEvent:
    """An event as the supervisor stores it."""
    now = server_now()
    fields = {"page_epoch": "e1", "sequence": next(_sequences), "received_at": now, "due_at": now, **more}
    return SessionEvent.objects.create(session=SESSION, gateway=gateway.pk, name=name, data=data, **fields)


def ack(gateway: Gateway, keys: list[str], value: int) -> SessionEvent:
    return told(gateway, "ack", {"ids": keys, "chat": "56911111111@c.us", "ack": value})


def wrote(gateway: Gateway, id: str, body: str, **more: Any) -> SessionEvent:
    data = {
        "id": id, "chat": "56911111111@c.us", "phone": "56911111111", "lid": "", "body": body, "caption": "",
        "type": "chat", "filename": "", "mimetype": "", "t": 1_767_312_000, "notify_name": "Ana", **more,
    }  # fmt: skip
    return told(gateway, "message", data)


def sending(gateway: Gateway, count: int = 1) -> tuple[Campaign, list[str], list[Answered]]:
    """Messages whose requests have begun, with the keys that the page knows them by, and a doubtful answer for each."""
    campaign = make_campaign(gateway.pool)
    add_messages(campaign, count)
    holder = claims.Holder(gateway.pk, "token", 1)
    claimed = claims.claim(holder, pool=gateway.pool_id, campaign=campaign.pk, limit=count, shared=True)
    started = claims.start(holder, claims.new_attempts(claimed, epoch=1, reserve=key_of))
    keys = [outbound.provider_id or "" for outbound, _ in started]
    doubts = []
    for outbound, of in started:
        answer = SendError(outbound.attempt_id, ErrorKind.UNKNOWN, "no_ack")
        doubts.append(Answered(outbound, of, answer, after_send(answer, can_reconcile=True)))
    return campaign, keys, doubts


def run_steps() -> None:
    inbox.apply_session_events()
    inbox.apply_receipts()


def counts(campaign: Campaign) -> dict[str, int]:
    found = queries.counts(campaign.pk)
    assert found == queries.counted(campaign.pk)
    return {status: number for status, number in found.items() if number}


def test_tick_applies_what_pages_told(gateway: Gateway) -> None:
    campaign, keys, _ = sending(gateway, 3)
    ack(gateway, keys, 1)
    ack(gateway, keys[1:], 2)
    ack(gateway, keys[2:], 3)
    wrote(gateway, "3AFF", "ya pagué")
    tick.tick()
    assert counts(campaign) == {"sent": 1, "delivered": 1, "read": 1}
    [text] = IncomingText.objects.all()
    assert (text.gateway, text.provider_id, text.phone, text.text, text.media) == (
        gateway.pk, "3AFF", "+56911111111", "ya pagué", "",
    )  # fmt: skip
    assert text.at == datetime(2026, 1, 2, tzinfo=UTC)
    assert SessionEvent.objects.exclude(due_at=None).count() == 0


@pytest.mark.parametrize(
    ("values", "status"),
    [([1], "sent"), ([2], "delivered"), ([3], "read"), ([4], "read"), ([-1], "failed"), ([1, 2, 3], "read"),
     ([3, 2, 1], "read"), ([0], "sending"), ([1, -1], "failed"), ([3, 1, 1, 3], "read")],
)  # fmt: skip
def test_acks_move_the_message_forwards(gateway: Gateway, values: list[int], status: str) -> None:
    campaign, keys, _ = sending(gateway)
    for value in values:
        ack(gateway, keys, value)
    run_steps()
    assert counts(campaign) == {status: 1}
    if status == "failed":
        assert Message.objects.get().reason == "rejected_by_whatsapp"


def test_ack_ends_a_doubt(gateway: Gateway) -> None:
    campaign, keys, doubts = sending(gateway, 2)
    claims.settle(claims.Holder(gateway.pk, "token", 1), doubts)
    assert counts(campaign) == {"uncertain": 2}
    ack(gateway, keys[:1], 2)
    ack(gateway, keys[1:], -1)
    run_steps()
    assert counts(campaign) == {"delivered": 1, "failed": 1}


def test_ack_of_another_account_moves_nothing(gateway: Gateway) -> None:
    campaign, keys, _ = sending(gateway)
    other = Gateway.objects.create(name="cobranza 2", kind="whatsapp_web", channel=Channel.WHATSAPP, pool=gateway.pool)
    ack(other, keys, 3)
    run_steps()
    assert counts(campaign) == {"sending": 1}


def test_ack_that_comes_before_its_message_waits_for_it(gateway: Gateway) -> None:
    ack(gateway, ["3EB0FFFFFFFFFFFFFFFFFF"], 1)
    run_steps()
    assert [(i.provider_id, i.state, i.due_at is not None) for i in InboxItem.objects.all()] == [
        ("3EB0FFFFFFFFFFFFFFFFFF", "sent", True)
    ]


def test_events_told_twice_are_harmless(gateway: Gateway) -> None:
    campaign, keys, _ = sending(gateway)
    ack(gateway, keys, 2)
    wrote(gateway, "3AFF", "ya pagué")
    run_steps()
    SessionEvent.objects.update(due_at=now_plus(0))
    ack(gateway, keys, 2)
    wrote(gateway, "3AFF", "ya pagué")
    run_steps()
    assert counts(campaign) == {"delivered": 1}
    assert IncomingText.objects.count() == 1
    assert InboxItem.objects.count() == 0


def test_event_of_the_future_waits(gateway: Gateway) -> None:
    event = wrote(gateway, "3AFF", "hola")
    SessionEvent.objects.filter(pk=event.pk).update(due_at=now_plus(3600))
    assert inbox.apply_session_events() == 0
    assert IncomingText.objects.count() == 0


@pytest.mark.parametrize(
    ("name", "data"),
    [("ack", {}), ("ack", {"ids": ["3EB0FFFFFFFFFFFFFFFFFF"], "ack": "x"}), ("message", {"chat": "x@g.us"}),
     ("message", {"id": "1", "chat": "5@c.us", "t": None}), ("message", []), ("other", {}),
     ("message", {"id": "1", "chat": "5@c.us", "t": 1e300, "body": "x"})],
)  # fmt: skip
def test_event_that_cannot_be_read_holds_nobody_up(gateway: Gateway, name: str, data: Any) -> None:
    told(gateway, name, data)
    wrote(gateway, "3AFF", "hola")
    assert inbox.apply_session_events() == 2
    assert [text.provider_id for text in IncomingText.objects.all()] == ["3AFF"]
    assert SessionEvent.objects.exclude(due_at=None).count() == 0


def test_reply_from_a_variant_belongs_to_the_debtor(gateway: Gateway) -> None:
    numbers.remember_wid("+5511987654321", "551187654321@c.us")
    wrote(gateway, "3A01", "hola", chat="551187654321@c.us", phone="551187654321")
    run_steps()
    assert [text.phone for text in IncomingText.objects.all()] == ["+5511987654321"]
    assert numbers.is_acquainted(gateway.pk, "+5511987654321")


def test_reply_from_a_lid_belongs_to_the_debtor(gateway: Gateway) -> None:
    numbers.remember_wid("+56922222222", "56922222222@c.us", "770011@lid")
    wrote(gateway, "3A01", "hola", chat="770011@lid", phone="", lid="770011")
    wrote(gateway, "3A02", "otra", chat="880022@lid", phone="", lid="880022")
    run_steps()
    found = IncomingText.objects.order_by("provider_id").values_list("phone", flat=True)
    assert list(found) == ["+56922222222", "lid:880022"]
    assert [one.phone for one in Acquaintance.objects.all()] == ["+56922222222"]


def test_lid_is_learned_from_who_writes_under_both(gateway: Gateway) -> None:
    wrote(gateway, "3A01", "hola", chat="770011@lid", phone="56922222222", lid="770011")
    run_steps()
    wrote(gateway, "3A02", "otra", chat="770011@lid", phone="", lid="770011")
    run_steps()
    assert {text.phone for text in IncomingText.objects.all()} == {"+56922222222"}


def test_file_is_kept_by_its_caption(gateway: Gateway) -> None:
    wrote(gateway, "3A01", "/9j/4AAQ", type="image", caption="mi comprobante", mimetype="image/jpeg")
    run_steps()
    assert [(t.text, t.media) for t in IncomingText.objects.all()] == [("mi comprobante", "image")]


def test_more_events_than_a_batch_are_all_applied(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "BATCH", 3)
    for number in range(10):
        wrote(gateway, f"3A{number}", "hola")
    assert inbox.apply_session_events() == 10
    assert IncomingText.objects.count() == 10
    assert Message.objects.filter(status=MessageStatus.PENDING.value).count() == 0
