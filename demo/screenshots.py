"""Takes the pictures of the README and of docs/pages.md.

    python -m demo.screenshots URL USER PASSWORD EXECUTIVE PASSWORD

Start `bin/demo` first, which prints the users, and this a minute later, while its campaigns are under way. To look at
all pages there is demo/every_page.py.
"""

import re
import sys
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH, HEIGHT = 1440, 900
SETTLED = 2.0
"""Seconds that a page has to take in what came meanwhile, once it is live."""


class Camera:
    """A headless browser that is signed in to the pages."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url.rstrip("/")
        options = Options()
        for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={WIDTH},{HEIGHT}"):
            options.add_argument(flag)
        self.driver = webdriver.Chrome(options=options)
        self.size(WIDTH, HEIGHT)
        self.open("/accounts/login/")
        self.driver.find_element(By.NAME, "username").send_keys(user)
        self.driver.find_element(By.NAME, "password").send_keys(password)
        self.driver.find_element(By.CSS_SELECTOR, "form.login .btn-primary").click()
        self.wait_for(".menu")

    def size(self, width: int, height: int) -> None:
        self.width = width
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < WIDTH}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})

    def open(self, path: str) -> None:
        self.driver.get(self.url + path)

    def first(self, path: str, pattern: str) -> str:
        """The first address in a page that fits."""
        self.open(path)
        found = re.search(rf'href="({pattern})"', self.driver.page_source)
        if not found:
            sys.exit(f"{path} has no link like {pattern}: is the demo under way?")
        return found[1]

    def show_a_qr(self, name: str) -> str:
        """Add a session, which connects it: the path of its page, with the dialog that shows its QR."""
        self.open("/sessions/new/")
        self.driver.find_element(By.NAME, "name").send_keys(name)
        self.driver.find_element(By.CSS_SELECTOR, "main form .btn-primary").click()
        self.wait_for(".pair-qr > svg")
        return str(self.driver.current_url).removeprefix(self.url)

    def copy_of_a_campaign(self, path: str) -> str:
        """Make a draft that says what the campaign at this path says: the path of its steps."""
        self.open(path)
        self.driver.execute_script("document.querySelector('form[action$=\"/duplicate/\"]').submit()")
        self.wait_for(".draft-step")
        return str(self.driver.current_url).removeprefix(self.url).partition("/edit/")[0] + "/edit/"

    def wait_for(self, css: str) -> WebElement:
        return WebDriverWait(self.driver, 90).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, css))[0]

    def theme(self, *, dark: bool) -> None:
        """Of the pages that are opened from now on."""
        self.driver.execute_script(f"localStorage.setItem('theme', '{'dark' if dark else 'light'}')")

    def settle(self) -> None:
        self.wait_for('html[data-live="on"]')
        time.sleep(SETTLED)

    def take(self, name: str, path: str, *, dark: bool = False) -> None:
        self.theme(dark=dark)
        self.open(path)
        self.settle()
        self.driver.save_screenshot(str(IMAGES / f"{name}.png"))


def main() -> None:
    camera = Camera(*sys.argv[1:4])
    IMAGES.mkdir(parents=True, exist_ok=True)
    key = "[0-9a-f]{24}"
    camera.take("panel", "/")
    running = camera.first("/campaigns/", f"/campaigns/{key}/")
    camera.take("campaign", running)
    draft = camera.copy_of_a_campaign(running)
    for step in ("message", "pacing", "review"):
        camera.take(f"draft-{step}", f"{draft}{step}/")
    camera.take("pool", "/pools/new/")
    person = camera.first("/messages/", "/messages/[0-9]+/")
    camera.take("conversation", person)
    camera.take("debtor", camera.first("/debtors/?answered=yes", f"/debtors/{key}/"))
    camera.take("opt-outs", "/suppressions/review/")
    camera.take("contacts", "/contacts/")
    camera.take("settings", "/settings/sending/")
    camera.take("import", camera.first("/debtors/imports/", f"/debtors/imports/{key}/"))
    camera.take("line", camera.first("/pools/", f"/lines/{key}/"))
    camera.take("session", camera.show_a_qr("Ventas 4"))
    camera.take("sessions-dark", "/sessions/", dark=True)
    camera.size(390, 844)
    camera.take("campaigns-phone", "/campaigns/")
    camera.take("conversation-phone", person)
    camera.driver.quit()
    executives = Camera(sys.argv[1], *sys.argv[4:6])
    executives.take("own-panel", "/")
    executives.driver.quit()


if __name__ == "__main__":
    main()
