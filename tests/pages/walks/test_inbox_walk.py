"""Conversations as they are worked with all day, in both languages: by keys, live, with files, with others."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone
from selenium.webdriver.common.keys import Keys

from accounts.models import User
from accounts.roles import set_role
from debtors.models import SuppressionSource
from debtors.suppressions import Entry
from domain.delivery import Incoming
from domain.roles import Role
from messaging import optouts, receipts
from messaging.models import Conversation, Message, QuickReply
from sessions_app.models import Session
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]

PDF = b"%PDF-1.4\n%%EOF\n"


@dataclass(frozen=True)
class Words:
    """What the pages say in a language."""

    answering: str
    mine: str
    archived: str
    unread: str


SPANISH = Words("Eva Paz está respondiendo", "Mía", "Archivada", "Sin leer")
ENGLISH = Words("Eva Paz is answering", "Mine", "Archived", "Unread")


@pytest.fixture
def session() -> Session:
    return make_session(make_whatsapp_pool(), connected=True)


@pytest.fixture
def eva(client: Client) -> Client:
    """A supervisor who works in another browser."""
    user = User.objects.create_user("eva", first_name="Eva", last_name="Paz")
    set_role(user, Role.SUPERVISOR)
    client.force_login(user)
    return client


def test_conversations_are_worked_with(browser: Browser, eva: Client, session: Session, tmp_path: Path) -> None:
    make_line(make_pool(), "https://gateway.example/send", "Línea SMS")
    QuickReply.objects.create(
        name="Cómo pagar", folded_name="como_pagar", text="{nombre}: debe {deuda}.", updated_at=timezone.now()
    )
    letter = tmp_path / "carta.pdf"
    letter.write_bytes(PDF)
    for language, words, first in (("es", SPANISH, 1), ("en", ENGLISH, 5)):
        browser.driver.add_cookie({"name": "django_language", "value": language})
        walk(browser, eva, session, words, letter, first)
    assert browser.complaints() == []


def walk(browser: Browser, eva: Client, session: Session, words: Words, letter: Path, first: int) -> None:
    rosa, juan, pedro, luis = (f"5691111111{first + place}" for place in range(4))
    make_debtor("Rosa Díaz", phone=f"+{rosa}", rut=f"1234567{first}-5")
    make_debtor("Pedro Baja", phone=f"+{pedro}")
    optouts.suppress([Entry(f"+{pedro}", SuppressionSource.PERSON, actor="ana")])

    def wrote(person: str, text: str) -> None:
        receipts.store(str(session.gateway), [Incoming(str(ObjectId()), f"+{person}", text)])

    def state(person: str) -> Conversation:
        return Conversation.objects.get(key=person)

    def press(*keys: str) -> None:
        browser.find("body").send_keys(*keys)

    for person in (juan, pedro, rosa):
        wrote(person, "¿cuánto debo?")

    # By keys to the first one, which opens beside the list, without a reload.
    browser.open("/messages/")
    browser.live()
    browser.driver.execute_script("window.unreloaded = true")
    press("j")
    assert browser.driver.execute_script("return document.activeElement.closest('li').dataset.person") == rosa
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.see(f'#talk[data-talk="{rosa}"] .chat-unread')
    browser.see(f'[data-person="{rosa}"] [aria-current]')
    browser.until(lambda: not state(rosa).is_unread, "it is read where it is open")
    browser.live()
    shot(browser, "open")

    # A quick reply by its name; the draft outlives a reload; a file goes with it.
    press("r")
    browser.find("#id_text").send_keys("/pag")
    browser.see(".quick-offer li")
    shot(browser, "quick")
    browser.find("#id_text").send_keys(Keys.ENTER)
    assert browser.find("#id_text").get_property("value") == "Rosa Díaz: debe $125.000."
    browser.open(f"/messages/{rosa}/")
    browser.live()
    browser.until(lambda: browser.find("#id_text").get_property("value"), "the draft is there again")
    browser.find("#id_file").send_keys(str(letter))
    browser.reads("carta.pdf", "[data-file]")
    browser.driver.execute_script("window.unreloaded = true")
    browser.find("#id_text").send_keys(Keys.CONTROL, Keys.ENTER)
    browser.reads("debe $125.000", ".bubble.ours")
    browser.reads("carta.pdf", ".bubble.ours")
    browser.until(lambda: browser.find("#id_text").get_property("value") == "", "the box is empty")
    sent = Message.objects.get(phone=f"+{rosa}")
    assert (sent.text, sent.attachment is not None) == ("Rosa Díaz: debe $125.000.", True)

    # Somebody else answers; what comes in is there; others come into the list by themselves.
    browser.live()
    eva.post(f"/messages/{rosa}/answering/")
    browser.reads(words.answering, ".talk-answering")
    wrote(rosa, "gracias")
    browser.reads("gracias", ".chat")
    wrote(luis, "hola")
    browser.see(f'[data-person="{luis}"]')

    # It is mine, and put away, and back.
    browser.click("#act-assign")
    browser.click(f'.talk-state .inbox-pop button[data-act*="{User.objects.get(username="ana").pk}"]')
    browser.reads(words.mine, "#act-assign")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.until(lambda: not state(rosa).is_unread, "what came in is read")
    browser.driver.execute_script("document.activeElement.blur()")
    press("e")
    browser.reads(words.archived, "#toasts")
    assert state(rosa).archived
    browser.click("#toasts .undo")
    browser.until(lambda: not state(rosa).archived, "the toast has the way back")
    # Its buttons say which state they were drawn for: one that is behind is refused.
    browser.see("#act-archive[data-act*='\"archive\"']")
    browser.see("#act-unread")
    press("u")
    browser.see("#talk.none")
    browser.until(lambda: state(rosa).is_unread, "it stands with the unread ones again")

    # Several at once.
    browser.live()
    for person in (juan, luis):
        browser.click(f'[data-person="{person}"] [data-person-pick]')
    browser.see("#inbox-batch:not([hidden])")
    shot(browser, "batch")
    browser.click("#inbox-batch button:nth-of-type(1)")
    browser.until(lambda: not state(juan).is_unread and not state(luis).is_unread, "both are read")

    # Who opted out is answered after a question alone.
    browser.open(f"/messages/{pedro}/")
    browser.live()
    browser.fill("text", "Ya está fuera")
    browser.find("#id_text").send_keys(Keys.CONTROL, Keys.ENTER)
    browser.click("#ask-sure [value=yes]")
    browser.reads("Ya está fuera", ".bubble.ours")
    browser.size(390)
    browser.see(".talk-back")
    shot(browser, "phone")
    browser.click(".talk-back")
    browser.see(f'[data-person="{pedro}"]')
    shot(browser, "phone-list")
    browser.size(1440)


def shot(browser: Browser, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        browser.driver.save_screenshot(
            f"{folder}/{browser.driver.execute_script('return document.documentElement.lang')}-{name}.png"
        )
