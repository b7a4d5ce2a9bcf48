"""Settings and URL templates of lines through SMS Gate."""

from typing import Any
from urllib.parse import quote

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from gateways.errors import GatewayError, UrlTemplateError
from gateways.kinds import KINDS, read_url
from gateways.sms_gate_fields import CLOUD, fields_from
from lib.redaction import MASK

KIND = KINDS["sms_gate"]
LOGIN = {"token": "me:pass"}
DEVICE = "yVULogr4Y1ksRfnos1Dsw"


def test_a_login_alone_makes_a_line_of_the_vendors_cloud() -> None:
    values = KIND.clean(LOGIN)
    names = ("mode", "base_url", "auth", "priority", "poll_s", "with_delivery_report")
    assert {name: values[name] for name in names} == {
        "mode": "cloud", "base_url": CLOUD, "auth": "basic", "priority": 0, "poll_s": 60, "with_delivery_report": True,
    }  # fmt: skip
    assert KIND.clean(values) == values


def test_secrets_are_sealed_and_shown_as_nothing_but_secrets() -> None:
    plain, sealed = KIND.split(KIND.clean({**LOGIN, "signing_key": "key"}))
    assert sealed == {"token": "me:pass", "signing_key": "key"}
    assert KIND.masked({**plain, **sealed})["token"] == KIND.masked({**plain, **sealed})["signing_key"] == MASK


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("http://192.168.1.10:8080/", "http://192.168.1.10:8080"),
        ("http://192.168.1.10:8080/message", "http://192.168.1.10:8080"),
        ("https://host/api/3rdparty/v1/messages/", "https://host/api/3rdparty/v1"),
        ("https://host/3rdparty/v1", "https://host/3rdparty/v1"),
    ],
)
def test_address_is_kept_without_what_is_asked_at_it(given: str, kept: str) -> None:
    assert KIND.clean({**LOGIN, "mode": "private", "base_url": given})["base_url"] == kept


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"token": ""}, "token: is needed"),
        ({"token": "me"}, "token: takes user:password with auth=basic"),
        ({"token": ":pass"}, "token: takes user:password"),
        ({"token": "me:", "auth": "login"}, "token: takes user:password with auth=login"),
        ({"token": "me:pass", "auth": "bearer"}, "token: looks like user:password"),
        ({"token": "ñ", "auth": "bearer"}, "token: takes a token in ASCII"),
        ({"token": "me:pa\x7fss"}, "token: has a line end or a control character"),
        ({"base_url": "host/3rdparty/v1"}, "base_url: takes an address that begins with http"),
        ({"base_url": "https://me:pass@host/"}, "base_url: takes no user and password"),
        ({"base_url": "https://host/?a=b"}, "base_url: takes no “\\?”"),
        ({"base_url": "https://host/{phone}"}, "base_url: takes a plain address in ASCII"),
        ({"base_url": "https://host:port/"}, "base_url: doesn't parse"),
        ({"base_url": "http://api.sms-gate.app/3rdparty/v1"}, "base_url: begins with https:// in the cloud"),
        ({"mode": "local"}, "base_url: is the phone's own address in local mode"),
        ({"device_id": "a b"}, "device_id: takes the phone's id as the app shows it"),
        ({"sim_number": "4"}, "sim_number: takes a number from 0 to 3"),
        ({"priority": "100"}, "priority: takes a number from -128 to 99"),
        ({"poll_s": "5"}, "poll_s: takes 0, or at least 10 seconds"),
        ({"mode": "mine"}, "mode: takes one of cloud, private, local"),
        ({"nothing": "1"}, "has no field nothing"),
    ],
)
def test_wrong_settings_are_told_in_a_sentence_without_secrets(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(GatewayError, match=said) as caught:
        KIND.clean({**LOGIN, **fields})
    assert "pass" not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (f"sms-gate://{DEVICE}", {"device_id": DEVICE}),
        ("sms-gate://", {}),
        (f"SMS-Gate://{DEVICE}?simNumber=1", {"device_id": DEVICE, "sim_number": "1"}),
        (f"sms-gate://{DEVICE}?baseUrl=https://sms.example/3rdparty/v1&simNumber=2",
         {"device_id": DEVICE, "base_url": "https://sms.example/3rdparty/v1", "sim_number": "2", "mode": "private"}),
        ("sms-gate://me:p%40ss@?baseUrl=http%3A%2F%2F192.168.1.10%3A8080",
         {"token": "me:p@ss", "auth": "basic", "base_url": "http://192.168.1.10:8080", "mode": "local"}),
        (f"sms-gate://{DEVICE}?baseUrl={CLOUD}&token=jwt", {
            "device_id": DEVICE, "base_url": CLOUD, "mode": "cloud", "token": "jwt", "auth": "bearer"}),
        (f"sms-gate://{DEVICE}?token=me%3Apass&auth=login&ttl=60&priority=5&withDeliveryReport=false&signingKey=k&mode=cloud",
         {"device_id": DEVICE, "token": "me:pass", "auth": "login", "ttl_s": "60", "priority": "5",
          "with_delivery_report": "false", "signing_key": "k", "mode": "cloud"}),
    ],
)  # fmt: skip
def test_template_is_read_into_fields(template: str, expected: dict[str, Any]) -> None:
    kind, fields = read_url(template)
    assert (kind.name, fields) == ("sms_gate", expected)
    KIND.clean({**LOGIN, **fields})


@pytest.mark.parametrize(
    ("template", "code"),
    [
        ("sms-gate://a b", "space"),
        ("sms-gate://[", "unreadable"),
        ("sms-gate://192.168.1.10:8080", "device"),
        ("sms-gate://host/message", "device"),
        ("sms-gate://d?to={phone}&text={message}", "parameter"),
        ("sms-gate://d?simnumber=1", "parameter"),
        ("sms-gate://me:pass@d?token=t", "auth"),
        ("sms-gate://d?" + "&".join(f"a{n}=1" for n in range(101)), "unreadable"),
    ],
)
def test_template_that_cannot_be_read_says_what_is_wrong(template: str, code: str) -> None:
    with pytest.raises(UrlTemplateError) as caught:
        fields_from(template)
    assert caught.value.code == code
    with translation.override("es"), pytest.raises(UrlTemplateError) as in_spanish:
        fields_from(template)
    assert str(in_spanish.value) != str(caught.value)


@given(user=st.text(min_size=1, max_size=20), password=st.text(min_size=1, max_size=20))
def test_credentials_come_out_of_a_template_as_they_went_in(user: str, password: str) -> None:
    pair = f"{user}:{password}"
    written = quote(pair, safe=":", errors="replace")
    assert fields_from(f"sms-gate://{written}@d")["token"] == pair.encode("utf-8", "replace").decode()


@given(st.text(max_size=60))
def test_whatever_is_pasted_is_read_or_refused(text: str) -> None:
    try:
        fields = fields_from("sms-gate://" + text)
    except UrlTemplateError:
        return
    try:
        KIND.clean({**LOGIN, **fields})
    except GatewayError:
        return
