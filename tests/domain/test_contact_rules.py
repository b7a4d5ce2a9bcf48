"""Opt-outs: the whole text and nothing but it; what comes near is for a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.contact_rules import LONGEST, PHRASES, VERSION, WORDS, Verdict, examine, normalise, one_edit_apart

AROUND = st.text(st.sampled_from(" .,!¡¿?*_-—\"'()\n\t\u00a0\u200b\u200d\ufeff\u2060👍🏽🛑❌😡"), max_size=8)
INVISIBLE = st.sampled_from(["", "\u200b", "\u200c", "\u2060", "\u00ad", "\ufe0f", "\u0301"])


@pytest.mark.parametrize(
    "text",
    ["BAJA", "baja", "  Baja. ", "¡BAJA!", "STOP", "stop 🛑", "🛑Stop🛑", "NO MAS", "No más", "no  más!!", "NO\nMÁS",
     "parar", "Sair", "CANCELAR", "alto", "«Alto»", "UNSUBSCRIBE", "b\u200baja", "ＢＡＪＡ", "*baja*", "“stop”"],
)  # fmt: skip
def test_the_whole_text_is_an_opt_out(text: str) -> None:
    assert examine(text).verdict is Verdict.OPT_OUT


@pytest.mark.parametrize(
    ("text", "rule"),
    [("quiero darme de baja", "ends:baja"), ("Quiero darme de BAJA del sistema", "phrase:de baja"),
     ("no me escriban más", "phrase:no me escriban"), ("bajo", "near:baja"), ("stop por favor", "begins:stop"),
     ("por favor, stop", "ends:stop"), ("cancelar mi deuda", "begins:cancelar"), ("No más mensajes", "begins:no mas"),
     ("S T O P", "spelt:stop"), ("B.A.J.A", "spelt:baja"), ("STOOOP", "spelt:stop"), ("nomas", "spelt:no mas"),
     ("bjaa", "near:baja"), ("satop", "near:stop"), ("sacame de esta lista", "phrase:sacame"),
     ("please don't text me", "phrase:don t text"), ("baja baja", "begins:baja")],
)  # fmt: skip
def test_what_comes_near_is_for_a_person(text: str, rule: str) -> None:
    found = examine(text)
    assert (found.verdict, found.rule, found.version) == (Verdict.REVIEW, rule, VERSION)


@pytest.mark.parametrize(
    "text",
    ["", "   ", "🙂", "hola", "ya pagué", "trabajador", "¿Cuánto debo?", "mañana cancelo", "no", "más", "quién es?",
     "el dólar está bajando", "me parece alto el monto", "ok", "1", "\u200b", "gracias, no más tarde"],
)  # fmt: skip
def test_all_else_is_neither(text: str) -> None:
    assert examine(text).verdict is Verdict.NONE


@given(st.sampled_from(WORDS), AROUND, AROUND, st.data())
def test_no_way_of_writing_a_word_hides_it(word: str, before: str, after: str, data: st.DataObject) -> None:
    letters = [each.upper() if data.draw(st.booleans()) else each for each in word]
    written = "".join(letter + (data.draw(INVISIBLE) if letter != " " else "  ") for letter in letters)
    found = examine(before + written + after)
    assert (found.verdict, found.rule) == (Verdict.OPT_OUT, f"word:{word}")


@given(st.text(max_size=80))
def test_an_opt_out_is_a_word_and_nothing_else(text: str) -> None:
    assert (examine(text).verdict is Verdict.OPT_OUT) == (normalise(text) in WORDS)


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(st.sampled_from(WORDS), st.text(st.characters(categories=["Ll"], max_codepoint=0x7F), min_size=1, max_size=9))
def test_a_word_with_another_one_is_never_an_opt_out(word: str, other: str) -> None:
    for text in (f"{word} {other}", f"{other} {word}"):
        assert (examine(text).verdict is Verdict.OPT_OUT) == (text in WORDS)


@given(st.sampled_from(PHRASES), st.sampled_from(["", "hola, ", "Señores: "]), st.sampled_from(["", " gracias", "!!"]))
def test_a_phrase_anywhere_comes_near(phrase: str, before: str, after: str) -> None:
    assert examine(before + phrase.upper() + after).verdict is Verdict.REVIEW


@given(st.text("abcd ", max_size=6), st.text("abcd ", max_size=6))
def test_one_edit_is_the_same_from_either_side(one: str, other: str) -> None:
    assert one_edit_apart(one, other) == one_edit_apart(other, one)


@given(st.text("abcd", min_size=1, max_size=8), st.data())
def test_one_edit_is_seen(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    assert one_edit_apart(word, word[:at] + word[at + 1 :])
    assert one_edit_apart(word, word[:at] + "z" + word[at + 1 :])
    assert one_edit_apart(word, word[:at] + "z" + word[at:])


def test_a_very_long_text_is_looked_at_and_is_no_word() -> None:
    assert examine("stop" + " " * LONGEST + "x").verdict is Verdict.REVIEW
    assert examine("x" * 100_000).verdict is Verdict.NONE
