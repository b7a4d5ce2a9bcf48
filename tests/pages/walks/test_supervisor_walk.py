"""A supervisor's day in a browser, in both languages: all that is theirs to do is done from its page, and what is an
administrator's is nowhere offered."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from selenium.webdriver.support.select import Select

from accounts.models import SignIn, User
from accounts.roles import set_role
from campaigns.models import Campaign
from debtors import suppressions
from debtors.models import Upload
from domain.people import person_key
from domain.roles import Role
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Pool
from messaging.models import Message, QuickReply
from outreach.models import Contact, DigestSetting
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign
from tests.pages.conftest import PASSWORD
from tests.pages.scene import Scene
from tests.pages.web import Browser

PDF = b"%PDF-1.4\n%%EOF\n"
pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]
ADMINISTRATORS = '[href^="/settings/"]:not([href^="/settings/digests"]), [href^="/users/"], [href^="/admin/"]'
ON_PAGES = f'{ADMINISTRATORS}, [href^="/lines/new/"], [href$="/edit/"][href^="/lines/"], #delete-form, #show-callback'


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    refused: str
    given: str
    scheduled: str
    draft: str
    deleted: str
    cancelled: str


WORDS = {
    "es": Words(
        "No tiene permiso",
        "a cargo de Eva Paz",
        "comienza por sí sola",
        "es un borrador de nuevo",
        "se eliminó",
        "se canceló",
    ),
    "en": Words(
        "This is not for you",
        "in the hands of Eva Paz",
        "starts by itself",
        "is a draft again",
        "was deleted",
        "was cancelled",
    ),
}


@pytest.fixture
def sofia(db: None) -> User:
    user = User.objects.create_user("sofia", password=PASSWORD, first_name="Sofía", phone="+56988880001")
    set_role(user, Role.SUPERVISOR)
    set_role(User.objects.create_user("eva", first_name="Eva", last_name="Paz"), Role.EXECUTIVE)
    return user


def test_supervisor_does_what_is_theirs(new_browser: Callable[[], Browser], sofia: User, tmp_path: Path) -> None:
    scene = Scene(sofia, tmp_path)
    browser = new_browser()
    browser.sign_in("sofia", PASSWORD)
    for language, words in WORDS.items():
        browser.driver.add_cookie({"name": "django_language", "value": language})
        nothing_of_an_administrator(browser, scene, words)
        campaigns(browser, scene, words, language)
        ways_out(browser, scene, language)
        people(browser, scene, language)
        files(browser, scene, tmp_path, language)
    own_account(browser, sofia)
    assert browser.complaints() == []


def nothing_of_an_administrator(browser: Browser, scene: Scene, words: Words) -> None:
    """Neither in the menu nor on a page of which an administrator has more; the address itself says so in words."""
    for path in ("/", f"/lines/{scene.line.pk}/", f"/pools/{scene.sms.pk}/"):
        browser.open(path)
        browser.live()
        assert not browser.all(ON_PAGES), path
    browser.open("/users/")
    browser.reads(words.refused, "h1")
    assert all("403" in one for one in browser.complaints())


def campaigns(browser: Browser, scene: Scene, words: Words, language: str) -> None:
    # A draft is given away, scheduled, taken back and deleted.
    draft = make_campaign(scene.sms, f"Borrador {language}", status=CampaignStatus.DRAFT)
    Campaign.objects.filter(pk=draft.pk).update(started_at=None, enrolled_at=None, owner=scene.staff)
    browser.open(f"/campaigns/{draft.pk}/")
    browser.live()
    browser.click("#do-owner")
    Select(browser.find("#owner")).select_by_visible_text("Eva Paz")
    browser.click("#ask-owner [value=yes]")
    browser.reads(words.given, "#toasts")
    browser.live()
    browser.click("#do-schedule")
    browser.click("#ask-schedule [value=yes]")
    browser.reads(words.scheduled, "#toasts")
    browser.live()
    browser.click("#do-unschedule")
    browser.reads(words.draft, "#toasts")
    browser.click("#more")
    browser.click("#do-delete")
    browser.click("#ask-delete [value=yes]")
    browser.reads(words.deleted, "#toasts")
    assert not Campaign.objects.filter(pk=draft.pk).exists()
    # Of one at work the doubts are settled, and the rest is cancelled.
    running = make_campaign(scene.sms, f"En curso {language}")
    for status in (MessageStatus.UNCERTAIN, MessageStatus.PENDING):
        add_messages(running, 2, status=status)
    browser.open(f"/campaigns/{running.pk}/")
    browser.live()
    browser.click("#do-resolve")
    browser.click("#ask-resolve [value=sent]")
    browser.click("#ask-resolve button[value=yes]")
    browser.until(
        lambda: not Message.objects.filter(campaign=running.pk, status="uncertain").exists(), "the doubts are settled"
    )
    browser.see("#toasts .notice")
    browser.click("#do-cancel")
    browser.click("#ask-cancel button[value=yes]")
    browser.reads(words.cancelled, "#toasts")
    assert Campaign.objects.get(pk=running.pk).status == "cancelled"


def ways_out(browser: Browser, scene: Scene, language: str) -> None:
    # A pool is changed, switched off and on again.
    browser.open(f"/pools/{scene.sms.pk}/edit/")
    browser.fill("delay", "7")
    browser.click("#pool-form .btn-primary")
    browser.see("#switch")
    assert Pool.objects.get(pk=scene.sms.pk).delay_seconds == 7
    browser.click("#switch")
    browser.click("#switch-off [value=yes]")
    browser.see("#switch.btn-primary")
    assert not Pool.objects.get(pk=scene.sms.pk).active
    browser.click("#switch")
    browser.see("#switch:not(.btn-primary)")


def people(browser: Browser, scene: Scene, language: str) -> None:
    # A quick reply is written, corrected, and deleted.
    browser.open(reverse("desk:quick-reply-new"))
    browser.fill("name", f"Saludo {language}")
    browser.fill("text", "Hola {nombre}")
    browser.click("main form .btn-primary")
    quick = browser.until(lambda: QuickReply.objects.filter(name=f"Saludo {language}").first(), "it is stored")
    browser.open(reverse("desk:quick-reply", args=[quick.pk]))
    browser.fill("text", "Buenas, {nombre}")
    browser.click("main form .btn-primary")
    browser.reads("Buenas", ".quick-list")
    browser.open(reverse("desk:quick-reply", args=[quick.pk]))
    browser.click("[form=form-delete]")
    browser.click("#ask-delete [value=yes]")
    browser.until(lambda: not QuickReply.objects.filter(pk=quick.pk).exists(), "it is gone")
    # Somebody is taken out from beside what they wrote.
    debtor = make_debtor(f"Rosa {language}")
    browser.open(f"/messages/{person_key(debtor.phone)}/")
    browser.click("#talk-card form .btn")
    browser.click("#ask-opt-out [value=yes]")
    browser.see("#toasts .notice")
    assert suppressions.suppressed([debtor.phone])


def files(browser: Browser, scene: Scene, folder: Path, language: str) -> None:
    """A file that goes with a message, one of people to leave alone, one of the book, and one that is thrown away."""
    letter, book, leave = folder / f"{language}.pdf", folder / f"{language}.csv", folder / f"out-{language}.csv"
    letter.write_bytes(PDF + language.encode())
    number = list(WORDS).index(language)
    book.write_text(f"RUT,Ejecutivo,Fono\n7777777{number}-1,Eva,98887000{number}\n")
    leave.write_text(f"Teléfono,Nombre\n96660000{number},Ana\n")
    browser.open(f"/campaigns/{scene.fallback.pk}/edit/message/")
    browser.find("#id_attachment").send_keys(str(letter))
    browser.reads(letter.name, "#attachment")
    browser.open("/suppressions/import/")
    browser.find("[name=file]").send_keys(str(leave))
    browser.fill("reason", "Lista")
    browser.click("main form .btn-primary")
    browser.click("main form .btn-danger")
    browser.click("#ask-import [value=yes]")
    browser.until(lambda: suppressions.suppressed([f"+5696660000{number}"]), "they are on the list")
    browser.open("/contacts/import/")
    browser.find("[name=file]").send_keys(str(book))
    browser.click("main form .btn-primary")
    browser.click("form[action$='/take/'] .btn-primary")
    browser.until(lambda: Contact.objects.filter(phone=f"+5698887000{number}").exists(), "it is in the book")
    upload = scene.uploads[1 + number]
    browser.open(f"/debtors/upload/{upload.pk}/")
    browser.click("[form=drop]")
    browser.until(lambda: not Upload.objects.filter(pk=upload.pk).exists(), "it is thrown away")
    browser.see("#toasts .notice")


def own_account(browser: Browser, sofia: User) -> None:
    """How they are told of replies is chosen; another sign-in of theirs is ended, then all others."""
    browser.open("/accounts/profile/")
    browser.fill("every", "300")
    browser.click("form[action$='/digests/mine/'] .btn")
    browser.see("#toasts .notice")
    assert DigestSetting.objects.get().every == 300

    def left() -> int:
        return SignIn.objects.filter(user=sofia).count()

    Client().force_login(sofia)
    browser.open("/accounts/sign-ins/")
    browser.click(".sign-ins form .btn")
    browser.until(lambda: left() == 2, "one is ended")
    browser.see("#toasts .notice")
    browser.click("#do-others")
    browser.click("#ask-others [value=yes]")
    browser.until(lambda: left() == 1, "all others are")
