"""Recent incidents: in the user's language, to what, how often, and whether it is over; what is at work beside them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from accounts.roles import EVERYTHING
from campaigns import watching
from campaigns.models import Campaign
from desk import at_work, incidents
from desk.incidents import Incident
from domain.outcome import Rest
from domain.sessions import Cause
from domain.states import CampaignStatus, Desired, SessionStatus
from engine import channels, lane, tick
from gateways import sessions
from gateways.models import Gateway, LaneHealth
from messaging.models import Message
from sessions_app.models import Session, SessionChange
from sessions_app.queries import CHANGES_INDEX, all_sessions
from systemlog.handler import SystemLogHandler
from systemlog.models import Level, SystemLog
from systemlog.queries import LEVEL_INDEX
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool
from tests.whatsapp_web.browser import wait_for

pytestmark = pytest.mark.django_db
S = SessionStatus


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    watching.forget()


def now() -> datetime:
    return datetime.now(UTC)


def changed(session: Session, target: SessionStatus, cause: str = "", *, ago: float, times: int = 1) -> None:
    for number in range(times):
        at = now() - timedelta(minutes=ago + number)
        SessionChange.objects.create(session=session.pk, origin="connected", target=target.value, cause=cause, at=at)


def logged(
    code: str, *, ago: float = 1, level: Level = Level.WARNING, source: str = "engine.lane", **more: object
) -> None:
    facts = more.pop("facts", {})
    data = {"code": code, **facts} if code else {}  # type: ignore[dict-item]
    SystemLog.objects.create(
        at=now() - timedelta(minutes=ago), level=level, source=source, message="raw English", data=data, **more
    )


@contextmanager
def kept(logger: logging.Logger, number: int) -> Iterator[None]:
    """What is logged meanwhile is kept as in production; so many entries are waited for."""
    handler = SystemLogHandler()
    logger.addHandler(handler)
    try:
        yield
    finally:
        handler.flush_and_stop()
        logger.removeHandler(handler)
    wait_for(lambda: SystemLog.objects.count() == number, seconds=60, what=f"{number} entries")


def told(language: str = "en") -> list[tuple[str, str, str, str, bool]]:
    with translation.override(language):
        rows: list[Incident] = incidents.recent()["rows"]
        return [(row.title, row.text, row.often, row.standing, row.over) for row in rows]


# Sessions -------------------------------------------------------------------------------------------------------------
def test_session_that_failed_and_is_back_is_over() -> None:
    pool = make_whatsapp_pool()
    back = make_session(pool, "Ventas 1", connected=True)
    changed(back, S.FAILED, Cause.BROWSER_DIED, ago=5, times=12)
    changed(back, S.OFFLINE, ago=200)
    gone = make_session(pool, "Ventas 2", desired=Desired.CONNECTED.value, status=S.PAIRING.value)
    changed(gone, S.PAIRING, Cause.LOGGED_OUT, ago=30)
    changed(gone, S.PAIRING, ago=40)  # somebody linked it: no trouble
    changed(gone, S.STARTING, ago=41)
    changed(gone, S.BLOCKED, ago=60 * 25)  # too long ago
    assert told() == [
        ("“Ventas 2” was unlinked", "It is not linked any more. Link it again.", "", "waiting to be paired", False),
        (
            "“Ventas 1” failed",
            "Its browser died, and is started again.",
            "12 times in the last hour",
            "connected again",
            True,
        ),
        (
            "“Ventas 1” lost its connection",
            "",
            "",
            "connected again",
            True,
        ),
    ]
    assert told("es")[1][:4] == (
        "“Ventas 1” falló",
        "Su navegador se cerró de golpe y se inicia de nuevo.",
        "12 veces en la última hora",
        "conectada de nuevo",
    )


def test_session_that_starts_again_is_not_over_and_one_that_was_stopped_is() -> None:
    session = make_session(make_whatsapp_pool(), desired=Desired.CONNECTED.value, status=S.STARTING.value)
    changed(session, S.OFFLINE, ago=5)
    hint = "Its page does not reach WhatsApp, and tries again by itself: check the network of the browser host."
    assert [row[1:] for row in told()] == [(hint, "", "starting", False)]
    Session.objects.update(desired=Desired.STOPPED.value, status=S.STOPPED.value)
    assert [row[1:] for row in told()] == [("", "", "stopped", True)]


def test_another_cause_of_the_same_state_is_no_other_incident_and_a_deleted_session_none() -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    changed(session, S.OFFLINE, ago=9)
    SessionChange.objects.create(session=session.pk, origin="offline", target="offline", cause="no_acks", at=now())
    SessionChange.objects.create(session=ObjectId(), origin="connected", target="failed", at=now())
    assert [row[2] for row in told()] == [""]


# Lines, campaigns -----------------------------------------------------------------------------------------------------
def test_line_that_was_down_is_told_by_the_engine_and_is_over_when_it_works() -> None:
    line = make_line(make_pool(), "http://127.0.0.1:1/", "Entel")
    held = lane.acquire(line.pk, lease=60)
    assert held is not None
    with kept(lane.logger, 2):
        for failures in (1, 2):
            held.rest(Rest(failures * 2.0, failures, probing=True, down=True, code="connect", detail="refused"))
    down = ("The line “Entel” did not answer", "The gateway took no connection.", "2 times in the last hour")
    assert told() == [(*down, "not answering", False)]
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.OK, health_reason="")
    assert told() == [(*down, "works again", True)]
    assert told("es")[0][0] == "La línea “Entel” no respondió"


def test_line_of_a_session_is_told_as_the_session() -> None:
    session = make_session(make_whatsapp_pool(), connected=True)
    logged("line.down", kind="gateway", object_id=str(session.gateway), facts={"reason": "no_ack"})
    assert told() == [("“Ventas 1” could not send", "WhatsApp has not confirmed it.", "", "works again", True)]
    assert incidents.recent()["rows"][0].url == f"/sessions/{session.pk}/"


def test_line_that_is_down_for_longer_than_the_log_is_looked_back_is_told_too() -> None:
    line = make_line(make_pool(), "http://127.0.0.1:1/", "Entel")
    since = now() - timedelta(days=3)
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.DOWN, health_reason="dns: x", down_since=since)
    assert told() == [
        ("The line “Entel” did not answer", "The gateway's host name does not resolve.", "", "not answering", False)
    ]


def test_campaign_that_paused_itself_is_over_when_it_goes_on() -> None:
    pool = make_whatsapp_pool()
    campaign = make_campaign(make_pool(), "Norte")
    Campaign.objects.filter(pk=campaign.pk).update(
        channel="whatsapp", sms_pool=None, whatsapp_pool=pool, no_session_policy="pause", min_sessions=2,
        without_sessions_since=now() - timedelta(minutes=1),
    )  # fmt: skip
    add_messages(campaign, 1)
    Message.objects.update(pool=pool.pk)
    with kept(channels.logger, 1):
        assert channels.mind_sessions() == 1
    paused = ("“Norte” paused itself", "0 sessions were connected, and it needs 2.", "")
    assert told() == [(*paused, "paused", False)]
    Campaign.objects.update(status=CampaignStatus.RUNNING.value)
    assert told() == [(*paused, "resumed", True)]


def test_broken_off_work_says_whether_messages_are_in_doubt() -> None:
    line = make_line(make_pool(), "http://127.0.0.1:1/", "Entel")
    logged("line.lost", kind="gateway", object_id=str(line.pk), facts={"uncertain": 0})
    assert told()[0][1:] == ("A worker stopped as it sent. No message was lost.", "", "taken up again", True)
    SystemLog.objects.all().delete()
    logged("line.lost", kind="gateway", object_id=str(line.pk), facts={"uncertain": 3})
    assert told()[0][1] == "A worker stopped as it sent: of 3 messages it has to be found out whether they arrived."


# The product itself ---------------------------------------------------------------------------------------------------
def test_faults_of_the_product_are_told_without_their_raw_words(
    client: Client, staff: User, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away() -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(tick, "tell_presence", away)
    with caplog.at_level(logging.WARNING, "engine.tick"):
        tick.tick()
    assert [record.code for record in caplog.records if record.name == "engine.tick"] == ["engine.away"]  # type: ignore[attr-defined]
    for _ in range(3):
        logged("engine.away", source="engine.tick")
    logged("", source="django.request", level=Level.ERROR, ago=20)
    logged("", source="engine.deliver", level=Level.ERROR, ago=30)
    logged("", source="sessions_app.reaping")  # a warning that is the technicians'
    logged("a.word.of.another.version", ago=2)
    assert told() == [
        ("The engine did not reach the database or Redis", "", "3 times in the last hour", "just now", False),
        ("A page could not be shown", "", "", "not met again since", True),
        ("A fault in engine.deliver: the log says more", "", "", "not met again since", True),
    ]
    client.force_login(staff)
    for language, title in (("en", "Recent incidents"), ("es", "Incidentes recientes")):
        client.cookies["django_language"] = language
        text = client.get("/").content.decode()
        assert title in text
        assert "raw English" not in text
        assert "source=engine.tick" in text


def test_those_that_go_on_stand_first_and_all_are_counted() -> None:
    for number in range(incidents.MOST + 2):
        logged("", source=f"engine.{number}", level=Level.ERROR, ago=10 + number)
    logged("", source="engine.now", level=Level.ERROR, ago=2)
    found = incidents.recent()
    assert (len(found["rows"]), found["more"]) == (incidents.MOST, 3)
    assert found["rows"][0].key == "product-engine-now"


def test_as_many_queries_for_many_incidents_as_for_few() -> None:
    pool = make_whatsapp_pool()
    asked = []
    for number in range(8):
        session = make_session(pool, f"Ventas {number}", connected=True)
        changed(session, S.FAILED, ago=1, times=3)
        logged("line.down", kind="gateway", object_id=str(session.gateway))
        if number in (0, 7):
            with CaptureQueriesContext(connection) as seen:
                incidents.recent()
            asked.append(len(seen))
    assert asked[0] == asked[1]


def test_indexes_that_incidents_are_looked_for_along_are_there() -> None:
    assert CHANGES_INDEX in connection.get_collection("sessions_app_sessionchange").index_information()
    assert LEVEL_INDEX in connection.get_collection("systemlog_systemlog").index_information()


# What is at work ------------------------------------------------------------------------------------------------------
def test_campaigns_that_need_somebody_come_first_with_the_reason() -> None:
    pool = make_pool()
    line = make_line(make_pool(), "http://127.0.0.1:1/", "Entel")
    scheduled = make_campaign(pool, "c", status=CampaignStatus.SCHEDULED)
    stuck = make_campaign(line.pool, "a")
    paused = make_campaign(pool, "b", status=CampaignStatus.PAUSED)
    fine = make_campaign(pool, "d")
    Campaign.objects.filter(pk=paused.pk).update(pause_reason="by hand")
    Gateway.objects.filter(pk=line.pk).update(health=LaneHealth.DOWN, health_reason="connect: refused")
    with translation.override("en"):
        rows = at_work.campaigns(EVERYTHING)["rows"]
    assert [row.campaign.pk for row in rows] == [paused.pk, stuck.pk, fine.pk, scheduled.pk]
    assert [row.urgent for row in rows] == [True, True, False, False]
    assert rows[0].why == ["Paused: by hand"]
    assert rows[1].why == ["The line “Entel” does not work: the gateway took no connection."]
    assert not rows[2].why


def test_campaigns_that_do_not_fit_are_counted_and_forgotten_ones_hide_none_that_runs() -> None:
    pool = make_pool()
    for _ in range(7):
        make_campaign(pool, status=CampaignStatus.PAUSED)
    make_campaign(pool)
    found = at_work.campaigns(EVERYTHING)
    assert [row.campaign.status for row in found["rows"]] == ["paused"] * 5 + ["running"]
    assert found["more"] == 2


def test_ways_out_name_those_in_trouble_with_their_next_step(client: Client, staff: User) -> None:
    pool = make_whatsapp_pool()
    make_session(pool, "Ventas 1", connected=True)
    wanted = {"desired": Desired.CONNECTED.value, "status_at": now(), "next_look_at": now(), "asked_at": now()}
    pairing = make_session(pool, "Ventas 2", status=S.PAIRING.value, **wanted)
    blocked = make_session(pool, "Ventas 3", status=S.BLOCKED.value, cause=Cause.BANNED.value, **wanted)
    sms = make_pool()
    for name in ("Claro", "Entel", "Movistar", "WOM"):
        make_line(sms, "http://127.0.0.1:1/", name)
    later = now() + timedelta(minutes=5)
    Gateway.objects.filter(name="Movistar").update(
        health=LaneHealth.DOWN, health_reason="connect: x", next_send_at=later
    )
    Gateway.objects.filter(name="Entel").update(health=LaneHealth.SLOWED, health_reason="http_429: x")
    Gateway.objects.filter(name="Claro").update(capped_by="per_day", capped_until=later)
    with translation.override("en"):
        found = at_work.ways_out(sessions.rows(all_sessions()))
    assert found["states"] == [("blocked", 1), ("pairing", 1), ("connected", 1)]
    assert [(one["session"].pk, one["next"]) for one in found["waiting"]] == [
        (blocked.pk, "See what to do"),
        (pairing.pk, "Link a phone"),
    ]
    assert [(one.line.name, one.state, one.why, one.until is not None) for one in found["lines"]] == [
        ("Movistar", "down", "The gateway took no connection.", True),
        ("Claro", "slowed", "It has sent what it may in a day.", True),
        ("Entel", "slowed", "The gateway answered with HTTP status 429.", False),
    ]
    client.force_login(staff)
    client.cookies["django_language"] = "es"
    text = client.get("/").content.decode()
    assert f'id="panel-way-{blocked.pk}"' in text
    assert "Vincular un teléfono" in text
    assert "Ver la línea" in text
