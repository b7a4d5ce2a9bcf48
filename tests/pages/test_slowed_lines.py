"""What the pages say of a line that was slowed down, and of the reports that its far side is asked for."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation

from desk import incidents
from gateways.models import Channel, Gateway, LaneHealth, Pool
from live.events import GatewayChanged
from live.publish import publish
from systemlog.models import Level, SystemLog
from tests.factories.sending import make_line, make_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db

SLOW = {
    "en": "4 instead of 16 messages a second, as the gateway asks. Full speed in about 3 minutes.",
    "es": "4 en lugar de 16 mensajes por segundo, a petición del proveedor. A toda velocidad en cerca de 3 minutos.",
}


@pytest.fixture
def pool() -> Pool:
    return make_pool("SMS")


@pytest.fixture
def line(pool: Pool) -> Gateway:
    return make_line(pool, "https://host/send", "Empresa A")


def change(line: Gateway, **fields: Any) -> None:
    Gateway.objects.filter(pk=line.pk).update(**fields)
    publish(GatewayChanged(str(line.pk)))


def slow_down(line: Gateway, *, rate: float = 4.0, full: float = 16.0) -> None:
    """At a steady rate for a minute and a half, and then on its climb."""
    since = timezone.now() + timedelta(seconds=75)
    change(line, slowed_at=since, slowed_full=full, slowed_plateau=rate / 0.7, slowed_start=rate)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.mark.parametrize("language", ["en", "es"])
def test_slowed_line_says_how_fast_it_goes_wherever_it_is_shown(
    signed_in: Client, pool: Pool, line: Gateway, language: str
) -> None:
    signed_in.cookies["django_language"] = language
    paths = ["/pools/", f"/pools/{pool.pk}/", f"/lines/{line.pk}/"]
    assert [SLOW[language] in text(signed_in, path) for path in paths] == [False] * 3
    slow_down(line)
    assert [SLOW[language] in text(signed_in, path) for path in paths] == [True] * 3
    badge = {"en": "slowed down", "es": "más lenta"}[language]
    assert all(f"> {badge}<" in page or f">{badge}<" in page for page in map(text, [signed_in] * 3, paths))


def test_line_that_is_back_at_full_speed_or_down_is_not_called_slowed_down(signed_in: Client, line: Gateway) -> None:
    slow_down(line)
    change(line, slowed_at=timezone.now() - timedelta(hours=1))
    page = text(signed_in, f"/lines/{line.pk}/")
    assert ("instead of" in page, "working" in page) == (False, True)
    slow_down(line, rate=0.2, full=0.5)
    page = text(signed_in, f"/lines/{line.pk}/")
    assert "12 instead of 30 messages a minute" in page
    change(line, health=LaneHealth.DOWN)
    assert "not answering" in text(signed_in, f"/lines/{line.pk}/")


def test_line_says_when_its_reports_were_asked_for_and_what_came(signed_in: Client, line: Gateway) -> None:
    path = f"/lines/{line.pk}/"
    assert "Reports" not in text(signed_in, path)
    change(line, polled_at=timezone.now(), poll_found=12)
    page = text(signed_in, path)
    assert "Reports asked for:" in page
    assert "12 new." in page
    change(line, poll_error="http_503", poll_failures=2, poll_at=timezone.now() + timedelta(seconds=60))
    page = text(signed_in, path)
    assert "Reports could not be asked for. The gateway answered with HTTP status 503." in page
    assert "12 new." not in page
    signed_in.cookies["django_language"] = "es"
    assert "No se pudieron pedir los informes. El proveedor respondió con el estado HTTP 503." in text(signed_in, path)


def test_panel_tells_of_a_line_that_can_t_be_asked_until_it_can(line: Gateway) -> None:
    SystemLog.objects.create(
        at=timezone.now(), level=Level.WARNING, source="engine.poll", message="raw English", kind="gateway",
        object_id=str(line.pk), data={"code": "line.unheard", "reason": "timeout"},
    )  # fmt: skip
    told = ("“Empresa A” could not be asked for reports", "The gateway did not answer in time.")
    for failures, standing, over in ((3, "asked again and again", False), (0, "works again", True)):
        change(line, poll_failures=failures)
        with translation.override("en"):
            [row] = incidents.recent()["rows"]
        assert (row.title, row.text, row.standing, row.over) == (*told, standing, over)
    with translation.override("es"):
        assert incidents.recent()["rows"][0].title == "No se pudieron pedir informes a “Empresa A”"


def test_form_of_a_line_asks_for_states_only_where_there_is_an_address_to_ask(signed_in: Client, line: Gateway) -> None:
    form = signed_in.get(f"/lines/{line.pk}/edit/").context["form"]
    data = {field.html_name: field.value() for field in form}
    data = {name: value for name, value in data.items() if value is not None and value is not False}
    answer = signed_in.post(f"/lines/{line.pk}/edit/", {**data, "set-poll_s": "30"})
    needed = "Needs the address that tells a message's state (status_url)."
    assert answer.context["form"].errors == {"poll_s": [needed]}
    told = {"set-poll_s": "30", "set-status_url": "https://host/status/{id}"}
    assert signed_in.post(f"/lines/{line.pk}/edit/", {**data, **told}).status_code == 303
    line.refresh_from_db()
    assert line.config["poll_s"] == 30


@pytest.mark.whole_database
def test_page_of_a_line_follows_its_speed_and_its_reports(browser: Browser) -> None:
    pool = Pool.objects.create(name="SMS", channel=Channel.SMS)
    line = make_line(pool, "https://host/send", "Empresa A")
    browser.open(f"/lines/{line.pk}/")
    browser.live()
    slow_down(line)
    browser.reads("4 en lugar de 16 mensajes por segundo")
    change(line, polled_at=timezone.now(), poll_found=12)
    browser.reads("12 nuevos")
    change(line, slowed_at=None, poll_error="timeout", poll_failures=1, poll_at=timezone.now() + timedelta(seconds=90))
    browser.reads("El proveedor no respondió a tiempo.")
    assert "por segundo" not in browser.text()
    browser.open("/pools/")
    browser.live()
    slow_down(line)
    browser.reads("4 en lugar de 16 mensajes por segundo")
    assert browser.complaints() == []
