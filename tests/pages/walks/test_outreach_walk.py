"""Contacts, digests and checks in a browser, in both languages: what is done by hand, and what changes by itself."""

import pytest
from selenium.webdriver.support.select import Select

from accounts.models import User
from live.events import DigestChanged, MessageChanged
from live.publish import publish
from messaging.models import Message
from outreach import checks
from outreach.models import Contact, Digest, NumberCheck
from preferences.commands import change
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.whole_database


def test_contacts_digests_and_checks(browser: Browser, staff: User) -> None:
    User.objects.filter(pk=staff.pk).update(phone="+56988880001")
    pool = make_whatsapp_pool("Avisos")
    make_session(pool, "Avisos 1", connected=True)
    change("digests", {"active": True}, actor=None)

    # In Spanish: an entry of the book, taken out and put back.
    browser.driver.add_cookie({"name": "django_language", "value": "es"})
    browser.open("/")
    browser.click(".menu a[href='/contacts/']")
    browser.reads("La libreta está vacía")
    browser.click("a[href='/contacts/new/']")
    browser.fill("rut", "11.111.111-1")
    browser.fill("name", "Ana Rojas")
    browser.fill("phone", "22 345 6789")
    browser.click("main form .btn-primary")
    browser.reads("es un teléfono fijo", ".field-wrong")
    browser.fill("phone", "9 8888 0001")
    browser.click("main form .btn-primary")
    browser.see("#list tbody tr")
    browser.fill("q", "zzz")
    browser.reads("Ningún contacto es así")
    browser.open("/contacts/")
    browser.click("#list tbody a")
    browser.click("button[form=form-delete]")
    browser.reads("La libreta está vacía")
    browser.click(".toasts .undo")
    browser.reads("Ana Rojas", "#list")
    assert Contact.objects.get().rut == "11111111-1"

    # A test of digests, whose state follows.
    browser.click("nav.chips a[href='/digests/']")
    browser.live()
    browser.reads("Ninguna respuesta espera")
    browser.click("button[form=form-digest-test]")
    browser.reads("pendiente", "tbody")
    browser.live()
    message = Message.objects.get(pk=Digest.objects.get().pk)
    Message.objects.filter(pk=message.pk).update(status="read")
    publish(MessageChanged(str(message.pk)))
    publish(DigestChanged("56988880001"))
    browser.reads("leído", "tbody")

    # In English: a check that is filled in, answered while somebody looks, stopped, and deleted.
    browser.driver.add_cookie({"name": "django_language", "value": "en"})
    browser.open("/checks/")
    browser.click("a[href='/checks/new/']")
    browser.click("input[value=debtors]")
    browser.see("[name=q]")
    browser.click("input[value=pasted]")
    browser.fill("numbers", "961110001\n961110002")
    browser.fill("name", "March")
    Select(browser.find("[name=pool_id]")).select_by_visible_text("Avisos")
    browser.click("main form .btn-primary")
    browser.reads("0 of 2")
    browser.live()
    check = NumberCheck.objects.get()
    number = checks.CheckedNumber.objects.filter(batch=check.pk).order_by("place")[0]
    checks.settle(check.pk, number.pk, checks.Answer.YES, at=check.created_at)
    browser.reads("1 of 2")
    browser.click("#check-stop")
    browser.reads("Somebody stopped it")
    browser.click("#check-go-on")
    browser.see("#check-stop")
    browser.click("button[form=form-delete]")
    browser.click("#ask-delete button[value=yes]")
    browser.reads("No number was checked yet")
    assert not NumberCheck.objects.exists()
    # The form that was refused is told by its status; nothing else went wrong.
    assert [each for each in browser.complaints() if "422" not in each] == []
