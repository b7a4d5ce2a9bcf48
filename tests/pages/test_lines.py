"""The pages of SMS lines: making and changing them with their secrets kept, their state, tests that go out."""

from datetime import timedelta

import pytest
from bson import ObjectId
from django import forms
from django.test import Client, override_settings
from django.utils.html import escape

from engine import deliver
from gateways import commands, queries
from gateways.errors import GatewayError
from gateways.models import Channel, Gateway, LaneHealth
from lib.mongo import collection, server_now
from messaging import queries as messaging
from messaging.models import Message, Tally
from systemlog.models import SystemLog
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.gateways.simulated import RunningGateway
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db

NOWHERE = "65f0c0ffee0123456789abcd"
TEMPLATE = "https://host/send?to={phone}&text={message}&key=hush1234"


@pytest.fixture
def line(db: None) -> Gateway:
    """Made from a template with a secret in it, and with a token."""
    make_pool("SMS")
    return commands.create_gateway(
        name="Empresa A", kind="http_generic", pool="SMS", url_template=TEMPLATE,
        fields={"auth": "bearer", "token": "tok-5678", "timeout_s": 20},
    )  # fmt: skip


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def settings_of(line: Gateway) -> dict[str, object]:
    line.refresh_from_db()
    return {**line.config, **line.secrets}


def as_a_browser_sends(form: forms.Form) -> dict[str, object]:
    """A form's fields as they are shown, without the boxes that are not ticked."""
    values = {field.html_name: field.value() for field in form}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def edit(client: Client, line: Gateway, **changes: str) -> str:
    """Save the form as a browser would, with these fields changed; the page it gives, empty when it was saved."""
    data = as_a_browser_sends(client.get(f"/lines/{line.pk}/edit/").context["form"])
    answer = client.post(f"/lines/{line.pk}/edit/", {**data, **{f"set-{name}": v for name, v in changes.items()}})
    return "" if answer.status_code == 303 else answer.content.decode()


# Making them ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [f"/lines/{NOWHERE}/", f"/lines/{NOWHERE}/edit/", "/lines/x/"])
def test_line_that_is_not_there_is_not_found(signed_in: Client, path: str) -> None:
    assert signed_in.get(path).status_code == 404


@pytest.mark.parametrize("act", ["switch", "test", "callback"])
def test_acts_on_a_line_are_posts_and_need_a_line(signed_in: Client, line: Gateway, act: str) -> None:
    assert signed_in.get(f"/lines/{line.pk}/{act}/").status_code == 405
    assert signed_in.post(f"/lines/{NOWHERE}/{act}/").status_code == 404


def test_new_line_without_a_pool_says_what_to_do(signed_in: Client) -> None:
    make_whatsapp_pool()
    found = text(signed_in, "/lines/new/")
    assert "No SMS pool yet" in found
    assert "/pools/new/?channel=sms" in found


def test_line_is_made_from_a_template(signed_in: Client) -> None:
    pool = make_pool("SMS")
    make_pool("Otro")
    assert f'<option value="{pool.pk}" selected' in text(signed_in, f"/lines/new/?pool={pool.pk}")
    form = {"name": "Empresa A", "pool": str(pool.pk), "url_template": TEMPLATE + "&auth=bearer", "token": "tok-5678"}
    answer = signed_in.post("/lines/new/", form)
    line = Gateway.objects.get()
    assert answer["Location"] == f"/lines/{line.pk}/"
    assert (line.pool_id, line.secrets["url"], line.secrets["token"]) == (pool.pk, TEMPLATE, "tok-5678")
    kept = SystemLog.objects.get(act=True, source="line.create")
    assert (kept.kind, kept.object_id) == ("gateway", str(line.pk))
    assert "hush" not in str(kept.data)


