"""What the page tells by itself: messages and acks, also those of while it was away; codes, logins, notices."""

import pytest

from sessions_app.browser import driver
from sessions_app.browser.errors import BrowserGone
from sessions_app.browser.page import PageEvent, PageState
from tests.sessions.browser.conftest import ACCOUNT
from tests.sessions.browser.running import Running, new_key, start_browser
from tests.whatsapp_web.browser import Driver, wait_for
from tests.whatsapp_web.simulated import CALM, RunningWhatsApp
from tests.whatsapp_web.test_messages import PDF, data_url

# So that wa-js is ready before what came in meanwhile comes, as on the real page.
UNHURRIED = {**CALM["account_default"], "start_ms": 1500}

# The history of one chat is broken.
BREAKS_ONE_CHAT = """
setTimeout(function wait() {
  const found = globalThis.importNamespace?.("WAWebDBMessageFind");
  if (!found) return setTimeout(wait, 1);
  const whole = found.msgFindByDirection;
  found.msgFindByDirection = async (asked) => {
    if (String(asked.anchor?.remote).includes("%s")) throw new Error("broken");
    return whole(asked);
  };
}, 0);
"""


# The history of one chat never answers. What is given 30 s has less, so that the test need not wait as long.
HOLDS_ONE_CHAT = (
    BREAKS_ONE_CHAT.replace('throw new Error("broken")', "return new Promise(() => {})")
    + """
const wholeTimer = setTimeout;
globalThis.setTimeout = (work, ms, ...more) => wholeTimer(work, ms === 30_000 ? 300 : ms, ...more);
"""
)


