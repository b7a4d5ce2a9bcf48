"""Answers, looks, receipts and deaths decide the next state."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import ErrorKind, Failed, NotSent, ReceiptState, Scope, SendError, Sent, Unknown
from domain.outcome import (
    CHECK_DELAYS,
    LINE_REST_MAX,
    RETRY_AFTER_MAX,
    Outcome,
    Rest,
    after_orphaned,
    after_receipt,
    after_reconcile,
    after_send,
    line_after,
)
from domain.states import MESSAGE, MessageStatus

M = MessageStatus


def error(kind: ErrorKind, code: str = "x", *, scope: Scope = Scope.MESSAGE, retry_after: float | None = None):
    return SendError("a", kind, code, scope=scope, retry_after=retry_after)


REFUSED_LINE = error(ErrorKind.REFUSED, "connect", scope=Scope.LINE)
LIMITED = error(ErrorKind.REFUSED, "http_429", scope=Scope.LINE, retry_after=7.0)
UNKNOWN = error(ErrorKind.UNKNOWN, "timeout")
PERMANENT = error(ErrorKind.PERMANENT, "rejected")
ANSWERS = st.sampled_from([Sent("a"), REFUSED_LINE, LIMITED, UNKNOWN, PERMANENT])


@pytest.mark.parametrize(
    ("answer", "can_reconcile", "expected"),
    [
        (Sent("a"), False, Outcome(M.SENT)),
        (PERMANENT, True, Outcome(M.FAILED, code="rejected")),
        (REFUSED_LINE, False, Outcome(M.PENDING, after=0.0, code="connect")),
        (UNKNOWN, True, Outcome(M.UNCERTAIN, after=CHECK_DELAYS[0], code="timeout")),
        (UNKNOWN, False, Outcome(M.UNCERTAIN, after=None, code="timeout")),
    ],
)
def test_after_send_by_answer(answer, can_reconcile, expected) -> None:
    assert after_send(answer, can_reconcile=can_reconcile) == expected


@given(ANSWERS, st.booleans())
def test_after_send_is_a_step_that_sending_may_take(answer, can_reconcile) -> None:
    assert after_send(answer, can_reconcile=can_reconcile).status in MESSAGE[M.SENDING]


@given(ANSWERS, st.booleans())
def test_after_send_without_a_sure_refusal_is_never_pending(answer, can_reconcile) -> None:
    outcome = after_send(answer, can_reconcile=can_reconcile)
    refused = isinstance(answer, SendError) and answer.kind is ErrorKind.REFUSED
    assert (outcome.status is M.PENDING) == refused


@pytest.mark.parametrize(
    ("answer", "checks", "expected"),
    [
        (Sent("a"), 3, Outcome(M.SENT)),
        (Failed("a", "undelivered"), 0, Outcome(M.FAILED, code="undelivered")),
        (NotSent("a"), 0, Outcome(M.PENDING, after=0.0, code="not_sent")),
        (Unknown("a"), 0, Outcome(M.UNCERTAIN, after=CHECK_DELAYS[1], code="unknown", checked=True)),
        (Unknown("a", final=True), 0, Outcome(M.UNCERTAIN, after=None, code="unknown", checked=True)),
        (Unknown("a"), len(CHECK_DELAYS) - 1, Outcome(M.UNCERTAIN, after=None, code="unknown", checked=True)),
        # A refusal of the repeated request says nothing of the original one.
        (PERMANENT, 0, Outcome(M.UNCERTAIN, after=CHECK_DELAYS[1], code="rejected", checked=True)),
        (LIMITED, 2, Outcome(M.UNCERTAIN, after=7.0, code="http_429")),
    ],
)
def test_after_reconcile_by_answer(answer, checks, expected) -> None:
    assert after_reconcile(answer, checks=checks) == expected


@given(st.integers(0, 10))
def test_after_reconcile_ends_by_itself(checks) -> None:
    """Looks without a result are used up, whatever the far side says."""
    for looked in range(checks, checks + len(CHECK_DELAYS)):
        outcome = after_reconcile(UNKNOWN, checks=looked)
    assert outcome.after is None


@pytest.mark.parametrize(
    ("status", "can_reconcile", "expected"),
    [
        (M.CLAIMED, False, Outcome(M.PENDING, after=0.0, code="lane_lost")),
        (M.SENDING, False, Outcome(M.UNCERTAIN, after=None, code="lane_lost")),
        (M.SENDING, True, Outcome(M.UNCERTAIN, after=0.0, code="lane_lost")),
    ],
)
def test_after_orphaned_by_state(status, can_reconcile, expected) -> None:
    assert after_orphaned(status, can_reconcile=can_reconcile) == expected


@pytest.mark.parametrize(
    ("status", "receipt", "latest", "expected"),
    [
        (M.SENT, ReceiptState.DELIVERED, True, M.DELIVERED),
        (M.SENDING, ReceiptState.DELIVERED, True, M.DELIVERED),
        (M.UNCERTAIN, ReceiptState.SENT, True, M.SENT),
        (M.DELIVERED, ReceiptState.SENT, True, None),
        (M.READ, ReceiptState.DELIVERED, True, None),
        (M.DELIVERED, ReceiptState.FAILED, True, M.FAILED),
        (M.READ, ReceiptState.FAILED, True, None),
        (M.FAILED, ReceiptState.FAILED, True, None),
        (M.PENDING, ReceiptState.DELIVERED, True, None),
        (M.SENT, ReceiptState.DELIVERED, False, None),
    ],
)
def test_after_receipt_by_state(status, receipt, latest, expected) -> None:
    assert after_receipt(status, receipt, latest=latest) == expected


@given(st.lists(st.sampled_from(list(ReceiptState)), max_size=8), st.sampled_from([M.SENDING, M.SENT, M.UNCERTAIN]))
def test_after_receipt_in_any_order_and_twice_only_moves_forward(receipts, status) -> None:
    rank = {M.SENDING: 0, M.UNCERTAIN: 0, M.SENT: 1, M.DELIVERED: 2, M.READ: 3, M.FAILED: 4}
    for receipt in receipts + receipts:
        target = after_receipt(status, receipt, latest=True)
        if target is not None:
            assert rank[target] > rank[status]
            status = target


def test_line_after_with_all_accepted_forgets_old_failures() -> None:
    assert line_after([Sent("a"), Sent("b")], failures=4, draw=0.5) == Rest(0.0, 0, probing=False, down=False)


def test_line_after_nothing_answered_keeps_what_is_known() -> None:
    not_started = error(ErrorKind.REFUSED, "not_started")
    assert line_after([not_started], failures=2, draw=0.0) == Rest(0.0, 2, probing=False, down=False)


def test_line_after_a_message_s_own_failure_says_that_the_line_works() -> None:
    assert line_after([PERMANENT], failures=3, draw=0.0) == Rest(0.0, 0, probing=False, down=False)


def test_line_after_some_doubts_among_accepted_ones_goes_on() -> None:
    assert line_after([Sent("a"), UNKNOWN], failures=0, draw=0.0) == Rest(0.0, 0, probing=False, down=False)


def test_line_after_429_rests_as_long_as_asked_and_is_not_down() -> None:
    assert line_after([Sent("a"), LIMITED], failures=0, draw=0.0) == Rest(
        7.0, 1, probing=False, down=False, code="http_429"
    )


def test_line_after_no_connection_doubles_its_rest() -> None:
    rests = [line_after([REFUSED_LINE], failures=failures, draw=0.0).seconds for failures in range(9)]
    assert rests == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, LINE_REST_MAX, LINE_REST_MAX]
    assert line_after([REFUSED_LINE], failures=0, draw=0.0).down


@given(st.lists(ANSWERS, max_size=20), st.integers(0, 2000), st.floats(0, 1, exclude_max=True))
def test_line_after_anything_rests_within_bounds(answers, failures, draw) -> None:
    rest = line_after(answers, failures=failures, draw=draw)
    assert 0.0 <= rest.seconds <= 1.2 * max(LINE_REST_MAX, RETRY_AFTER_MAX)
    assert rest.failures >= 0
