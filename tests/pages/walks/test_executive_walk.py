"""An executive's day in a real browser, in both languages: what is theirs is there and live, the rest is not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from accounts.models import User
from accounts.roles import set_role
from domain.delivery import Incoming
from domain.roles import Role
from domain.states import CampaignStatus
from messaging import receipts
from tests.pages.conftest import PASSWORD
from tests.pages.scene import Scene
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]
TITLES = {
    "es": ("Panel", "Campañas", "Sus campañas en marcha"),
    "en": ("Panel", "Campaigns", "Your campaigns at work"),
}


@pytest.fixture
def luis(db: None) -> User:
    user = User.objects.create_user("luis", password=PASSWORD, first_name="Luis")
    set_role(user, Role.EXECUTIVE)
    return user


def press(browser: Browser, keys: str) -> None:
    ActionChains(browser.driver).send_keys(*keys).perform()


def test_executive_walks_through_what_is_theirs(new_browser: Callable[[], Browser], luis: User, tmp_path: Path) -> None:
    scene = Scene(luis, tmp_path)
    browser = new_browser()
    browser.sign_in("luis", PASSWORD)
    running = scene.campaigns[CampaignStatus.RUNNING]
    paths = ["/campaigns/", f"/campaigns/{running.pk}/", f"/campaigns/{running.pk}/messages/", "/accounts/password/"]
    for number, (language, (panel, campaigns, at_work)) in enumerate(TITLES.items()):
        browser.driver.add_cookie({"name": "django_language", "value": language})
        browser.open("/")
        browser.live()
        assert browser.text("h1") == panel
        browser.reads(at_work, "#content")
        # Who writes to them is told without a reload.
        unread = scene.connected.gateway
        receipts.store(str(unread), [Incoming(f"walk-{number}", scene.person, f"Buenas {number}")])
        browser.reads(f"Buenas {number}", f"#panel-people-{luis.pk}")
        # A key of a page that is not theirs goes nowhere; one of theirs does.
        press(browser, "gs")
        browser.until(lambda: press(browser, "gc") or browser.text("h1") == campaigns, "the page of campaigns")  # noqa: B023
        for path in paths:
            browser.open(path)
            browser.live()
            assert not browser.all('main [href^="/pools/"], main [form^="form-"], [data-key="s"]'), path
        assert browser.complaints() == []
