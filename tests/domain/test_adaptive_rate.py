"""The curve of a line that was slowed down, and what a far side with a limit makes of it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.adaptive_rate import FLOOR, Slowdown, Told, slowed, told
from domain.delivery import ErrorKind, Scope, SendError, Sent
from domain.pacing import Pace, burst, gap

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
RATES = st.floats(0.01, 2_000)
HEARD = st.builds(Told, taken=st.integers(0, 500), refused=st.integers(1, 500))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def error(code: str, kind: ErrorKind = ErrorKind.REFUSED, scope: Scope = Scope.LINE) -> SendError:
    return SendError("a", kind, code, scope=scope)


@given(RATES, HEARD, st.floats(0, 10_000))
def test_slowed_line_is_never_above_its_speed_nor_stands_still(rate, heard, seconds) -> None:
    curve = slowed(heard, rate=rate, before=None, since=NOW)
    now = curve.rate(after(seconds))
    assert now is None or min(FLOOR, rate) <= now < rate
    assert curve.full == rate


@given(RATES, HEARD, st.floats(0, 10_000), st.floats(0, 10_000))
def test_slowed_line_only_climbs(rate, heard, one, other) -> None:
    curve = slowed(heard, rate=rate, before=None, since=NOW)
    earlier, later = (curve.rate(after(seconds)) or rate for seconds in sorted((one, other)))
    assert earlier <= later


@given(RATES, HEARD)
def test_slowed_line_is_at_full_speed_when_it_says_so_and_within_minutes(rate, heard) -> None:
    curve = slowed(heard, rate=rate, before=None, since=NOW)
    assert curve.rate(curve.full_at + timedelta(seconds=0.01)) is None
    assert curve.full_at - NOW < timedelta(minutes=25)  # at the worst, of thousands a second that became a tenth


@given(RATES, HEARD, HEARD)
def test_line_that_is_slowed_down_again_goes_slower_and_remembers_its_full_speed(rate, first, second) -> None:
    curve = slowed(first, rate=rate, before=None, since=NOW)
    again = slowed(second, rate=curve.start, before=curve, since=after(5))
    assert again.start <= curve.start
    assert again.full == rate


def test_one_refusal_among_many_costs_little() -> None:
    """A tenth of a minute's messages, that is, and the line is back within half a minute."""
    curve = slowed(Told(taken=15, refused=1), rate=16, before=None, since=NOW)
    sent = sum(curve.rate(after(second)) or 16 for second in range(60))
    assert sent > 0.9 * 60 * 16
    assert curve.full_at < after(30)


def test_nothing_taken_is_tried_at_half() -> None:
    assert slowed(Told(taken=0, refused=500), rate=100, before=None, since=NOW) == Slowdown(100, 50, 35, NOW)


def test_little_taken_is_the_measure() -> None:
    assert slowed(Told(taken=4, refused=12), rate=16, before=None, since=NOW).plateau == 4


def test_climb_begins_when_the_rest_is_over() -> None:
    curve = slowed(Told(taken=8, refused=8), rate=10, before=None, since=after(60))
    assert curve.rate(NOW) == curve.rate(after(60)) == curve.start


def test_answers_tell_what_was_taken_and_what_was_too_much() -> None:
    answers = [
        Sent("a"),
        error("http_429"),
        error("http_503", ErrorKind.UNKNOWN),
        error("http_400", ErrorKind.PERMANENT, Scope.MESSAGE),
        error("http_429", scope=Scope.MESSAGE),  # of one recipient
        error("timeout", ErrorKind.UNKNOWN),
        error("connect"),
        error("not_started", scope=Scope.MESSAGE),
    ]
    assert told(answers) == Told(taken=2, refused=2)


@settings(max_examples=30)
@given(limit=st.floats(0.5, 200), full=st.floats(1, 400), batch=st.integers(1, 200))
def test_line_settles_near_a_limit_that_nobody_told_it(limit, full, batch) -> None:
    """Ten minutes against a far side that takes so many messages in each second: few are refused, little is lost."""
    taken, refused = _run(limit=limit, full=full, batch=batch, seconds=600)
    possible = min(limit, full) * 600
    assert taken > 0.75 * possible - 1
    assert refused < 600 / 10 + 2 * batch + 20  # those of the discovery, then one in 10 s at most, however fast it goes


def _run(*, limit: float, full: float, batch: int, seconds: float) -> tuple[int, int]:
    """What a far side took and refused that fills a bucket with `limit` messages a second."""
    clock, room, taken, refused = 0.0, limit, 0, 0
    curve = None
    while clock < seconds:
        rate = curve.rate(after(clock)) if curve else None
        pace = Pace(rate=min(full, rate) if rate else full)
        number = burst(pace, batch_size=batch, probing=False)
        good = min(number, int(room))
        room -= good
        taken, refused = taken + good, refused + number - good
        wait = gap(pace, started=number, draw=0.0)
        if good < number:
            before = curve if rate else None
            curve = slowed(Told(good, number - good), rate=pace.rate, before=before, since=after(clock + 1.0))
            wait = max(wait, 1.0)
        clock += wait
        room = min(max(limit, 1.0), room + limit * wait)
    return taken, refused
