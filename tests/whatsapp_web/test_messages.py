"""What goes out and comes in through wa-js in a real Chromium, against what the stand-in has counted."""

import base64
import secrets

import pytest

from tests.whatsapp_web.browser import Page, wait_for
from tests.whatsapp_web.conftest import ACCOUNT
from tests.whatsapp_web.simulated import RunningWhatsApp

# One white pixel, and the least that calls itself a PDF.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n%%EOF\n"
SEND_FILE = "await WPP.chat.sendFileMessage(a[0], a[1], {markIsRead: false, waitForAck: true, ...a[2]})"
STATE_OF = "(m => [String(m.id), m.type, m.ack])(await WPP.chat.getMessageById(a[0]))"


def key_for(chat: str) -> str:
    return f"true_{chat}_3EB0{secrets.token_hex(9).upper()}"


def data_url(mimetype: str, content: bytes) -> str:
    return f"data:{mimetype};base64,{base64.b64encode(content).decode()}"


def acks_of(page: Page, key: str) -> list[int]:
    """The acks that events told of a message, in the order in which they came."""
    return [
        event["ack"]
        for event in page.events("chat.msg_ack_change")
        if key in [one["_serialized"] for one in event["ids"]]
    ]


def news_from(page: Page, chat: str) -> list[list[str]]:
    """[type, body or caption] of the messages of a chat that events told."""
    return [
        [event["type"], event.get("body") or event.get("caption") or ""]
        for event in page.events("chat.new_message")
        if event["id"]["remote"]["_serialized"] == chat and not event["id"]["fromMe"]
    ]


def test_text_goes_out_under_the_reserved_id(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    chat, key = f"{person}@c.us", key_for(f"{person}@c.us")
    sent = connected.send(chat, "hola, qué tal", key, waitForAck=True)
    assert [sent["value"]["id"], sent["value"]["ack"], sent["value"]["sendMsgResult"]["messageSendResult"]] == [
        key,
        1,
        "OK",
    ]
    connected.wait_ack(key, 3)
    assert acks_of(connected, key) == [1, 2, 3]
    assert [event["id"]["_serialized"] for event in connected.events("chat.new_message")] == [key]
    found = [
        {name: one[name] for name in ("account", "to", "chat", "id", "kind", "text", "outcome")}
        for one in whatsapp.arrivals()
    ]
    assert found == [
        {
            "account": ACCOUNT,
            "to": person,
            "chat": chat,
            "id": key.rpartition("_")[2],
            "kind": "chat",
            "text": "hola, qué tal",
            "outcome": "accepted",
        }
    ]
    stats = whatsapp.stats(full=True)
    assert (stats["arrivals"], stats["accepted"], stats["duplicates_by_id"], stats["duplicated_recipients"]) == (
        1,
        1,
        0,
        0,
    )
    assert (stats["by_recipient"], stats["by_account"][ACCOUNT]["accepted"]) == ({person: 1}, 1)


def test_generated_id_is_one_of_ours(connected: Page, person: str) -> None:
    made = connected.run("String(await WPP.chat.generateMessageID(a[0]))", f"{person}@c.us")
    assert made.startswith(f"true_{person}@c.us_3EB0")
    assert connected.send(f"{person}@c.us", "hola", made)["value"]["id"] == made


@pytest.mark.parametrize(
    ("content", "mimetype", "filename", "given", "kind"),
    [
        (PNG, "image/png", "image.png", {"type": "image", "caption": "recibo"}, "image"),
        (PDF, "application/pdf", "deuda.pdf", {"type": "document", "filename": "deuda.pdf"}, "document"),
    ],
)
def test_file_goes_out_under_the_reserved_id(
    *,
    whatsapp: RunningWhatsApp,
    connected: Page,
    person: str,
    content: bytes,
    mimetype: str,
    filename: str,
    given: dict[str, str],
    kind: str,
) -> None:
    chat, key = f"{person}@c.us", key_for(f"{person}@c.us")
    sent = connected.run(SEND_FILE, chat, data_url(mimetype, content), {**given, "messageId": key})
    assert (sent["id"], sent["ack"], sent["sendMsgResult"]["messageSendResult"]) == (key, 1, "OK")
    connected.wait_ack(key, 3)
    assert acks_of(connected, key) == [1, 2, 3]
    found = [
        (one["kind"], one["mimetype"], one["filename"], one["size"], one["text"], one["outcome"])
        for one in whatsapp.arrivals()
    ]
    assert found == [(kind, mimetype, filename, len(content), given.get("caption", ""), "accepted")]


def test_repeated_id_is_refused_before_it_goes_out(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    key = key_for(f"{person}@c.us")
    connected.send(f"{person}@c.us", "hola", key, waitForAck=True)
    assert connected.send(f"{person}@c.us", "hola", key)["code"] == "DuplicateMessageError"
    assert whatsapp.stats()["arrivals"] == 1


@pytest.mark.parametrize(("duplicates", "accepted", "deduplicated"), [("ignore", 1, 1), ("accept", 2, 0)])
def test_repeated_id_goes_out_when_it_may(
    *, whatsapp: RunningWhatsApp, connected: Page, person: str, duplicates: str, accepted: int, deduplicated: int
) -> None:
    whatsapp.control(duplicates=duplicates)
    key = key_for(f"{person}@c.us")
    for _ in range(2):
        assert connected.send(f"{person}@c.us", "hola", key, waitForAck=True)["value"]["ack"] >= 1
    stats = whatsapp.stats()
    assert (stats["arrivals"], stats["duplicates_by_id"]) == (2, 1)
    assert (stats["accepted"], stats["deduplicated"]) == (accepted, deduplicated)
    assert stats["duplicated_recipients"] == accepted - 1


def test_number_that_is_not_on_whatsapp(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={f"*{person[-6:]}": {"on_whatsapp": False}})
    chat, key = f"{person}@c.us", key_for(f"{person}@c.us")
    assert connected.run("await WPP.contact.queryWidExists(a[0])", chat) is None
    assert connected.run("String((await WPP.contact.queryWidExists(a[0])).wid)", "5491133333333@c.us") == (
        "5491133333333@c.us"
    )
    sent = connected.send(chat, "hola", key, waitForAck=True)["value"]
    assert (sent["ack"], sent["sendMsgResult"]["messageSendResult"]) == (-1, "ERROR_UNKNOWN")
    assert [(one["outcome"], one["fault"]) for one in whatsapp.arrivals()] == [("refused", "not_on_whatsapp")]
    assert whatsapp.stats(full=True)["checks_by_number"] == {person: 1, "5491133333333": 1}


def test_number_check_that_fails_answers_the_same_null(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"check": "error"}})
    assert connected.run("await WPP.contact.queryWidExists(a[0])", f"{person}@c.us") is None
    assert whatsapp.stats()["checks"] == 1


