"""The panel's figures and its chart: today beside yesterday in words, what the chart draws, both languages."""

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone, translation
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from accounts.models import User
from campaigns import watching
from campaigns.models import Campaign
from desk import figures
from domain.day import SLOT
from domain.states import CampaignStatus
from lib.mongo import run_tx
from live.events import MessageChanged
from live.publish import publish
from messaging import flow
from messaging.models import Message
from tests.factories.sending import send
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=ZoneInfo("America/Santiago"))
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    flow.forget()
    watching.forget()


def add(moment: datetime, **counts: int) -> None:
    run_tx(lambda: flow.add({("a", moment): counts}))


def a_day() -> None:
    add(NOON - DAY - SLOT, sent=1_000, delivered=800, failed=10)
    add(NOON - DAY + SLOT, sent=5_000, read=40)
    add(NOON - SLOT, sent=1_120, delivered=720, failed=15, wrote=3)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "en",
            [
                ("Sent", 1120, "up", "", "12 % more than yesterday at this time", "yesterday: 1,000 of 6,000"),
                ("Delivered", 720, "down", "", "10 % less than yesterday at this time", "yesterday: 800 of 800"),
                ("Read", 0, "", "", "yesterday at this time: 0", "all of yesterday: 40"),
                ("People who wrote", 3, "", "", "yesterday at this time: 0", "all of yesterday: 0"),
                ("Failed", 15, "up", "now", "50 % more than yesterday at this time", "yesterday: 10 of 10"),
            ],
        ),
        (
            "es",
            [
                ("Enviados", 1120, "up", "", "12 % más que ayer a esta hora", "ayer: 1.000 de 6.000"),
                ("Entregados", 720, "down", "", "10 % menos que ayer a esta hora", "ayer: 800 de 800"),
                ("Leídos", 0, "", "", "ayer a esta hora: 0", "ayer en todo el día: 40"),
                ("Personas que escribieron", 3, "", "", "ayer a esta hora: 0", "ayer en todo el día: 0"),
                ("Fallidos", 15, "up", "now", "50 % más que ayer a esta hora", "ayer: 10 de 10"),
            ],
        ),
    ],
)
def test_figures_of_today_stand_beside_yesterday_in_words(language: str, told: list[tuple[object, ...]]) -> None:
    a_day()
    with translation.override(language):
        found = figures.today(NOON)
    assert [(one.label, one.number, one.trend, one.tone, one.beside, one.whole) for one in found] == told


def test_nothing_is_compared_with_what_nobody_knows() -> None:
    flow.DayTally.objects.create(day="2026-11-23", lane="a", sent=500)
    with translation.override("en"):
        sent = figures.today(NOON)[0]
    assert (sent.beside, sent.whole, sent.trend) == ("", "all of yesterday: 500", "")


def test_failures_that_grow_from_few_are_marked_without_a_percentage() -> None:
    add(NOON - DAY - SLOT, failed=3)
    add(NOON - SLOT, failed=40, sent=9)
    with translation.override("en"):
        sent, *_others, failed = figures.today(NOON)
    assert (failed.beside, failed.trend, failed.tone) == ("yesterday at this time: 3", "up", "now")
    assert (sent.trend, sent.tone) == ("", "")


def test_as_many_as_yesterday_is_said_so() -> None:
    add(NOON - DAY - SLOT, sent=1_000)
    add(NOON - SLOT, sent=1_001)
    with translation.override("en"):
        sent = figures.today(NOON)[0]
    assert (sent.beside, sent.trend) == ("as many as yesterday at this time", "")


def test_rate_of_now_is_that_of_all_that_runs() -> None:
    assert figures.now_sent()["rate"] == ""
    assert not figures.now_sent()["some"]
    send(1)
    watching.forget()
    assert (figures.now_sent()["rate"], figures.now_sent()["some"]) == ("", True)
    for number in (20, 40):
        send(number)
        ago = timezone.now() - timedelta(minutes=1)
        Message.objects.filter(campaign=Campaign.objects.latest("pk").pk, row=2).update(sent_at=ago)
    watching.forget()
    with translation.override("en"):
        rate = float(figures.now_sent()["rate"])
    assert 1 <= rate <= 58  # 58 were sent within a minute, that may have become a longer one by now
    Campaign.objects.update(status=CampaignStatus.PAUSED.value)
    assert figures.now_sent()["rate"] == ""


def test_slots_under_way_come_with_the_rate() -> None:
    add(NOON - SLOT, sent=100, delivered=3)
    start = int(NOON.timestamp())
    assert json.loads(figures.now_sent(NOON)["points"]) == [[start - 300, 100, 3, 0], [start, 0, 0, 0]]


