"""A person's key: one for each phone, and fit for addresses and the names of groups."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.people import can_be_written_to, is_hidden, person_key, phone_of_key


@pytest.mark.parametrize(
    ("phone", "key"), [("+56911111111", "56911111111"), ("lid:880022", "lid-880022"), ("+1234", "1234")]
)
def test_key_of_a_number_leads_back_to_it(phone: str, key: str) -> None:
    assert person_key(phone) == key
    assert phone_of_key(key) == phone


@given(st.text(max_size=40))
def test_key_of_anything_names_a_group_and_an_element(phone: str) -> None:
    key = person_key(phone)
    assert re.fullmatch(r"[a-z0-9-]{1,40}", key)
    assert phone_of_key(key) in (phone, "")


@pytest.mark.parametrize("key", ["", "x0123", "lid-", "lid-x", "+569", "5" * 30, "１２３４５"])
def test_key_of_nobody_has_no_phone(key: str) -> None:
    assert phone_of_key(key) == ""


@pytest.mark.parametrize(
    ("phone", "writable", "hidden"),
    [("+56911111111", True, False), ("lid:880022", False, True), ("1234", False, False), ("BANCO", False, False)],
)
def test_only_a_number_can_be_written_to(phone: str, *, writable: bool, hidden: bool) -> None:
    assert (can_be_written_to(phone), is_hidden(phone)) == (writable, hidden)
