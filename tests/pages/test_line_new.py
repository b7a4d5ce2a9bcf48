"""The page of a new SMS line: choosing how to describe it, and what was understood of a template before it is saved."""

import pytest
from django.test import Client
from django.utils.translation import override

from gateways.kinds import KINDS
from gateways.models import Gateway
from gateways.understood import understood
from tests.factories.sending import make_pool

pytestmark = pytest.mark.django_db

LINES = [kind for kind in KINDS.values() if not kind.needs_session]
LOOK = "/lines/new/?look=1"


def page(client: Client, path: str, language: str = "en", **post: str) -> str:
    client.cookies["django_language"] = language
    answer = client.post(path, post) if post else client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(("language", "words"), [("en", "Paste a URL template"), ("es", "Pegar una plantilla de URL")])
def test_every_kind_can_be_chosen_with_a_sentence_about_it(signed_in: Client, language: str, words: str) -> None:
    make_pool("SMS")
    found = page(signed_in, "/lines/new/", language)
    assert words in found
    assert found.count('class="way"') == len(LINES) + 1
    assert found.count('aria-current="page"') >= 1
    for kind in LINES:
        assert kind.about, f"{kind.name} says nothing about itself"
        assert f"?way={kind.name}" in found
        assert all(kind.from_url is not None and kind.from_url(example) for example in kind.examples)


def test_unknown_way_is_the_first_kinds(signed_in: Client) -> None:
    make_pool("SMS")
    found = page(signed_in, "/lines/new/?way=nothing")
    assert f'way={LINES[0].name}" aria-current="page"' in found


@pytest.mark.parametrize(
    ("language", "label", "local"),
    [("en", "SMS Gate: your own Android phones", "local: on the phone itself"),
     ("es", "SMS Gate: sus propios teléfonos Android", "local: en el propio teléfono")],
)  # fmt: skip
def test_what_a_template_says_is_shown_without_its_secrets_and_nothing_is_stored(
    signed_in: Client, language: str, label: str, local: str
) -> None:
    make_pool("SMS")
    template = "sms-gate://me:hush1234@?baseUrl=http://192.168.1.10:8080&signingKey=hush5678"
    found = page(signed_in, LOOK, language, url_template=template)
    assert label in found
    assert local in found
    assert "http://192.168.1.10:8080" in found
    assert "hush" not in found
    assert "<html" not in found
    assert Gateway.objects.count() == 0


@override("en")
def test_what_a_template_lacks_is_said_by_the_fields_label() -> None:
    found = understood("sms-gate://device")
    assert found is not None
    assert (found.kind, found.error) == (KINDS["sms_gate"], "User and password, or token: is needed")
    whole = understood("sms-gate://device", token="me:pass")
    assert whole is not None
    assert (whole.facts, whole.error) == ((("Phone's id", "device"), ("User and password, or token", "•••")), "")
    assert understood("  ") is None


@pytest.mark.parametrize(
    ("template", "words"),
    [("", "What the template says is shown here"), ("gopher://x", "Available: "),
     ("sms-gate://d?a=1", "unknown parameter a"),
     ("https://host/?key=hush1234&text={message}", "has no phone"), ("https://host:hush1234/", "doesn&#x27;t parse")],
)  # fmt: skip
def test_what_cannot_be_read_is_said_while_it_is_typed(signed_in: Client, template: str, words: str) -> None:
    make_pool("SMS")
    found = page(signed_in, LOOK, url_template=template, token="")
    assert words in found
    assert "hush" not in found


def test_phones_line_is_made_from_a_template_and_says_what_to_do_with_its_address(signed_in: Client, settings) -> None:
    settings.PUBLIC_URL = "https://us.example"
    pool = make_pool("SMS")
    form = {
        "name": "Phones",
        "pool": str(pool.pk),
        "url_template": "sms-gate://device-1?simNumber=2",
        "token": "me:hush1234",
    }
    assert signed_in.post("/lines/new/", form).status_code == 303
    line = Gateway.objects.get()
    assert (line.kind, line.config["device_id"], line.config["sim_number"], line.secrets["token"]) == (
        "sms_gate", "device-1", 2, "me:hush1234",
    )  # fmt: skip
    found = page(signed_in, f"/lines/{line.pk}/")
    assert "sms:sent, sms:delivered, sms:failed, sms:received, mms:downloaded" in found
    assert "no signing key" in found
    assert "hush1234" not in found
    shown = signed_in.post(f"/lines/{line.pk}/callback/").content.decode()
    assert 'data-copy="callback-address"' in shown
    line.secrets = {**line.secrets, "signing_key": "key-of-phone"}
    line.save()
    assert "no signing key" not in page(signed_in, f"/lines/{line.pk}/")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "a token by itself goes with auth=bearer"), ("es", "un token solo va con auth=bearer")],
)
def test_wrong_credentials_are_told_at_their_field(signed_in: Client, language: str, words: str) -> None:
    pool = make_pool("SMS")
    form = {"name": "Phones", "pool": str(pool.pk), "url_template": "sms-gate://device-1", "token": "hush1234"}
    found = page(signed_in, "/lines/new/", language, **form)
    assert words in found[found.index('id="id_token"') :]
    assert "hush1234" not in found
    assert Gateway.objects.count() == 0
