"""What a remembered answer of WhatsApp is worth."""

import pytest

from domain.number_checks import CONFIRM_AFTER, NO_LASTS, YES_LASTS, Absent, Ask, Known, Remembered, Wait, judge

WID = "56911111111@c.us"


@pytest.mark.parametrize(
    ("remembered", "expected"),
    [
        pytest.param(None, Ask(), id="nobody asked"),
        pytest.param(Remembered(WID, "", 0, 0), Known(WID), id="yes"),
        pytest.param(Remembered(WID, "7@lid", 0, YES_LASTS - 1), Known(WID, "7@lid"), id="yes, almost too old"),
        pytest.param(Remembered(WID, "", 0, YES_LASTS), Ask(), id="yes, too old"),
        pytest.param(Remembered("", "", 0, 0), Ask(), id="nothing known"),
        pytest.param(Remembered("", "", 1, 5.0), Wait(CONFIRM_AFTER - 5.0), id="one no, a moment ago"),
        pytest.param(Remembered(WID, "", 1, 5.0), Wait(CONFIRM_AFTER - 5.0), id="one no after a yes"),
        pytest.param(Remembered("", "", 1, CONFIRM_AFTER), Ask(), id="one no, to be confirmed"),
        pytest.param(Remembered("", "", 2, 0), Absent(), id="two noes"),
        pytest.param(Remembered("", "", 2, NO_LASTS - 1), Absent(), id="two noes, almost too old"),
        pytest.param(Remembered("", "", 2, NO_LASTS), Ask(), id="two noes, too old"),
        pytest.param(Remembered("", "", 1, NO_LASTS), Ask(), id="one no, too old"),
    ],
)
def test_judge_asks_only_what_it_must(remembered: Remembered | None, expected: object) -> None:
    assert judge(remembered) == expected
