"""Linking a browser with an account and ending it, seen through wa-js in a real Chromium."""

import requests

from tests.whatsapp_web.browser import Driver, Page, wait_for
from tests.whatsapp_web.conftest import ACCOUNT
from tests.whatsapp_web.simulated import RunningWhatsApp


def test_scan_links_the_browser(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    shown = unpaired.qr()
    assert [one["qr"] for one in whatsapp.devices() if one["connected"]] == [shown]
    assert unpaired.run("[WPP.conn.getStreamData().mode, WPP.conn.isAuthenticated()]") == ["QR", False]

    unpaired.link(whatsapp, ACCOUNT)

    assert unpaired.run("await WPP.conn.getAuthCode()") is None
    assert unpaired.run("[String(WPP.conn.getMyUserWid()), WPP.conn.getMyUserLid().server]") == [
        f"{ACCOUNT}@c.us",
        "lid",
    ]
    assert len(unpaired.events("conn.authenticated")) == 1
    assert unpaired.events("conn.stream_mode_changed")[-2:] == ["SYNCING", "MAIN"]
    assert unpaired.events("conn.stream_info_changed")[-2:] == ["RESUMING", "NORMAL"]


def test_ready_is_said_at_the_code_already(unpaired: Page) -> None:
    assert unpaired.run("[WPP.isFullReady, WPP.conn.isMainReady(), WPP.conn.isAuthenticated()]") == [True, True, False]


def test_code_changes_until_the_page_gives_up(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    whatsapp.control(qr_refresh_s=0.4, qr_refreshes=2)
    unpaired.run("await WPP.conn.refreshQR()")
    first = unpaired.qr()
    second = wait_for(lambda: (found := unpaired.qr()) != first and found, what="another code")
    unpaired.wait_event("conn.qrcode_idle")

    assert unpaired.run("await WPP.conn.getAuthCode()") is None
    for late in (first, second):
        answer = requests.post(f"{whatsapp.url}/phone/scan", json={"qr": late, "number": ACCOUNT}, timeout=60)
        assert (answer.status_code, answer.json()) == (404, {"error": "No page shows that code any more."})

    whatsapp.control(qr_refresh_s=20)
    assert unpaired.run("(await WPP.conn.refreshQR()).fullCode") == unpaired.qr()
    unpaired.link(whatsapp, ACCOUNT)


def test_refused_scan_shows_another_code(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    first = unpaired.qr()
    whatsapp.phone("refuse", qr=first)
    wait_for(lambda: unpaired.qr() != first, what="another code")
    assert unpaired.run("WPP.conn.isAuthenticated()") is False


def test_phone_that_links_no_more_browsers_refuses(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    whatsapp.control(accounts={ACCOUNT: {"refuses_scan": True}})
    given = {"qr": unpaired.qr(), "number": ACCOUNT}
    answer = requests.post(f"{whatsapp.url}/phone/scan", json=given, timeout=60)
    assert (answer.status_code, answer.json()["error"]) == (
        409,
        f"The phone of {ACCOUNT} can't link another browser.",
    )
    assert unpaired.qr() == given["qr"]


def test_link_code_links_the_number_it_was_asked_for(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    code = unpaired.run("await WPP.conn.startLinkDeviceCodeForPhoneNumber(a[0])", ACCOUNT)
    assert unpaired.events("conn.link_code_change") == [code]
    answer = requests.post(f"{whatsapp.url}/phone/link", json={"code": code, "number": "5491199999999"}, timeout=60)
    assert answer.status_code == 409

    whatsapp.phone("link", code=f"{code[:4]}-{code[4:].lower()}", number=f"+{ACCOUNT}")
    unpaired.wait_connected()
    assert unpaired.run("String(WPP.conn.getMyUserWid())") == f"{ACCOUNT}@c.us"


def test_link_code_is_refreshed_expires_and_fails(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    profile = next(one["profile"] for one in whatsapp.devices() if one["connected"])
    first = unpaired.run("await WPP.conn.startLinkDeviceCodeForPhoneNumber(a[0])", ACCOUNT)
    whatsapp.phone("link_event", profile=profile, event="refresh")
    codes = wait_for(lambda: (found := unpaired.events("conn.link_code_change"))[1:] and found, what="another code")
    assert codes[0] == first != codes[1]
    whatsapp.phone("link_event", profile=profile, event="expired")
    unpaired.wait_event("conn.link_code_expired")
    whatsapp.phone("link_event", profile=profile, event="error")
    unpaired.wait_event("conn.link_code_error")


def test_logout_from_the_phone_asks_for_another_code(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    before = unpaired.qr()
    unpaired.link(whatsapp, ACCOUNT)
    whatsapp.phone("logout", number=ACCOUNT)
    unpaired.wait_event("conn.logout")
    assert unpaired.events("conn.logout_reason") == ["user_initiated"]
    unpaired.wait_until("location.search.includes('post_logout=1')")
    assert unpaired.qr().split(",")[1:] != before.split(",")[1:]  # the profile and its keys are others
    assert [one["number"] for one in whatsapp.devices()] == [""]


def test_logout_from_the_page_unlinks_it(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    unpaired.link(whatsapp, ACCOUNT)
    assert unpaired.run("await WPP.conn.logout()") is True
    unpaired.wait_until("location.search.includes('post_logout=1')")
    wait_for(lambda: [one["number"] for one in whatsapp.devices()] == [""], what="its end")


def test_logout_while_the_page_is_away_shows_when_it_returns(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    unpaired.link(whatsapp, ACCOUNT)
    unpaired.browser.get(f"{whatsapp.url}/phone")
    wait_for(lambda: not whatsapp.devices()[0]["connected"], what="its going")
    whatsapp.phone("logout", number=ACCOUNT)
    unpaired.browser.get(whatsapp.url)
    assert unpaired.qr() != ""


def test_second_window_of_a_profile_is_a_conflict(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    unpaired.link(whatsapp, ACCOUNT)
    first = unpaired.browser.current_window_handle
    unpaired.browser.switch_to.new_window("window")
    unpaired.browser.get(whatsapp.url)
    wait_for(lambda: [one["info"] for one in whatsapp.devices()] == ["NORMAL"], what="the second window")
    unpaired.browser.close()
    unpaired.browser.switch_to.window(first)
    unpaired.wait_stream("CONFLICT", "OFFLINE")


def test_account_that_never_starts_stays_syncing(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    whatsapp.control(accounts={ACCOUNT: {"start_ms": None}})
    whatsapp.phone("scan", qr=unpaired.qr(), number=ACCOUNT)
    unpaired.wait_stream("SYNCING", "SYNCING")
    assert unpaired.run("WPP.conn.isAuthenticated()") is True

    whatsapp.control(accounts={ACCOUNT: {"start_ms": 100}})
    unpaired.wait_stream("MAIN", "NORMAL")


def test_page_without_modules_is_never_ready(whatsapp: RunningWhatsApp, unpaired: Page) -> None:
    whatsapp.control(account_default={"loader_ms": None})
    unpaired.browser.get(whatsapp.url)
    wait_for(lambda: [one["state"] for one in whatsapp.devices() if one["connected"]] == ["qr"], what="its code")
    assert unpaired.run("[await new Promise(r => setTimeout(r, 1000)), WPP.isReady][1]") is False


def test_headless_browser_is_turned_away(whatsapp: RunningWhatsApp) -> None:
    agent = {"User-Agent": "Mozilla/5.0 HeadlessChrome/150.0.0.0"}
    assert "works with Google Chrome" in requests.get(whatsapp.url, headers=agent, timeout=60).text
    assert "works with Google Chrome" not in requests.get(whatsapp.url, timeout=60).text


def test_driver_leaves_no_process_behind(whatsapp: RunningWhatsApp, profile: str) -> None:
    with Driver() as driver:
        driver.open(whatsapp.url, profile, wa_js=False)
        assert driver.processes() != []
    assert driver.processes() == []
