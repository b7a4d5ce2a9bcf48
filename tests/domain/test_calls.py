"""How a call ended: the worst of its answers, or what its rule and status say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.calls import ACCEPTED_RULES, REFUSED_RULES, UNCERTAIN_RULES, verdict_by, verdict_of
from domain.delivery import ErrorKind, Exchange, Failed, NotSent, SendError, Sent, Unknown, Verdict

ANSWERS = [
    (Sent("a"), Verdict.ACCEPTED),
    (Failed("a", "expired"), Verdict.ACCEPTED),
    (NotSent("a"), Verdict.REFUSED),
    (SendError("a", ErrorKind.REFUSED, "http_429"), Verdict.REFUSED),
    (SendError("a", ErrorKind.PERMANENT, "http_400"), Verdict.REFUSED),
    (SendError("a", ErrorKind.UNKNOWN, "timeout"), Verdict.UNCERTAIN),
    (Unknown("a"), Verdict.UNCERTAIN),
]
WORSE = [Verdict.ACCEPTED, Verdict.REFUSED, Verdict.UNCERTAIN]


@given(st.lists(st.sampled_from(ANSWERS), min_size=1))
def test_call_that_carried_several_ended_as_the_worst_of_them(found: list) -> None:
    expected = max((verdict for _answer, verdict in found), key=WORSE.index)
    assert verdict_of(answer for answer, _verdict in found) is expected


@pytest.mark.parametrize(
    ("rule", "status", "verdict"),
    [
        ("id", 200, Verdict.ACCEPTED),
        ("known_already", 409, Verdict.ACCEPTED),
        ("failure", 200, Verdict.REFUSED),
        ("page", 200, Verdict.UNCERTAIN),
        ("timeout", None, Verdict.UNCERTAIN),
        ("dns", None, Verdict.REFUSED),
        ("a kind's own", 202, Verdict.ACCEPTED),
        ("a kind's own", 404, Verdict.REFUSED),
        ("a kind's own", 500, Verdict.UNCERTAIN),
        ("", None, Verdict.REFUSED),
    ],
)
def test_verdict_by_rule_and_status(rule: str, status: int | None, verdict: Verdict) -> None:
    told = Exchange("GET", "https://host", (), "", 0, 0.1)
    assert verdict_by(replace(told, rule=rule, status=status)) is verdict


def test_each_rule_has_one_verdict() -> None:
    known = [*ACCEPTED_RULES, *REFUSED_RULES, *UNCERTAIN_RULES]
    assert len(known) == len(set(known))
