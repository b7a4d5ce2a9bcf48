"""How far messages came."""

from hypothesis import given
from hypothesis import strategies as st

from domain.funnel import funnel
from domain.states import MessageStatus

COUNTS = st.fixed_dictionaries({status.value: st.integers(0, 10_000) for status in MessageStatus})


@given(COUNTS, st.booleans(), st.none() | st.integers(0, 30_000))
def test_each_step_holds_those_behind_it_and_no_share_is_impossible(
    counts: dict[str, int], reads: bool, replied: int | None
) -> None:
    steps = funnel(counts, reads=reads, replied=replied)
    assert [step.name for step in steps] == [
        *("sent", "delivered"),
        *(["read"] if reads else []),
        *([] if replied is None else ["replied"]),
    ]
    numbers = [step.number for step in steps if step.name != "replied"]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[0] == counts["sent"] + counts["delivered"] + counts["read"]
    for step in steps:
        for share in (step.of_all, step.of_before):
            assert share is None or 0 <= share <= 100


def test_shares_are_of_all_and_of_the_step_before() -> None:
    steps = funnel({"pending": 60, "sent": 20, "delivered": 15, "read": 5}, replied=10)
    assert [(step.number, step.of_all, step.of_before) for step in steps] == [
        (40, 40.0, 40.0),
        (20, 20.0, 50.0),
        (5, 5.0, 25.0),
        (10, 10.0, None),  # more answered than let it be known that they read
    ]


def test_without_any_report_nothing_is_said_of_delivery() -> None:
    sent, delivered, replied = funnel({"sent": 10, "failed": 2}, reads=False, replied=3)
    assert (sent.told, delivered.told) == (True, False)
    assert replied.of_before == 30.0  # of the sent ones
