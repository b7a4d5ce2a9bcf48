"""A campaign's whole story in browsers: written, started, watched, paused and resumed without a reload."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from selenium.webdriver.common.keys import Keys

from accounts.models import User
from campaigns import commands
from campaigns.models import Campaign
from domain.states import MessageStatus
from lib.mongo import collection
from live.events import CampaignChanged
from live.publish import publish
from messaging import claims, queries
from messaging.models import Message
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.pages.conftest import PASSWORD
from tests.pages.web import Browser

pytestmark = [pytest.mark.django_db, pytest.mark.whole_database]


def test_campaign_is_written_started_and_watched_in_two_browsers(
    browser: Browser, new_browser: Callable[[], Browser], staff: User
) -> None:
    pool = make_pool("Normal")
    make_line(pool, "https://gateway.example/send", "Uno")
    make_debtor("Ana Díaz")
    other = new_browser()
    other.sign_in("ana", PASSWORD)
    other.driver.add_cookie({"name": "django_language", "value": "en"})

    # Debtors are ticked in their list, and left for another audience; the draft is left as well, and gone on with.
    browser.open("/debtors/")
    browser.click("[data-pick]")
    browser.click("#pick-bar .btn-primary")
    browser.see('[name=audience][value="selection"]:checked')
    browser.live()
    browser.fill("name", "Cobranza norte")
    browser.click("[name=audience][value=filter]")
    browser.fill("debt_from", "mucho")
    browser.see("#error-debt_from .fault")
    browser.fill("debt_from", "1.000")
    browser.reads("1", "#look-count")
    browser.click("#go-on")
    message = "[name=message]"
    browser.find(message).send_keys("Hola {nom")
    browser.see(".completions [aria-selected=true]")
    browser.find(message).send_keys(Keys.ENTER)
    browser.reads("Hola Ana Díaz", "#preview")
    browser.click(".save-bar [value=leave]")
    browser.reads("falta el canal")
    browser.click("tbody td a")
    campaign = Campaign.objects.get(name="Cobranza norte")
    browser.see(message)
    browser.live()

    # Another browser, in English, on the same step: it follows at once, and what it writes meanwhile is not lost.
    other.open(f"/campaigns/{campaign.pk}/edit/message/")
    other.live()
    browser.click("#add-variant")
    browser.find("[name=variant]").send_keys("Buenas, {nombre")
    browser.see("#error-variant-0 .fault")
    other.see("#error-variant-0 .fault")
    browser.find("[name=variant]").send_keys("}")
    other.until(lambda: other.find("[name=variant]").get_attribute("value") == "Buenas, {nombre}", "the other follows")
    assert Campaign.objects.get().variants == ["Buenas, {nombre}"]
    followed = "return document.getElementById('base').value === document.querySelector('[data-draft]').dataset.draft"
    other.until(lambda: other.driver.execute_script(followed), "the other knows what it follows")
    other.driver.execute_script("document.getElementById('base').value = 'of long ago'")
    other.find(message).send_keys(" desde aquí")
    other.reads("Save mine in its place", "#conflict")
    assert Campaign.objects.get().message == "Hola {nombre}"
    other.click("#conflict [name=keep]")
    other.until(lambda: not other.all("#conflict section"), "it is settled")
    browser.until(
        lambda: browser.find(message).get_attribute("value") == "Hola {nombre} desde aquí", "the first follows"
    )
    browser.click("[data-remove]")
    other.until(lambda: not other.all("[name=variant]"), "the variant is gone there too")
    other.click("#go-on")
    other.click("[name=channel][value=sms]")
    other.click("[name=sms_pool]")
    other.reads("Uno", "#side")
    other.click("#go-on")
    other.click("[name=pause_mode][value=auto]")
    other.reads("pause", "#side")
    other.click("#go-on")
    other.see("#do-start:not([disabled])")
    for one in (browser, other):
        assert one.complaints() == []

    other.open("/campaigns/")
    other.live()
    other.driver.execute_script("window.unreloaded = true")

    browser.open(f"/campaigns/{campaign.pk}/edit/review/")
    browser.reads("Hola Ana Díaz desde aquí")
    browser.click("#do-start")
    browser.reads("1", "#ask-start")
    browser.click("#ask-start [value=yes]")
    browser.see("#do-pause")
    other.see(f"#campaign-row-{campaign.pk} .state-working")

    Campaign.objects.filter(pk=campaign.pk).update(enrolled_at=campaign.created_at)
    browser.driver.execute_script("window.unreloaded = true")
    add_messages(campaign, 30)
    add_messages(campaign, 10, status=MessageStatus.SENT)
    sent_now = {"$set": {"sent_at": timezone.now().replace(tzinfo=None)}}
    collection(Message).update_many({"status": "sent"}, sent_now)
    publish(CampaignChanged(str(campaign.pk)))
    for one in (browser, other):
        one.reads("25 %")
    browser.click(".last a")  # it came by the socket
    browser.see("#side .message-panel")
    claims.skip_pending(campaign.pk, reason="cancelled", limit=10)
    publish(CampaignChanged(str(campaign.pk)))
    for one in (browser, other):
        one.reads("50 %")
    browser.reads("10", "#campaign-progress-" + str(campaign.pk) + " .figures a:nth-child(7)")
    assert queries.counts(campaign.pk)["skipped"] == 10

    # Whatever changes elsewhere brings the right buttons here.
    commands.pause("Cobranza norte", reason="revisar el texto")
    browser.reads("revisar el texto")
    browser.see("#do-resume")
    assert browser.driver.execute_script("return window.unreloaded")
    browser.click("#do-resume")
    browser.see("#do-pause")
    browser.live()
    browser.click("#do-pause")
    browser.find("#reason").send_keys("almuerzo\n")
    browser.reads("almuerzo", "#campaign-progress-" + str(campaign.pk))
    other.see(f"#campaign-row-{campaign.pk} .state-soon")
    assert other.driver.execute_script("return window.unreloaded")

    browser.open(f"/campaigns/{campaign.pk}/messages/?status=skipped")
    browser.click("tbody td a")
    browser.see(".message-panel .bubble")
    browser.live()
    browser.click(".message-panel .btn-close")
    browser.until(lambda: not browser.all(".message-panel"), "the panel is closed")
    exported = """
        const done = arguments[0];
        fetch("../export/").then((answer) => answer.blob()).then((file) => file.slice(0, 2).text()).then(done);
    """
    assert browser.driver.execute_async_script(exported) == "PK"  # a workbook, sent by the asynchronous server
    assert browser.complaints() == []
    assert other.complaints() == []


def test_search_as_one_types_keeps_the_list_live(browser: Browser) -> None:
    pool = make_pool()
    make_campaign(pool, "Ñuñoa")
    found = make_campaign(pool, "Cobranza norte")
    browser.open("/campaigns/")
    browser.live()
    browser.reads("Ñuñoa")
    browser.find("[data-search]").send_keys("cob")
    browser.until(lambda: "Ñuñoa" not in browser.text("#list"), "only what fits is listed")
    browser.reads("Cobranza norte", "#list")
    assert "q=cob" in browser.driver.current_url
    commands.pause(found.name)
    browser.see(f"#campaign-row-{found.pk} .state-soon")
    assert browser.complaints() == []
