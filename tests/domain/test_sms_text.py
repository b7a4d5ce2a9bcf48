"""How many SMS a text takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sms_text import Encoding, SmsSize, measure

GSM, UCS = Encoding.GSM_7, Encoding.UCS_2


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
