"""Opt-outs in a browser, in both languages: a reply comes in live, keys decide, people are added and lifted."""

from dataclasses import dataclass

import pytest
from bson import ObjectId
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from debtors import suppressions
from debtors.models import Suppression
from domain.delivery import Incoming
from messaging import receipts
from messaging.models import Review
from tests.factories.debtors import make_debtor
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    waits: str
    show: str
    decided: str
    again: str
    landline: str
    added: str
    lifted: str


SPANISH = Words(
    "1 respuesta por decidir", "mostrar", "pidió la baja.", "espera de nuevo", "teléfono fijo", "se omite.", "omitido."
)
ENGLISH = Words(
    "1 reply to decide", "show", "opted out.", "waits for a decision again", "landline", "is skipped.", "stays skipped."
)


def test_opt_outs_are_worked_with_from_their_pages(browser: Browser) -> None:
    walk(browser, SPANISH, "+56911111111")
    browser.driver.add_cookie({"name": "django_language", "value": "en"})
    walk(browser, ENGLISH, "+56922222222")
    complaints = browser.complaints()
    # The landline, refused once in each language, and nothing else.
    assert [("/suppressions/add/" in one, "422" in one) for one in complaints] == [(True, True)] * 2, complaints


def walk(browser: Browser, words: Words, phone: str) -> None:
    # A reply that comes near an opt-out appears by itself, in the menu and on the page.
    browser.open("/suppressions/review/")
    browser.live()
    receipts.store(str(ObjectId()), [Incoming(str(ObjectId()), phone, "no me escriban más")])
    browser.reads(words.waits, "#menu-reviews")
    browser.reads(words.show, ".new-bar")
    browser.click(".new-bar")
    browser.reads("no me escriban más", ".review")
    # Keys decide about the first one, and take it back.
    press(browser, "o")
    browser.reads(words.decided)
    assert suppressions.suppressed([phone]) == {phone}
    press(browser, "z")
    browser.reads(words.again, "#toasts")
    assert not suppressions.suppressed([phone])
    press(browser, "n")
    browser.until(lambda: Review.objects.get(phone=phone).state == "dismissed")
    # Somebody is added by hand: what is wrong is said at the field, and nothing that was written is lost.
    debtor = make_debtor("Rosa Díaz")
    browser.open("/suppressions/")
    browser.click('[popovertarget="add-person"]')
    browser.fill("phone", "22 345 6789")
    browser.fill("reason", "Llamó y lo pidió")
    browser.click("#add-person form .btn-danger")
    browser.reads(words.landline, ".field-wrong")
    assert browser.find('[name="reason"]').get_attribute("value") == "Llamó y lo pidió"
    browser.fill("phone", debtor.phone)
    browser.click(".add-here form .btn-danger")
    browser.reads(words.added, "#toasts")
    browser.reads("Llamó y lo pidió", "#list")
    # Found as one types, and lifted with the reason.
    browser.fill("q", debtor.phone[3:])
    browser.until(lambda: len(browser.all("#list tbody tr")) == 1)
    found = Suppression.objects.get(phone=debtor.phone)
    browser.click(f'[popovertarget="lift-{found.pk}"]')
    browser.driver.switch_to.active_element.send_keys("Lo quiere de nuevo" + Keys.ENTER)
    browser.reads(words.lifted, "#toasts")
    assert not suppressions.suppressed([debtor.phone])


def press(browser: Browser, key: str) -> None:
    browser.driver.find_element(By.TAG_NAME, "body").send_keys(key)
