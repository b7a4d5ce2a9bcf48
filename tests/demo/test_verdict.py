"""The demo's comparison of what MongoDB says with what arrived."""

from demo.verdict import Stored, judge


def message(status: str, *attempts: str) -> Stored:
    return Stored("Norte", "+56911112222", status, attempts)


def test_counts_agree_when_each_text_arrived_once() -> None:
    found = judge([message("read", "a"), message("delivered", "b1", "b2"), message("failed", "c")], ["a", "b2"])
    assert (found.received, found.duplicates, found.differences) == (2, 0, [])


def test_text_that_arrived_twice_is_a_duplicate_whatever_its_attempt() -> None:
    found = judge([message("sent", "a1", "a2")], ["a1", "a2"])
    assert (found.received, found.duplicates) == (1, 1)
    assert len(found.differences) == 1


def test_message_that_was_sent_and_never_arrived_is_told() -> None:
    assert judge([message("sent", "a")], []).differences == ["Norte, +56911112222: sent, and arrived 0 times"]


def test_failed_message_that_arrived_is_told() -> None:
    assert len(judge([message("failed", "a")], ["a"]).differences) == 1


def test_uncertain_message_may_have_arrived_or_not() -> None:
    assert judge([message("uncertain", "a"), message("uncertain", "b")], ["a"]).differences == []


def test_arrival_that_nobody_knows_is_told() -> None:
    assert judge([], ["stranger"]).differences == ["an arrival that no message knows: stranger"]