def test_failed_message_has_ack_minus_one_and_no_event(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"ack": "failed"}})
    key = key_for(f"{person}@c.us")
    sent = connected.send(f"{person}@c.us", "hola", key, waitForAck=True)["value"]
    assert (sent["ack"], sent["sendMsgResult"]["messageSendResult"]) == (-1, "ERROR_UNKNOWN")
    assert connected.run("(await WPP.chat.getMessageACK(a[0])).ack", key) == -1
    assert acks_of(connected, key) == []


def test_lost_ack_leaves_the_clock_although_it_arrived(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"ack": "lost"}})
    key = key_for(f"{person}@c.us")
    assert connected.send(f"{person}@c.us", "hola", key)["value"]["ack"] == 0
    wait_for(lambda: whatsapp.stats()["accepted"] == 1, what="its arrival")
    waited = "await Promise.race([WPP.chat.sendTextMessage(a[0], 'otra', {messageId: a[1]}),"
    late = f"{waited} new Promise(r => setTimeout(() => r('waiting'), 400))])"
    assert connected.run(late, f"{person}@c.us", key_for(f"{person}@c.us")) == "waiting"
    assert connected.run(STATE_OF, key) == [key, "chat", 0]


def test_slow_ack_and_receipts_that_stop_at_the_server(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"ack_ms": 500, "delivered_ms": None}})
    key = key_for(f"{person}@c.us")
    connected.send(f"{person}@c.us", "hola", key)
    assert connected.run(STATE_OF, key) == [key, "chat", 0]
    connected.wait_ack(key, 1)

    whatsapp.phone("receipt", number=ACCOUNT, id=key.rpartition("_")[2], ack=3)
    connected.wait_ack(key, 3)
    assert acks_of(connected, key) == [1, 3]


def test_chat_that_lives_under_a_lid(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"lid": "auto"}})
    phone = f"{person}@c.us"
    lid = connected.run("String((await WPP.chat.find(a[0])).id)", phone)
    assert lid.endswith("@lid")
    wrong = connected.send(phone, "hola", key_for(phone))
    assert wrong["code"] == "message_key_remote_id_is_not_same_of_chat"

    key = key_for(lid)
    assert connected.send(phone, "hola", key, waitForAck=True)["value"]["to"] == lid
    connected.wait_ack(key, 3)
    assert [(one["to"], one["chat"]) for one in whatsapp.arrivals()] == [(person, lid)]

    whatsapp.phone("message", number=ACCOUNT, person=person, text="ya pagué")
    assert wait_for(lambda: news_from(connected, lid), what="the reply") == [["chat", "ya pagué"]]
    entry = connected.run("await WPP.contact.getPnLidEntry(a[0])", lid)
    assert (entry["lid"]["_serialized"], entry["phoneNumber"]["_serialized"]) == (lid, phone)


