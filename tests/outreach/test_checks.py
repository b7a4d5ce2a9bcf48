"""Checks as they are stored: where numbers come from, how slowly sessions ask, stopping and going on."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId

from accounts.models import User
from debtors.commands import import_file
from debtors.models import Import
from engine import checks as engine
from gateways.models import Pool
from lib.mongo import collection, now_plus, server_now
from outreach import checks
from outreach.checks import Written
from outreach.errors import OutreachError
from outreach.models import AskingPace, CheckedNumber, CheckStatus, NumberCheck
from preferences.commands import change
from sessions_app.models import Number, Session
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import make_pool
from tests.factories.sessions import make_session

pytestmark = pytest.mark.django_db


def ago(seconds: float) -> datetime:
    return server_now() - timedelta(seconds=seconds)


def make(pool: Pool, *phones: str, per_hour: int = 20) -> NumberCheck:
    numbers = [Written(phone) for phone in phones]
    return checks.create(name="x", pool=pool, per_hour=per_hour, numbers=numbers, country="CL", user=None)


def test_numbers_come_from_pastes_files_imports_and_filters(pool: Pool, eva: User, tmp_path: Path) -> None:
    assert [each.raw for each in checks.pasted("9 8765 4321, +34612345678\n\n;x\t")] == [
        "9 8765 4321",
        "+34612345678",
        "x",
    ]
    path = write_xlsx(tmp_path / "a.xlsx", [HEADERS, *debtor_rows(2)])
    assert [each.name for each in checks.from_file(path, "CL")] == ["Deudor 0", "Deudor 1"]
    bare = tmp_path / "b.csv"
    bare.write_text("987654321\n987654322\n")
    assert [each.raw for each in checks.from_file(bare, "CL")] == ["987654321", "987654322"]
    wrong = tmp_path / "c.csv"
    wrong.write_text("Nombre,Monto\nAna,12\n")
    with pytest.raises(OutreachError, match="No column is the phone"):
        checks.from_file(wrong, "CL")
    brought = Import.objects.get(pk=import_file(path).import_id)
    assert [each.name for each in checks.from_import(brought)] == ["Deudor 0", "Deudor 1"]
    make_debtor("Zoe", owner=eva)
    assert [each.name for each in checks.from_debtors(search="zo", owner=ObjectId(eva.pk))] == ["Zoe"]


@pytest.mark.parametrize(
    ("numbers", "channel", "said"),
    [
        ([], "whatsapp", "no number"),
        (["1"] * (checks.MOST + 1), "whatsapp", "at most"),
        (["1"], "sms", "WhatsApp pool"),
    ],
)
def test_check_that_can_t_be_is_refused_whole(numbers: list[str], channel: str, said: str, pool: Pool) -> None:
    chosen = pool if channel == "whatsapp" else make_pool()
    with pytest.raises(OutreachError, match=said):
        make(chosen, *numbers)
    assert not NumberCheck.objects.exists()


def test_each_session_asks_once_in_its_pause_and_at_its_own_moments(
    pool: Pool, session: Session, monkeypatch: Any
) -> None:
    other = make_session(pool, "Avisos 2", connected=True)
    away = make_session(pool, "Avisos 3")
    sent: list[str] = []
    monkeypatch.setattr(engine.current_app, "send_task", lambda name, args, **options: sent.append(args[0]))
    make(pool, "+56961110001", "+56961110002")
    assert engine.issue_questions() == 0, "the first question comes a little later"
    begun = list(AskingPace.objects.order_by("gateway"))
    assert {each.gateway for each in begun} == {session.gateway, other.gateway}
    AskingPace.objects.update(next_at=now_plus(-1))
    change("checks", {"per_hour": 10}, actor=None)  # also for those that have begun
    assert (engine.issue_questions(), engine.issue_questions()) == (2, 0)
    assert sorted(sent) == sorted(str(each.gateway) for each in (session, other))
    assert str(away.gateway) not in sent
    pauses = [(each.next_at - server_now()).total_seconds() for each in AskingPace.objects.all()]
    assert all(300 < pause <= 540 for pause in pauses)
    assert pauses[0] != pauses[1]


def test_stopped_check_is_not_asked_and_goes_on_with_what_is_known_by_then(pool: Pool, session: Session) -> None:
    check = make(pool, "+56961110001")
    assert checks.stop(check.pk)
    assert not checks.stop(check.pk)
    AskingPace.objects.create(gateway=session.gateway, next_at=ago(1))
    assert engine.issue_questions() == 0
    engine.ask_next(session.gateway)
    assert CheckedNumber.objects.get().status == "waiting"
    Number.objects.create(phone="+56961110001", wid="", misses=2, checked_at=ago(60))
    assert checks.go_on(check.pk)
    check.refresh_from_db()
    assert (check.status, check.no, check.remembered) == (CheckStatus.DONE, 1, 1)
    number = CheckedNumber.objects.get()
    assert number.answered_at is not None
    assert (server_now() - number.answered_at).total_seconds() >= 60, "the answer is as old as it was"


def test_old_answers_are_not_used(pool: Pool) -> None:
    Number.objects.create(phone="+56961110001", wid="a@c.us", checked_at=ago(31 * 86_400))
    Number.objects.create(phone="+56961110002", misses=2, checked_at=ago(8 * 86_400))
    assert make(pool, "+56961110001", "+56961110002").waiting == 2


def test_answer_is_counted_once(pool: Pool) -> None:
    check = make(pool, "+56961110001")
    number = CheckedNumber.objects.get()
    told = [checks.settle(check.pk, number.pk, checks.Answer.YES, at=server_now()) for _ in range(2)]
    assert told == [True, False]
    check.refresh_from_db()
    assert check.yes == 1


def test_what_is_asked_each_second_is_found_by_indexes(pool: Pool) -> None:
    check = make(pool, *(f"+5696111{place:04}" for place in range(50)))
    plan = collection(CheckedNumber).find(engine._wanted(check.pk)).sort("due_at", 1).limit(1).explain()
    assert "checked_number_due" in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] <= 1
