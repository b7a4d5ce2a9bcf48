"""Sealed secrets: unreadable in the database, opened by any present key, shown nowhere."""

import copy
import io
import json
import pickle
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.forms import modelform_factory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from gateways.models import Channel, Gateway, Pool
from lib.sealed import CannotUnseal, SealedJSONField, Secrets, seal, unseal

SECRET = "hunter2-ñandú"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
)


@pytest.fixture
def gateway(db: None) -> Gateway:
    pool = Pool.objects.create(name="Main", channel=Channel.SMS)
    Gateway.objects.create(
        name="Line", kind="http_generic", channel=Channel.SMS, pool=pool, secrets={"token": SECRET, "n": 1}
    )
    return Gateway.objects.get()


def document() -> Any:
    """The gateway as it stands in the database."""
    return connection.get_collection(Gateway._meta.db_table).find_one()


@given(json_values)
def test_unseal_gives_what_was_sealed(value: Any) -> None:
    assert unseal(seal(value)) == value


def test_seal_never_gives_the_same_text_twice() -> None:
    assert seal("x") != seal("x")


def test_old_keys_open_and_the_newest_seals(settings: Settings) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.SEAL_KEYS = [old]
    sealed_by_old = seal("x")
    settings.SEAL_KEYS = [new, old]
    sealed_by_new = seal("y")
    assert unseal(sealed_by_old) == "x"
    settings.SEAL_KEYS = [new]
    assert unseal(sealed_by_new) == "y"


@pytest.mark.parametrize("text", ["", "plain", "gAAAAA", "ñ"])
def test_unseal_of_what_no_key_opens_says_what_to_do(text: str) -> None:
    with pytest.raises(CannotUnseal) as caught:
        unseal(text)
    assert str(caught.value) == (
        "A secret can't be opened with the present WHATSMASSIVE_SEAL_KEYS. Add the key it was sealed with."
    )


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "WHATSMASSIVE_SEAL_KEYS is empty: secrets can't be sealed."),
        (["not-a-key"], "WHATSMASSIVE_SEAL_KEYS holds a key that is not a Fernet key."),
    ],
)
def test_seal_without_a_proper_key_is_refused(settings: Settings, keys: list[str], message: str) -> None:
    settings.SEAL_KEYS = keys
    with pytest.raises(ImproperlyConfigured) as caught:
        seal("x")
    assert str(caught.value) == message


def test_field_is_sealed_in_the_database_and_plain_on_the_instance(gateway: Gateway) -> None:
    assert gateway.secrets == {"token": SECRET, "n": 1}
    assert {**gateway.secrets} == {"token": SECRET, "n": 1}
    stored = document()
    assert "hunter2" not in str(stored)
    assert unseal(stored["secrets"]) == {"token": SECRET, "n": 1}


def test_field_that_was_not_replaced_is_written_back_as_it_was(gateway: Gateway, settings: Settings) -> None:
    before = document()["secrets"]
    settings.SEAL_KEYS = [Fernet.generate_key().decode()]
    gateway = Gateway.objects.get()
    gateway.name = "Renamed"
    gateway.clean_fields(exclude={field.name for field in Gateway._meta.fields if field.name != "secrets"})
    gateway.save()
    assert document()["name"] == "Renamed"
    assert document()["secrets"] == before


def test_field_that_was_replaced_is_sealed_anew(gateway: Gateway) -> None:
    gateway.secrets = {**gateway.secrets, "token": "other"}
    gateway.save()
    assert unseal(document()["secrets"]) == {"token": "other", "n": 1}
    Gateway.objects.update(secrets={"token": "third"})
    assert unseal(document()["secrets"]) == {"token": "third"}


def test_field_with_a_lost_key_hurts_only_who_looks_into_it(gateway: Gateway, settings: Settings) -> None:
    settings.SEAL_KEYS = [Fernet.generate_key().decode()]
    read = Gateway.objects.get()
    assert read.name == "Line"
    with pytest.raises(CannotUnseal):
        read.secrets["token"]


def test_field_opens_through_values_and_when_deferred(gateway: Gateway) -> None:
    assert Gateway.objects.values("secrets").get() == {"secrets": {"token": SECRET, "n": 1}}
    assert Gateway.objects.values_list("secrets", flat=True).get()["token"] == SECRET
    assert Gateway.objects.defer("secrets").get().secrets["token"] == SECRET


def test_field_is_empty_by_default(gateway: Gateway) -> None:
    Gateway.objects.create(name="Bare", kind="http_generic", channel=Channel.SMS, pool=gateway.pool)
    assert Gateway.objects.get(name="Bare").secrets == {}


def test_field_shows_nowhere(gateway: Gateway) -> None:
    assert (repr(gateway.secrets), str(gateway.secrets)) == ("<Secrets •••>", "<Secrets •••>")
    assert "secrets" not in modelform_factory(Gateway, fields="__all__").base_fields
    assert b"hunter2" not in pickle.dumps(gateway)
    with pytest.raises(TypeError):
        json.dumps({"secrets": gateway.secrets})


def test_copies_open_like_the_original(gateway: Gateway) -> None:
    assert gateway.secrets["token"] == SECRET
    assert copy.deepcopy(gateway.secrets) == gateway.secrets
    assert pickle.loads(pickle.dumps(gateway.secrets)) == gateway.secrets


def test_field_can_not_be_searched(gateway: Gateway) -> None:
    with pytest.raises(FieldError):
        Gateway.objects.filter(secrets={"token": SECRET}).exists()


def test_dumpdata_prints_sealed_text_that_loaddata_takes(gateway: Gateway) -> None:
    out = io.StringIO()
    call_command("dumpdata", "gateways.gateway", stdout=out)
    assert "hunter2" not in out.getvalue()
    gateway.secrets = {"token": "changed"}
    gateway.save()
    for loaded in serializers.deserialize("json", out.getvalue()):
        loaded.save()
    assert Gateway.objects.get().secrets == {"token": SECRET, "n": 1}
    # A new object's mapping is sealed too, before it was ever stored.
    assert "hunter2" not in serializers.serialize("json", [Gateway(name="New", secrets={"token": SECRET})])


def test_field_deconstructs_as_migrations_write_it() -> None:
    assert SealedJSONField(default=dict).deconstruct()[1:] == ("lib.sealed.SealedJSONField", [], {"default": dict})


def test_empty_secrets_need_no_key(settings: Settings) -> None:
    settings.SEAL_KEYS = []
    assert dict(Secrets("")) == {}