def test_chart_has_every_slot_of_a_day_and_the_table_its_hours() -> None:
    add(NOON - DAY, sent=7)
    add(NOON - timedelta(hours=2), sent=40, delivered=30, failed=2, read=9)
    add(NOON - timedelta(hours=2) + SLOT, sent=1_500)
    add(NOON, sent=99)  # under way
    with translation.override("en"):
        found = figures.last_day(NOON)
    points = json.loads(found["points"])
    assert (points["start"], points["step"]) == (int((NOON - DAY).timestamp()), 300)
    assert [len(points[name]) for name in ("sent", "delivered", "failed")] == [288, 288, 288]
    assert (points["sent"][0], points["sent"][264], points["delivered"][264], points["failed"][264]) == (7, 40, 30, 2)
    hours = [(f"{hour.begins:%d %H:%M}", list(hour.counts)) for hour in found["hours"]]
    assert hours == [("24 10:00", [1540, 30, 2]), ("23 12:00", [7, 0, 0])]
    assert found["summary"] == "1,547 messages sent in 24 hours. Most of them in five minutes: 1,500, at 10:05."


def test_hour_that_clocks_show_twice_is_two_hours() -> None:
    twice = datetime(2026, 4, 5, 3, 0, tzinfo=UTC)  # 23:00 for the second time, after 02:00 UTC
    add(twice - timedelta(hours=1), sent=1)
    add(twice, sent=2)
    found = figures.last_day(twice + timedelta(hours=3))
    assert [(f"{hour.begins:%H:%M}", hour.counts[0]) for hour in found["hours"]] == [("23:00", 2), ("23:00", 1)]


@pytest.mark.parametrize(("language", "word"), [("en", "Throughput"), ("es", "Rendimiento")])
def test_panel_carries_what_the_chart_draws(client: Client, staff: User, language: str, word: str) -> None:
    client.force_login(staff)
    client.cookies["django_language"] = language
    add(datetime.now(UTC), sent=12)
    text = client.get("/").content.decode()
    assert word in text
    assert 'data-zone="America/Santiago"' in text
    tail = re.search(r'id="panel-now" class="flow-now" data-points="([^"]+)"', text)
    assert tail is not None
    assert sum(count for _at, count, *_others in json.loads(tail[1])) == 12


@pytest.mark.whole_database
def test_chart_is_drawn_and_follows(browser: Browser) -> None:
    """In Spanish, then in English and in the other theme: nothing, then what was, then what comes."""
    now = datetime.now(UTC)
    browser.open("/")
    browser.live()
    browser.see('.flow-chart[data-drawn="empty"]')
    browser.reads("Lo que se envíe desde ahora se dibuja aquí", "#flow-chart")
    assert not browser.all("#flow-chart canvas")
    add(now - timedelta(hours=3), sent=40)
    for place, (language, words) in enumerate([("es", ("Enviados", "ayer")), ("en", ("Sent", "yesterday"))]):
        browser.driver.add_cookie({"name": "django_language", "value": language})
        browser.driver.execute_script(f"localStorage.setItem('theme', '{('light', 'dark')[place]}')")
        browser.open("/")
        browser.live()
        browser.see(".flow-plot canvas")
        browser.driver.execute_script("document.querySelector('.flow-plot canvas').kept = true")
        browser.reads(words[0], ".flow-legend")
        browser.reads(words[1], "#panel-today")
        add(datetime.now(UTC), sent=5)
        browser.driver.execute_script("document.querySelector('.flow-table').open = true")
        publish(MessageChanged(str(ObjectId())))
        sent = flow.compared(datetime.now(UTC))["sent"].today
        browser.reads(str(sent), "#panel-today .figure:first-child .today-number")
        browser.until(lambda: value(browser, "sent") == last_value(), "the last value follows")
        # The arrow keys go back to what was, Escape to the last one; the canvas is the same, the table stays open.
        browser.driver.execute_script("document.querySelector('.flow-plot').focus()")
        time = value(browser, "time")
        press(browser, Keys.ARROW_LEFT)
        browser.until(lambda of=time: value(browser, "time") != of, "the slot before")
        press(browser, Keys.ESCAPE)
        browser.until(lambda of=time: value(browser, "time") == of, "the last slot again")
        assert browser.driver.execute_script("return document.querySelector('.flow-plot canvas').kept")
        assert browser.driver.execute_script("return document.querySelector('.flow-table').open")
        browser.reads("40", "#panel-flow table")
    browser.size(390)
    browser.until(
        lambda: browser.driver.execute_script(
            "return document.querySelector('.flow-plot canvas').clientWidth < 390"
            " && document.documentElement.scrollWidth <= 390"
        ),
        "the chart fits a phone",
    )
    assert browser.complaints() == []


def last_value() -> str:
    """What the slot of now has."""
    *_before, (_at, sent, *_others) = json.loads(figures.now_sent()["points"])
    return str(sent)


def value(browser: Browser, name: str) -> str:
    return browser.text(f"#flow-chart [data-value={name}]")


def press(browser: Browser, key: str) -> None:
    ActionChains(browser.driver).send_keys(key).perform()
