"""A pool's pictures and form: who gets what, how fast, live while one edits, never over another's change."""

import pytest
from django.test import Client

from gateways import commands, pictures, queries
from gateways.commands import pool_version
from gateways.models import Gateway, LaneHealth, Pool, Strategy
from messaging.flow import this_day
from messaging.models import DayTally
from preferences.models import Stored
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db

URL = "https://host/send"


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


# Who gets what --------------------------------------------------------------------------------------------------------
def test_page_shows_who_gets_what_and_who_gets_nothing(signed_in: Client) -> None:
    pool = make_pool("Norte", strategy=Strategy.FIXED_TURNS)
    for name in ("Andes", "Conecta"):
        make_line(pool, URL, name)
    down = make_line(pool, URL, "Sierra")
    Gateway.objects.filter(pk=down.pk).update(health=LaneHealth.DOWN)
    off = make_line(pool, URL, "Valle", active=False)
    DayTally.objects.create(day=this_day(), lane=str(off.pk), sent=1201)
    found = text(signed_in, f"/pools/{pool.pk}/")
    assert (
        "Andes: 6 of 12 · today 0; Conecta: 6 of 12 · today 0; Sierra: can&#x27;t send: none · today 0; "
        "Valle: switched off: none · today 1,201."
    ) in found
    assert '<td data-label="Sent today" class="end">1,201</td>' in found


def test_picture_is_drawn_in_whole_units_in_every_language(signed_in: Client) -> None:
    pool = make_pool(delay_seconds=1.5)
    make_line(pool, URL, "<Andes> & una muy larga razón social")
    signed_in.cookies["django_language"] = "es"
    drawing = text(signed_in, f"/pools/{pool.pk}/").split('<svg class="who"')[1].split("</svg>")[0]
    assert "&lt;Andes&gt; &amp; una muy larg" in drawing
    for part in drawing.split('"'):
        assert not part.replace(",", "").isdigit() or "," not in part


def test_example_stands_in_for_the_lines_that_a_pool_has_not_got_yet(signed_in: Client) -> None:
    assert "Session 1: 6 of 12; Session 2: 4 of 12; Session 3: 2 of 12." in text(
        signed_in, f"/pools/{make_whatsapp_pool().pk}/"
    )
    assert "Line 1: 6 of 12" in text(signed_in, "/pools/new/?channel=sms")


def test_of_many_lines_a_few_are_drawn_those_first_that_can_send() -> None:
    pool = make_pool()
    for number in range(5):
        make_line(pool, URL, f"A{number}", active=False)
    make_line(pool, URL, "Z")
    lines = queries.overviews([pool])[0].lines
    picture = pictures.who_gets_what(pool.strategy, pool.channel, lines)
    assert [lane.name for lane in picture["lanes"]] == ["Z", "A0", "A1", "A2", "A3"]
    assert picture["left_out"] == 1
    nobody = pictures.who_gets_what(pool.strategy, pool.channel, lines[:5])
    assert nobody["nobody"]
    assert not any(lane.pieces for lane in nobody["lanes"])


# How fast -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("language", "words"), [("en", ("60 a minute", "5 to 15 s")), ("es", ("60 por minuto", "5 a 15 s"))]
)
def test_preview_follows_the_form(signed_in: Client, language: str, words: tuple[str, str]) -> None:
    signed_in.cookies["django_language"] = language
    path = "/pools/preview/?name=&channel=whatsapp&strategy=competitive"
    found = text(signed_in, f"{path}&delay=10&variation=5")
    assert all(each in found for each in words)
    slowed = text(signed_in, f"{path}&delay=10&variation=5&auto_throttle=on&throttle_target=2&throttle_max=3")
    assert words[0] not in slowed
    assert words[0].replace("60", "20") in slowed
    assert words[0] in text(signed_in, path)  # the channel's usual pace


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("delay=ten", "once the fields are right"),
        ("delay=2&variation=5", "from 0 to the delay"),
        ("strategy=none", "once the fields are right"),
        ("channel=sms", "as fast as its gateway takes messages"),
        ("delay=3600&variation=0", "1 an hour"),
        ("pool=x&delay=10", "6 a minute"),
        ("channel=fax", "once the fields are right"),
    ],
)
def test_preview_of_a_half_written_form_says_what_it_can(signed_in: Client, query: str, words: str) -> None:
    given = dict(pair.split("=") for pair in query.split("&"))
    values = {"channel": "whatsapp", "strategy": "competitive", **given}
    path = "/pools/preview/?" + "&".join(f"{name}={value}" for name, value in values.items())
    assert words in text(signed_in, path)


def test_preview_of_a_pool_counts_its_own_lines(signed_in: Client) -> None:
    pool = make_pool("Norte", delay_seconds=10)
    make_line(pool, URL)
    make_line(pool, URL)
    assert signed_in.post("/pools/preview/").status_code == 405
    found = text(signed_in, f"/pools/preview/?pool={pool.pk}&strategy=competitive&delay=20&variation=0")
    assert "2 lines · now" in found
    assert "6 a minute" in found
    assert Pool.objects.get().delay_seconds == 10


