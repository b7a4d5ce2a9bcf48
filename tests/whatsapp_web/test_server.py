"""The stand-in without a browser: what a page's own protocol repeats, and files that a kill has cut."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests

from simulators.whatsapp_web.journal import Journal
from simulators.whatsapp_web.records import Records
from tests.whatsapp_web.conftest import ACCOUNT
from tests.whatsapp_web.simulated import RunningWhatsApp

PROFILE = "11111111-0000-4000-8000-000000000000"
ARRIVAL: dict[str, Any] = {
    "account": ACCOUNT, "profile": PROFILE, "to": "5491144444444", "chat": "5491144444444@c.us", "kind": "chat",
    "text": "hola", "mimetype": "", "filename": "", "size": 0,
}  # fmt: skip


async def answers(url: str, *asked: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server answers a page that was linked and asks all this at once."""
    found: list[dict[str, Any]] = []
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/ws?profile={PROFILE}&fresh=1") as page:
        async for message in page:
            said = message.json()
            if said.get("op") == "qr":
                await session.post(f"{url}/phone/scan", json={"qr": said["ref"], "number": ACCOUNT})
            elif said.get("op") == "login":
                for n, one in enumerate(asked):
                    await page.send_json({**one, "n": n})
            elif "re" in said:
                found.append({name: value for name, value in said.items() if name != "re"})
                if len(found) == len(asked):
                    break
    return found


def test_message_that_the_page_repeats_after_a_loss_counts_once(whatsapp: RunningWhatsApp) -> None:
    send = {"op": "send", "chat": ARRIVAL["chat"], "id": "3EB0AA", "type": "chat", "body": "hola"}
    assert asyncio.run(answers(whatsapp.url, send, {**send, "again": True})) == [{"ack": 0}, {"ack": 0}]
    stats = whatsapp.stats()
    assert (stats["arrivals"], stats["accepted"], stats["resent"], stats["duplicates_by_id"]) == (2, 1, 1, 0)
    whatsapp.phone("logout", number=ACCOUNT)


def test_page_that_asks_for_what_there_is_not(whatsapp: RunningWhatsApp) -> None:
    found = asyncio.run(answers(whatsapp.url, {"op": "dance"}, {"op": "link_code", "phone": ACCOUNT}))
    assert found == [{"error": "the stand-in doesn't know 'dance'"}, {"error": "This browser is linked already."}]
    whatsapp.phone("logout", number=ACCOUNT)


@pytest.mark.parametrize(
    ("path", "given", "status", "said"),
    [
        ("/phone/scan", {"qr": "2@x"}, 400, "number is needed."),
        ("/phone/scan", {"qr": "2@x", "number": "549"}, 404, "No page shows that code any more."),
        ("/phone/link", {"code": "ABCD", "number": "549"}, 404, "No page shows that code any more."),
        ("/phone/logout", {"number": "+549 11"}, 404, "No such browser is linked to the account 54911."),
        ("/phone/reload", {"profile": "none"}, 404, "There is no browser with the profile none."),
        ("/phone/message", {"number": "549", "person": "1"}, 400, "A text, or data as a data URL, is needed."),
        ("/phone/receipt", {"number": "549", "id": "3A", "ack": 9}, 400, "ack is a number from -1 to 4."),
        ("/phone/receipt", {"number": "549", "id": "3A", "ack": 1}, 404, "549 has no message with the id 3A."),
        ("/phone/typing", {"number": "1", "person": "2", "state": "x"}, 400,
         "state is one of composing, recording, paused."),
    ],
)  # fmt: skip
def test_phone_says_why_not(
    *, whatsapp: RunningWhatsApp, path: str, given: dict[str, Any], status: int, said: str
) -> None:
    answer = requests.post(whatsapp.url + path, json=given, timeout=60)
    assert (answer.status_code, answer.json()) == (status, {"error": said})


def test_forgotten_account_has_nothing_left(whatsapp: RunningWhatsApp) -> None:
    whatsapp.phone("message", number=ACCOUNT, person="5491144444444", text="hola")
    assert len(whatsapp.messages(ACCOUNT)) == 1
    whatsapp.ask("POST", "/forget", json={"number": ACCOUNT})
    assert whatsapp.messages(ACCOUNT) == []


def test_journal_cut_in_its_last_line_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    for id in ("3EB01", "3EB02", "3EB01"):
        journal.settle(journal.arrive(id=id, **ARRIVAL), "accepted")
    before = journal.stats(full=True)
    journal.close()
    with path.open("a") as file:
        file.write(json.dumps({"arrival": {"seq": 4}})[:-5])
    again = Journal(path)
    assert again.stats(full=True) == before
    assert (before["duplicates_by_id"], before["duplicated_recipients"], before["by_id"]) == (
        1,
        1,
        {"3EB01": 2, "3EB02": 1},
    )
    again.reset()
    again.close()
    assert Journal(path).stats()["arrivals"] == 0


def test_records_cut_in_their_last_line_are_read_back_and_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "state"
    records = Records(path)
    records.put("chat", "a", {"unread": 1})
    records.put("chat", "a", {"unread": 2})
    records.put("chat", "b", {"unread": 3})
    records.drop("chat", "b")
    records.close()
    with path.open("a") as file:
        file.write('["chat", "c", {"unr')
    again = Records(path)
    assert again.of("chat") == {"a": {"unread": 2}}
    again.put("chat", "d", {"unread": 4})
    again.close()
    assert path.read_text().splitlines() == ['["chat", "a", {"unread": 2}]', '["chat", "d", {"unread": 4}]']
