"""The page of settings, the fields of hours and pauses, the day that results from them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils.translation import override

from accounts.models import User
from campaigns import forecasting
from campaigns.day import Day, day
from campaigns.forecasting import Ways
from campaigns.models import Campaign
from campaigns.pacing_fields import Pacing, PacingFields, pacing_initial, usual_pacing
from domain.forecast import Lane
from domain.pacing import Window, parse_days, parse_hours
from domain.pauses import PausePlan, parse_plan
from gateways.models import Channel, Gateway
from lib.mongo import collection
from preferences import commands, queries
from systemlog.models import SystemLog
from tests.factories.sending import make_campaign, make_line, make_pool
from tests.pages.web import Browser

pytestmark = pytest.mark.django_db

WEDNESDAY = datetime(2026, 11, 25, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with override("en"):
        yield


def written(**fields: Any) -> dict[str, Any]:
    """What the page of settings sends: the default, or as the fields say."""
    return {
        "window_start": "08:00",
        "window_end": "20:00",
        "days": ["0", "1", "2", "3", "4", "5"],
        "timezone": "America/Santiago",
        "country": "CL",
        "pause_mode": "off",
        "pause_count": "3",
        "pause_every": "30",
        "pause_durations": "list",
        "pause_list": "5, 10, 20, 30",
        "pause_least": "5",
        "pause_most": "30",
        "pause_channels": "both",
        "revision": "0",
        **fields,
    }


# The fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "plan"),
    [
        ({}, "off"),
        ({"pause_mode": "auto", "pause_count": "5", "pause_every": "nonsense"}, "auto:5"),
        ({"pause_mode": "fixed", "pause_every": "40", "pause_list": "7"}, "every:40 7"),
        ({"pause_mode": "auto", "pause_durations": "range", "pause_list": "nonsense"}, "auto:3 5-30"),
        ({"pause_mode": "off", "pause_list": "nonsense", "pause_count": "-1"}, "off"),
    ],
)
def test_fields_say_the_pauses_and_what_is_hidden_does_not_matter(fields: dict[str, Any], plan: str) -> None:
    mode, _space, durations = plan.partition(" ")
    form = PacingFields(written(**fields))
    pacing = form.pacing()
    assert pacing is not None, form.errors
    assert pacing.pauses == parse_plan(mode, durations=durations)
    again = PacingFields({key: value for key, value in pacing_initial(pacing).items() if value is not None})
    assert again.pacing() == pacing


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"window_end": ""}, "window_start", "Give both times"),
        ({"window_end": "08:00"}, "window_start", "begins and ends at the same time"),
        ({"days": []}, "days", "at least one day"),
        ({"timezone": "Chile"}, "timezone", ""),
        ({"pause_mode": "auto", "pause_count": ""}, "pause_count", "is needed"),
        ({"pause_mode": "auto", "pause_count": "101"}, "pause_count", "from 1 to 100"),
        ({"pause_mode": "fixed", "pause_every": "0"}, "pause_every", "follows 1 to"),
        ({"pause_mode": "fixed", "pause_list": "five"}, "pause_list", "is no list of minutes"),
        ({"pause_mode": "fixed", "pause_durations": "range", "pause_most": "4"}, "pause_most", "shorter one first"),
        ({"pause_mode": "fixed", "pause_durations": "range", "pause_least": ""}, "pause_least", "is needed"),
        ({"pause_mode": "sometimes"}, "pause_mode", "Select a valid choice"),
    ],
)
def test_fields_that_cannot_be_say_why_and_there_is_no_day(
    signed_in: Client, fields: dict[str, Any], field: str, sentence: str
) -> None:
    if fields == {"timezone": "Chile"}:
        fields["timezone"], sentence = "Mars/Olympus", "is no time zone"
    answer = signed_in.post("/settings/sending/", written(**fields))
    assert answer.status_code == 422
    assert sentence in " ".join(answer.context["form"].errors[field])
    shown = signed_in.post("/campaigns/day/", written(**fields)).content.decode()
    assert sentence in shown.replace("&#x27;", "'")
    assert "day-strip" not in shown


# The page -------------------------------------------------------------------------------------------------------------


def test_settings_are_saved_told_and_kept(signed_in: Client) -> None:
    text = signed_in.get("/settings/").content.decode()
    assert "Everything is as it comes." in text
    assert 'value="08:00"' in text
    answer = signed_in.post(
        "/settings/sending/", written(window_end="02:00", pause_mode="auto", pause_durations="range", country="es")
    )
    assert (answer.status_code, answer["Location"]) == (303, "/settings/sending/")
    assert queries.get("sending.hours") == "08:00-02:00"
    text = signed_in.get("/settings/sending/").content.decode()
    for sentence in (
        "Saved. New campaigns begin with it.",
        "Default: 08:00–20:00",
        "A number of pauses",
        "5 to 30 min",
    ):
        assert sentence in text
    assert SystemLog.objects.get(source="settings.change").data["changes"]["country"] == ["CL", "ES"]
    log = signed_in.get("/log/", {"kind": "settings", "object": "sending"}).content.decode()
    assert "changed the settings" in log
    entry = SystemLog.objects.get(source="settings.change")
    assert "/settings/sending/" in signed_in.get(f"/log/{entry.pk}/").content.decode()
    signed_in.post("/settings/sending/reset/", {"name": "hours"})
    assert (queries.get("sending.hours"), queries.get("sending.country")) == ("08:00-20:00", "ES")
    signed_in.post("/settings/sending/reset/")
    assert queries.current("sending").own == {}


def test_a_stale_page_loses_nothing_and_undoes_nothing_unseen(signed_in: Client) -> None:
    commands.change("sending", {"hours": "09:00-18:00"}, actor=User.objects.create_user("eva"))
    answer = signed_in.post("/settings/sending/", written(country="ES"))
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "eva changed these settings meanwhile" in text
    assert "Sending window: 09:00–18:00" in text
    assert 'value="ES"' in text
    assert queries.get("sending.country") == "CL"
    revision = re.search(r'name="revision" value="(\d+)"', text)
    assert revision is not None
    signed_in.post("/settings/sending/", written(country="ES", revision=revision[1]))
    assert (queries.get("sending.country"), queries.get("sending.hours")) == ("ES", "08:00-20:00")


@pytest.mark.parametrize("path", ["/settings/weather/", "/settings/weather/reset/"])
def test_no_page_for_a_group_there_is_not(signed_in: Client, path: str) -> None:
    assert signed_in.post(path, written()).status_code == 404
    assert signed_in.post("/settings/sending/reset/", {"name": "weather"}).status_code == 404


def test_a_refused_country_is_told_at_its_field(signed_in: Client) -> None:
    answer = signed_in.post("/settings/sending/", written(country="QQ"))
    assert answer.status_code == 422
    assert "is no country" in " ".join(answer.context["form"].errors["country"])


# The day --------------------------------------------------------------------------------------------------------------


def pacing(hours: str = "08:00-20:00", days: str = "mon-sat", plan: str = "off", durations: str = "10") -> Pacing:
    start, end = parse_hours(hours) or (None, None)
    pauses = parse_plan(plan, durations=durations) if plan != "off" else PausePlan()
    return Pacing(Window(start, end, parse_days(days), "America/Santiago"), pauses)


def shown(given: Pacing, lanes: list[Lane], number: int | None = None, channel: Channel = Channel.WHATSAPP) -> Day:
    connected = len(lanes) if channel is Channel.WHATSAPP else None
    return day(given, ways=Ways(channel, tuple(lanes), len(lanes), connected), number=number, now=WEDNESDAY)


def kinds(found: Day) -> list[str]:
    assert abs(sum(float(block.width) for block in found.blocks) - 100) < 0.1
    return [block.kind for block in found.blocks]


def test_day_of_a_small_campaign_is_sent_and_then_free() -> None:
    found = shown(pacing(), [Lane(6)] * 4, 480)
    assert kinds(found) == ["closed", "sending", "free", "closed"]
    assert found.title == "Thursday 26 November"
    assert found.blocks[1].title == "08:00–08:20 sending (480)"
    assert list(found.words) == [
        "Sends 08:00–20:00, Mon–Sat (America/Santiago).",
        "With 4 sessions up to about 17,280 messages a day.",
        "No pauses.",
        "480 messages: from 08:00 to about 08:20.",
    ]
    assert found.note == ""
    assert shown(pacing(), [Lane(600)], 10).words[-1] == "10 messages: from 08:00, in less than a minute."


def test_day_shows_pauses_and_limits_and_how_many_days_it_takes() -> None:
    found = shown(pacing(plan="auto:3"), [Lane(6, day=240)] * 4, 1200)
    assert kinds(found) == ["closed", *["sending", "pause"] * 3, "sending", "limit", "closed"]
    assert found.words[1] == "With 4 sessions up to about 960 messages a day."
    assert found.words[2] == "3 pauses of 10 min."
    assert found.words[3].startswith("1,200 messages: on 2 days, until about Fri 27 November")


def test_day_of_a_window_that_crosses_midnight_begins_between() -> None:
    found = shown(pacing("22:00-02:00", "all"), [Lane(6)], 10_000)
    assert kinds(found) == ["closed", "sending", "closed"]
    assert [tick.hour for tick in found.ticks] == ["12", "15", "18", "21", "00", "03", "06", "09", "12"]
    assert found.blocks[1].title.startswith("22:00–02:00 sending")


def test_day_without_audience_or_lines_is_an_example_and_says_so() -> None:
    found = day(pacing(), ways=Ways(Channel.WHATSAPP, (), 0, 0), number=None, now=WEDNESDAY)
    assert found.note == "An example: 300 messages by one session at the usual pace."
    assert found.words[1] == "With 1 session up to about 200 messages a day."
    assert shown(pacing(), [Lane(6)]).note == "An example of 300 messages."


def test_day_by_lines_that_nothing_slows_tells_no_end() -> None:
    found = shown(pacing(plan="every:30"), [Lane(None)], 500, Channel.SMS)
    assert kinds(found) == ["closed", "sending", "closed"]
    assert "its end can't be told" in found.words[1]
    assert found.words[2] == "A pause of 10 min after every 30 messages: 16 in all."
    assert len(found.words) == 3


def test_day_of_who_sends_on_none_says_so() -> None:
    never = Pacing(Window(None, None, frozenset(), "America/Santiago"), PausePlan())
    assert (kinds(shown(never, [Lane(6)])), shown(never, [Lane(6)]).words) == (["closed"], ["Choose at least one day."])


def test_day_of_a_small_or_other_channel_s_campaign_says_why_it_makes_no_pauses() -> None:
    assert shown(pacing(plan="auto:3"), [Lane(6)], 20).words[2] == "No pauses: it has fewer than 30 messages."
    only_sms = Pacing(pacing().window, parse_plan("auto:3", durations="10", channels="sms"))
    assert shown(only_sms, [Lane(6)], 200).words[2] == "Pauses: 3 pauses of 10 min (SMS only)."


def test_day_of_a_draft_goes_by_its_own_lines_and_audience(signed_in: Client) -> None:
    pool = make_pool("Normal", delay_seconds=30)
    lines = [make_line(pool, "https://gateway.example/send") for _ in range(2)]
    campaign = make_campaign(pool)
    Campaign.objects.filter(pk=campaign.pk).update(status="draft", started_at=None)
    text = signed_in.post(f"/campaigns/day/?campaign={campaign.pk}", written()).content.decode()
    assert "With 2 SMS lines up to about 2,880 messages a day." in text
    collection(Gateway).update_one({"_id": lines[0].pk}, {"$set": {"active": False}})
    ways = forecasting.ways_of(Campaign.objects.get(pk=campaign.pk))
    assert (ways.lines, [lane.per_minute for lane in ways.lanes]) == (1, [2.0])
    assert signed_in.post("/campaigns/day/?campaign=nonsense", written()).status_code == 200


def test_pages_speak_spanish(signed_in: Client) -> None:
    signed_in.cookies["django_language"] = "es"
    text = signed_in.get("/settings/").content.decode()
    for sentence in ("Configuración", "Ventana de envío", "Sin pausas", "El día que resulta"):
        assert sentence in text
    assert signed_in.post("/settings/sending/", written(days=["0"])).status_code == 303
    assert "Guardado." in signed_in.get("/settings/sending/").content.decode()
    wrong = signed_in.post("/settings/sending/", written(timezone="Mars/Olympus")).content.decode()
    assert "no es una zona horaria" in wrong


# In a browser ---------------------------------------------------------------------------------------------------------


@pytest.mark.whole_database
def test_settings_are_walked_in_a_browser(browser: Browser) -> None:
    make_pool("Normal")
    browser.open("/settings/")
    browser.reads("08:00–20:00", ".day")
    assert not browser.find("[name=pause_count]").is_displayed()
    browser.click("[name=pause_mode][value=auto]")
    browser.reads("3 ", ".day-words")
    assert browser.find("[name=pause_count]").is_displayed()
    assert not browser.find("[name=pause_every]").is_displayed()
    browser.click("[name=pause_durations][value=range]")
    browser.fill("pause_least", "40")
    browser.see(".day .notice-warning")
    browser.fill("pause_most", "50")
    browser.see(".day-pause")
    browser.fill("pause_count", "4")
    browser.reads("4 ", ".day-words")
    browser.click("#settings-form .btn-primary")
    browser.see(".changed-settings")
    assert usual_pacing().pauses == parse_plan("auto:4", durations="40-50")
    browser.click("#do-reset")
    browser.click("#ask-reset [value=yes]")
    browser.until(lambda: not browser.all(".changed-settings"), "all is back to the default")
    assert queries.current("sending").own == {}

    browser.click(".user summary")
    browser.click("[name=language][value=en]")
    browser.reads("The day that results")
    browser.driver.execute_script("document.querySelector('[name=window_end]').value = '02:00'")
    browser.click("[name=days][value='6']")
    browser.reads("Sends 08:00–02:00, every day", ".day-words")
    assert browser.all(".day-hours li")[0].text == "05"
    browser.click("#settings-form .btn-primary")
    browser.reads("Saved. New campaigns begin with it.", "#toasts")
    browser.click(".changed-settings li:first-child button")
    browser.reads("Back to the default.", "#toasts")
    assert set(queries.current("sending").own) == {"days"}
