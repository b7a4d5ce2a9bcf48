"""The page on which people play the phone, and the rules' reader."""

import pytest
import requests
from selenium.webdriver.common.by import By

from simulators.whatsapp_web.behaviour import Control, InvalidControl
from tests.whatsapp_web.browser import Driver, wait_for
from tests.whatsapp_web.simulated import RunningWhatsApp


def test_person_scans_writes_and_logs_out(whatsapp: RunningWhatsApp, driver: Driver, profile: str) -> None:
    number, person = "5491150000007", "5491144440001"
    page = driver.open(whatsapp.url, profile)
    browser = page.browser
    try:
        shown = page.qr()
        browser.switch_to.new_window("tab")
        browser.get(f"{whatsapp.url}/phone")

        def fill(form: str, **values: str) -> None:
            found = wait_for(lambda: browser.find_elements(By.CSS_SELECTOR, f'form[data-action="{form}"]'))[0]
            for name, value in values.items():
                field = found.find_element(By.NAME, name)
                field.clear()
                field.send_keys(value)
            found.find_element(By.CSS_SELECTOR, "button").click()

        fill("scan", qr=shown, number=number)
        wait_for(lambda: [one["info"] for one in whatsapp.devices() if one["number"] == number] == ["NORMAL"])
        fill("message", number=number, person=person, text="ya pagué")
        wait_for(lambda: [one["body"] for one in whatsapp.messages(number, person)] == ["ya pagué"])
        fill("scan", qr=shown, number=number)
        wait_for(lambda: browser.find_element(By.ID, "answer").text == "No page shows that code any more.")
        wait_for(lambda: number in browser.find_element(By.ID, "browsers").text)
        row = f"//tr[contains(., '{number}')]//button[text()='Log out']"
        browser.find_element(By.XPATH, row).click()
        wait_for(lambda: number not in [one["number"] for one in whatsapp.devices()], what="its end")
    finally:
        page.quit()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"default": {"ack": "perhaps"}}, "ack takes one of server, lost, failed, not 'perhaps'."),
        ({"default": {"ack_ms": None}}, "ack_ms takes milliseconds, not None."),
        ({"default": {"on_whatsapp": "yes"}}, "on_whatsapp does not take 'yes'."),
        ({"duplicates": "never"}, "duplicates takes one of refuse, ignore, accept."),
        ({"qr_refresh_s": "soon"}, "qr_refresh_s and qr_refreshes take numbers."),
    ],
)
def test_control_says_what_is_wrong(whatsapp: RunningWhatsApp, given: dict[str, object], said: str) -> None:
    answer = requests.put(f"{whatsapp.url}/control", json=given, timeout=60)
    assert (answer.status_code, answer.json()) == (400, {"error": said})


def test_control_names_what_there_is() -> None:
    with pytest.raises(InvalidControl, match=r"^Unknown section person\. There are: account_default, "):
        Control().update({"person": {}})


def test_longest_ending_that_fits_rules_a_person() -> None:
    control = Control()
    control.update({"people": {"*44": {"name": "two"}, "*444": {"name": "three"}, "+549 444": {"name": "whole"}}})
    assert [control.person(number).name for number in ("5444", "5344", "549444", "5")] == ["three", "two", "whole", ""]
