"""Lines written as one URL."""

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateways.errors import GatewayError, UrlTemplateError
from gateways.kinds import KINDS, read_url
from gateways.url_templates import fields_from

HTTP = KINDS["http_generic"]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "https://host/send?to={phone}&text={message}",
            {"method": "GET", "url": "https://host/send?to={phone}&text={message}"},
        ),
        (
            "http://host:8080/{phone_raw}/{message_raw}?id={id}&cb={callback_url}",
            {"method": "GET", "url": "http://host:8080/{phone_raw}/{message_raw}?id={id}&cb={callback_url}"},
        ),
        (  # a gateway's own parameters with our names stay
            "https://host/s?method=SendMessage&auth=plain&token=abc&to={phone}&text={message}",
            {
                "method": "GET",
                "url": "https://host/s?method=SendMessage&auth=plain&token=abc&to={phone}&text={message}",
            },
        ),
        (
            "https://host/s?to={phone}&text={message}&auth=bearer&token=abc&method=get",
            {"method": "GET", "url": "https://host/s?to={phone}&text={message}", "auth": "bearer", "token": "abc"},
        ),
        (
            "https://host/s?a=1",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s?a=1",
                "body": '{"to": "{phone}", "message": "{message}"}',
            },
        ),
        (
            "https://host/s?schema=phone-message",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s",
                "body": '{"phone": "{phone}", "message": "{message}"}',
            },
        ),
        (
            "https://host/s?method=POST&toKey=dest&messageKey=txt&idKey=ref&x={id}",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s?x={id}",
                "body": '{"dest": "{phone}", "txt": "{message}", "ref": "{id}"}',
            },
        ),
        (
            "https://host/s?phoneKey=n%C3%BAmero&auth=token&token=a%2Bb",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s",
                "body": '{"número": "{phone}", "message": "{message}"}',
                "auth": "header",
                "token_name": "Authorization",
                "token": "Token a+b",
            },
        ),
        (
            "https://host/s?auth=raw&tokenKey=X-Key&token=abc",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s",
                "body": '{"to": "{phone}", "message": "{message}"}',
                "auth": "header",
                "token_name": "X-Key",
                "token": "abc",
            },
        ),
        (
            "https://host/s?auth=body&tokenKey=key&token=abc",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s",
                "body": '{"to": "{phone}", "message": "{message}", "key": "{token}"}',
                "auth": "none",
                "token": "abc",
            },
        ),
        (
            "https://host/s?auth=none&token=abc",
            {
                "method": "POST",
                "content_type": "json",
                "url": "https://host/s",
                "body": '{"to": "{phone}", "message": "{message}"}',
                "auth": "none",
            },
        ),
        (
            "https://me:p%40ss@host/s?to={phone}&text={message}",
            {
                "method": "GET",
                "url": "https://host/s?to={phone}&text={message}",
                "auth": "basic",
                "token": "me:p@ss",
            },
        ),
    ],
)
def test_template_is_read_into_fields(template: str, expected: dict[str, Any]) -> None:
    assert fields_from(template) == expected
    assert HTTP.clean(fields_from(template))["url"] == expected["url"]


@pytest.mark.parametrize(
    ("template", "code", "words"),
    [
        ("", "empty", "empty"),
        ("   ", "empty", "empty"),
        ("host/send", "unreadable", "no host"),
        ("https:///send?to={phone}&text={message}", "unreadable", "no host"),
        ("https://[::1/send", "unreadable", "doesn't parse"),
        ("https://host:abc/send", "unreadable", "doesn't parse"),
        ("https://host/a b", "space", "%20"),
        ("https://host/?to={phone}&text={message", "brace", "brace"),
        ("https://host/?to={phone}}&text={message}", "brace", "brace"),
        ("https://host/?to={phone}&text={text}&m={message}", "placeholder", "{text}"),
        ("https://host/?to={phone}", "no_message", "has no message"),
        ("https://host/?text={message}", "no_phone", "has no phone"),
        ("https://host/?method=get", "no_message", "has no message"),
        ("https://host/?method=put", "method", "get, post"),
        ("https://host/?schema=xml", "schema", "to-message, phone-message"),
        ("https://host/?auth=digest&token=a", "auth", "bearer, token, raw, body, none"),
        ("https://host/?to={phone}&text={message}&auth=body&token=a", "auth", "POST"),
        ("https://me:pass@host/?auth=bearer&token=a", "auth", "both"),
        ("https://host/?toKey=message", "keys", "same key"),
        ("ftp://host/{phone}/{message}", "scheme", "https://"),
    ],
)
def test_template_that_cannot_be_taken_says_why(template: str, code: str, words: str) -> None:
    with pytest.raises(UrlTemplateError) as caught:
        read_url(template)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_token_may_be_given_apart_from_the_template() -> None:
    fields = fields_from("https://host/s?auth=bearer")
    assert HTTP.clean({**fields, "token": "abc"})["token"] == "abc"
    with pytest.raises(GatewayError, match=r"^token:"):
        HTTP.clean(fields)


@given(
    st.text(alphabet=st.characters(codec="utf-8")) | st.from_regex(r"https?://[a-z{}\[\]@:?&=%#/.0-9]*", fullmatch=True)
)
@example("https://h/?to={phone}&text={message}#{id}")
@example("https://0.0.0/?to={phone}&text={message}")
def test_any_text_gives_fields_or_an_error_of_ours(template: str) -> None:
    try:
        HTTP.clean(fields_from(template))
    except GatewayError as error:
        assert str(error)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="{}"), min_size=1, max_size=8)
CONTROLS = {"method", "auth", "token", "tokenKey"}


@given(st.dictionaries(NAMES.filter(lambda name: name not in CONTROLS), NAMES, max_size=4))
def test_what_a_gateway_needs_in_its_url_is_kept_to_the_letter(own: dict[str, str]) -> None:
    pairs = "".join(f"&{quote(name, safe='')}={quote(value, safe='')}" for name, value in own.items())
    url = "https://host/s?to={phone}&text={message}" + pairs
    assert fields_from(url)["url"] == url
    post = "https://host/s?x=1" + pairs
    controls = {"schema", "toKey", "phoneKey", "messageKey", "idKey"} & set(own)
    if not controls:
        assert fields_from(post)["url"] == post
