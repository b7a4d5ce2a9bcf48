"""Who belongs to a pool: choosing lines, moving them, deleting lines and pools, and two people who do it at once."""

import threading
from collections.abc import Callable, Iterator

import pytest
from bson import ObjectId
from django.db import connection
from django.test import Client
from django.utils import translation

from domain.states import CampaignStatus, MessageStatus
from engine import deal, lane
from gateways import commands, members, queries
from gateways.errors import GatewayError
from gateways.models import Gateway, Pool, Strategy
from lib.mongo import collection
from messaging import claims
from messaging import queries as messaging
from messaging.models import CLAIM_INDEX, Message
from systemlog.models import SystemLog
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db

URL = "https://host/send"
TEMPLATE = "https://host/?to={phone}&text={message}"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What is refused is compared in the source language."""
    with translation.override("en"):
        yield


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def told(client: Client, pool: Pool) -> str:
    """What the pool's page says after an act."""
    return text(client, f"/pools/{pool.pk}/")


def elsewhere(work: Callable[[], object]) -> None:
    """Do it on another connection, as another process would."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


# Choosing -------------------------------------------------------------------------------------------------------------
def test_lines_of_other_pools_of_the_channel_are_offered_with_what_they_leave_behind(signed_in: Client) -> None:
    here, south = make_pool("Norte"), make_pool("Sur", strategy=Strategy.FIXED_TURNS)
    make_line(here, URL, "Ya aquí")
    line = make_line(south, URL, "Empresa A")
    make_session(make_whatsapp_pool(), "Ventas 1")
    add_messages(make_campaign(south), 3)
    deal.deal_all()
    commands.send_test(name="Empresa A", phone="+56911111111", text="Hola")
    found = text(signed_in, f"/pools/{here.pk}/candidates/")
    for words in (
        f'value="{line.pk}" form="into"', "Empresa A", "now in Sur",
        "3 messages that it has not sent go back to “Sur”.",
        "1 reply or test goes along with it.", "“Sur” has no other: its messages wait then.",
    ):  # fmt: skip
        assert words in found, words
    assert "Ya aquí" not in found
    assert "Ventas 1" not in found
    out = text(signed_in, f"/pools/{here.pk}/candidates/?way=out")
    assert "Ya aquí" in out
    assert "Empresa A" not in out


def test_search_finds_names_and_pools_and_keeps_what_was_chosen(signed_in: Client) -> None:
    here, south = make_pool("Norte"), make_pool("Sur")
    first, second = make_line(south, URL, "Andes"), make_line(south, URL, "Conecta")
    path = f"/pools/{here.pk}/candidates/"
    assert "Conecta" not in text(signed_in, f"{path}?q=and")
    assert "Conecta" in text(signed_in, f"{path}?q=SUR")
    kept = text(signed_in, f"{path}?q=conec&lines={first.pk}&lines=x")
    assert f'value="{first.pk}" form="into" checked' in kept
    assert kept.index(str(first.pk)) < kept.index(str(second.pk))
    assert "No name has these words in it." in text(signed_in, f"{path}?q=zz")
    assert "No other WhatsApp pool has a session." in text(signed_in, f"/pools/{make_whatsapp_pool().pk}/candidates/")


def test_more_lines_than_fit_are_searched_for(signed_in: Client) -> None:
    here, south = make_pool("Norte"), make_pool("Sur")
    for number in range(4):
        make_line(south, URL, f"Empresa {number}")
    found = queries.candidates(here, leaving=False, words="", chosen=[], most=2)
    assert [one.row.gateway.name for one in found] == ["Empresa 0", "Empresa 1"]
    assert not any(one.last for one in found)


# Moving ---------------------------------------------------------------------------------------------------------------
def test_several_are_moved_at_once_and_that_is_kept(signed_in: Client) -> None:
    here, south = make_pool("Norte"), make_pool("Sur")
    lines = [make_line(south, URL), make_line(south, URL)]
    data = {"way": "into", "lines": [str(line.pk) for line in lines]}
    assert signed_in.post(f"/pools/{here.pk}/move/", data)["Location"] == f"/pools/{here.pk}/"
    assert "2 moved to “Norte”." in told(signed_in, here)
    assert {line.pool_id for line in Gateway.objects.all()} == {here.pk}
    kept = SystemLog.objects.filter(source="line.move")
    assert {entry.object_id for entry in kept} == {str(line.pk) for line in lines}
    assert kept[0].data == {"from": "Sur", "to": "Norte"}
    data = {"way": "out", "lines": [str(lines[0].pk)], "target": str(south.pk)}
    signed_in.post(f"/pools/{here.pk}/move/", data)
    assert Gateway.objects.get(pk=lines[0].pk).pool_id == south.pk


def test_line_that_was_moved_since_it_was_shown_stays_where_it_is(signed_in: Client) -> None:
    here, south, east = make_pool("Norte"), make_pool("Sur"), make_pool("Este")
    line = make_line(south, URL, "Empresa A")
    shown = f"{line.pk}.{south.pk}"
    assert f'name="shown" value="{shown}" form="into"' in text(signed_in, f"/pools/{here.pk}/candidates/")
    members.move_lines([line.pk], target=east)
    data = {"way": "into", "lines": [str(line.pk)], "shown": [shown, "x", "x.y"]}
    signed_in.post(f"/pools/{here.pk}/move/", data)
    assert "Somebody else has moved “Empresa A” meanwhile" in text(signed_in, f"/pools/{here.pk}/")
    assert Gateway.objects.get(pk=line.pk).pool_id == east.pk
    signed_in.post(f"/pools/{here.pk}/move/", {**data, "shown": f"{line.pk}.{east.pk}"})
    assert Gateway.objects.get(pk=line.pk).pool_id == here.pk


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"way": "into"}, "Choose at least one."),
        ({"way": "into", "lines": "65f0c0ffee0123456789abcd"}, "One of them is no longer there"),
        ({"way": "out", "lines": "65f0c0ffee0123456789abcd", "target": "x"}, "Choose the pool that they go to."),
    ],
)
def test_move_that_can_t_be_says_why(signed_in: Client, data: dict[str, str], words: str) -> None:
    pool = make_pool("Norte")
    assert signed_in.get(f"/pools/{pool.pk}/move/").status_code == 405
    signed_in.post(f"/pools/{pool.pk}/move/", data)
    assert words in told(signed_in, pool)


def test_all_are_moved_or_none(db: None) -> None:
    here, south = make_pool(), make_pool()
    line = make_line(south, URL)
    session = make_session(make_whatsapp_pool())
    with pytest.raises(GatewayError):
        members.move_lines([line.pk, session.gateway], target=here)
    with pytest.raises(GatewayError):
        members.move_lines([ObjectId() for _ in range(201)], target=here)
    assert Gateway.objects.get(pk=line.pk).pool_id == south.pk
    assert members.move_lines([line.pk], target=south) == []


def test_sessions_are_moved_between_whatsapp_pools(db: None) -> None:
    here, other = make_whatsapp_pool("Uno"), make_whatsapp_pool("Dos")
    session = make_session(other, "Ventas 1")
    [moved] = members.move_lines([session.gateway], target=here)
    assert (moved.name, moved.origin) == ("Ventas 1", other.pk)
    assert Gateway.objects.get(pk=session.gateway).pool_id == here.pk


def test_line_that_somebody_else_moved_meanwhile_is_left_where_it_is(db: None) -> None:
    here, south, east = make_pool(), make_pool(), make_pool()
    line = make_line(here, URL)
    members.move_lines([line.pk], target=east)
    with pytest.raises(GatewayError, match="meanwhile"):
        members.move_lines([line.pk], target=south, origin=here)
    assert Gateway.objects.get(pk=line.pk).pool_id == east.pk


# Deleting -------------------------------------------------------------------------------------------------------------
def test_deleted_line_is_hidden_and_what_it_sent_keeps_its_name(signed_in: Client) -> None:
    pool = make_pool("Norte")
    line = make_line(pool, URL, "Empresa A")
    answer = signed_in.post(f"/lines/{line.pk}/delete/")
    assert answer["Location"] == f"/pools/{pool.pk}/"
    page = told(signed_in, pool)
    assert "Line “Empresa A” deleted." in page
    assert "No lines yet" in page
    assert signed_in.get(f"/lines/{line.pk}/").status_code == 404
    assert signed_in.post(f"/lines/{line.pk}/switch/", {"active": "1"}).status_code == 404
    assert queries.gateways() == []
    kept = Gateway.objects.get(pk=line.pk)
    assert (kept.name, kept.active) == (f"Empresa A (deleted {line.pk})", False)
    commands.create_gateway(name="Empresa A", kind="http_generic", pool="Norte", url_template=TEMPLATE)
    with pytest.raises(GatewayError):
        commands.set_gateway_active(name=kept.name, active=True)
    assert SystemLog.objects.get(source="line.delete").message == "Empresa A"
    with pytest.raises(GatewayError):
        members.delete_line(line.pk)


def test_line_that_sends_is_not_deleted(signed_in: Client) -> None:
    pool = make_pool()
    line = make_line(pool, URL, "Empresa A")
    add_messages(make_campaign(pool), 1)
    held = lane.acquire(line.pk, lease=30)
    assert held is not None
    signed_in.post(f"/lines/{line.pk}/delete/")
    assert "is sending right now" in text(signed_in, f"/lines/{line.pk}/")
    [campaign] = pool.sms_campaigns.all()
    claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=1, shared=True)
    held.release(again=False, served=None)
    with pytest.raises(GatewayError, match="sending right now"):
        members.delete_line(line.pk)


def test_session_is_not_deleted_as_a_line(signed_in: Client) -> None:
    session = make_session(make_whatsapp_pool())
    assert signed_in.post(f"/lines/{session.gateway}/delete/").status_code == 404


def test_pool_is_deleted_once_nothing_uses_it(signed_in: Client) -> None:
    pool = make_pool("Norte")
    line = make_line(pool, URL, "Empresa A")
    assert "It has lines: “Empresa A”." in told(signed_in, pool)
    signed_in.post(f"/pools/{pool.pk}/delete/")
    assert "It has lines: “Empresa A”." in told(signed_in, pool)
    members.delete_line(line.pk)
    campaign = make_campaign(pool, "Junio")
    assert "A campaign uses it: “Junio”." in told(signed_in, pool)
    type(campaign).objects.filter(pk=campaign.pk).update(status=CampaignStatus.CANCELLED.value)
    assert "Nothing uses it." in told(signed_in, pool)
    assert signed_in.post(f"/pools/{pool.pk}/delete/")["Location"] == "/pools/"
    assert "Pool “Norte” deleted." in text(signed_in, "/pools/")
    assert signed_in.get(f"/pools/{pool.pk}/").status_code == 404
    assert Pool.objects.count() == 0
    assert Gateway.objects.get(pk=line.pk).pool.name.startswith("Norte")  # as history names it
    commands.create_pool(name="Norte", channel="sms")
    assert SystemLog.objects.get(source="pool.delete").message == "Norte"


@pytest.mark.whole_database
def test_line_does_not_come_into_a_pool_that_is_deleted_at_that_moment(
    clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool("Norte")
    asked = members.enter

    def late(pk: ObjectId) -> None:
        elsewhere(lambda: members.delete_pool(pool.pk))
        asked(pk)

    monkeypatch.setattr(commands, "enter", late)
    with pytest.raises(GatewayError, match="deleted meanwhile"):
        commands.create_gateway(name="Empresa A", kind="http_generic", pool="Norte", url_template=TEMPLATE)
    assert Gateway.objects.count() == 0


@pytest.mark.whole_database
def test_pool_is_not_deleted_when_a_line_comes_at_that_moment(
    clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool, south = make_pool("Norte"), make_pool("Sur")
    line = make_line(south, URL, "Empresa A")
    asked = members.why_kept
    came = []

    def late(found: Pool) -> str:
        reason = asked(found)
        if not came:
            came.append(True)
            elsewhere(lambda: members.move_lines([line.pk], target=pool))
        return reason

    monkeypatch.setattr(members, "why_kept", late)
    with pytest.raises(GatewayError, match="Empresa A"):
        members.delete_pool(pool.pk)
    assert Pool.objects.get(pk=pool.pk).deleted_at is None


# Queries --------------------------------------------------------------------------------------------------------------
def test_what_stands_at_lines_is_counted_by_the_claim_index() -> None:
    pool = make_pool(strategy=Strategy.FIXED_TURNS)
    line = make_line(pool, URL)
    add_messages(make_campaign(pool), 5)
    deal.deal_all()
    commands.send_test(name=line.name, phone="+56911111111", text="Hola")
    assert messaging.at_lines([pool.pk]) == {line.pk: messaging.AtLine(dealt=5, direct=1)}
    assert messaging.at_lines([]) == {}
    assert claims.direct_lanes(pool.pk) == [line.pk]
    assert messaging.held_by(pool=pool.pk, gateway=line.pk) == 0
    asked = {"pool": pool.pk, "status": MessageStatus.PENDING.value, "campaign": None}
    plan = collection(Message).find(asked, {"gateway": 1, "_id": 0}).hint(CLAIM_INDEX).explain()
    # Only what belongs to no campaign is read, however much waits.
    assert plan["executionStats"]["totalDocsExamined"] == 1
    assert plan["executionStats"]["totalKeysExamined"] <= 2


def test_tests_are_found_in_whichever_pool_they_were_sent(signed_in: Client) -> None:
    pool, other = make_pool(), make_pool()
    line = make_line(pool, URL)
    test = commands.send_test(name=line.name, phone="+56911111111", text="Hola de prueba")
    collection(Message).update_one({"_id": test}, {"$set": {"status": "sent"}})
    members.move_lines([line.pk], target=other)
    assert "Hola de prueba" in text(signed_in, f"/lines/{line.pk}/")