@pytest.mark.parametrize(
    ("settings", "sms", "whatsapp"),
    [
        ({}, "none", "none"),
        ({"pause_mode": "fixed", "pause_every": "40", "pause_durations": "5-10"},
         "a pause of 5 to 10 min after every 40 messages", "a pause of 5 to 10 min after every 40 messages"),
        ({"pause_mode": "auto", "pause_count": "2", "pause_durations": "7", "pause_channels": "whatsapp"},
         "none", "2 pauses of 7 min"),
    ],
)  # fmt: skip
def test_page_says_which_longer_pauses_are_usual(
    signed_in: Client, settings: dict[str, str], sms: str, whatsapp: str
) -> None:
    Stored.objects.create(group="sending", values={**settings, **_numbers(settings)})
    for pool, words in ((make_pool(), sms), (make_whatsapp_pool(), whatsapp)):
        found = text(signed_in, f"/pools/{pool.pk}/")
        assert f"<dt>Longer pauses</dt><dd>{words}<" in found
        assert 'href="/settings/"' in found


def _numbers(settings: dict[str, str]) -> dict[str, int]:
    return {name: int(settings[name]) for name in ("pause_every", "pause_count") if name in settings}


# Two who edit ---------------------------------------------------------------------------------------------------------
def test_form_that_was_filled_before_somebody_else_saved_shows_what_they_saved(signed_in: Client) -> None:
    pool = make_whatsapp_pool("Norte", delay_seconds=10, variation_seconds=5)
    mine = {"strategy": "random_turns", "delay": "20", "variation": "5", "version": pool_version(pool)}
    commands.change_pool(name="Norte", delay=30, auto_throttle=True)
    answer = signed_in.post(f"/pools/{pool.pk}/edit/", mine)
    found = answer.content.decode()
    pool.refresh_from_db()
    assert (pool.delay_seconds, pool.strategy) == (30, "competitive")
    for words in ("Somebody else saved “Norte” meanwhile", "Strategy: Competitive", "in seconds: 30", "Save again"):
        assert words in found, words
    assert 'value="20"' in found  # nothing that was written is lost
    again = {**mine, "version": str(answer.context["form"]["version"].value())}
    assert signed_in.post(f"/pools/{pool.pk}/edit/", again).status_code == 303
    pool.refresh_from_db()
    assert (pool.delay_seconds, pool.strategy, pool.auto_throttle) == (20, "random_turns", False)


def test_change_between_the_look_and_the_write_is_not_overwritten(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_whatsapp_pool("Norte", delay_seconds=10, variation_seconds=5)
    asked = commands.pool_named

    def late(name: str) -> Pool:
        found = asked(name)
        monkeypatch.setattr(commands, "pool_named", asked)
        commands.change_pool(name=name, delay=30)
        return found

    monkeypatch.setattr(commands, "pool_named", late)
    form = {"strategy": "competitive", "delay": "20", "variation": "5", "version": pool_version(pool)}
    assert signed_in.post(f"/pools/{pool.pk}/edit/", form).status_code == 200
    pool.refresh_from_db()
    assert pool.delay_seconds == 30


# Filters --------------------------------------------------------------------------------------------------------------
def test_lists_are_filtered_by_state(signed_in: Client) -> None:
    pool = make_pool("Norte")
    make_line(pool, URL, "Andes")
    down = make_line(pool, URL, "Sierra")
    Gateway.objects.filter(pk=down.pk).update(health=LaneHealth.DOWN)
    make_line(pool, URL, "Valle", active=False)
    make_pool("Vacío")
    make_pool("Apagado", active=False)

    def rows(show: str) -> list[str]:
        return [gateway.name for gateway, _ in signed_in.get(f"/pools/{pool.pk}/?show={show}").context["rows"]]

    def cards(show: str) -> list[str]:
        groups = signed_in.get(f"/pools/?show={show}").context["groups"]
        return [card[0].name for _, found in groups for card in found]

    assert [rows(show) for show in ("", "ready", "trouble", "off", "zz")] == [
        ["Andes", "Sierra", "Valle"], ["Andes"], ["Sierra"], ["Valle"], ["Andes", "Sierra", "Valle"],
    ]  # fmt: skip
    assert [cards(show) for show in ("ready", "trouble", "off")] == [["Norte"], ["Vacío"], ["Apagado"]]
    Pool.objects.filter(name="Apagado").update(active=True)
    assert "No pool is in this state" in text(signed_in, "/pools/?show=off")
    assert "None is in this state" in text(signed_in, f"/pools/{make_whatsapp_pool_with_one().pk}/?show=off")


def make_whatsapp_pool_with_one() -> Pool:
    pool = make_whatsapp_pool()
    make_session(pool, "Ventas 1", connected=True)
    return pool


def test_line_is_switched_from_its_pools_list(signed_in: Client) -> None:
    pool = make_whatsapp_pool_with_one()
    [line] = Gateway.objects.filter(pool=pool)
    found = text(signed_in, f"/pools/{pool.pk}/")
    assert f'form="off-{line.pk}"' in found
    answer = signed_in.post(f"/lines/{line.pk}/switch/", {"active": "0", "back": "pool"})
    assert answer["Location"] == f"/pools/{pool.pk}/"
    assert f'form="on-{line.pk}"' in text(signed_in, f"/pools/{pool.pk}/")
