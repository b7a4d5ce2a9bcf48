"""Numbers, their variants, and the ids that WhatsApp gives them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.whatsapp_ids import KEY, candidates, digits_of, e164_of, is_lid, key_of, lid_of, media_type, wid_of


@pytest.mark.parametrize(
    ("phone", "expected"),
    [
        pytest.param("+56911111111", ["56911111111"], id="Chile has none"),
        pytest.param("+5511987654321", ["5511987654321", "551187654321"], id="Brazil without the ninth digit"),
        pytest.param("+551187654321", ["551187654321", "5511987654321"], id="Brazil with the ninth digit"),
        pytest.param("+5511943216789", ["5511943216789"], id="Brazil: without the 9 it is a landline of somebody else"),
        pytest.param("+551143216789", ["551143216789"], id="Brazil: a landline has no ninth digit"),
        pytest.param("+525512345678", ["525512345678", "5215512345678"], id="Mexico with the old 1"),
        pytest.param("+5215512345678", ["5215512345678", "525512345678"], id="Mexico without the old 1"),
        pytest.param("+5491123456789", ["5491123456789", "541123456789"], id="Argentina without the 9"),
        pytest.param("+541123456789", ["541123456789", "5491123456789"], id="Argentina with the 9"),
        pytest.param("+573001234567", ["573001234567"], id="Colombia has none"),
        pytest.param("+5491234", ["5491234"], id="too short for a rule"),
    ],
)
def test_candidates_are_the_number_and_its_variant(phone: str, expected: list[str]) -> None:
    assert candidates(phone) == tuple(f"{digits}@c.us" for digits in expected)


@given(st.from_regex(r"\+(?:55|52|521|54|549|56)\d{8,11}", fullmatch=True))
def test_candidates_lead_back_to_each_other(phone: str) -> None:
    found = candidates(phone)
    assert found[0] == phone[1:] + "@c.us"
    for wid in found:
        assert set(candidates("+" + digits_of(wid))) == set(found)
        assert len({e164_of(one) for one in found}) <= 2


@pytest.mark.parametrize(
    ("wid", "expected"),
    [
        ("56911111111@c.us", "+56911111111"),
        ("551187654321@c.us", "+5511987654321"),
        ("5511987654321@c.us", "+5511987654321"),
        ("551143216789@c.us", "+551143216789"),
        ("5215512345678@c.us", "+525512345678"),
        ("5491123456789@c.us", "+5491123456789"),
        ("56911111111:12@c.us", "+56911111111"),
    ],
)
def test_e164_of_an_id_is_the_number_as_imported(wid: str, expected: str) -> None:
    assert e164_of(wid) == expected


def test_ids_are_made_and_read() -> None:
    assert (wid_of("5691"), wid_of(""), lid_of("77"), lid_of("")) == ("5691@c.us", "", "77@lid", "")
    assert (is_lid("77@lid"), is_lid("5691@c.us"), is_lid("")) == (True, False, False)


def test_key_has_the_shape_of_whatsapps_own_ids() -> None:
    key = key_of("0123456789abcdef0123456789abcdef")
    assert key == "3EB00123456789ABCDEF01"
    assert KEY.fullmatch(key)
    assert not KEY.fullmatch("3A0123456789ABCDEF0123")


@pytest.mark.parametrize(
    ("mimetype", "expected"),
    [("image/png", "image"), ("video/mp4", "video"), ("audio/ogg", "audio"), ("application/pdf", "document"),
     ("text/plain", "document"), ("", "document")],
)  # fmt: skip
def test_media_type_is_what_the_chat_shows(mimetype: str, expected: str) -> None:
    assert media_type(mimetype) == expected
