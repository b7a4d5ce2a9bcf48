"""Sending through the bridge: what goes out, what is said of it, and the fence that holds a late original back."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from sessions_app.browser.driver import AttachedRemote
from sessions_app.browser.errors import JobFailed, JobRefused, PageTimeout
from sessions_app.browser.page import Page
from tests.sessions.browser.conftest import ACCOUNT
from tests.sessions.browser.running import Running, new_key
from tests.whatsapp_web.browser import wait_for
from tests.whatsapp_web.simulated import RunningWhatsApp
from tests.whatsapp_web.test_messages import PDF, PNG, data_url

HELD = "importNamespace('WAWebSendMsgChatAction')"
HOLD = (
    f"const whole = {HELD}.addAndSendMsgToChat; const free = new Promise((go) => (window.letGo = go));"
    "window.begun = 0;"
    f"{HELD}.addAndSendMsgToChat = async (...given) => {{ window.begun += 1; await free; return whole(...given); }};"
    f"window.asBefore = () => {{ {HELD}.addAndSendMsgToChat = whole; window.letGo(); }}"
)
"""WhatsApp's own code takes a message over, and does not put it into its chat before it is let go."""


def media(kind: str, mimetype: str, filename: str, content: bytes) -> dict[str, str]:
    return {"data_url": data_url(mimetype, content), "filename": filename, "mimetype": mimetype, "type": kind}


