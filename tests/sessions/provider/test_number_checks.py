"""A check of numbers over a real page: each is asked once, a no twice, and what is known not at all."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.number_checks import CONFIRM_AFTER
from domain.states import SessionStatus
from engine import checks as engine
from lib.mongo import now_plus, server_now
from outreach import checks
from outreach.checks import Written
from outreach.models import AskingPace, CheckedNumber, NumberCheck
from sessions_app.models import Number
from tests.engine.session_lines import set_session
from tests.sessions.provider.conftest import Scene

pytestmark = pytest.mark.django_db


def ago(seconds: float) -> datetime:
    return server_now() - timedelta(seconds=seconds)


class Killed(BaseException):
    pass


@pytest.fixture
def issue(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """A tick's step when the session's pause is over; its tasks run at once."""
    set_session(scene.gateway, SessionStatus.CONNECTED)
    tasks: list[Any] = []
    monkeypatch.setattr(engine.current_app, "send_task", lambda name, args, **options: tasks.append((args, options)))

    def step() -> int:
        AskingPace.objects.update(next_at=now_plus(-1))
        issued = engine.issue_questions()
        for (gateway,), options in [tasks.pop() for _ in list(tasks)]:
            assert options["queue"] == "whatsapp.main"
            engine.ask_next(engine.ObjectId(gateway))
        return issued

    engine._take_turn(scene.gateway.pk, 20)
    return step


def answers(check: NumberCheck) -> list[tuple[str, bool]]:
    return [(each.status, each.remembered) for each in CheckedNumber.objects.filter(batch=check.pk).order_by("place")]


def test_check_asks_each_number_and_twice_about_a_no(
    scene: Scene, issue: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    yes, no, known = "+56961110001", "+56961110002", "+56961110003"
    scene.whatsapp.control(people={no[1:]: {"on_whatsapp": False}})
    Number.objects.create(phone=known, wid=f"{known[1:]}@c.us", checked_at=ago(3_600))
    written = [Written(each) for each in (yes, no, known, "hola", yes)]
    pool = scene.gateway.pool
    check = checks.create(name="marzo", pool=pool, per_hour=20, numbers=written, country="CL", user=None)
    assert (check.total, check.invalid, check.yes, check.remembered) == (4, 1, 1, 1)

    # The worker dies when WhatsApp has answered: the answer is known, and not asked for again.
    with monkeypatch.context() as patch, pytest.raises(Killed):

        def dies(*args: Any, **kwargs: Any) -> None:
            raise Killed

        patch.setattr(checks, "settle", dies)
        issue()
    assert issue() == 1, "about the other one"
    assert issue() == 0, "nothing is due: the first is believed to be asked still, the second is confirmed later"
    CheckedNumber.objects.filter(batch=check.pk, status="waiting").update(due_at=now_plus(-1))
    Number.objects.filter(phone=no).update(checked_at=now_plus(-CONFIRM_AFTER))
    scene.account.reload()  # wa-js forgets its own answer
    for _ in range(2):
        issue()
    assert answers(check) == [("yes", True), ("no", False), ("yes", True), ("invalid", False)]
    check.refresh_from_db()
    assert (check.status, check.yes, check.no, check.failed, check.waiting) == ("done", 2, 1, 0, 0)
    assert scene.whatsapp.stats(full=True)["checks_by_number"] == {yes[1:]: 1, no[1:]: 2}
    assert issue() == 0


def test_session_without_a_page_puts_the_number_off(scene: Scene, issue: Callable[[], int]) -> None:
    pool, written = scene.gateway.pool, [Written("+56961110009")]
    check = checks.create(name="abril", pool=pool, per_hour=20, numbers=written, country="CL", user=None)
    type(scene.session).objects.filter(pk=scene.session.pk).update(driver_session="")
    for _ in range(engine.TRIES):
        CheckedNumber.objects.filter(status="waiting").update(due_at=now_plus(-1))
        assert issue() == 1
    assert [(each.status, each.reason) for each in CheckedNumber.objects.all()] == [("failed", "no_browser")]
    check.refresh_from_db()
    assert (check.status, check.failed) == ("done", 1)
    assert checks.ask_failed_again(check.pk) == 1
    check.refresh_from_db()
    assert (check.status, check.failed, check.waiting) == ("running", 0, 1)
