"""Acts on several sessions at once: what is asked before, what is done, and what is told of each."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.test import Client
from django.utils import timezone

from accounts.models import User
from desk.sessions.batch import ACTS
from gateways.models import Gateway
from sessions_app.models import Session
from systemlog.models import SystemLog
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["en", "es"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(client: Client, staff: User) -> Client:
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def post(client: Client) -> Callable[..., str]:
    """Ask for an act, or do it; the answer's text, or where it leads."""

    def post(act: str, *sessions: Any, **more: str) -> str:
        keys = [str(one.pk) if isinstance(one, Session) else one for one in sessions]
        answer = client.post("/sessions/batch/", {"act": act, "session": keys, **more}, headers={"HX-Request": "true"})
        return answer.headers.get("HX-Redirect") or " ".join(answer.content.decode().split())

    return post


def kept() -> list[SystemLog]:
    """What was kept of the acts on sessions."""
    return list(SystemLog.objects.filter(kind="session").order_by("at"))


def told(client: Client) -> list[str]:
    """The notices of the page that is next."""
    return [str(message) for message in client.get("/sessions/").context["messages"]]


def make_three() -> tuple[Session, Session, Session]:
    pool, later = make_whatsapp_pool(), timezone.now() + timedelta(hours=1)
    return (
        make_session(pool, "Norte", connected=True, next_look_at=later),
        make_session(pool, "Sur", connected=True, next_look_at=later),
        make_session(pool, "Taller", next_look_at=later),
    )


def test_question_names_who_is_meant_and_who_is_left_out(
    client: Client, post: Callable[..., str], language: str
) -> None:
    sessions = make_three()
    client.cookies["django_language"] = language
    asked = post("disconnect", *sessions, q="o", show="connected")
    title, text, left, why = {
        "en": ("Disconnect: 2 sessions", "Their browsers close", "1 is left out", "Taller: it is stopped already"),
        "es": ("Desconectar: 2 sesiones", "Sus navegadores se", "1 queda fuera", "Taller: ya está detenida"),
    }[language]
    assert f">{title}</h2>" in asked
    assert f"<p>{text}" in asked
    one = {"en": "<p>Its browser closes", "es": "<p>Su navegador se cierra"}[language]
    assert one in post("disconnect", sessions[0])
    assert "<b>Norte, Sur</b>" in asked
    assert (left in asked, why in asked) == (True, True)
    assert asked.count('name="session"') == 2
    assert 'name="show" value="connected"' in asked
    assert Session.objects.filter(desired="connected").count() == 2
    assert kept() == []


def test_nothing_to_do_is_said_instead_of_asked(post: Callable[..., str]) -> None:
    norte, sur, taller = make_three()
    asked = post("connect", norte, sur)
    assert "None of the selected sessions has anything to do." in asked
    assert 'name="sure"' not in asked
    assert "Taller: it is stopped: connect it first" in post("reconnect", norte, taller)


def test_it_is_done_for_each_and_told_of_each(client: Client, post: Callable[..., str]) -> None:
    norte, sur, taller = make_three()
    Session.objects.filter(pk=sur.pk).update(request="reset")
    assert (
        post("disconnect", norte, sur, taller, sure="yes", q="o", show="connected") == "/sessions/?q=o&show=connected"
    )
    assert Session.objects.get(pk=norte.pk).desired == "stopped"
    assert Session.objects.get(pk=sur.pk).desired == "connected"
    assert told(client) == [
        "Disconnect: done for 1 session (Norte).",
        "Disconnect: not done for 2 sessions:\n"
        "Sur: The login of “Sur” is being reset: wait until that is done.\n"
        "Taller: it is stopped already",
    ]
    [act] = kept()
    assert (act.source, act.actor, act.object_id) == ("session.disconnect", "ana", str(norte.pk))
    assert act.data == {"together": 3}


@pytest.mark.parametrize(
    ("act", "changed"),
    [
        ("connect", {"desired": "connected"}),
        ("disconnect", {"desired": "stopped"}),
        ("reconnect", {"request": "reconnect"}),
        ("delete", {"desired": "deleted"}),
        ("verify", {"verify_asked_at__isnull": False}),
    ],
)
def test_every_act_stores_what_is_wanted(client: Client, post: Callable[..., str], act: str, changed: Any) -> None:
    sessions = make_three()
    meant = sessions[2:] if act == "connect" else sessions[:2]
    assert post(act, *meant, sure="yes") == "/sessions/"
    assert Session.objects.filter(pk__in=[one.pk for one in meant], **changed).count() == len(meant)
    [said] = told(client)
    assert "done for" in said
    assert SystemLog.objects.filter(source=f"session.{act}").count() == len(meant)


def test_check_asks_nothing_first(post: Callable[..., str]) -> None:
    assert [name for name, act in ACTS.items() if not act.asks] == ["verify"]
    assert post("verify", *make_three()[:1]) == "/sessions/"
    assert Session.objects.filter(verify_asked_at__isnull=False).count() == 1


def test_lines_are_switched_together(client: Client, post: Callable[..., str]) -> None:
    norte, sur, _taller = make_three()
    Gateway.objects.filter(pk=sur.gateway).update(active=False)
    post("deactivate", norte, sur, sure="yes")
    assert "Lines off: not done for 1 session:\nSur: its line is off already" in told(client)
    assert set(Gateway.objects.filter(active=False).values_list("name", flat=True)) == {"Norte", "Sur"}
    post("activate", norte, sur, sure="yes")
    assert Gateway.objects.filter(active=True).count() == 3


def test_limits_are_set_together_and_empty_ones_stay(client: Client, post: Callable[..., str]) -> None:
    norte, sur, _taller = make_three()
    assert 'id="same_per_day"' in post("limits", norte, sur)
    wrong = post("limits", norte, sur, sure="yes", per_day="-4")
    assert 'id="same_per_day_error"' in wrong
    assert "Fill in the limits to change." in post("limits", norte, sur, sure="yes")
    assert {line.config["per_day"] for line in Gateway.objects.all()} == {200}
    assert post("limits", norte, sur, sure="yes", per_day="90", per_minute="0") == "/sessions/"
    limits = {line.name: (line.config["per_day"], line.config["per_hour"]) for line in Gateway.objects.all()}
    assert limits == {"Norte": (90, 60), "Sur": (90, 60), "Taller": (200, 60)}
    assert kept()[0].data == {"together": 2, "per_day": 90, "per_minute": 0}


def test_what_is_gone_or_unknown_does_no_harm(client: Client, post: Callable[..., str]) -> None:
    norte, _sur, _taller = make_three()
    assert post("delete", str(ObjectId()), "nobody", sure="yes") == "/sessions/"
    assert told(client) == ["None of these sessions is there any more."]
    assert client.post("/sessions/batch/", {"act": "fly", "session": [str(norte.pk)]}).status_code == 404
    assert client.get("/sessions/batch/").status_code == 405
    assert Client().post("/sessions/batch/", {"act": "delete", "session": [str(norte.pk)]}).status_code == 302
    Session.objects.filter(pk=norte.pk).update(desired="deleted")
    post("connect", norte, sure="yes")
    assert told(client) == ["Connect: not done for 1 session:\nNorte: it is being deleted"]


def test_many_names_are_cut(post: Callable[..., str]) -> None:
    pool = make_whatsapp_pool()
    many = [make_session(pool, f"Ventas {number:02}") for number in range(15)]
    asked = post("delete", *many)
    assert "<b>Ventas 00, " in asked
    assert "Ventas 11 and 3 more</b>" in asked
