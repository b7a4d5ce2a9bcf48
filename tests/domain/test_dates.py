"""Due dates as cells hold them and people write them."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.dates import parse_date
from domain.values import numeric_date

DAY = date(2026, 3, 5)


@pytest.mark.parametrize(
    ("value", "country"),
    [
        (date(2026, 3, 5), "CL"),
        (datetime(2026, 3, 5, 23, 59), "CL"),
        ("2026-03-05", "CL"),
        ("2026/3/5", "US"),
        ("2026-03-05T00:00:00", "CL"),
        ("2026-03-05 00:00:00", "CL"),
        ("05/03/2026", "CL"),
        (" 5-3-2026 ", "CL"),
        ("05.03.2026", "CL"),
        ("05/03/26", "CL"),
        ("05/03/2026 0:00", "CL"),
        ("03/05/2026", "US"),
        ("5-mar-2026", "CL"),
        ("5-mar-26", "CL"),
        ("5 de marzo de 2026", "CL"),
        ("5 de marzo del 2026", "CL"),
        ("05 Mar. 2026", "US"),
        ("5 de março de 2026", "BR"),
    ],
)
def test_parse_date_reads_cells_and_texts(value: object, country: str) -> None:
    assert parse_date(value, country) == DAY


@pytest.mark.parametrize(
    "value",
    ["31/02/2026", "03/25/2026", "5/3", "marzo 2026", "pronto", "45000", 46086.0, 46086, True, time(3), timedelta(3),
     "05/03-2026", "5 de foo de 2026", date(1899, 12, 31), "01/01/0026", None],
)  # fmt: skip
def test_parse_date_guesses_nothing(value: object) -> None:
    assert parse_date(value, "CL") is None


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(["CL", "MX", "US", "BR", "ES", "SE"]))
def test_parse_date_reads_back_what_the_country_writes(day: date, country: str) -> None:
    assert parse_date(numeric_date(day, country), country) == day


@given(st.text(max_size=30))
def test_parse_date_never_raises(text: str) -> None:
    assert isinstance(parse_date(text, "CL"), date | None)
