"""How many SMS a text takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sms_text import Encoding, SmsSize, as_sms, costly, measure, transliterate, transliterated

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2
GSM_CHARACTERS = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà\f^{}\\[~]|€"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SmsSize(GSM, 0, 1, 160)),
        ("a" * 160, SmsSize(GSM, 160, 1, 160)),
        ("a" * 161, SmsSize(GSM, 161, 2, 153)),
        ("a" * 306, SmsSize(GSM, 306, 2, 153)),
        ("a" * 307, SmsSize(GSM, 307, 3, 153)),
        ("éñü¡¿ÑÉ à\n", SmsSize(GSM, 10, 1, 160)),
        ("€" * 80, SmsSize(GSM, 160, 1, 160)),
        ("€" * 80 + "a", SmsSize(GSM, 161, 2, 153)),
        ("á", SmsSize(UCS, 1, 1, 70)),
        ("ç", SmsSize(UCS, 1, 1, 70)),
        ("ó" * 70, SmsSize(UCS, 70, 1, 70)),
        ("ó" * 71, SmsSize(UCS, 71, 2, 67)),
        ("😀" * 35, SmsSize(UCS, 70, 1, 70)),
        ("😀" * 36, SmsSize(UCS, 72, 2, 67)),
    ],
)
def test_size_of_a_text(text: str, expected: SmsSize) -> None:
    assert measure(text) == expected


def test_escaped_character_is_not_split_between_two_parts() -> None:
    assert measure("a" * 152 + "€" + "a" * 152).parts == 3
    assert measure("a" * 151 + "€" + "a" * 153).parts == 2


def test_surrogate_pair_is_not_split_between_two_parts() -> None:
    assert measure("ó" * 66 + "😀" + "ó" * 66).parts == 3
    assert measure("ó" * 65 + "😀" + "ó" * 67).parts == 2


def test_accents_triple_a_collection_text() -> None:
    plain = "Estimado Juan, su deuda vence el 5. Llame hoy al 600 123 4567 para regularizar su situacion y evitar "
    plain += "mayores recargos. Si ya pago, omita este mensaje. Gracias."
    assert (len(plain) > 150, measure(plain).parts) == (True, 1)
    assert measure(plain.replace("situacion", "situación")).parts == 3


@given(st.text())
def test_parts_hold_the_units_and_no_part_is_idle(text: str) -> None:
    size = measure(text)
    assert size.units <= size.parts * size.per_part
    if size.encoding is UCS:
        assert size.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    if size.parts > 1:  # each part but the last misses at most the one unit that a pair would not share
        assert size.units > (size.parts - 1) * (size.per_part - 1)


@given(st.text(), st.text())
def test_longer_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert measure(text + more).parts >= measure(text).parts


# Written without accents ----------------------------------------------------------------------------------------------
NEAR = st.text(
    st.sampled_from("aeñÑéáíóúÁÍÓÚ“”‘’–—…€«»ªº°½™ \u00a0\u00ad\u0301\u0303n{}[]|~^\\çłß\U0001f600ЖжΩα漢"), max_size=400
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Situación: Íñigo debe áéíóú ÁÉÍÓÚ", "Situacion: Iñigo debe aéiou AÉIOU"),
        ("¿Señor Muñoz? ¡Pingüino!", "¿Señor Muñoz? ¡Pingüino!"),
        ("“Hola” ‘tú’ «ya» – — …", '"Hola" \'tu\' "ya" - - ...'),
        ("1\u00a0000 € N° 3, 1ª y 2º, ½", "1 000 € No 3, 1a y 2o, 1/2"),
        ("de\u0301bito man\u0303ana a\u0301", "débito mañana a"),
        ("ce\u00adro\u200b", "cero"),
        ("façade Łódź", "facade Lodz"),
        ("Hola 😀 día Ж", "Hola 😀 dia Ж"),
        ("٣ 漢 ❤\ufe0f", "٣ 漢 ❤\ufe0f"),
        ("´a´ `b`", "'a' 'b'"),
    ],
)
def test_text_without_accents(text: str, expected: str) -> None:
    assert transliterate(text) == expected


def test_text_without_accents_takes_one_part_instead_of_three() -> None:
    text = "Estimado Juan, su deuda está vencida. Llámenos hoy al 600 123 4567 para regularizar su situación y evitar "
    text += "mayores recargos. Si ya pagó, omita este mensaje."
    assert (measure(text).parts, measure(transliterate(text)).parts) == (3, 1)
    assert as_sms(text, plain=True) == (transliterate(text), 1)
    assert as_sms(text, plain=False) == (text, 3)


def test_what_would_take_more_parts_is_not_replaced() -> None:
    assert transliterate("…" * 70) == "…" * 70
    assert transliterate("😀" + "…" * 30 + "á" * 38) == "😀" + "…" * 30 + "a" * 38


@given(st.text() | NEAR)
def test_no_text_takes_more_parts_without_accents(text: str) -> None:
    assert measure(transliterate(text)).parts <= measure(text).parts


@given(st.text() | NEAR)
def test_writing_without_accents_twice_changes_nothing_more(text: str) -> None:
    once = transliterate(text)
    assert transliterate(once) == once


@given(st.text(st.sampled_from(GSM_CHARACTERS)))
def test_characters_of_the_alphabet_are_untouched(text: str) -> None:
    assert transliterate(text) == text
    assert costly(text) == []


@given(st.lists(st.tuples(NEAR, st.booleans()), max_size=5))
def test_pieces_read_as_the_whole_does(pieces: list[tuple[str, bool]]) -> None:
    whole = "".join(text for text, _ in pieces)
    assert "".join(text for text, _ in transliterated(pieces)) == transliterate(whole)