def test_incoming_text_is_told_once(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    chat = f"{person}@c.us"
    sent = whatsapp.phone("message", number=ACCOUNT, person=person, text="no reconozco la deuda", name="Ana")
    wait_for(lambda: session.news(chat), what="the message")
    [stored] = whatsapp.messages(ACCOUNT, person)
    assert session.news(chat) == [
        {
            "id": stored["id"],
            "chat": chat,
            "phone": person,
            "lid": "",
            "body": "no reconozco la deuda",
            "caption": "",
            "type": "chat",
            "filename": "",
            "mimetype": "",
            "t": stored["t"],
            "notify_name": "Ana",
        }
    ], sent


def test_incoming_file_is_told_without_its_content(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    given = {"data": data_url("application/pdf", PDF), "filename": "recibo.pdf", "caption": "mi recibo"}
    whatsapp.phone("message", number=ACCOUNT, person=person, **given)
    [told] = wait_for(lambda: session.news(f"{person}@c.us"), what="the message")
    wanted = {"type": "document", "body": "", "caption": "mi recibo", "filename": "recibo.pdf"}
    assert {name: told[name] for name in wanted} == wanted


def test_person_behind_a_lid(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    hidden = f"8{person}"
    whatsapp.control(people={person: {"lid": f"77{person}"}, hidden: {"lid": f"78{person}", "lid_known": False}})
    for one in (person, hidden):
        whatsapp.phone("message", number=ACCOUNT, person=one, text="hola")
    [known] = wait_for(lambda: session.news(f"77{person}@lid"), what="the message")
    assert (known["phone"], known["lid"]) == (person, f"77{person}")
    [unknown] = wait_for(lambda: session.news(f"78{person}@lid"), what="the message")
    assert (unknown["phone"], unknown["lid"]) == ("", f"78{person}")


def test_own_messages_are_not_told_as_incoming(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.phone("message", number=ACCOUNT, person=person, text="lo llamo", from_me=True)
    whatsapp.phone("message", number=ACCOUNT, person=person, text="bueno")
    assert [one["body"] for one in wait_for(lambda: session.news(f"{person}@c.us"), what="it")] == ["bueno"]


def test_only_what_people_wrote_is_told(session: Running, person: str) -> None:
    """As wa-js tells it: a message that can't be read yet comes again under the same id when it can."""
    session.remote.execute_script(
        "const [person, group] = arguments;"
        "const tell = (remote, id, more) => WPP.emit('chat.new_message',"
        " {id: {fromMe: false, remote, id}, type: 'chat', body: id, t: 1, ...more});"
        "tell(group, 'GROUP'); tell('status@broadcast', 'STATUS'); tell('1@newsletter', 'NEWS'); tell('0@c.us', 'WA');"
        "tell(person, 'SYSTEM', {type: 'e2e_notification'});"
        "tell(person, 'LATER', {type: 'ciphertext', body: undefined}); tell(person, 'LATER', {body: 'hola'});"
        "tell(person, 'LATER', {body: 'hola'}); tell({_serialized: person}, 'PHOTO', {type: 'image', body: '/9j/'});",
        f"{person}@c.us",
        f"{person}-1@g.us",
    )
    told = [(one.name, one.data["id"], one.data["type"], one.data["body"]) for one in session.events()]
    assert told == [("message", "LATER", "chat", "hola"), ("message", "PHOTO", "image", "")]


def test_chat_that_cannot_be_read_holds_no_other_back(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.phone("message", number=ACCOUNT, person=person, text="uno")
    wait_for(lambda: session.page.state().events == 1, what="the message")
    broken = session.remote.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": BREAKS_ONE_CHAT % f"1{person}"}
    )
    whatsapp.phone("message", number=ACCOUNT, person=f"1{person}", text="dos")
    session.reload()
    wait_for(lambda: session.news(f"{person}@c.us"), what="the message of the whole chat")
    assert session.news(f"1{person}@c.us") == []

    session.remote.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", broken)
    session.reload()
    wait_for(lambda: session.news(f"1{person}@c.us"), what="the message of the other")


def test_chat_that_never_answers_holds_no_other_back(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    held = session.remote.execute_cdp_cmd(
        "Page.addScriptToEvaluateOnNewDocument", {"source": HOLDS_ONE_CHAT % f"1{person}"}
    )
    try:
        for one in (person, f"1{person}", f"2{person}"):
            whatsapp.phone("message", number=ACCOUNT, person=one, text="hola")
        wait_for(lambda: session.page.state().events == 3, what="the messages")
        session.reload()
        for one in (person, f"2{person}"):
            wait_for(lambda one=one: session.news(f"{one}@c.us"), what=f"the message of {one}")
    finally:
        session.remote.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", held)
    session.reload()
    wait_for(lambda: session.news(f"1{person}@c.us"), what="the message of the one that was held")


def test_events_stay_until_they_are_acknowledged(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    for text in ("uno", "dos", "tres"):
        whatsapp.phone("message", number=ACCOUNT, person=person, text=text)
    wait_for(lambda: session.page.state().events == 3, what="three events")
    epoch, events = session.page.drain()
    assert session.page.drain() == (epoch, events)
    assert session.page.drain(2) == (epoch, events[:2])
    assert [one.sequence - events[0].sequence for one in events] == [0, 1, 2]

    session.page.acknowledge("another", events[-1].sequence)
    assert session.page.state().events == 3
    session.page.acknowledge(epoch, events[1].sequence)
    assert session.page.drain() == (epoch, events[2:])
    session.page.acknowledge(epoch, events[2].sequence)
    assert session.page.state().events == 0


def test_events_beyond_the_buffer_are_found_by_a_look_back(
    whatsapp: RunningWhatsApp, session: Running, person: str
) -> None:
    told = []

    def take() -> list[PageEvent]:
        epoch, events = session.page.drain(6000)
        if events:
            session.page.acknowledge(epoch, events[-1].sequence)
        return [one for one in events if one.data["chat"] == f"{person}@c.us"]

    # Acks of unknown messages fill it.
    session.remote.execute_script(
        "const remote = {_serialized: '1@c.us'};"
        "for (let n = 0; n < 5000; n++) "
        "WPP.emit('chat.msg_ack_change', {ack: 1, ids: [{fromMe: true, remote, id: 'F' + n}]})"
    )
    whatsapp.phone("message", number=ACCOUNT, person=person, text="no cabe")
    wait_for(lambda: session.page.state().lost == 1, what="its loss")
    wait_for(lambda: told.extend(take()) or told, what="the message")
    assert [one.data["body"] for one in told] == ["no cabe"]
    assert session.page.state().lost == 0


def test_what_was_told_but_not_taken_is_told_again_after_a_reload(
    whatsapp: RunningWhatsApp, session: Running, person: str
) -> None:
    key = new_key()
    session.send(person, key)
    whatsapp.phone("message", number=ACCOUNT, person=person, text="ya pagué")
    wait_for(lambda: session.page.state().events == 4, what="three acks and a message")
    session.reload()
    session.wait_ack(key, 3)
    [told] = wait_for(lambda: session.news(f"{person}@c.us"), what="the message")
    assert (told["body"], session.acks(key)) == ("ya pagué", [3])


def test_browser_that_was_away_is_still_logged_in_and_tells_what_happened(
    whatsapp: RunningWhatsApp, server: Driver, profile: str, person: str
) -> None:
    account, chat = "5491150000031", f"{person}@c.us"
    whatsapp.control(people={person: {"read_ms": None}, f"1{person}": {"ack": "lost"}})
    first = start_browser(server, whatsapp, profile)
    first.open()
    before = first.link(account)
    read, failed = new_key(), new_key()
    first.send(person, read)
    first.wait_ack(read, 2)
    assert first.send(f"1{person}", failed, ack_wait_ms=100)["outcome"] == "no_ack"
    assert driver.end(first.browser, grace=10)
    assert driver.processes_of(first.profile) == []
    with pytest.raises(BrowserGone):
        first.page.state()

    whatsapp.phone("message", number=account, person=person, text="mientras no estaba")
    whatsapp.phone("receipt", number=account, id=read, ack=3)
    whatsapp.phone("receipt", number=account, id=failed, ack=-1)
    whatsapp.control(account_default=UNHURRIED)
    second = start_browser(server, whatsapp, profile)
    try:
        second.open()
        after = second.wait_connected()
        assert (after.wid, after.login, after.login_since) == (before.wid, before.login, before.login_since)
        assert after.born > before.now
        second.wait_ack(read, 3)
        second.wait_ack(failed, -1)
        [told] = wait_for(lambda: second.news(chat), what="the message")
        assert told["body"] == "mientras no estaba"
        assert (second.acks(read), second.acks(failed)) == ([3], [-1])
    finally:
        assert driver.end(second.browser, grace=10)


def test_messages_from_before_the_login_are_not_told(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.phone("message", number=ACCOUNT, person=person, text="de antes")
    wait_for(lambda: session.news(f"{person}@c.us"), what="the message")
    # As if this login were of an hour later, and nothing had been taken since.
    session.remote.execute_script(
        "const login = JSON.parse(localStorage.getItem('whatsmassive.login'));"
        "localStorage.setItem('whatsmassive.login', JSON.stringify({...login, since: Date.now() + 3600000}));"
        "localStorage.removeItem('whatsmassive.heard')"
    )
    session.reload()
    session.told.clear()
    whatsapp.phone("message", number=ACCOUNT, person=f"1{person}", text="de ahora")
    wait_for(lambda: session.news(f"1{person}@c.us"), what="the new one")
    assert session.news(f"{person}@c.us") == []


class TestPairing:
    def test_codes_logins_and_notices(
        self, whatsapp: RunningWhatsApp, server: Driver, profile: str, person: str
    ) -> None:
        account = "5491150000041"
        running = start_browser(server, whatsapp, profile)
        try:
            running.open()
            self._codes(whatsapp, running)
            first = self._link_code(whatsapp, running, account)
            key = new_key()
            assert running.send(person, key)["outcome"] == "acked"
            whatsapp.phone("event", number=account, event="account_temporarily_banned")
            whatsapp.phone("update", number=account)
            wait_for(lambda: "needs_update" in running.page.state().notices, what="the notice")
            self._logout(running)
            assert running.page.state().notices[-3:] == (
                "account_temporarily_banned",
                "needs_update",
                "logout:user_initiated",
            )
            assert all(notice.at > first.login_since for notice in running.page.state().notices[-3:])

            second = running.link(account)
            assert second.login != first.login
            assert second.login_since > first.login_since
            assert second.born > first.born
            look = running.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
            assert (look["seen"], look["login_since"]) == (False, second.login_since)
        finally:
            assert driver.end(running.browser, grace=10)

    @staticmethod
    def _codes(whatsapp: RunningWhatsApp, running: Running) -> None:
        state = running.wait(qr=..., phase="full")
        assert (state.mode, state.authenticated, state.wid, state.lid, state.login) == ("QR", False, "", "", "")
        assert [one["qr"] for one in whatsapp.devices() if one["connected"] and not one["number"]] == [state.qr]
        whatsapp.control(qr_refresh_s=0.2, qr_refreshes=1)
        running.page.run("qr_refresh", {}, seconds=60)
        wait_for(lambda: "qr_idle" in running.page.state().notices, what="the notice")
        assert running.wait(qr="").mode == "QR"
        whatsapp.control(qr_refresh_s=20, qr_refreshes=6)
        shown = running.page.run("qr_refresh", {}, seconds=60)
        assert running.page.state().qr == shown != state.qr

    @staticmethod
    def _link_code(whatsapp: RunningWhatsApp, running: Running, account: str) -> PageState:
        given = running.page.run("link_code", {"phone": account}, seconds=60)
        state = running.page.state()
        assert (state.link_code, state.link_code_until) == (given["code"], given["until"])
        assert 190_000 < given["until"] - state.now <= 195_000
        running.page.run("cancel_link", {}, seconds=60)
        assert running.page.state().link_code == ""
        profile = next(one["profile"] for one in whatsapp.devices() if one["connected"] and not one["number"])
        running.page.run("link_code", {"phone": account}, seconds=60)
        whatsapp.phone("link_event", profile=profile, event="expired")
        wait_for(lambda: "link_code_expired" in running.page.state().notices, what="the notice")
        assert running.page.state().link_code == ""
        code = running.page.run("link_code", {"phone": account}, seconds=60)["code"]
        whatsapp.phone("link", code=code, number=account)
        state = running.wait_connected()
        assert (state.wid, state.link_code, state.qr) == (f"{account}@c.us", "", "")
        assert state.lid.endswith("@lid")
        assert state.born <= state.login_since <= state.now
        assert state.version.startswith("2.3000.")
        assert state.supported != ""
        return state

    @staticmethod
    def _logout(running: Running) -> None:
        epoch = running.page.state().epoch
        assert running.page.run("logout", {}, seconds=60) is True
        state = running.wait(mode="QR", qr=..., phase="full")
        assert (state.epoch != epoch, state.login, state.wid) == (True, "", "")
