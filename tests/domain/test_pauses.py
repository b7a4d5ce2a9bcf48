"""Pauses: how they are written, where they fall, and that no lane gets around them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import pauses
from domain.pauses import (
    Durations,
    InvalidPauses,
    PauseChannels,
    PauseMode,
    PausePlan,
    Stretch,
    give_back,
    parse_durations,
    parse_plan,
    take,
)

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("5,10,20,30", Durations((5, 10, 20, 30))),
        (" 5; 10 5 ", Durations((5, 10))),
        ("5-30", Durations((), 5, 30)),
        ("7 – 7", Durations((), 7, 7)),
    ],
)
def test_durations_are_a_list_or_a_range(text: str, found: Durations) -> None:
    assert parse_durations(text) == found
    assert parse_durations(str(found)) == found


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad_durations"),
        ("0", "bad_durations"),
        ("1441", "bad_durations"),
        ("5,ten", "bad_durations"),
        (",".join(str(n) for n in range(1, 22)), "bad_durations"),
        ("30-5", "bad_range"),
        ("0-5", "bad_range"),
        ("5-2000", "bad_range"),
    ],
)
def test_durations_that_cannot_be_are_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidPauses) as refused:
        parse_durations(text)
    assert refused.value.code == code


def test_plans_are_read_from_words() -> None:
    assert parse_plan("").mode is PauseMode.OFF
    assert parse_plan("auto") == PausePlan(PauseMode.AUTO)
    assert parse_plan("auto:5", channels="sms") == PausePlan(PauseMode.AUTO, 5, channels=PauseChannels.SMS)
    plan = parse_plan("every:40", durations="5-6", channels="WhatsApp")
    assert plan == PausePlan(PauseMode.FIXED, 3, 40, Durations((), 5, 6), PauseChannels.WHATSAPP)


@pytest.mark.parametrize(
    ("text", "channels", "code"),
    [
        ("sometimes", "", "bad_pauses"),
        ("every", "", "bad_pauses"),
        ("off:3", "", "bad_pauses"),
        ("auto:many", "", "bad_pauses"),
        ("auto:", "", "bad_pauses"),
        ("auto:0", "", "bad_count"),
        ("auto:101", "", "bad_count"),
        ("every:0", "", "bad_every"),
        ("auto", "letters", "bad_channels"),
    ],
)
def test_plans_that_cannot_be_are_refused(text: str, channels: str, code: str) -> None:
    with pytest.raises(InvalidPauses) as refused:
        parse_plan(text, channels=channels)
    assert refused.value.code == code


def test_a_plan_speaks_of_its_channels() -> None:
    plan = parse_plan("auto", channels="sms")
    assert (plan.applies_to("sms"), plan.applies_to("whatsapp")) == (True, False)
    assert parse_plan("auto").applies_to("whatsapp")
    assert not PausePlan().applies_to("whatsapp")


@pytest.mark.parametrize(
    ("plan", "total", "number"),
    [
        ("auto:3", 29, 0),
        ("auto:3", 30, 3),
        ("auto:100", 30, 29),
        ("every:30", 29, 0),
        ("every:30", 30, 0),
        ("every:30", 31, 1),
        ("every:30", 60, 1),
        ("every:1", 30, 29),
        ("off", 1000, 0),
    ],
)
def test_number_of_pauses(plan: str, total: int, number: int) -> None:
    assert parse_plan(plan).pauses(total) == number


def test_durations_are_drawn_within_what_was_given() -> None:
    listed, ranged = Durations((5, 10)), Durations((), 5, 10)
    assert [listed.drawn(draw) for draw in (0, 0.49, 0.5, 0.99)] == [timedelta(minutes=m) for m in (5, 5, 10, 10)]
    assert ranged.drawn(0) == timedelta(minutes=5)
    assert ranged.drawn(0.5) == timedelta(minutes=7, seconds=30)
    assert listed.mean == ranged.mean == timedelta(minutes=7, seconds=30)


plans = st.one_of(
    st.builds(PausePlan, st.just(PauseMode.AUTO), count=st.integers(1, 100)),
    st.builds(PausePlan, st.just(PauseMode.FIXED), every=st.integers(1, 400)),
)


@given(plan=plans, total=st.integers(0, 2000), batch=st.integers(1, 50), draw=st.floats(0, 1, exclude_max=True))
def test_sent_once_each_a_campaign_makes_the_pauses_that_were_told(
    plan: PausePlan, total: int, batch: int, draw: float
) -> None:
    stretch, now, left, made = pauses.first(plan, total), NOON, total, []
    while left:
        granted, stretch = take(stretch, min(batch, left), plan=plan, total=total, now=now, draw=draw)
        left -= granted
        if stretch.rests(now):
            made.append(total - left)
            now += plan.durations.drawn(draw)
        else:
            assert granted
    assert len(made) == plan.pauses(total)
    assert all(0 < place < total for place in made)
    if made:
        lengths = [after - before for before, after in zip([0, *made], [*made, total], strict=True)]
        longest = plan.every if plan.mode is PauseMode.FIXED else -(-total // len(lengths))
        assert max(lengths) <= longest
        if plan.mode is PauseMode.AUTO:
            assert max(lengths) - min(lengths) <= 1


class Lanes:
    """A campaign whose places are taken and given back in any order; it holds what the plan promises."""

    def __init__(self, plan: PausePlan, total: int) -> None:
        self.plan, self.total, self.now = plan, total, NOON
        self.stretch = pauses.first(plan, total)
        self.started = 0
        self.held: list[tuple[int, int]] = []

    def take(self, wanted: int) -> None:
        was = self.stretch
        granted, self.stretch = take(was, wanted, plan=self.plan, total=self.total, now=self.now, draw=0.5)
        if was.rests(self.now):
            assert granted == 0
        if self.stretch.number != was.number:
            assert was.rests_until is not None
            self.started = 0
        if granted:
            self.started += granted
            self.held.append((self.stretch.number, granted))
        if self.stretch.length is not None:
            assert self.started <= self.stretch.length

    def give_back(self) -> None:
        if self.held:
            number, places = self.held.pop()
            same = number == self.stretch.number and not (self.stretch.rests_until and not self.stretch.rests(self.now))
            self.stretch = give_back(self.stretch, places, number=number, now=self.now)
            if same:
                self.started -= places

    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)


acts = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 20)),
        st.tuples(st.just("give_back"), st.none()),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=80,
)


@given(plan=plans, total=st.integers(30, 400), done=acts)
def test_no_more_start_between_two_pauses_than_the_plan_says(
    plan: PausePlan, total: int, done: list[tuple[str, int | None]]
) -> None:
    lanes = Lanes(plan, total)
    for act, number in done:
        if act == "take":
            lanes.take(number or 1)
        elif act == "wait":
            lanes.wait(number or 1)
        else:
            lanes.give_back()


def test_what_comes_after_the_last_planned_stretch_makes_its_pause_first() -> None:
    """60 messages with a pause after 30: none after the last, but one before ten failed ones are sent again."""
    plan = parse_plan("every:30", durations="10")
    stretch = Stretch(1, 30, 30)
    granted, stretch = take(stretch, 5, plan=plan, total=60, now=NOON, draw=0)
    assert (granted, stretch.rests_until) == (0, NOON + timedelta(minutes=10))
    granted, stretch = take(stretch, 5, plan=plan, total=60, now=NOON + timedelta(minutes=10), draw=0)
    assert (granted, stretch) == (5, Stretch(2, 30, 5))


def test_a_pause_is_undone_with_the_place_that_began_it() -> None:
    plan = parse_plan("every:30", durations="10")
    granted, stretch = take(Stretch(0, 30, 28), 5, plan=plan, total=100, now=NOON, draw=0)
    assert (granted, stretch.rests(NOON)) == (2, True)
    assert give_back(stretch, 1, number=0, now=NOON) == Stretch(0, 30, 29)
    later = NOON + timedelta(minutes=10)
    assert give_back(stretch, 1, number=0, now=later) == stretch
    assert give_back(Stretch(1, 30, 4), 1, number=0, now=later) == Stretch(1, 30, 4)
