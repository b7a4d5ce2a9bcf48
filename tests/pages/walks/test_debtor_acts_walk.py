"""Every act on debtors in a browser, in both languages: noted, edited, merged, released, cleaned up, columns chosen."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.utils import timezone

from debtors.models import Debtor, DebtorWork, Upload, UploadStatus
from desk.debtors import work as intent
from engine import debtors as engine
from messaging import claims
from messaging.models import Message
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_campaign, make_pool
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    changed: str
    merged: str
    released: str
    ready: str
    refused: str


SPANISH = Words("Se modificó", "un solo deudor", "Se omitió 1 mensaje", "Se elimina 1 deudor", "le faltan dígitos")
ENGLISH = Words(
    "was changed", "is one debtor now", "1 message was skipped", "1 debtor is deleted", "has too few digits"
)


def test_debtors_are_worked_with_from_their_pages(browser: Browser) -> None:
    walk(browser, SPANISH, "Rosa")
    browser.driver.add_cookie({"name": "django_language", "value": "en"})
    walk(browser, ENGLISH, "Elsa")
    assert browser.complaints() == []


def walk(browser: Browser, words: Words, name: str) -> None:
    debtor = make_debtor(name, phone="+56987654321", metadata={"producto": "Hipotecario"})
    twin = make_debtor(f"{name} repetida", phone="+56987654321", rut="12345678-5")
    campaign = make_campaign(make_pool(), f"Campaña {name}")
    draft = {"pool": campaign.sms_pool_id, "channel": "sms", "row": 2, "name": name, "text": "Hola", "variant": 0}
    claims.enroll(campaign.pk, [{**draft, "debtor": debtor.pk, "phone": debtor.phone, "status": "pending"}])

    # A note, and an edit of the phone, which the message that waits follows.
    browser.open(f"/debtors/{debtor.pk}/")
    browser.live()
    browser.fill("text", "Llamar a las cinco")
    browser.click(".note-form .btn")
    browser.reads("Llamar a las cinco", "#debtor-contacts-" + str(debtor.pk) + "-linked")
    browser.click(f'a[href="/debtors/{debtor.pk}/edit/"]')
    browser.fill("phone", "12")
    browser.click("main form .btn-primary")
    browser.reads(words.refused)
    browser.fill("phone", "987654322")
    browser.click("main form .btn-primary")
    browser.reads(words.changed, ".toasts")
    assert Message.objects.get().phone == "+56987654322"

    # Two that are one person.
    Debtor.objects.filter(pk=twin.pk).update(phone="+56987654322")
    browser.open("/debtors/duplicates/")
    browser.click(f'a[href="/debtors/{debtor.pk}/merge/{twin.pk}/"]')
    browser.click('[name="choose-name"][value="a"]')
    browser.click("#merge .btn-primary")
    browser.click('#ask-merge [value="yes"]')
    browser.reads(words.merged, ".toasts")

    # Taken out of what waits: counted, asked, done while the page looks on.
    browser.click('[name=act][value="release"]')
    browser.click("#work-confirm")
    browser.see("#work-stop")
    browser.live()
    carry_on()
    browser.reads(words.released)
    assert Message.objects.get().status == "skipped"

    # A clean-up of one whom nobody was in contact with.
    never = make_debtor("")
    Debtor.objects.filter(pk=never.pk).update(created_at=timezone.now() - timedelta(days=100))
    browser.open("/debtors/work/")
    browser.click('label:has([name="without_name"])')
    browser.click("main form .btn-primary")
    browser.live()
    carry_on()
    browser.reads(words.ready)
    browser.click("#work-confirm")
    browser.see("#work-stop")
    carry_on()
    browser.until(lambda: not Debtor.objects.filter(pk=never.pk).exists(), "the debtor is gone")

    # The rows of a file change with what its columns are chosen to be.
    upload = Upload.objects.create(
        file_name="marzo.xlsx", size=1, sha256="0" * 64, country="CL", status=UploadStatus.READY.value,
        headers=["Persona", "Contacto"], header_row=1, height=3, created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(hours=1), sample=[[2, ["Ana", "987654321"]], [3, ["Eva", "12"]]],
    )  # fmt: skip
    browser.open(f"/debtors/upload/{upload.pk}/")
    browser.click('[name="column-1"] [value="phone"]')
    browser.reads("+56 9 8765 4321", "#understood")
    browser.reads(words.refused, "#understood")
    for model in (Debtor, Message, DebtorWork):
        model.objects.all().delete()


def carry_on() -> None:
    """As the engine does."""
    while keys := intent.waiting():
        token = intent.lease(keys[0], 12)
        assert token
        engine.carry_on(keys[0], token)