def test_text_goes_to_the_number_that_answers(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    stranger, key = f"9{person}", new_key()
    whatsapp.control(people={stranger: {"on_whatsapp": False}})
    answer = session.send(person, key, candidates=[f"{stranger}@c.us", f"{person}@c.us"], text="hola, ¿qué tal?")
    chat = f"{person}@c.us"
    assert answer.pop("ack") >= 1
    assert answer == {"outcome": "acked", "chat": chat, "wid": chat, "lid": "", "error": "", "sent": True}
    assert [(one["to"], one["id"], one["text"], one["outcome"]) for one in whatsapp.arrivals()] == [
        (person, key, "hola, ¿qué tal?", "accepted")
    ]
    session.wait_ack(key, 3)
    assert session.acks(key) == [1, 2, 3]
    assert whatsapp.stats()["signs"] == {}


def test_known_chat_is_not_asked_for(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    assert session.send(person, new_key(), chat=f"{person}@c.us")["outcome"] == "acked"
    assert whatsapp.stats()["checks"] == 0


def test_chat_under_a_lid(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.control(people={person: {"lid": "auto"}})
    key = new_key()
    answer = session.send(person, key)
    assert (answer["outcome"], answer["wid"], answer["chat"]) == ("acked", f"{person}@c.us", answer["lid"])
    assert answer["lid"].endswith("@lid")
    assert [(one["to"], one["chat"]) for one in whatsapp.arrivals()] == [(person, answer["lid"])]
    look = session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
    assert (look["found"], look["ack"] >= 1) == (True, True)


@pytest.mark.parametrize(
    ("kind", "mimetype", "filename", "content"),
    [
        ("image", "image/png", "recibo.png", PNG),
        ("document", "application/pdf", "deuda.pdf", PDF + b"%" * 3_000_000),
    ],
)
def test_file_goes_with_its_caption(
    *,
    whatsapp: RunningWhatsApp,
    session: Running,
    person: str,
    kind: str,
    mimetype: str,
    filename: str,
    content: bytes,
) -> None:
    key = new_key()
    answer = session.send(person, key, text="su recibo", media=media(kind, mimetype, filename, content))
    assert answer["outcome"] == "acked"
    assert [
        (one["id"], one["kind"], one["mimetype"], one["filename"], one["size"], one["text"])
        for one in whatsapp.arrivals()
    ] == [(key, kind, mimetype, filename, len(content), "su recibo")]


def test_file_that_cannot_be_read_is_surely_not_sent(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    broken = {
        "data_url": "https://example.com/x.pdf",
        "filename": "x.pdf",
        "mimetype": "application/pdf",
        "type": "document",
    }
    answer = session.send(person, new_key(), media=broken, ack_wait_ms=2000)
    assert (answer["outcome"], answer["sent"]) == ("error", False)
    assert answer["error"] != ""
    assert whatsapp.stats()["arrivals"] == 0


def test_number_that_is_not_on_whatsapp(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.control(people={person: {"on_whatsapp": False}})
    key = new_key()
    answer = session.send(person, key)
    assert (answer["outcome"], answer["sent"]) == ("not_on_whatsapp", False)
    assert whatsapp.stats()["arrivals"] == 0
    # Nothing was begun, so the key is free.
    whatsapp.control(people={})
    assert session.send(person, key, chat=f"{person}@c.us")["outcome"] == "acked"


def test_failed_message_is_said_and_told(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.control(people={person: {"ack": "failed"}})
    key = new_key()
    answer = session.send(person, key)
    assert (answer["outcome"], answer["ack"], answer["sent"]) == ("failed", -1, True)
    session.wait_ack(key, -1)
    assert session.acks(key) == [-1]


def test_failure_that_comes_after_the_wait_is_told(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.control(people={person: {"ack": "failed", "ack_ms": 700}})
    key = new_key()
    answer = session.send(person, key, ack_wait_ms=100)
    assert (answer["outcome"], answer["ack"], answer["sent"]) == ("no_ack", 0, True)
    session.wait_ack(key, -1)


def test_lost_ack_does_not_hold_the_next_message(whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
    whatsapp.control(people={person: {"ack": "lost"}})
    key = new_key()
    assert session.send(person, key, ack_wait_ms=150)["outcome"] == "no_ack"
    assert [one["outcome"] for one in whatsapp.arrivals()] == ["accepted"]
    look = session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
    assert (look["seen"], look["running"], look["found"], look["ack"]) == (True, False, True, 0)
    whatsapp.control(people={})
    assert session.send(person, new_key())["outcome"] == "acked"


class TestFence:
    def test_lower_epoch_is_superseded(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        assert session.send(person, new_key(), epoch=8)["outcome"] == "acked"
        key = new_key()
        late = session.send(person, key, epoch=7)
        assert (late["outcome"], late["sent"]) == ("superseded", False)
        session.reload()
        assert session.send(person, key, epoch=7)["outcome"] == "superseded"
        assert session.send(person, key, epoch=8)["outcome"] == "acked"
        assert whatsapp.stats()["arrivals"] == 2

    def test_passed_deadline_is_late(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        answer = session.send(person, new_key(), deadline=session.page.state().now - 1)
        assert (answer["outcome"], answer["sent"]) == ("late", False)
        assert whatsapp.stats()["arrivals"] == 0

    def test_deadline_that_passes_while_the_chat_is_looked_for_is_late(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        held = "importNamespace('WAWebQueryExistsJob')"
        session.remote.execute_script(
            f"window.whole = {held}.queryWidExists; {held}.queryWidExists = () => new Promise(() => {{}})"
        )
        try:
            answer = session.send(person, new_key(), deadline=session.page.state().now + 300)
        finally:
            session.remote.execute_script(f"{held}.queryWidExists = window.whole")
        assert (answer["outcome"], answer["sent"]) == ("late", False)
        assert whatsapp.stats()["arrivals"] == 0

    def test_seen_key_goes_out_once(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        key = new_key()
        assert session.send(person, key)["outcome"] == "acked"
        assert session.send(person, key)["outcome"] == "seen"
        session.reload()
        assert session.send(person, key)["outcome"] == "seen"
        assert whatsapp.stats()["arrivals"] == 1

    @pytest.mark.parametrize("hindrance", ["superseded", "late", "not_connected"])
    def test_start_that_is_repeated_later_does_not_hide_what_went_out(
        self, whatsapp: RunningWhatsApp, session: Running, person: str, hindrance: str
    ) -> None:
        key = new_key()
        assert session.send(person, key, epoch=9)["outcome"] == "acked"
        session.reload()
        more = {"late": {"deadline": 1}, "superseded": {"epoch": 8}}.get(hindrance, {})
        if hindrance == "not_connected":
            whatsapp.control(accounts={ACCOUNT: {"info": "OFFLINE"}})
            session.wait(info="OFFLINE")
        assert session.send(person, key, **{"epoch": 9, **more})["outcome"] == "seen"
        whatsapp.control(accounts={})
        session.wait_connected()
        assert whatsapp.stats()["arrivals"] == 1

    def test_again_finds_what_was_sent(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        whatsapp.control(duplicates="accept")
        key = new_key()
        session.send(person, key)
        session.reload()
        assert session.send(person, key, again=True)["outcome"] == "acked"
        assert whatsapp.stats()["arrivals"] == 1

    def test_again_sends_what_was_never_sent(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        key = new_key()
        session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
        assert session.send(person, key)["outcome"] == "seen"
        assert session.send(person, key, again=True)["outcome"] == "acked"
        assert [one["id"] for one in whatsapp.arrivals()] == [key]

    def test_again_goes_to_the_chat_that_it_was_begun_in(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        """In another one it would be another message, whatever its id."""
        variant, key = f"1{person}", new_key()
        session.remote.execute_script(HOLD.replace("await free; return whole(...given)", "location.reload()"))
        begun_in = session.page.state().epoch
        session.start(person, key)
        wait_for(lambda: session.page.state().epoch not in ("", begun_in), what="another load of the page")
        session.wait_connected()
        answer = session.send(variant, key, chat=f"{variant}@c.us", again=True)
        assert (answer["outcome"], answer["chat"]) == ("acked", f"{person}@c.us")
        assert [(one["to"], one["id"]) for one in whatsapp.arrivals()] == [(person, key)]

    def test_id_that_whatsapp_knows_is_a_duplicate(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        key = new_key()
        session.send(person, key)
        session.remote.execute_script("localStorage.removeItem(arguments[0])", f"whatsmassive.key.{key}")
        answer = session.send(person, key)
        assert (answer["outcome"], answer["ack"] >= 1) == ("duplicate", True)
        assert whatsapp.stats()["arrivals"] == 1

    @pytest.mark.parametrize("rule", [{"info": "OFFLINE"}, {"mode": "CONFLICT"}])
    def test_page_without_connection_sends_nothing_later_either(
        self, whatsapp: RunningWhatsApp, session: Running, person: str, rule: dict[str, str]
    ) -> None:
        whatsapp.control(accounts={ACCOUNT: rule})
        session.wait(**rule)
        key = new_key()
        answer = session.send(person, key)
        assert (answer["outcome"], answer["sent"]) == ("not_connected", False)
        whatsapp.control(accounts={})
        session.wait_connected()
        assert session.send(person, key)["outcome"] == "acked"
        assert whatsapp.stats()["arrivals"] == 1

    def test_profile_that_is_full_sends_nothing(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        session.remote.execute_script(
            "let name = 0; for (let size = 2 ** 20; size > 8; size /= 2) for (;;)"
            "try { localStorage.setItem('full' + name++, 'x'.repeat(size)) } catch { break }"
        )
        try:
            answer = session.send(person, new_key())
        finally:
            session.remote.execute_script(
                "for (const name of Object.keys(localStorage)) if (/^full/.test(name)) localStorage.removeItem(name)"
            )
        assert (answer["outcome"], answer["sent"]) == ("error", False)
        assert whatsapp.stats()["arrivals"] == 0


class TestCallUnderWay:
    def test_message_that_whatsapp_has_begun_is_running_after_its_job(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        key, given = new_key(), {"chats": [f"{person}@c.us"]}
        session.remote.execute_script(HOLD)
        try:
            assert session.send(person, key, ack_wait_ms=100)["outcome"] == "no_ack"
            look = session.page.run("look", {"key": key, **given}, seconds=60)
            assert (look["seen"], look["running"], look["found"]) == (True, True, False)
        finally:
            session.remote.execute_script("window.asBefore()")
        session.wait_ack(key, 1)
        look = session.page.run("look", {"key": key, **given}, seconds=60)
        assert (look["running"], look["found"]) == (False, True)

    def test_repetition_joins_the_call_that_is_under_way(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        whatsapp.control(duplicates="accept")
        key = new_key()
        session.remote.execute_script(HOLD)
        try:
            first = session.start(person, key)
            wait_for(lambda: session.remote.execute_script("return window.begun"), what="its beginning")
            again = session.start(person, key, again=True, ack_wait_ms=1000)
            wait_for(lambda: session.page.result(again).state == "done", what="the end of the repetition")
            assert session.page.result(again).value["outcome"] == "no_ack"
        finally:
            session.remote.execute_script("window.asBefore()")
        wait_for(lambda: session.page.result(first).state == "done", what="the end of the first")
        assert session.page.result(first).value["outcome"] == "acked"
        assert [one["id"] for one in whatsapp.arrivals()] == [key]


class TestLook:
    def test_unseen_key_is_fenced_by_the_look(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        key, before = new_key(), session.page.state()
        look = session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
        assert (look["seen"], look["running"], look["found"], look["ack"]) == (False, False, False, None)
        assert (look["mode"], look["info"], look["login"]) == ("MAIN", "NORMAL", before.login)
        assert look["login_since"] == before.login_since
        assert look["born"] == before.born < look["now"]
        assert session.send(person, key)["outcome"] == "seen"
        assert whatsapp.stats()["arrivals"] == 0

    def test_job_that_runs_is_seen_running(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        whatsapp.control(people={person: {"ack": "lost"}})
        key = new_key()
        job_id = session.start(person, key, ack_wait_ms=30_000)
        wait_for(lambda: whatsapp.stats()["arrivals"] == 1, what="its arrival")
        look = session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
        assert (look["running"], look["found"], look["ack"]) == (True, True, 0)
        [message] = whatsapp.messages(ACCOUNT, person)
        whatsapp.phone("receipt", number=ACCOUNT, id=message["id"], ack=1)
        wait_for(lambda: session.page.result(job_id).state == "done", what="its end")
        assert session.page.result(job_id).value["outcome"] == "acked"

    def test_reload_in_the_middle_loses_the_answer_but_not_the_message(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        whatsapp.control(people={person: {"ack": "lost"}})
        key = new_key()
        job_id = session.start(person, key, ack_wait_ms=30_000)
        wait_for(lambda: whatsapp.stats()["arrivals"] == 1, what="its arrival")
        born = session.page.state().born
        session.reload()
        assert session.page.result(job_id).state == "unknown"
        look = session.page.run("look", {"key": key, "chats": [f"{person}@c.us"]}, seconds=60)
        assert (look["seen"], look["running"], look["found"], look["ack"], look["born"]) == (
            True, False, True, 0, born,
        )  # fmt: skip
        whatsapp.phone("receipt", number=ACCOUNT, id=key, ack=1)
        session.wait_ack(key, 1)

    def test_memory_is_whole_only_since_the_last_key_that_was_forgotten(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        key, before = new_key(), session.page.state()
        assert session.send(person, key)["outcome"] == "acked"
        sent_by = session.page.state().now
        session.remote.execute_script(
            "for (let i = 0; i < 2000; i += 1) localStorage.setItem(`whatsmassive.key.3EB1${i}`,"
            " JSON.stringify({ chat: '', ack: 3, at: Date.now() + 1000 }))"
        )
        try:
            session.reload()
            assert session.page.state().login == before.login
            look = session.page.run("look", {"key": key, "chats": []}, seconds=60)
            assert look["seen"] is False
            # A look at what was sent by then must not take the memory's silence for a proof.
            assert before.now < look["born"] <= sent_by
        finally:
            session.remote.execute_script(
                "for (const name of Object.keys(localStorage))"
                " if (name.startsWith('whatsmassive.key.3EB1')) localStorage.removeItem(name)"
            )

    def test_lookup_that_fails_is_no_not_found(self, session: Running, person: str) -> None:
        broken = "importNamespace('WAWebFindChatAction')"
        session.remote.execute_script(
            f"window.whole = {broken}.findOrCreateLatestChat;"
            f"{broken}.findOrCreateLatestChat = () => Promise.reject(new Error('broken'))"
        )
        try:
            with pytest.raises(JobFailed) as failed:
                session.page.run("look", {"key": new_key(), "chats": [f"{person}@c.us"]}, seconds=60)
        finally:
            session.remote.execute_script(f"{broken}.findOrCreateLatestChat = window.whole")
        assert failed.value.detail == "broken"


class TestJobs:
    def test_result_outlives_a_reload(self, session: Running, person: str) -> None:
        job_id = session.start(person, new_key())
        wait_for(lambda: session.page.result(job_id).state == "done", what="its end")
        found = session.page.result(job_id)
        session.reload()
        assert session.page.result(job_id) == found

    def test_id_that_was_started_is_not_started_again(self, session: Running) -> None:
        job = {"id": new_key(), "kind": "check", "candidates": []}
        session.page.start(job)
        with pytest.raises(JobRefused) as refused:
            session.page.start(job)
        assert refused.value.code == "started"

    @pytest.mark.parametrize(("more", "code"), [({"kind": "dance"}, "unknown_kind"), ({"deadline": 1}, "late")])
    def test_job_that_cannot_begin_is_refused(self, session: Running, more: dict[str, object], code: str) -> None:
        with pytest.raises(JobRefused) as refused:
            session.page.start({"id": new_key(), "kind": "check", "candidates": [], **more})
        assert refused.value.code == code

    def test_check_finds_the_variant_that_answers(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        whatsapp.control(people={f"1{person}": {"on_whatsapp": False}, person: {"lid": "auto"}})
        found = session.page.run("check", {"candidates": [f"1{person}@c.us", f"{person}@c.us"]}, seconds=60)
        assert (found["wid"], found["lid"].endswith("@lid")) == (f"{person}@c.us", True)
        assert session.page.run("check", {"candidates": [f"1{person}@c.us"]}, seconds=60) is None

    def test_typing_is_seen_by_the_person(self, whatsapp: RunningWhatsApp, session: Running, person: str) -> None:
        session.page.run("typing", {"chat": f"{person}@c.us", "ms": 50}, seconds=60)
        assert whatsapp.stats()["signs"] == {"composing": 1, "paused": 1}

    def test_job_that_reaches_the_page_when_nobody_waits_for_it_is_not_begun(
        self, whatsapp: RunningWhatsApp, session: Running, person: str
    ) -> None:
        """A logout, say, that was given up and told as failed."""

        class Held(Page):
            def start(self, job: Mapping[str, Any]) -> None:
                self._remote.execute_script(
                    "setTimeout(() => { const until = Date.now() + 2500; while (Date.now() < until); }, 0)"
                )
                super().start(job)

        browser = session.browser
        hurried = AttachedRemote(browser.driver_url, browser.driver_session, browser.capabilities, seconds=1)
        with pytest.raises(PageTimeout):
            Held(hurried).run("typing", {"chat": f"{person}@c.us", "ms": 50}, seconds=1)
        wait_for(lambda: session.page.state().epoch, what="a page that answers again")
        session.page.run("typing", {"chat": f"1{person}@c.us", "ms": 50}, seconds=60)
        assert whatsapp.stats()["signs"] == {"composing": 1, "paused": 1}

    def test_screenshot_is_a_picture(self, session: Running) -> None:
        assert session.page.screenshot().startswith(base64.b64decode("iVBORw0KGgo="))


def test_messages_that_nobody_takes_are_counted_until_one_is_taken(
    whatsapp: RunningWhatsApp, session: Running, person: str
) -> None:
    lost = [f"8{person}", f"7{person}"]
    whatsapp.control(people={number: {"ack": "lost"} for number in lost})
    for number in lost:
        assert session.send(number, new_key(), ack_wait_ms=0)["outcome"] == "no_ack"
    later = "const real = Date.now; const more = arguments[0]; Date.now = () => real() + more"
    assert session.page.state().unconfirmed == 0
    session.remote.execute_script(later, 60_000)
    try:
        assert session.page.state().unconfirmed == 2
        assert session.send(person, new_key())["outcome"] == "acked"
        wait_for(lambda: session.page.state().unconfirmed == 0)
    finally:
        session.remote.execute_script(later, -60_000)