def test_lid_whose_number_nobody_knows(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"lid": f"77{person}", "lid_known": False}})
    whatsapp.phone("message", number=ACCOUNT, person=person, text="¿quién es?")
    lid = f"77{person}@lid"
    wait_for(lambda: news_from(connected, lid), what="the message")
    assert "phoneNumber" not in connected.run("await WPP.contact.getPnLidEntry(a[0])", lid)


def test_incoming_text_is_told_once(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.phone("typing", number=ACCOUNT, person=person, state="composing")
    assert connected.wait_event("chat.presence_change")["state"] == "composing"
    whatsapp.phone("message", number=ACCOUNT, person=person, text="no reconozco la deuda", name="Ana")
    event = connected.wait_event("chat.new_message")
    assert [event["from"]["_serialized"], event["body"], event["notifyName"], event["id"]["fromMe"]] == [
        f"{person}@c.us",
        "no reconozco la deuda",
        "Ana",
        False,
    ]
    assert connected.run("(await WPP.chat.find(a[0])).unreadCount", f"{person}@c.us") == 1
    assert news_from(connected, f"{person}@c.us") == [["chat", "no reconozco la deuda"]]


@pytest.mark.parametrize(
    ("content", "mimetype", "filename", "kind"),
    [(PNG, "image/png", "", "image"), (PDF, "application/pdf", "recibo.pdf", "document")],
)
def test_incoming_file_can_be_fetched(
    *,
    whatsapp: RunningWhatsApp,
    connected: Page,
    person: str,
    content: bytes,
    mimetype: str,
    filename: str,
    kind: str,
) -> None:
    given = {"data": data_url(mimetype, content), "filename": filename, "caption": "mi recibo"}
    whatsapp.phone("message", number=ACCOUNT, person=person, **given)
    event = connected.wait_event("chat.new_message")
    assert [event["type"], event["caption"], event["mimetype"], event.get("filename", "")] == [
        kind,
        "mi recibo",
        mimetype,
        filename,
    ]
    fetched = connected.run(
        "(async blob => [blob.type, btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())))])"
        "(await WPP.chat.downloadMedia(a[0]))",
        event["id"]["_serialized"],
    )
    assert fetched == [mimetype, base64.b64encode(content).decode()]


def test_person_that_replies_by_itself(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.control(people={person: {"reply": "recibí: {text}", "reply_ms": 60}})
    connected.send(f"{person}@c.us", "hola", key_for(f"{person}@c.us"))
    assert wait_for(lambda: news_from(connected, f"{person}@c.us")) == [["chat", "recibí: hola"]]
    assert [event["state"] for event in connected.events("chat.presence_change")] == ["composing"]


def test_account_that_writes_on_its_own_phone(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    whatsapp.phone("message", number=ACCOUNT, person=person, text="lo llamo", from_me=True)
    event = connected.wait_event("chat.new_message")
    assert [event["id"]["fromMe"], event["to"]["_serialized"], event["body"]] == [True, f"{person}@c.us", "lo llamo"]


def test_typing_and_reading_are_seen_by_the_far_side(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    chat = f"{person}@c.us"
    whatsapp.phone("message", number=ACCOUNT, person=person, text="hola")
    connected.wait_event("chat.new_message")
    connected.run("await WPP.chat.markIsComposing(a[0], 50)", chat)
    assert connected.run("(await WPP.chat.markIsRead(a[0])).unreadCount", chat) == 1
    wait_for(lambda: whatsapp.stats()["signs"] == {"composing": 1, "paused": 1, "seen": 1}, what="all three")
    assert connected.run("(await WPP.chat.find(a[0])).unreadCount", chat) == 0


def test_messages_of_a_chat_in_their_order(whatsapp: RunningWhatsApp, connected: Page, person: str) -> None:
    for text in ("uno", "dos", "tres"):
        whatsapp.phone("message", number=ACCOUNT, person=person, text=text)
    wait_for(lambda: len(news_from(connected, f"{person}@c.us")) == 3, what="three messages")
    look = "(await WPP.chat.getMessages(a[0], {count: a[1]})).map(m => m.body)"
    assert connected.run(look, f"{person}@c.us", -1) == ["uno", "dos", "tres"]
    assert connected.run(look, f"{person}@c.us", 2) == ["dos", "tres"]