def test_line_is_made_from_fields(signed_in: Client) -> None:
    pool = make_pool("SMS")
    data = as_a_browser_sends(signed_in.get("/lines/new/?way=http_generic").context["settings"])
    data |= {"name": "Empresa A", "pool": str(pool.pk), "set-url": "https://host/send", "set-method": "POST",
             "set-body": '{"to": "{phone}", "text": "{message}"}', "set-headers": "X-Key: hush1234"}  # fmt: skip
    assert signed_in.post("/lines/new/?way=http_generic", data).status_code == 303
    line = Gateway.objects.get()
    assert (line.config["method"], line.config["verify_tls"], line.secrets["headers"]) == (
        "POST", True, {"X-Key": "hush1234"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("way", "changes", "words"),
    [
        ("template", {"url_template": "https://host/?to={phone}"}, "has no message"),
        ("template", {"url_template": "gopher://device"}, "http://, https://"),
        ("template", {"url_template": ""}, "This field is required"),
        ("template", {"url_template": TEMPLATE, "name": "Taken"}, "There is a gateway “Taken” already"),
        ("template", {"url_template": TEMPLATE, "pool": NOWHERE}, "Select a valid choice"),
        ("http_generic", {"set-url": "ftp://host", "set-timeout_s": "15"}, "begins with http://"),
        ("http_generic", {"set-timeout_s": "999"}, "Takes a number from 1 to 60"),
        ("http_generic", {"set-url": TEMPLATE, "set-auth": "bearer"}, "Is needed by the line&#x27;s authentication"),
    ],
)
def test_wrong_line_is_refused_and_nothing_is_stored(
    signed_in: Client, way: str, changes: dict[str, str], words: str
) -> None:
    pool = make_pool("SMS")
    make_line(pool, "https://host/send", "Taken")
    data = as_a_browser_sends(signed_in.get(f"/lines/new/?way={way}").context["settings"])
    answer = signed_in.post(f"/lines/new/?way={way}", {"name": "New", "pool": str(pool.pk), **data, **changes})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Gateway.objects.count() == 1


# Changing them -------------------------------------------------------------------------------------------------------
def test_secrets_never_go_to_a_page(signed_in: Client, line: Gateway) -> None:
    pages = [text(signed_in, f"/lines/{line.pk}/{page}") for page in ("", "edit/")]
    pages += [text(signed_in, f"/pools/{line.pool_id}/"), text(signed_in, "/pools/")]
    pages.append(edit(signed_in, line, timeout_s="999"))
    for secret in ("hush1234", "tok-5678", line.secrets["callback_secret"]):
        assert not any(secret in page for page in pages)
    assert "https://host/send" in pages[0]


def test_edit_keeps_the_secrets_that_are_left_empty(signed_in: Client, line: Gateway) -> None:
    before = settings_of(line)
    assert edit(signed_in, line, timeout_s="30") == ""
    assert settings_of(line) == {**before, "timeout_s": 30}
    assert edit(signed_in, line, token="tok-9999") == ""
    assert settings_of(line) == {**before, "timeout_s": 30, "token": "tok-9999"}


def test_edit_removes_a_secret_when_asked(signed_in: Client, line: Gateway) -> None:
    assert "Is needed by the line" in edit(signed_in, line, **{"forget-token": "on"})
    assert edit(signed_in, line, **{"forget-token": "on", "auth": "none"}) == ""
    stored = settings_of(line)
    assert (stored["token"], stored["auth"], stored["url"]) == ("", "none", TEMPLATE)


def test_edit_that_is_wrong_changes_nothing(signed_in: Client, line: Gateway) -> None:
    before = settings_of(line)
    page = edit(signed_in, line, url="https://host/?x=1", success_pattern="(")
    assert "Isn&#x27;t a valid regular expression" in page
    assert "has no message" in edit(signed_in, line, url="https://host/?x=1")
    assert settings_of(line) == before


def test_change_of_a_line_that_somebody_changed_meanwhile_is_refused(
    line: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = commands.gateway_named

    def late(name: str) -> Gateway:
        found = asked(name)
        monkeypatch.setattr(commands, "gateway_named", asked)
        commands.change_gateway(name=name, fields={"timeout_s": 40})
        return found

    monkeypatch.setattr(commands, "gateway_named", late)
    with pytest.raises(GatewayError):
        commands.change_gateway(name=line.name, fields={"timeout_s": 50})
    assert settings_of(line)["timeout_s"] == 40


def test_form_that_was_filled_before_somebody_else_saved_is_refused(signed_in: Client, line: Gateway) -> None:
    form = signed_in.get(f"/lines/{line.pk}/edit/").context["form"]
    mine = {**as_a_browser_sends(form), "set-success_pattern": "mine"}
    assert edit(signed_in, line, timeout_s="40") == ""
    answer = signed_in.post(f"/lines/{line.pk}/edit/", mine)
    assert answer.status_code == 200
    assert "Somebody else changed" in answer.content.decode()
    assert (settings_of(line)["timeout_s"], settings_of(line)["success_pattern"]) == (40, "")


def test_settings_of_a_session_are_not_changed_as_a_lines(signed_in: Client) -> None:
    session = make_session(make_whatsapp_pool())
    assert signed_in.get(f"/lines/{session.gateway}/edit/").status_code == 404
    assert signed_in.get(f"/lines/{session.gateway}/")["Location"] == f"/sessions/{session.pk}/"
    with pytest.raises(GatewayError):
        commands.change_gateway(name=session.name, fields={"per_day": 3})


@override_settings(PUBLIC_URL="https://us.example")
def test_callback_address_is_shown_to_who_asks_and_that_is_kept(signed_in: Client, line: Gateway) -> None:
    secret = line.secrets["callback_secret"]
    assert secret not in text(signed_in, f"/lines/{line.pk}/")
    for headers in ({}, {"HX-Request": "true"}):
        answer = signed_in.post(f"/lines/{line.pk}/callback/", headers=headers)
        assert f"https://us.example/hooks/{line.pk}/{secret}" in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
    assert SystemLog.objects.filter(act=True, source="line.show_callback").count() == 2


def test_line_is_switched_off_and_on(signed_in: Client, line: Gateway) -> None:
    for value, active in (("0", False), ("1", True)):
        assert signed_in.post(f"/lines/{line.pk}/switch/", {"active": value})["Location"] == f"/lines/{line.pk}/"
        line.refresh_from_db()
        assert line.active is active


# What it says --------------------------------------------------------------------------------------------------------
def test_state_says_why_it_rests_without_its_secrets(signed_in: Client, line: Gateway) -> None:
    Gateway.objects.filter(pk=line.pk).update(
        health=LaneHealth.DOWN,
        health_reason="http_401: no such user tok-5678 with hush1234 at /send",
        down_since=server_now() - timedelta(minutes=7),
        next_send_at=server_now() + timedelta(minutes=2),
    )
    found = text(signed_in, f"/lines/{line.pk}/")
    for words in ("not answering", "The gateway answered with HTTP status 401.", "Tried again in", "no such user •••"):
        assert words in found, words


def test_masker_takes_every_form_of_a_secret_out(line: Gateway) -> None:
    commands.change_gateway(name=line.name, fields={
        "url": "https://host/send?to={phone}&text={message}&key=a%2Fb+cd&v=1",
        "headers": {"X-Key": "Token zz-9999"}, "auth": "basic", "token": "user7:pass8",
    })  # fmt: skip
    line.refresh_from_db()
    mask = queries.masker(line)
    told = "a/b cd, a%2Fb+cd, a%2Fb%20cd, zz-9999, Token zz-9999, user7 pass8 v=1"
    assert not any(secret in mask(told) for secret in ("a/b", "a%2Fb", "zz-9999", "user7", "pass8"))
    assert "v=1" in mask(told)


def test_counts_of_a_line_are_its_own_and_asked_by_an_index(signed_in: Client, line: Gateway) -> None:
    Tally.objects.create(
        campaign=ObjectId(), lane=str(line.pk), pending=-9, sent=1201, delivered=300, read=40, failed=7
    )
    Tally.objects.create(campaign=ObjectId(), lane=str(line.pk), sent=2)
    Tally.objects.create(campaign=ObjectId(), lane=str(ObjectId()), sent=5)
    assert messaging.counts_by_lane(line.pk) == {"sent": 1203, "delivered": 300, "read": 40, "failed": 7}
    found = text(signed_in, f"/lines/{line.pk}/")
    assert all(f"<b>{number}</b>" in found for number in ("1,543", "340", "7"))
    plan = collection(Tally).find({"lane": str(line.pk)}).explain()["queryPlanner"]["winningPlan"]
    assert "tally_lane" in str(plan)


def test_attempts_of_tests_show_what_came_back_without_secrets(signed_in: Client, line: Gateway) -> None:
    message = commands.send_test(name=line.name, phone="+56911111111", text="Hola <b>")
    attempt = {"attempt_id": "a" * 32, "gateway": line.pk, "epoch": 1, "started_at": server_now(), "ended_at": None,
               "outcome": "failed", "code": "rejected", "detail": "bad key hush1234"}  # fmt: skip
    changes = {"status": "failed", "reason": "rejected", "attempts": [attempt]}
    collection(Message).update_one({"_id": message}, {"$set": changes})
    found = text(signed_in, f"/lines/{line.pk}/")
    for words in ("failed", "the gateway rejected it", "bad key •••", escape("Hola <b>")):
        assert words in found, words


# Tests ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"phone": "abc"}, "abc"),
        ({"phone": ""}, "required"),
        ({"text": " "}, "required"),
        ({"text": "x" * 1601}, "1600"),
    ],
)
def test_test_that_can_t_be_sent_is_refused(
    signed_in: Client, line: Gateway, changes: dict[str, str], words: str
) -> None:
    answer = signed_in.post(f"/lines/{line.pk}/test/", {"phone": "+56 9 1111 1111", "text": "Hola", **changes})
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Message.objects.count() == 0


