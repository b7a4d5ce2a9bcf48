"""How long a service that died is left alone."""

from hypothesis import given
from hypothesis import strategies as st

from runner.backoff import Backoff


def test_delays_double_up_to_the_most() -> None:
    backoff = Backoff()
    assert [backoff.died(lived=1.0) for _ in range(8)] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]


def test_delay_starts_over_after_a_long_life() -> None:
    backoff = Backoff()
    delays = [backoff.died(lived=lived) for lived in (0.1, 0.1, 30.0, 29.9, 0.1)]
    assert delays == [0.2, 0.4, 0.2, 0.4, 0.8]


@given(st.lists(st.floats(min_value=0, max_value=100), min_size=1))
def test_delays_stay_between_first_and_most(lives: list[float]) -> None:
    backoff = Backoff()
    delays = [backoff.died(lived=lived) for lived in lives]
    assert all(backoff.first <= delay <= backoff.most for delay in delays)
