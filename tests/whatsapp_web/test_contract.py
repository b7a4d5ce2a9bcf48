"""Every name of wa-js that the product uses: there in the bundle, and doing something on the stand-in."""

import json

import pytest

from simulators.whatsapp_web.wa_js_names import EVENTS, FUNCTIONS, INFOS, MODES, VALUES
from tests.whatsapp_web.browser import BUNDLE, Driver, Page, wait_for
from tests.whatsapp_web.conftest import ACCOUNT
from tests.whatsapp_web.simulated import RunningWhatsApp
from tests.whatsapp_web.test_messages import PNG, data_url, key_for

TYPES = "Object.fromEntries(a[0].map(name => [name, typeof name.split('.').reduce((o, part) => o?.[part], WPP)]))"
ENUM = "Object.values(WPP.whatsapp.enums[a[0]])"

# One call of each function, in an order in which they can follow each other.
AT_THE_CODE = {
    "conn.getAuthCode": "(await WPP.conn.getAuthCode()).type",
    "conn.refreshQR": "(await WPP.conn.refreshQR()).type",
    "conn.isAuthenticated": "WPP.conn.isAuthenticated()",
    "conn.isMainReady": "WPP.conn.isMainReady()",
    "conn.startLinkDeviceCodeForPhoneNumber": "(await WPP.conn.startLinkDeviceCodeForPhoneNumber('549')).length",
    "conn.refreshLinkDeviceCode": "(await WPP.conn.refreshLinkDeviceCode()).length",
    "conn.cancelLinkDeviceCode": "WPP.conn.cancelLinkDeviceCode()",
    "on": "typeof WPP.on('conn.logout', () => {})",
    "onAny": "typeof WPP.onAny(() => {})",
}
FOUND_AT_THE_CODE = ["multidevice", "multidevice", False, True, 8, 8, None, "object", "object"]
CONNECTED = {
    "conn.getStreamData": "WPP.conn.getStreamData().mode",
    "conn.getMyUserWid": "String(WPP.conn.getMyUserWid())",
    "conn.getMyUserLid": "WPP.conn.getMyUserLid().server",
    "contact.queryWidExists": "String((await WPP.contact.queryWidExists(a[0])).wid)",
    "contact.getPnLidEntry": "(await WPP.contact.getPnLidEntry(a[0])).phoneNumber._serialized",
    "chat.find": "String((await WPP.chat.find(a[0])).id)",
    "chat.list": "(await WPP.chat.list()).map(chat => String(chat.id))",
    "chat.generateMessageID": "(await WPP.chat.generateMessageID(a[0])).fromMe",
    "chat.sendTextMessage": "(await WPP.chat.sendTextMessage(a[0], 'hola', {messageId: a[1], linkPreview: false})).id",
    "chat.sendFileMessage": "(await WPP.chat.sendFileMessage(a[0], a[3], {type: 'image', messageId: a[2]})).id",
    "chat.getMessageById": "(await WPP.chat.getMessageById(a[1])).body",
    "chat.getMessageACK": "(await WPP.chat.getMessageACK(a[1])).fromMe",
    "chat.getMessages": "(await WPP.chat.getMessages(a[0], {count: 1})).length",
    "chat.downloadMedia": "(await WPP.chat.downloadMedia(a[2])).type",
    "chat.markIsRead": "(await WPP.chat.markIsRead(a[0])).unreadCount",
    "chat.markIsComposing": "await WPP.chat.markIsComposing(a[0])",
    "chat.markIsPaused": "await WPP.chat.markIsPaused(a[0])",
    "conn.logout": "await WPP.conn.logout()",
}


@pytest.fixture(scope="module")
def bundle_alone(driver: Driver, stand_in: RunningWhatsApp) -> Page:
    """wa-js on a page that has none of WhatsApp Web's modules."""
    return driver.open(f"{stand_in.url}/page/unsupported.html", "bundle-alone")


def test_bundle_alone_has_every_name(bundle_alone: Page) -> None:
    assert bundle_alone.run(TYPES, FUNCTIONS) == dict.fromkeys(FUNCTIONS, "function")
    assert bundle_alone.run(TYPES, list(VALUES)) == VALUES
    assert bundle_alone.run(ENUM, "StreamMode") == list(MODES)
    assert bundle_alone.run(ENUM, "StreamInfo") == list(INFOS)


def test_bundle_emits_every_event(bundle_alone: Page) -> None:
    code = BUNDLE.read_text()
    assert [name for name in EVENTS if json.dumps(name) not in code] == []
    bundle_alone.quit()


def test_calls_name_every_function() -> None:
    assert {*AT_THE_CODE, *CONNECTED} == set(FUNCTIONS)


def test_stand_in_answers_every_name_and_emits_every_event(
    whatsapp: RunningWhatsApp, unpaired: Page, person: str
) -> None:
    page, chat = unpaired, f"{person}@c.us"
    assert page.run(TYPES, FUNCTIONS) == dict.fromkeys(FUNCTIONS, "function")
    assert page.run(TYPES, list(VALUES)) == VALUES
    assert [page.run(call) for call in AT_THE_CODE.values()] == FOUND_AT_THE_CODE
    profile = next(one["profile"] for one in whatsapp.devices() if one["connected"])
    for event in ("expired", "error"):
        page.run("await WPP.conn.startLinkDeviceCodeForPhoneNumber(a[0])", ACCOUNT)
        whatsapp.phone("link_event", profile=profile, event=event)
    whatsapp.phone("update", profile=profile)
    whatsapp.control(qr_refresh_s=0.1, qr_refreshes=1)
    page.run("await WPP.conn.refreshQR()")
    page.wait_event("conn.qrcode_idle")
    whatsapp.control(qr_refresh_s=20, qr_refreshes=6)
    page.run("await WPP.conn.refreshQR()")
    page.link(whatsapp, ACCOUNT)
    for mode in ("OFFLINE", ""):
        whatsapp.control(accounts={ACCOUNT: {"mode": mode}})
        page.wait_stream(mode or "MAIN", "NORMAL")
    whatsapp.phone("typing", number=ACCOUNT, person=person, state="composing")
    whatsapp.phone("message", number=ACCOUNT, person=person, text="hola")
    page.wait_event("chat.new_message")

    text, image = key_for(chat), key_for(chat)
    calls = list(CONNECTED.values())
    found = [page.run(call, chat, text, image, data_url("image/png", PNG)) for call in calls[:-1]]
    assert found == [
        "MAIN", f"{ACCOUNT}@c.us", "lid", chat, chat, chat, [chat], True, text, image, "hola", True, 1, "image/png",
        0, None, None,
    ]  # fmt: skip
    wait_for(lambda: page.events("chat.msg_ack_change"), what="acks")
    assert page.run(calls[-1]) is True
    told = set(page.browser.execute_script("return standInTest.told.map(([name]) => name)"))
    assert [name for name in EVENTS if name not in told] == []