def test_test_by_what_is_switched_off_is_refused(signed_in: Client, line: Gateway) -> None:
    data = {"phone": "+56 9 1111 1111", "text": "Hola"}
    commands.set_pool_active(name="SMS", active=False)
    assert "Switch that on first" in signed_in.post(f"/lines/{line.pk}/test/", data).content.decode()
    commands.set_gateway_active(name=line.name, active=False)
    assert "Switch it on first" in signed_in.post(f"/lines/{line.pk}/test/", data).content.decode()
    assert Message.objects.count() == 0


@pytest.mark.whole_database
def test_line_is_made_tried_and_seen_to_work_live(browser: Browser) -> None:
    pool = make_pool("SMS")
    with RunningGateway() as far_side:
        browser.open(f"/lines/new/?pool={pool.pk}")
        browser.fill("name", "Empresa A")
        browser.fill("url_template", f"{far_side.url}/send/a?method=post&idKey=id")
        browser.click("main form .btn-primary")
        browser.see("#test")
        browser.live()
        line = Gateway.objects.get()
        assert line.channel == Channel.SMS
        browser.fill("phone", "+56 9 1111 1111")
        browser.fill("text", "Hola, prueba")
        browser.click("#test .btn-primary")
        browser.reads("Hola, prueba", f"#line-tests-{line.pk}")
        browser.live()
        browser.driver.execute_script("window.unreloaded = true")
        deliver.deliver(line.pk)
        browser.see(f"#line-tests-{line.pk} .state-working")
        assert [arrival["text"] for arrival in far_side.arrivals()] == ["Hola, prueba"]
        commands.set_gateway_active(name=line.name, active=False)
        browser.see(f"#line-state-{line.pk} .state-waiting")
        assert browser.driver.execute_script("return window.unreloaded")
        assert browser.complaints() == []
