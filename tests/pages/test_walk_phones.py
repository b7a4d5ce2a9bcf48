"""A line of phones, from a pasted template to a text that was delivered, in a real browser and both languages."""

import pytest

from engine import deliver
from gateways.models import Gateway
from tests.factories.sending import make_pool
from tests.gateways.simulated import RunningSmsGate
from tests.pages.web import Browser

PHONE = "phone-one-000000000001"


@pytest.mark.whole_database
def test_phones_line_is_understood_made_and_tried(browser: Browser) -> None:
    pool = make_pool("SMS")
    with RunningSmsGate("--device", PHONE) as far_side:
        browser.open(f"/lines/new/?pool={pool.pk}")
        browser.driver.execute_script("window.unreloaded = true")
        browser.fill("name", "Teléfonos")
        browser.fill("url_template", f"sms-gate://{PHONE}?baseUrl={far_side.url}/3rdparty/v1")
        browser.reads("SMS Gate: sus propios teléfonos Android", "#understood")
        browser.reads("private: en un servidor suyo", "#understood")
        browser.reads("Usuario y contraseña, o token: es obligatorio", "#understood")
        browser.fill("token", "sim:sim-password")
        browser.until(lambda: "obligatorio" not in browser.text("#understood"), "nothing lacks any more")
        assert "sim-password" not in browser.text("#understood")
        assert browser.driver.execute_script("return window.unreloaded && document.activeElement.name") == "token"
        browser.click("#new-line .btn-primary")
        browser.see("#test")
        browser.driver.add_cookie({"name": "django_language", "value": "en"})
        line = Gateway.objects.get()
        browser.open(f"/lines/{line.pk}/")
        browser.reads("private: on a server of yours")
        browser.fill("phone", "+56 9 1111 1111")
        browser.fill("text", "Hola, prueba")
        browser.click("#test .btn-primary")
        browser.reads("Hola, prueba", f"#line-tests-{line.pk}")
        browser.live()
        deliver.deliver(line.pk)
        browser.see(f"#line-tests-{line.pk} .state-working")
        assert [(one["line"], one["text"]) for one in far_side.arrivals()] == [(PHONE, "Hola, prueba")]
        assert browser.complaints() == []
