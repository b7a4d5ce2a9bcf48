"""A new user's first hour, in real browsers on a whole installation: from signing in to answering a reply."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.sheets import spreadsheet
from tests.e2e.test_spreadsheet_to_whatsapp import scan
from tests.pages.web import Browser
from tests.whatsapp_web.simulated import RunningWhatsApp

pytestmark = pytest.mark.timeout(1500)

PEOPLE, FIRST = 24, 60_000
ACCOUNT = "56950000009"


@pytest.fixture
def people(installation: Installation) -> Iterator[Callable[[], Browser]]:
    """Makes browsers in which the first administrator is signed in."""
    told = installation.manage("first_administrator")
    user, password = re.findall(r"(?:usuario|contraseña|user|password): +(\S+)", told)
    made: list[Browser] = []

    def sit_down() -> Browser:
        made.append(Browser(f"http://127.0.0.1:{installation.facts()['web']['port']}"))
        made[-1].sign_in(user, password)
        return made[-1]

    yield sit_down
    for browser in made:
        browser.close()


def make_pool(browser: Browser) -> None:
    browser.open("/pools/new/")
    browser.fill("name", "Primeros")
    browser.click("[name=channel] option[value=whatsapp], [name=channel][value=whatsapp]")
    browser.fill("delay", "0,3")
    browser.fill("variation", "0")
    browser.click("main form .btn-primary")
    browser.reads("Primeros", "h1")


def pair_a_session(browser: Browser, installation: Installation, whatsapp: RunningWhatsApp) -> None:
    browser.open("/sessions/new/")
    browser.fill("name", "Mostrador")
    browser.click("[name=pool] option:last-child")
    browser.click("main form .btn-primary")
    browser.reads("Mostrador", "h1")
    browser.live()
    browser.see(".pair-qr > svg")

    def paired() -> bool:
        [row] = [row for row in installation.json("session", "list") if row["name"] == "Mostrador"]
        if row["status"] == "pairing" and row["qr"]:
            scan(whatsapp, row["qr"], ACCOUNT)
        return bool(row["connected"])

    installation.until(paired, moved=lambda: browser.text("main"))
    browser.click("#pair-done")
    browser.see(".session-state.state-done")


def import_the_sheet(browser: Browser, book: Path) -> None:
    browser.open("/debtors/upload/")
    browser.find("[name=file]").send_keys(str(book))
    browser.click("main form .btn-primary")
    browser.see("#check .columns-found")
    browser.click("#check form .btn-primary")
    browser.see(".state-done .figures")
    browser.reads(str(PEOPLE + 1), ".figures")


def write_the_campaign(browser: Browser, book: Path) -> str:
    """The page of the campaign, which is a draft yet."""
    browser.open("/campaigns/new/")
    browser.live()
    browser.fill("name", "Primera campaña")
    browser.click("[name=audience][value=imports]")
    [choice] = [label for label in browser.all(".for-imports .file-choice") if book.name in label.text]
    choice.click()
    browser.reads(str(PEOPLE + 1), "#look-count")
    browser.click("#go-on")
    browser.find("[name=message]").send_keys("Hola {nombre}, le escribimos por su deuda.")
    browser.reads("María Núñez", "#preview")
    browser.click("#go-on")
    browser.click("[name=channel][value=whatsapp]")
    browser.click("[name=whatsapp_pool]")
    browser.reads("Mostrador", "#side")
    browser.click("#go-on")
    browser.see(".pacing")
    for name in ("window_start", "window_end"):
        browser.driver.execute_script("arguments[0].value = ''", browser.find(f"[name={name}]"))
    for day in browser.all("[name=days]:not(:checked)"):
        day.click()
    browser.click("#go-on")
    browser.see("#do-start:not([disabled])")
    key = re.findall(r"/campaigns/([0-9a-f]{24})/", browser.driver.current_url)[0]
    return f"/campaigns/{key}/"


def test_new_user_reaches_people_and_answers_one(
    installation: Installation, whatsapp: RunningWhatsApp, people: Callable[[], Browser], tmp_path: Path
) -> None:
    whatsapp.reset()
    book = spreadsheet(tmp_path / "mis deudores.xlsx", PEOPLE, first=FIRST)
    browser, other = people(), people()
    make_pool(browser)
    pair_a_session(browser, installation, whatsapp)
    import_the_sheet(browser, book)
    address = write_the_campaign(browser, book)

    other.open(address)
    other.live()
    other.driver.execute_script("window.unreloaded = true")
    browser.click("#do-start")
    browser.click("#ask-start [value=yes]")
    other.see("#do-pause")
    browser.live()
    installation.until(lambda: whatsapp.stats()["arrivals"] >= 3, moved=lambda: whatsapp.stats()["arrivals"])
    other.click("#do-pause")
    other.click("#ask-pause [value=yes]")
    browser.see("#do-resume")
    held = held_at(installation, whatsapp)
    browser.click("#do-resume")
    other.see("#do-pause, .state-done")
    installation.until(lambda: whatsapp.stats()["arrivals"] >= PEOPLE + 1, moved=lambda: whatsapp.stats()["arrivals"])
    assert 3 <= held < PEOPLE
    for one in (browser, other):
        one.reads("100", "[id^=campaign-progress]")
    arrivals = [arrival["to"] for arrival in whatsapp.arrivals()]
    assert len(arrivals) == len(set(arrivals)) == PEOPLE + 1

    person = f"569{40_000_000 + FIRST + 2}"
    other.open("/messages/")
    other.live()
    whatsapp.phone("message", number=ACCOUNT, person=person, text="¿Puedo pagar en cuotas?")
    # The list stands still under the mouse: it says that there is something new.
    other.click(".new-bar")
    other.reads("¿Puedo pagar en cuotas?")
    browser.open("/messages/")
    browser.reads("¿Puedo pagar en cuotas?")
    browser.click(f"a[href*='{person}']")
    browser.live()
    browser.find("#reply textarea").send_keys("Sí, en tres. Le llamo mañana.")
    browser.click("#reply .btn-primary")
    browser.reads("Sí, en tres", ".chat")
    installation.until(
        lambda: "Sí, en tres. Le llamo mañana." in texts_of(whatsapp, person), moved=lambda: texts_of(whatsapp, person)
    )
    browser.live()
    browser.see(".bubble.ours:has(+ .chat-end) .state-done")
    for one in (browser, other):
        assert one.complaints() == []


def held_at(installation: Installation, whatsapp: RunningWhatsApp) -> int:
    """How many had arrived when the pause held: two looks that are the same, seconds apart."""
    seen: list[int] = []

    def still() -> bool:
        seen.append(int(installation.json("campaign", "status", "Primera campaña")["pending"]))
        return len(seen) > 2 and len(set(seen[-3:])) == 1

    installation.until(still, moved=lambda: seen[-1:])
    return int(whatsapp.stats()["arrivals"])


def texts_of(whatsapp: RunningWhatsApp, person: str) -> list[Any]:
    """What the person has in the chat with the account."""
    return [message["body"] for message in whatsapp.messages(ACCOUNT, person)]
