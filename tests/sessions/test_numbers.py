"""What is remembered of numbers, and whom an id belongs to."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta

import pytest
from bson import ObjectId
from django.db import connection

from domain.number_checks import CONFIRM_AFTER, NO_LASTS, YES_LASTS, Absent, Ask, Known, Wait, judge
from lib.mongo import now_plus, server_now
from sessions_app import numbers
from sessions_app.models import Acquaintance, Number

pytestmark = pytest.mark.django_db

PHONE, WID, LID = "+5511987654321", "551187654321@c.us", "77001122@lid"


def grown_older(phone: str, seconds: float) -> None:
    Number.objects.filter(phone=phone).update(checked_at=now_plus(-seconds))


def test_number_nobody_asked_for_is_asked() -> None:
    assert judge(numbers.remembered(PHONE)) == Ask()


def test_wid_that_answered_is_remembered_for_thirty_days() -> None:
    numbers.remember_wid(PHONE, WID, LID)
    assert judge(numbers.remembered(PHONE)) == Known(WID, LID)
    grown_older(PHONE, YES_LASTS - 60)
    assert judge(numbers.remembered(PHONE)) == Known(WID, LID)
    grown_older(PHONE, YES_LASTS)
    assert judge(numbers.remembered(PHONE)) == Ask()
    numbers.remember_wid(PHONE, WID)
    assert judge(numbers.remembered(PHONE)) == Known(WID, LID)
    assert Number.objects.count() == 1


def test_stored_number_is_as_django_stores_it() -> None:
    numbers.remember_wid(PHONE, "$phone", "$$NOW")
    stored = Number.objects.get(phone=PHONE)
    assert (stored.wid, stored.lid, stored.misses) == ("$phone", "$$NOW", 0)
    assert abs((server_now() - stored.checked_at.astimezone(UTC)).total_seconds()) < 60


def test_miss_is_believed_at_the_second_time() -> None:
    assert numbers.remember_miss(PHONE) == 1
    first = judge(numbers.remembered(PHONE))
    assert isinstance(first, Wait)
    assert 0 < first.seconds <= CONFIRM_AFTER
    assert numbers.remember_miss(PHONE) == 1, "the same answer, told by two sessions"
    grown_older(PHONE, CONFIRM_AFTER)
    assert judge(numbers.remembered(PHONE)) == Ask()
    assert numbers.remember_miss(PHONE) == 2
    assert judge(numbers.remembered(PHONE)) == Absent()
    grown_older(PHONE, NO_LASTS)
    assert judge(numbers.remembered(PHONE)) == Ask()
    assert numbers.remember_miss(PHONE) == 1


def test_wid_outlives_one_miss_and_not_two() -> None:
    numbers.remember_wid(PHONE, WID, LID)
    grown_older(PHONE, YES_LASTS)
    assert numbers.remember_miss(PHONE) == 1
    assert Number.objects.get(phone=PHONE).wid == WID
    grown_older(PHONE, CONFIRM_AFTER)
    assert numbers.remember_miss(PHONE) == 2
    assert Number.objects.get(phone=PHONE).wid == ""
    numbers.remember_wid(PHONE, WID)
    assert judge(numbers.remembered(PHONE)) == Known(WID, LID)


def test_number_in_question_is_asked_again() -> None:
    numbers.remember_wid(PHONE, WID)
    numbers.question(PHONE)
    assert judge(numbers.remembered(PHONE)) == Ask()


@pytest.mark.parametrize(
    ("wid", "lid", "expected"),
    [
        pytest.param(WID, "", PHONE, id="the variant that answered"),
        pytest.param("", LID, PHONE, id="the LID alone"),
        pytest.param("5511987654321@c.us", "", PHONE, id="the debtor's own digits"),
        pytest.param("5215512345678@c.us", "", "+525512345678", id="nobody: as it would be imported"),
        pytest.param("56911111111@c.us", "99@lid", "+56911111111", id="nobody, with a LID"),
        pytest.param("", "99@lid", "lid:99", id="a LID that nobody knows"),
    ],
)
def test_phone_of_is_the_debtors(wid: str, lid: str, expected: str) -> None:
    numbers.remember_wid(PHONE, WID, LID)
    assert numbers.phone_of(wid, lid) == expected


def test_phone_of_prefers_who_answered_under_that_id() -> None:
    numbers.remember_wid("+525512345678", "5215512345678@c.us")
    numbers.remember_miss("+5215512345678")
    assert numbers.phone_of("5215512345678@c.us", "") == "+525512345678"
    numbers.remember_wid("+5215512345678", "5215512345678@c.us")
    assert numbers.phone_of("5215512345678@c.us", "") == "+5215512345678", "the one asked last"


def test_acquaintance_is_of_one_account_and_kept_once() -> None:
    one, other = ObjectId(), ObjectId()
    assert not numbers.is_acquainted(one, PHONE)
    numbers.met(one, PHONE)
    since = Acquaintance.objects.get().since
    numbers.met(str(one), PHONE)
    assert Acquaintance.objects.get().since == since
    assert numbers.is_acquainted(one, PHONE)
    assert not numbers.is_acquainted(other, PHONE)
    numbers.met(one, "lid:77")
    assert Acquaintance.objects.count() == 1


def test_sessions_that_remember_at_the_same_moment_make_one_number() -> None:
    gateway = ObjectId()

    def remember(_: int) -> None:
        numbers.remember_miss(PHONE)
        numbers.met(gateway, PHONE)
        connection.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(remember, range(24)))
    assert [(n.phone, n.misses) for n in Number.objects.all()] == [(PHONE, 1)]
    assert Acquaintance.objects.count() == 1


def test_each_lookup_uses_an_index() -> None:
    numbers.remember_wid(PHONE, WID, LID)
    same = {"$or": [{"wid": WID}, {"lid": LID}, {"phone": PHONE}]}
    plan = connection.get_collection("sessions_app_number").find(same).explain()
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
    assert timedelta(0) <= server_now() - Number.objects.get().checked_at
