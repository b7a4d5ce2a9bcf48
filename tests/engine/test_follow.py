"""Conversations follow their debtors: whose they are changes with them, whatever changed them and in whatever order."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bson import ObjectId
from django.utils import timezone

from accounts.models import User
from debtors.commands import import_file
from debtors.models import Debtor
from domain.delivery import Incoming
from domain.people import person_key
from engine.follow import follow_debtors
from lib.mongo import collection
from messaging import following, receipts
from messaging.models import Conversation, Followed
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx

pytestmark = pytest.mark.django_db
PHONE, OTHER = "+56911111111", "+56922222222"


@pytest.fixture
def luis() -> User:
    return User.objects.create_user("luis")


@pytest.fixture
def eva() -> User:
    return User.objects.create_user("eva")


def wrote(phone: str = PHONE) -> None:
    receipts.store(str(ObjectId()), [Incoming(str(ObjectId()), phone, "Hola")])


def change(debtor: Debtor, *, at: datetime | None = None, **values: object) -> None:
    Debtor.objects.filter(pk=debtor.pk).update(**values, updated_at=at or timezone.now())


def stored(phone: str = PHONE) -> tuple[str, list[ObjectId]]:
    found = Conversation.objects.get(phone=phone)
    return found.name, found.owners


def test_text_is_stored_with_whose_debtor_wrote(luis: User, eva: User) -> None:
    make_debtor("Rosa", phone=PHONE, owner=luis)
    make_debtor("Rosa Díaz", phone=PHONE, rut="1-9", owner=eva)
    wrote()
    wrote(OTHER)
    assert stored() == ("Rosa Díaz", sorted([luis.pk, eva.pk]))
    assert stored(OTHER) == ("", [])


def test_executive_who_lost_a_debtor_loses_the_conversation(luis: User, eva: User) -> None:
    debtor = make_debtor("Rosa", phone=PHONE, owner=luis)
    wrote()
    follow_debtors()
    change(debtor, owner=eva, name="Rosa Díaz")
    assert stored() == ("Rosa", [luis.pk])
    assert follow_debtors() == 1
    assert stored() == ("Rosa Díaz", [eva.pk])
    assert follow_debtors() == 0


def test_conversation_follows_a_debtor_to_another_phone(luis: User, eva: User) -> None:
    make_debtor("Juan", phone=PHONE, owner=eva)
    debtor = make_debtor("Rosa", phone=PHONE, rut="1-9", owner=luis)
    wrote()
    wrote(OTHER)
    change(debtor, phone=OTHER)
    follow_debtors()
    assert stored() == ("Juan", [eva.pk])
    assert stored(OTHER) == ("Rosa", [luis.pk])


def test_nobody_keeps_the_conversation_of_a_debtor_who_is_gone(luis: User) -> None:
    debtor = make_debtor("Rosa", phone=PHONE, owner=luis)
    wrote()
    debtor.delete()
    follow_debtors()
    assert stored() == ("", [])


def test_conversations_are_looked_through_round_and_round(luis: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "ROUND", 2)
    debtors = [make_debtor("Rosa", owner=luis) for _ in range(3)]
    for debtor in debtors:
        wrote(debtor.phone)
    for place in (2, 0):
        Debtor.objects.filter(pk=debtors[place].pk).delete()
        assert [following.follow_gone() for _ in range(2)] == [int(place == 0), int(place == 2)]
    assert [stored(debtor.phone)[1] for debtor in debtors] == [[], [luis.pk], []]


def test_import_that_gives_debtors_to_somebody_is_followed(luis: User, eva: User, tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "cartera.xlsx", [HEADERS, *debtor_rows(2)])
    import_file(file, owner=luis)
    wrote("+56980000000")
    follow_debtors()
    import_file(file, owner=eva)
    follow_debtors()
    assert stored("+56980000000") == ("Deudor 0", [eva.pk])


def test_change_that_was_stored_late_is_followed_too(luis: User, eva: User, monkeypatch: pytest.MonkeyPatch) -> None:
    debtor = make_debtor("Rosa", phone=PHONE, owner=luis)
    wrote()
    follow_debtors()
    change(debtor, owner=eva, at=timezone.now() - timedelta(seconds=50))  # of a transaction that began so long ago
    follow_debtors()
    monkeypatch.setitem(following.LIMITS, following.SURELY, timedelta(seconds=-40))  # as it will be in a while
    follow_debtors()
    assert stored() == ("Rosa", [eva.pk])


def test_cursor_goes_on_in_the_middle_of_one_moment(luis: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAGE", 2)
    debtors = [make_debtor(str(number), owner=luis) for number in range(5)]
    wrote(debtors[4].phone)
    Debtor.objects.update(updated_at=timezone.now(), name="Rosa")
    assert following.follow_changes(following.AT_ONCE) == 2
    before = Followed.objects.get()
    assert following.follow_changes(following.AT_ONCE) == 2
    # Another worker that began at the same place does the same once more, and takes the cursor nowhere.
    assert not Followed.objects.filter(at=before.at, last=before.last).exists()
    assert [following.follow_changes(following.AT_ONCE) for _ in range(2)] == [1, 0]
    assert stored(debtors[4].phone) == ("Rosa", [luis.pk])


def test_conversations_of_debtors_are_found_along_indexes() -> None:
    make_debtor("Rosa", phone=PHONE)
    wrote()
    wanted = {"$or": [{"key": {"$in": [person_key(PHONE)]}}, {"debtors": {"$in": [ObjectId()]}}]}
    plan = str(collection(Conversation).find(wanted).explain()["queryPlanner"]["winningPlan"])
    assert "COLLSCAN" not in plan
    assert "conversation_debtors" in plan
