"""The pages of an Infobip line: made from its fields or a URL template, in both languages, with its secret kept."""

import pytest
from django.test import Client

from gateways.models import Gateway
from systemlog.models import SystemLog
from tests.factories.sending import make_pool
from tests.pages.test_lines import as_a_browser_sends, edit, settings_of, text

pytestmark = pytest.mark.django_db

SECRET = "hush-hush-5678"
NEW = "/lines/new/?way=infobip"


def fill(client: Client, **fields: str) -> dict[str, object]:
    """The form of a new line as a browser sends it."""
    page = client.get(NEW).context
    data = as_a_browser_sends(page["form"]) | as_a_browser_sends(page["settings"])
    given = {"base_url": "x1.api.infobip.com", "sender": "Cobranza", "token": SECRET, **fields}
    pool = page["pools"][0]
    return data | {"name": "Infobip", "pool": str(pool.pk)} | {f"set-{name}": value for name, value in given.items()}


def test_line_is_made_from_its_fields(signed_in: Client) -> None:
    make_pool("SMS")
    answer = signed_in.post(NEW, fill(signed_in, batch_size="250"))
    made = Gateway.objects.get()
    assert answer.status_code in (204, 303)
    assert made.kind == "infobip"
    found = settings_of(made)
    assert (found["base_url"], found["token"], found["batch_size"]) == ("https://x1.api.infobip.com", SECRET, 250)
    pages = [text(signed_in, f"/lines/{made.pk}/"), text(signed_in, f"/lines/{made.pk}/edit/")]
    assert [page for page in pages if SECRET in page] == []
    assert "https://x1.api.infobip.com" in pages[0]
    assert SECRET not in str(list(SystemLog.objects.values()))


def test_line_is_made_from_the_original_systems_template(signed_in: Client) -> None:
    pool = make_pool("SMS")
    template = "infobip://x1.api.infobip.com/sms/3/messages?from=Cobranza&auth=apikey"
    data = {"name": "Infobip", "pool": str(pool.pk), "url_template": template, "token": SECRET}
    assert signed_in.post("/lines/new/", data).status_code in (204, 303)
    found = settings_of(Gateway.objects.get())
    assert (found["sender"], found["auth"], found["token"]) == ("Cobranza", "app", SECRET)
    answer = signed_in.post("/lines/new/", {**data, "name": "Another", "url_template": "infobip://x1.api.infobip.com"})
    assert "The URL template has no sender" in answer.content.decode()
    assert Gateway.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "Takes the host alone, such as"), ("es", "Lleva solo el servidor, como")],
)
def test_error_stands_at_its_field(signed_in: Client, language: str, sentence: str) -> None:
    make_pool("SMS")
    signed_in.cookies["django_language"] = language
    answer = signed_in.post(NEW, fill(signed_in, base_url="https://x1.api.infobip.com/sms/3/messages", sender=""))
    errors = answer.context["settings"].errors
    assert sentence in str(errors["base_url"])
    assert set(errors) == {"base_url", "sender"}
    assert SECRET not in answer.content.decode()
    assert not Gateway.objects.exists()


def test_changing_a_setting_keeps_the_key(signed_in: Client) -> None:
    make_pool("SMS")
    signed_in.post(NEW, fill(signed_in))
    made = Gateway.objects.get()
    assert edit(signed_in, made, sender="+56 9") == ""
    assert (settings_of(made)["sender"], settings_of(made)["token"]) == ("+56 9", SECRET)
    assert "user:password" in edit(signed_in, made, auth="basic")
    assert settings_of(made)["auth"] == "app"
