"""Campaigns by WhatsApp: what they are made of, what their start asks for, and what is told of them."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from django.core.management import CommandError, call_command
from django.utils import timezone
from python_calamine import CalamineWorkbook

from campaigns.models import Attachment, Campaign
from domain.delivery import Incoming
from engine import enroll
from gateways.models import Gateway, Pool
from lib.mongo import collection
from messaging import receipts
from messaging.models import Message
from sessions_app.models import Session
from tests.campaigns.test_attachments import PDF, PNG
from tests.factories.debtors import make_debtor
from tests.factories.sending import make_line, make_pool
from tests.factories.sessions import make_session, make_whatsapp_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"


@pytest.fixture
def pool() -> Pool:
    return make_whatsapp_pool()


def manage(*arguments: str) -> list[str]:
    out = StringIO()
    call_command("campaign", *arguments, stdout=out)
    return out.getvalue().splitlines()


def refused(*arguments: str) -> str:
    with pytest.raises(CommandError) as caught:
        call_command("campaign", *arguments, stdout=StringIO())
    return str(caught.value)


def creation(*more: str, channel: str = "whatsapp", name: str = "Noviembre") -> list[str]:
    pools = {
        "whatsapp": ["--whatsapp-pool", "Ventas"],
        "sms": ["--sms-pool", "SMS"],
        "whatsapp_fallback_sms": ["--whatsapp-pool", "Ventas", "--sms-pool", "SMS"],
    }
    base = ["create", name, "--channel", channel, *pools[channel], "--audience", "all", "--window", "none"]
    return [*base, "--message", "Hola {nombre}", *more]


def enrolled(*more: str, channel: str = "whatsapp") -> Campaign:
    """A started campaign with its messages, its debtors made before."""
    manage(*creation(*more, channel=channel))
    manage("start", "Noviembre")
    campaign = Campaign.objects.get()
    token = enroll.lease(campaign.pk)
    assert token is not None
    enroll.work(campaign.pk, token)
    campaign.refresh_from_db()
    return campaign


def written_to(campaign: Campaign, **fields: Any) -> None:
    """As if each of its messages had been tried by a line."""
    attempt = {"attempt_id": "a" * 32, "gateway": ObjectId(), "epoch": 1, "started_at": timezone.now()}
    collection(Message).update_many({"campaign": campaign.pk}, {"$set": {**fields, "attempts": [attempt]}})


# Creating ------------------------------------------------------------------------------------------------------------
def test_create_takes_everything_that_goes_with_whatsapp(pool: Pool, tmp_path: Path) -> None:
    make_debtor()
    (tmp_path / "aviso.pdf").write_bytes(PDF)
    options = ["--attach", str(tmp_path / "aviso.pdf"), "--no-session", "borrow", "--no-session-minutes", "2.5"]
    assert manage(*creation(*options, "--min-sessions", "3"))[:2] == [
        "Campaign “Noviembre” was created as a draft.",
        "“aviso.pdf” goes with its messages.",
    ]
    campaign = Campaign.objects.get()
    assert (campaign.channel, campaign.whatsapp_pool, campaign.sms_pool) == ("whatsapp", pool, None)
    assert (campaign.no_session_policy, campaign.no_session_minutes, campaign.min_sessions) == ("borrow", 2.5, 3)
    assert campaign.attachment is not None
    assert bytes(campaign.attachment.data) == PDF
    manage(*creation("--attach", str(tmp_path / "aviso.pdf"), name="Diciembre"))
    other = Campaign.objects.get(name="Diciembre")
    assert other.attachment_id == campaign.attachment_id
    assert (other.no_session_policy, other.no_session_minutes, other.min_sessions) == ("wait", 10, 1)
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--no-session-minutes", "-1"), "a number of minutes from 0 to 10080"),
        (("--no-session-minutes", "nan"), "a number of minutes from 0 to 10080"),
        (("--min-sessions", "0"), "from 1 to 1000"),
        (("--no-session", "retry"), "invalid choice"),
        (("--attach", "nada.pdf"), "can't be read"),
    ],
)
def test_create_of_what_cannot_be_stores_nothing(pool: Pool, more: tuple[str, ...], words: str) -> None:
    make_debtor()
    assert words in refused(*creation(*more))
    assert (Campaign.objects.count(), Attachment.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    "more", [("--no-session", "wait"), ("--no-session-minutes", "5"), ("--min-sessions", "1"), ("--attach", "f.png")]
)
def test_create_of_an_sms_campaign_refuses_what_only_whatsapp_has(tmp_path: Path, more: tuple[str, str]) -> None:
    make_pool("SMS")
    (tmp_path / "f.png").write_bytes(PNG)
    value = str(tmp_path / "f.png") if more[0] == "--attach" else more[1]
    assert refused(*creation(more[0], value, channel="sms")) == (
        f"{more[0]} makes no sense for the channel “sms”: leave it out."
    )
    assert Attachment.objects.count() == 0


# Starting ------------------------------------------------------------------------------------------------------------
def test_start_needs_a_session_in_the_pool_but_not_a_connected_one(pool: Pool) -> None:
    make_debtor()
    manage(*creation())
    assert refused("start", "Noviembre") == (
        "The pool “Ventas” has no active WhatsApp session to send through. "
        "Add one with `manage.py session add NAME --pool 'Ventas'`, then connect it."
    )
    make_session(pool)
    started = manage("start", "Noviembre")
    assert started[0] == "Noviembre: running"
    assert started[-1] == (
        "  0 of its 1 sessions are connected, and it needs 1: it waits 10 minutes, then it is paused. "
        "Connect one with `manage.py session connect NAME`."
    )


def test_start_needs_as_many_sessions_as_the_campaign_asks_for_unless_it_borrows(pool: Pool) -> None:
    make_debtor()
    make_session(pool)
    manage(*creation("--min-sessions", "2"))
    assert refused("start", "Noviembre").startswith(
        "The pool “Ventas” has 1 active session, and “Noviembre” asks for 2."
    )
    manage(*creation("--min-sessions", "2", "--no-session", "borrow", name="Diciembre"))
    assert manage("start", "Diciembre")[-1].startswith(
        "  0 of its 1 sessions are connected, and it needs 2: sessions of other pools send for it."
    )


def test_start_with_a_fallback_needs_a_line_in_each_pool(pool: Pool) -> None:
    make_debtor()
    sms = make_pool("SMS")
    manage(*creation(channel="whatsapp_fallback_sms"))
    assert "has no active WhatsApp session" in refused("start", "Noviembre")
    make_session(pool)
    assert "The pool “SMS” has no active line to send through." in refused("start", "Noviembre")
    make_line(sms, URL)
    assert manage("start", "Noviembre")[0] == "Noviembre: running"


# Enrolling -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("channel", ["whatsapp", "whatsapp_fallback_sms"])
def test_enroll_puts_messages_into_the_whatsapp_pool_with_their_file(pool: Pool, tmp_path: Path, channel: str) -> None:
    for _ in range(2):
        make_debtor()
    make_session(pool)
    make_line(make_pool("SMS"), URL)
    (tmp_path / "aviso.pdf").write_bytes(PDF)
    campaign = enrolled("--attach", str(tmp_path / "aviso.pdf"), channel=channel)
    found = set(Message.objects.values_list("pool", "channel", "attachment", "status", "gateway"))
    assert found == {(pool.pk, "whatsapp", campaign.attachment_id, "pending", None)}
    assert Message.objects.count() == 2


# Telling -------------------------------------------------------------------------------------------------------------
def test_status_shows_channel_file_sessions_fallback_and_replies(pool: Pool, tmp_path: Path) -> None:
    debtors = [make_debtor() for _ in range(4)]
    one, two = make_session(pool, connected=True), make_session(pool, "Ventas 2")
    line = make_line(make_pool("SMS"), URL, "Línea 1")
    (tmp_path / "aviso.pdf").write_bytes(PDF)
    campaign = enrolled("--attach", str(tmp_path / "aviso.pdf"), channel="whatsapp_fallback_sms")
    written_to(campaign)
    ids = [message.pk for message in Message.objects.order_by("phone")]
    for pk, gateway, status, channel in [
        (ids[0], one.gateway, "read", "whatsapp"),
        (ids[1], one.gateway, "delivered", "whatsapp"),
        (ids[2], line.pk, "sent", "sms"),
    ]:
        Message.objects.filter(pk=pk).update(gateway=gateway, status=status, channel=channel)
    receipts.store(str(one.gateway), [Incoming("m1", debtors[0].phone, "Sí"), Incoming("m2", debtors[0].phone, "Ok")])
    assert manage("status", "Noviembre") == [
        "Noviembre: running",
        "  total: 4",
        "  pending: 4",  # the counts move with the engine, which this test plays
        "  channel: WhatsApp, and SMS where it can't be reached",
        "  attachment: aviso.pdf",
        "  by SMS instead: 1",
        "  replied: 1 person",
        "  Line           Channel   Session    pending  sent  delivered  read",
        "  Ventas 1       WhatsApp  connected        0     0          1     1",
        "  Ventas 2       WhatsApp  stopped          0     0          0     0",
        "  (no line yet)  WhatsApp                   1     0          0     0",
        "  Línea 1        SMS                        0     1          0     0",
    ]
    [printed] = manage("status", "Noviembre", "--json")
    status = json.loads(printed)
    assert (status["replied"], status["fallback"], status["attachment"]) == (1, 1, "aviso.pdf")
    assert status["sessions"] == {"connected": 1, "active": 2, "needed": 1}
    lanes = [(lane["name"], lane["session"], lane["connected"], lane["total"]) for lane in status["lanes"]]
    assert lanes == [
        ("Ventas 1", "connected", True, 2),
        ("Ventas 2", "stopped", False, 0),
        ("", "", False, 1),
        ("Línea 1", "", False, 1),
    ]
    assert two.status == "stopped"


def test_status_does_not_count_a_session_that_stopped_answering(pool: Pool) -> None:
    make_debtor()
    session = make_session(pool, connected=True)
    enrolled()
    assert not any("of its 1 sessions" in line for line in manage("status", "Noviembre"))
    Session.objects.filter(pk=session.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=1))
    told = manage("status", "Noviembre")
    assert "  Ventas 1       WhatsApp  does not answer        0" in told
    assert told[-1].startswith("  0 of its 1 sessions are connected")


def test_replies_are_those_of_people_the_campaign_wrote_to_since_its_start(pool: Pool) -> None:
    names = ("Ana", "Beto", "Carla", "Dora")
    ana, beto, carla, dora = (make_debtor(name=name) for name in names)
    session = make_session(pool)
    campaign = enrolled()
    assert manage("replies", "Noviembre") == ["Nobody has answered “Noviembre” yet."]
    written_to(campaign)
    Message.objects.filter(phone=dora.phone).update(attempts=[])  # not written to yet
    started = campaign.started_at
    assert started is not None
    receipts.store(
        str(session.gateway),
        [
            Incoming("1", ana.phone, "Antes", at=started - timedelta(hours=1)),
            Incoming("2", ana.phone, "¿Quién es?", at=started + timedelta(minutes=1)),
            Incoming("3", ana.phone, "Ya\npagué", at=started + timedelta(minutes=3), media="image"),
            Incoming("4", beto.phone, "Ok", at=started + timedelta(minutes=2)),
            Incoming("5", carla.phone, "Hace tiempo", at=started - timedelta(days=1)),
            Incoming("6", dora.phone, "Hola", at=started + timedelta(minutes=1)),
            Incoming("7", "+56999999999", "Un desconocido", at=started + timedelta(minutes=1)),
        ],
    )
    first, second = manage("replies", "Noviembre")
    assert (first.split("  ")[0], first.split("  ")[3:]) == ("Ana", ["Ventas 1", "2 texts", "[image] Ya pagué"])
    assert (second.split("  ")[0], second.split("  ")[3:]) == ("Beto", ["Ventas 1", "1 text", "Ok"])
    [printed] = manage("replies", "Noviembre", "--json")
    found = json.loads(printed)
    assert [(one["name"], one["phone"], one["texts"], one["line"]) for one in found] == [
        ("Ana", ana.phone, 2, "Ventas 1"),
        ("Beto", beto.phone, 1, "Ventas 1"),
    ]
    assert (found[0]["last_text"], found[0]["last_media"]) == ("Ya\npagué", "image")
    [printed] = manage("status", "Noviembre", "--json")
    assert json.loads(printed)["replied"] == 2


def test_export_has_a_sheet_of_what_each_line_sent(pool: Pool, tmp_path: Path) -> None:
    make_debtor()
    session = make_session(pool, connected=True)
    campaign = enrolled()
    written_to(campaign, status="sent", gateway=session.gateway)
    out = tmp_path / "salida.xlsx"
    call_command("export_campaign", "Noviembre", str(out), stdout=StringIO())
    book = CalamineWorkbook.from_path(out)
    assert book.sheet_names[-1] == "Lines"
    assert book.get_sheet_by_name("Lines").to_python() == [
        ["Line", "Channel", "Session", "sent"],
        ["Ventas 1", "WhatsApp", "connected", 1.0],
    ]
    [_titles, row] = book.get_sheet_by_index(0).to_python()
    assert (row[3], row[9]) == ("WhatsApp", "Ventas 1")
    assert Gateway.objects.count() == 1
