"""What becomes of messages that WhatsApp can't take now, or ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channels import GRACE_SECONDS, Policy, Situation, Step, goes_by_sms, without_sessions
from domain.delivery import ErrorKind, Scope, SendError, Sent
from domain.outcome import STRIKES, after_send, line_after, surely_not_sent
from domain.states import MessageStatus

NOT_ON_WHATSAPP = SendError("a", ErrorKind.PERMANENT, "not_on_whatsapp", "no such number")


def situation(**changes) -> Situation:
    usual = {"connected": 0, "wanted": 1, "borrowable": 0, "open": True, "waits": True, "seconds": None}
    return Situation(**{**usual, **changes})


def step(policy: Policy, *, fallback: bool = False, wait_seconds: float = 600, **changes) -> Step:
    return without_sessions(policy, fallback=fallback, wait_seconds=wait_seconds, situation=situation(**changes))


@given(
    st.sampled_from(Policy),
    st.booleans(),
    st.builds(
        Situation,
        connected=st.integers(0, 3),
        wanted=st.integers(0, 3),
        borrowable=st.integers(0, 2),
        open=st.booleans(),
        waits=st.booleans(),
        seconds=st.none() | st.floats(0, 10_000),
    ),
)
def test_without_sessions_in_any_situation(policy, fallback, found) -> None:
    decided = without_sessions(policy, fallback=fallback, wait_seconds=600, situation=found)
    enough = found.connected >= max(1, found.wanted) or not found.open
    assert (decided is Step.NONE) == enough
    if decided in (Step.PAUSE, Step.SMS):
        assert found.seconds is not None
        assert found.waits
    if decided is Step.SMS:
        assert fallback
        assert found.seconds >= 600
    if decided is Step.PAUSE:
        assert policy is Policy.PAUSE or (policy is Policy.WAIT and not fallback)


@pytest.mark.parametrize(
    ("policy", "fallback", "borrowable", "before", "after"),
    [
        (Policy.PAUSE, False, 0, Step.PAUSE, Step.PAUSE),
        (Policy.PAUSE, True, 1, Step.PAUSE, Step.PAUSE),
        (Policy.WAIT, False, 1, Step.WAIT, Step.PAUSE),
        (Policy.WAIT, True, 1, Step.WAIT, Step.SMS),
        (Policy.BORROW, False, 1, Step.WAIT, Step.WAIT),
        (Policy.BORROW, True, 1, Step.WAIT, Step.WAIT),
        (Policy.BORROW, False, 0, Step.WAIT, Step.WAIT),
        (Policy.BORROW, True, 0, Step.WAIT, Step.SMS),
    ],
)
def test_without_sessions_before_and_after_the_wait(policy, fallback, borrowable, before, after) -> None:
    assert step(policy, fallback=fallback, borrowable=borrowable, seconds=599) is before
    assert step(policy, fallback=fallback, borrowable=borrowable, seconds=600) is after


def test_without_sessions_for_a_moment_is_no_reason_to_pause() -> None:
    assert step(Policy.PAUSE, seconds=GRACE_SECONDS - 1) is Step.WAIT


def test_without_sessions_fewer_than_wanted_are_too_few() -> None:
    assert step(Policy.WAIT, connected=1, wanted=2, seconds=600) is Step.PAUSE
    assert step(Policy.WAIT, connected=2, wanted=2, seconds=600) is Step.NONE


@pytest.mark.parametrize(
    "answer",
    [
        Sent("a"),
        SendError("a", ErrorKind.PERMANENT, "rejected_by_whatsapp"),
        SendError("a", ErrorKind.UNKNOWN, "not_on_whatsapp"),
        SendError("a", ErrorKind.REFUSED, "number_unconfirmed"),
    ],
)
def test_goes_by_sms_only_what_is_surely_not_on_whatsapp(answer) -> None:
    assert not goes_by_sms(answer, fallback=True)


def test_after_send_of_a_number_without_whatsapp() -> None:
    there = after_send(NOT_ON_WHATSAPP, can_reconcile=True, fallback=True)
    assert (there.status, there.by_sms, there.after) == (MessageStatus.PENDING, True, 0.0)
    nowhere = after_send(NOT_ON_WHATSAPP, can_reconcile=True)
    assert (nowhere.status, nowhere.by_sms) == (MessageStatus.FAILED, False)


def test_surely_not_sent_by_answer() -> None:
    answers = [
        Sent("a"),
        NOT_ON_WHATSAPP,
        SendError("a", ErrorKind.PERMANENT, "rejected_by_whatsapp"),
        SendError("a", ErrorKind.UNKNOWN, "no_ack"),
        SendError("a", ErrorKind.REFUSED, "not_connected", scope=Scope.SESSION),
    ]
    assert [surely_not_sent(answer) for answer in answers] == [False, True, False, False, True]


def test_line_after_three_strikes_rests_its_longest_at_once() -> None:
    lost = SendError("a", ErrorKind.UNKNOWN, "no_ack")
    rests = [line_after([lost], failures=failures, draw=0.0, strikes=STRIKES).seconds for failures in range(5)]
    assert rests == [1.0, 2.0, 120.0, 120.0, 120.0]
    assert line_after([Sent("a")], failures=4, draw=0.0, strikes=STRIKES).failures == 0


def test_line_after_a_session_that_is_away_is_asked_again_soon_however_often() -> None:
    away = SendError("a", ErrorKind.REFUSED, "no_browser", scope=Scope.SESSION)
    rests = [line_after([away], failures=failures, draw=0.0, strikes=STRIKES) for failures in range(5)]
    assert [(rest.seconds, rest.failures) for rest in rests] == [(2.0, 1), (2.0, 1), (2.0, 2), (2.0, 3), (2.0, 4)]
    assert all(rest.probing and rest.down for rest in rests)
    lost = SendError("b", ErrorKind.UNKNOWN, "no_ack")
    assert line_after([away, lost], failures=2, draw=0.0, strikes=STRIKES).seconds == 120.0
    assert line_after([Sent("c"), away], failures=4, draw=0.0, strikes=STRIKES).failures == 1
