"""What a digest names and shows, and when it may go."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.book import Entry, Part, guess_parts, read_entry
from domain.check_pace import HOUR, pause, seconds_left
from domain.digests import SHOWN, Reply, beginning, by_person, due_at, masked, named
from domain.pacing import Window, parse_days, parse_hours
from domain.rows import RowError

NOW = datetime(2026, 11, 25, 15, tzinfo=UTC)
ALWAYS = Window(None, None, parse_days("all"), "UTC")

replies = st.lists(
    st.builds(
        Reply,
        phone=st.sampled_from(["+1", "+2", "+3", "+4", "+5", "+6", "+7"]),
        name=st.just("N"),
        text=st.text(max_size=5),
        media=st.just(""),
        at=st.integers(0, 60).map(lambda minutes: NOW + timedelta(minutes=minutes)),
    ),
    max_size=15,
)


@settings(max_examples=30)
@given(replies, st.integers(1, 5))
def test_digest_counts_every_reply_and_every_person_once(found: list[Reply], most: int) -> None:
    people = by_person(found)
    assert sum(each.texts for each in people) == len(found)
    assert [each.last.phone for each in people] == list(dict.fromkeys(each.last.phone for each in people))
    shown, more = named(people, most=most)
    assert len(shown) + more == len(people)
    assert len(shown) <= most + 1
    assert more != 1, "one alone is named in the room that counting it would take"


@given(st.text(max_size=300))
def test_beginning_is_one_short_line(text: str) -> None:
    shown = beginning(text)
    assert len(shown) <= SHOWN
    assert "\n" not in shown


def test_masked_phone_keeps_the_last_digits() -> None:
    assert masked("+56987654321") == "+56 •••• 4321"
    assert masked("lid:123456789") == "•••• 6789"
    assert masked("12345") == "••••"


def test_digest_waits_for_its_interval_and_its_hours() -> None:
    assert due_at(None, every=120, window=ALWAYS, now=NOW) == NOW
    assert due_at(NOW - timedelta(seconds=30), every=120, window=ALWAYS, now=NOW) == NOW + timedelta(seconds=90)
    hours = parse_hours("08:00-20:00")
    assert hours is not None
    window = Window(*hours, parse_days("mon-sat"), "UTC")
    late = NOW.replace(hour=21)
    assert due_at(None, every=120, window=window, now=late) == late.replace(day=26, hour=8)


@given(st.integers(1, 500), st.floats(0, 1, exclude_max=True))
def test_session_asks_no_more_in_an_hour_than_it_may(per_hour: int, draw: float) -> None:
    assert pause(per_hour, draw) * per_hour >= HOUR * 0.999_999
    assert pause(per_hour, draw) * per_hour <= HOUR * 1.500_001


def test_time_left_is_shared_among_sessions() -> None:
    assert seconds_left(100, per_hour=20, sessions=0) is None
    one, two = (seconds_left(100, per_hour=20, sessions=number) for number in (1, 2))
    assert one is not None
    assert two == one / 2


HEADERS = ("RUT", "Nombre", "Teléfono", "Ejecutivo", "Fono ejecutivo")


def test_columns_of_executives_go_before_those_of_debtors() -> None:
    assert guess_parts(HEADERS) == {Part.RUT: 0, Part.NAME: 3, Part.PHONE: 4}
    assert guess_parts(("Rut deudor", "Nombre", "Celular")) == {Part.RUT: 0, Part.NAME: 1, Part.PHONE: 2}
    assert guess_parts(("Rut ejecutivo", "Monto")) == {}


def test_row_is_a_contact_or_says_why_not() -> None:
    parts = guess_parts(HEADERS)

    def read(*cells: object) -> Entry | RowError:
        return read_entry(cells, HEADERS, parts, "CL")  # type: ignore[arg-type]

    assert read("12.345.678-5", "", "", " Eva  Soto ", "9 8888 0001") == Entry("12345678-5", "Eva Soto", "+56988880001")
    for cells, code, column in (
        (("", "", "", "Eva", "988880001"), "no_rut", "RUT"),
        (("hola", "", "", "Eva", "988880001"), "bad_rut", "RUT"),
        (("1-9", "", "", "", "988880001"), "no_contact_name", "Ejecutivo"),
        (("1-9", "", "", "Eva"), "no_phone", "Fono ejecutivo"),
        (("1-9", "", "", "Eva", "223456789"), "landline", "Fono ejecutivo"),
    ):
        wrong = read(*cells)
        assert isinstance(wrong, RowError)
        assert (wrong.code, wrong.params["column"]) == (code, column)
