"""How texts look in WhatsApp."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.whatsapp_text import Run, plain_runs, runs

PIECES = st.lists(st.tuples(st.text(alphabet="ab *_~`\n{<", max_size=8), st.booleans()), max_size=6)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hola", [Run("Hola")]),
        ("*Hola* Ana", [Run("Hola", bold=True), Run(" Ana")]),
        ("_a_ ~b~", [Run("a", italic=True), Run(" "), Run("b", struck=True)]),
        ("*_a_*", [Run("a", bold=True, italic=True)]),
        ("```*a*\nb```", [Run("*a*\nb", mono=True)]),
        ("2*3*4", [Run("2*3*4")]),
        ("* a *", [Run("* a *")]),
        ("*a\nb*", [Run("*a\nb*")]),
        ("a_b_c", [Run("a_b_c")]),
        ("**", [Run("**")]),
        ("*a", [Run("*a")]),
    ],
)
def test_marks_dress_what_is_between_them(text: str, found: list[Run]) -> None:
    assert runs([(text, False)]) == found


def test_values_are_told_from_what_was_written_inside_of_marks_too() -> None:
    pieces = [("Hola *", False), ("Ana", True), (" Díaz*", False)]
    assert runs(pieces) == [Run("Hola "), Run("Ana", bold=True, value=True), Run(" Díaz", bold=True)]
    assert plain_runs(pieces) == [Run("Hola *"), Run("Ana", value=True), Run(" Díaz*")]


@given(PIECES)
def test_nothing_but_marks_is_left_out_and_no_value_is_lost(pieces: list[tuple[str, bool]]) -> None:
    text = "".join(piece for piece, _value in pieces)
    shown = "".join(run.text for run in runs(pieces))
    kept = iter(text)
    assert all(letter in kept for letter in shown)  # in its order
    assert [c for c in shown if c not in "*_~`"] == [c for c in text if c not in "*_~`"]
    assert "".join(run.text for run in plain_runs(pieces)) == text
