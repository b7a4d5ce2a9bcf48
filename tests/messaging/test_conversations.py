"""Conversations: counted once for each text, in whatever order and however often it is told."""

import importlib
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from bson import ObjectId
from django.apps import apps
from django.db import connection
from django.utils import timezone

from debtors import suppressions
from debtors.models import SuppressionSource
from debtors.suppressions import Entry
from domain.delivery import Incoming
from domain.people import person_key, phone_of_key
from lib.mongo import collection
from messaging import attention, receipts
from messaging.models import Conversation, IncomingText
from tests.factories.debtors import make_debtor

pytestmark = pytest.mark.django_db
PHONE = "+56911111111"
MORNING = datetime(2026, 1, 2, 9, tzinfo=UTC)


def wrote(
    text: str, *, id: str = "", phone: str = PHONE, at: datetime | None = None, line: ObjectId | None = None
) -> str:
    gateway = str(line or ObjectId("65f0c0ffee0123456789abcd"))
    receipts.store(gateway, [Incoming(id or text, phone, text, at=at)])
    return gateway


def shown(phone: str = PHONE) -> tuple[str, int, bool]:
    found = Conversation.objects.get(phone=phone)
    return found.last_text, found.unread, found.is_unread


def test_text_makes_a_conversation_with_the_name_of_its_debtor() -> None:
    debtor = make_debtor("Rosa Díaz", phone=PHONE)
    line = wrote("ya pagué", at=MORNING)
    found = Conversation.objects.get()
    assert (found.key, found.name, found.debtor, str(found.gateway)) == ("56911111111", "Rosa Díaz", debtor.pk, line)
    assert (found.last_text, found.last_direction, found.last_at, found.unread) == ("ya pagué", "in", MORNING, 1)


def test_text_that_is_told_again_counts_nothing() -> None:
    for _ in range(3):
        wrote("ya pagué", id="1", at=MORNING)
    assert shown() == ("ya pagué", 1, True)
    attention.mark_read(Conversation.objects.get(), unread=1, last_in_at=MORNING)
    wrote("ya pagué", id="1", at=MORNING)
    assert shown() == ("ya pagué", 0, False)


def test_late_text_counts_and_does_not_stand_before_later_ones() -> None:
    wrote("segunda", at=MORNING + timedelta(minutes=5))
    wrote("primera", at=MORNING)
    assert shown() == ("segunda", 2, True)
    assert Conversation.objects.get().last_in_at == MORNING + timedelta(minutes=5)


def test_text_from_the_future_does_not_stay_on_top() -> None:
    wrote("ayer", at=timezone.now() + timedelta(days=300))
    assert Conversation.objects.get().last_at <= timezone.now() + timedelta(minutes=1)


def test_texts_of_one_call_are_counted_together() -> None:
    texts = [Incoming(str(n), PHONE, f"texto {n}", at=MORNING + timedelta(seconds=n)) for n in range(5)]
    receipts.store(str(ObjectId()), [*texts, Incoming("x", "+56922222222", "hola", at=MORNING)])
    assert shown() == ("texto 4", 5, True)
    assert shown("+56922222222") == ("hola", 1, True)


@pytest.mark.parametrize("phone", ["lid:880022", "BANCO/1", "1234"])
def test_sender_without_a_number_has_a_conversation_too(phone: str) -> None:
    wrote("hola", phone=phone)
    found = Conversation.objects.get()
    assert found.key == person_key(phone)
    assert phone_of_key(found.key) in (phone, "")


def test_sender_without_a_name_has_none() -> None:
    wrote("hola", phone="")
    assert (IncomingText.objects.count(), Conversation.objects.count()) == (1, 0)


def test_mark_read_leaves_what_came_since() -> None:
    wrote("una", at=MORNING)
    seen = Conversation.objects.get()
    wrote("dos", at=MORNING + timedelta(minutes=1))
    assert not attention.mark_read(seen, unread=seen.unread, last_in_at=seen.last_in_at)
    assert shown() == ("dos", 2, True)


@pytest.mark.whole_database
def test_texts_stored_at_once_by_several_threads_are_all_counted() -> None:
    def work(first: int) -> None:
        try:
            for number in range(10):
                wrote("texto", id=str((first + number) % 20), at=MORNING)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[first]) for first in (0, 5, 10, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (IncomingText.objects.count(), shown()[1]) == (20, 20)


def test_migration_makes_conversations_of_the_texts_that_are_there() -> None:
    make_debtor("Rosa Díaz", phone=PHONE)
    wrote("primera", at=MORNING)
    wrote("segunda", at=MORNING + timedelta(minutes=1))
    wrote("otra", phone="+56922222222", at=MORNING)
    kept = {"_id": 0, "owners": 0, "debtors": 0, "opted_out": 0}  # these came with later ones
    before = {row["key"]: row for row in collection(Conversation).find({}, kept)}
    collection(Conversation).delete_many({})
    for _ in range(2):
        for name in ("0005_conversations", "0011_inbox"):
            migration = importlib.import_module(f"messaging.migrations.{name}")
            migration.fill(apps, SimpleNamespace(connection=connection))
    assert {row["key"]: row for row in collection(Conversation).find({}, kept)} == before


def test_migration_says_of_conversations_who_opted_out() -> None:
    for phone in (PHONE, "+56922222222"):
        wrote("hola", phone=phone)
    suppressions.add([Entry(PHONE, SuppressionSource.PERSON), Entry("+56933333333", SuppressionSource.PERSON)])
    migration = importlib.import_module("messaging.migrations.0015_opted_out")
    migration.fill(apps, SimpleNamespace(connection=connection))
    assert [one.phone for one in Conversation.objects.filter(opted_out=True)] == [PHONE]
