"""What outlives a reload, a browser, the stand-in's own process, and a connection; and the states of the stream."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.whatsapp_web.browser import Driver, Page, wait_for
from tests.whatsapp_web.conftest import ACCOUNT
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp
from tests.whatsapp_web.test_messages import STATE_OF, acks_of, key_for, news_from

# So that wa-js is ready before what came in meanwhile comes, as on the real page.
UNHURRIED = {**CALM["account_default"], "start_ms": 2000}
MODES = ("OFFLINE", "CONFLICT", "PROXYBLOCK", "TOS_BLOCK", "SMB_TOS_BLOCK", "DEPRECATED_VERSION")


def test_reload_finds_login_chats_and_messages(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    chat, key = f"{person}@c.us", key_for(f"{person}@c.us")
    connected.send(chat, "hola", key, waitForAck=True)
    other = key_for(f"{person}@c.us")
    connected.send(chat, "otra", other, waitForAck=True)
    wait_for(lambda: {one["ack"] for one in whatsapp.messages(ACCOUNT)} == {3}, what="both read")
    whatsapp.phone("reload", number=ACCOUNT)
    connected.wait_until("performance.now() < 2000 && WPP.isFullReady")
    connected.wait_connected()

    assert connected.run("String((await WPP.chat.find(a[0])).id)", chat) == chat
    assert connected.run(STATE_OF, key) == [key, "chat", 3]
    assert connected.run("(await WPP.chat.getMessageACK(a[0])).ack", other) == 3
    assert connected.run("(await WPP.chat.list()).map(c => String(c.id))") == [chat]
    assert connected.attempt(STATE_OF, key_for(chat))["code"] == "msg_not_found"
    assert connected.attempt(STATE_OF, key_for("5491100000000@c.us"))["code"] == "chat_not_found"
    assert connected.send(chat, "hola", key)["code"] == "DuplicateMessageError"
    assert whatsapp.stats()["arrivals"] == 2


def test_restarted_browser_needs_no_code_and_gets_what_it_missed(
    whatsapp: RunningWhatsApp, driver: Driver, profile: str, person: str
) -> None:
    account, chat = "5491150000009", f"{person}@c.us"
    whatsapp.control(people={person: {"read_ms": None}})
    first = driver.open(whatsapp.url, profile)
    first.link(whatsapp, account)
    key = key_for(chat)
    first.send(chat, "hola", key, waitForAck=True)
    first.wait_ack(key, 2)
    first.quit()
    wait_for(lambda: not any(one["connected"] for one in whatsapp.devices() if one["number"] == account))

    whatsapp.phone("message", number=account, person=person, text="mientras no estaba")
    whatsapp.phone("receipt", number=account, id=key.rpartition("_")[2], ack=3)
    whatsapp.control(account_default=UNHURRIED)
    second = driver.open(whatsapp.url, profile)
    try:
        second.wait_connected()
        assert second.events("conn.auth_code_change") in ([], [None])
        assert wait_for(lambda: news_from(second, chat), what="the message") == [["chat", "mientras no estaba"]]
        assert acks_of(second, key) == [3]
        assert second.run(STATE_OF, key) == [key, "chat", 3]
        wait_for(lambda: [one["pending"] for one in whatsapp.devices() if one["number"] == account] == [0])
    finally:
        second.quit()


def test_offline_page_keeps_messages_until_it_is_back(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    key = key_for(f"{person}@c.us")
    whatsapp.control(accounts={ACCOUNT: {"info": "OFFLINE"}})
    connected.wait_stream("MAIN", "OFFLINE")
    assert connected.wait_event("conn.online") is False
    assert connected.send(f"{person}@c.us", "hola", key)["value"]["ack"] == 0
    assert whatsapp.stats()["arrivals"] == 0

    # It waits in the profile: even another page of it sends it, and once only.
    connected.browser.get(whatsapp.url)
    connected.wait_ready()
    connected.run("await WPP.chat.find(a[0])", f"{person}@c.us")
    assert connected.run(STATE_OF, key) == [key, "chat", 0]
    whatsapp.control(accounts={})
    connected.wait_ack(key, 3)
    assert [one["outcome"] for one in whatsapp.arrivals()] == ["accepted"]


def test_page_that_ended_between_a_send_and_its_answer_repeats_it_as_the_same(
    whatsapp: RunningWhatsApp, connected: Page, person: str
) -> None:
    chat, key = f"{person}@c.us", key_for(f"{person}@c.us")
    connected.send(chat, "hola", key, waitForAck=True)
    connected.wait_ack(key, 3)
    # Such a page leaves what it had begun in its profile.
    begun = {"id": key.rpartition("_")[2], "chat": chat, "type": "chat", "body": "hola", "data": ""}
    connected.browser.execute_script("localStorage.setItem('standin.outbox', JSON.stringify([arguments[0]]))", begun)
    connected.browser.get(whatsapp.url)
    connected.wait_ready()
    wait_for(lambda: whatsapp.stats()["arrivals"] == 2, what="the repetition")
    assert [one["outcome"] for one in whatsapp.arrivals()] == ["accepted", "resent"]
    connected.wait_ack(key, 3)
    assert whatsapp.messages(ACCOUNT, person)[0]["ack"] == 3


def test_states_of_the_stream_hold_messages_back(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    key = key_for(f"{person}@c.us")
    for mode in MODES:
        whatsapp.control(accounts={ACCOUNT: {"mode": mode}})
        connected.wait_stream(mode, "NORMAL")
    connected.send(f"{person}@c.us", "hola", key)
    for info in ("OPENING", "PAIRING", "SYNCING", "RESUMING", "CONNECTING"):
        whatsapp.control(accounts={ACCOUNT: {"info": info}})
        connected.wait_stream("MAIN", info)
    assert whatsapp.stats()["arrivals"] == 0
    whatsapp.control(accounts={})
    connected.wait_ack(key, 3)
    assert connected.events("conn.stream_mode_changed") == [*MODES, "MAIN"]


def test_ban_and_update_are_told(whatsapp: RunningWhatsApp, connected: Page) -> None:
    whatsapp.phone("event", number=ACCOUNT, event="account_temporarily_banned")
    assert connected.wait_event("conn.backend_event") == "account_temporarily_banned"
    whatsapp.phone("update", number=ACCOUNT)
    connected.wait_event("conn.needs_update")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    yield ("--journal", str(tmp_path / "journal"), "--state", str(tmp_path / "state"))


def test_killed_stand_in_comes_back_with_everything(
    files: tuple[str, ...], browser: Page, whatsapp: RunningWhatsApp, person: str
) -> None:
    chat, account = f"{person}@c.us", "5491150000008"
    first = RunningWhatsApp(*files)
    try:
        first.control(**CALM)
        browser.renew(first.url)
        browser.link(first, account)
        key, late = key_for(chat), key_for(chat)
        browser.send(chat, "hola", key, waitForAck=True)
        browser.wait_ack(key, 3)
        before = first.stats(full=True)
    finally:
        first.kill()
    browser.wait_stream("MAIN", "OFFLINE")
    browser.send(chat, "otra", late)

    with RunningWhatsApp(*files, "--port", first.url.rpartition(":")[2]) as second:
        browser.wait_stream("MAIN", "NORMAL")
        browser.wait_ack(late, 3)
        assert [one["id"] for one in second.arrivals()] == [key.rpartition("_")[2], late.rpartition("_")[2]]
        assert [one["ack"] for one in second.messages(account, person)] == [3, 3]
        after = second.stats(full=True)
        assert after["by_recipient"] == {person: before["by_recipient"][person] + 1}
        assert after["duplicates_by_id"] == 0
        browser.browser.get(whatsapp.url)


def test_two_browsers_of_an_account_see_each_other(
    whatsapp: RunningWhatsApp, driver: Driver, connected: Page, profile: str, person: str
) -> None:
    other = driver.open(whatsapp.url, profile)
    try:
        other.link(whatsapp, ACCOUNT)
        key = key_for(f"{person}@c.us")
        connected.send(f"{person}@c.us", "hola", key, waitForAck=True)
        assert other.wait_event("chat.new_message")["id"]["_serialized"] == key
        other.wait_ack(key, 3)
        profile_of_it = other.run("localStorage.getItem('standin.profile')")
        whatsapp.phone("logout", number=ACCOUNT, profile=profile_of_it)
        other.wait_event("conn.logout")
        assert connected.run("WPP.conn.getStreamData()") == {"mode": "MAIN", "info": "NORMAL"}
    finally:
        other.quit()
