"""What the provider of WhatsApp sessions promises, as one table over the stand-in: what arrives for each message, and
what is made of what WhatsApp and the people do.

The counterpart of tests/gateways/test_provider_contract.py, with a page in the place of an HTTP interface.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.delivery import ErrorKind, Media, Scope, SendError, Sent
from domain.number_checks import CONFIRM_AFTER
from domain.whatsapp_ids import key_of
from gateways.registry import line_of, provider_for
from tests.sessions.provider.conftest import Scene, wait_for

# One white pixel, and the least that calls itself a PDF.
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n%%EOF\n"
KEY, ATTEMPT = "{key}", "{attempt}"


@dataclass(frozen=True)
class Row:
    """`person` and `account` are the stand-in's rules for them; `arrival` is what WhatsApp gets, None for nothing."""

    label: str
    result: Sent | SendError
    arrival: dict[str, Any] | None
    person: dict[str, Any] = field(default_factory=dict)
    account: dict[str, Any] = field(default_factory=dict)
    text: str = "Hola"
    media: Media | None = None
    seconds: float = 90.0


def refused(code: str, detail: str, *, scope: Scope = Scope.LINE, retry_after: float | None = None) -> SendError:
    return SendError(ATTEMPT, ErrorKind.REFUSED, code, detail, scope, retry_after)


SENT = Sent(ATTEMPT, KEY)
TEXT = {"kind": "chat", "text": "Hola", "id": KEY, "outcome": "accepted"}
UNCONFIRMED = refused(
    "number_unconfirmed", "WhatsApp does not know the number; it is asked once more.", scope=Scope.MESSAGE,
    retry_after=CONFIRM_AFTER,
)  # fmt: skip
NO_ACK = SendError(ATTEMPT, ErrorKind.UNKNOWN, "no_ack", "WhatsApp did not confirm the message in time.")
REJECTED = SendError(ATTEMPT, ErrorKind.PERMANENT, "rejected_by_whatsapp", "WhatsApp refused the message.")
LONG = "¿Debe $50&+? {id}\n✓ " * 200

ROWS = [
    Row("text", SENT, TEXT),
    Row("text as it is", SENT, {**TEXT, "text": LONG}, text=LONG),
    Row("image with its caption", SENT, {**TEXT, "kind": "image", "mimetype": "image/png", "size": len(PNG)},
        media=Media("pixel.png", "image/png", PNG)),
    Row("PDF with its caption", SENT,
        {**TEXT, "kind": "document", "mimetype": "application/pdf", "filename": "deuda.pdf", "size": len(PDF)},
        media=Media("deuda.pdf", "application/pdf", PDF)),
    Row("number that is not on WhatsApp", UNCONFIRMED, None, person={"on_whatsapp": False}),
    Row("question that fails", UNCONFIRMED, None, person={"check": "error"}),
    Row("slow ack", SENT, TEXT, person={"ack_ms": 400}),
    Row("ack that is lost", NO_ACK, TEXT, person={"ack": "lost"}),
    Row("message that WhatsApp refuses", REJECTED, {**TEXT, "outcome": "refused"}, person={"ack": "failed"}),
    Row("chat that lives under a LID", SENT, TEXT, person={"lid": "auto"}),
    Row("LID whose number the page does not know", SENT, TEXT, person={"lid": "auto", "lid_known": False}),
    Row("person who answers by itself", SENT, TEXT, person={"reply": "ya pagué", "reply_ms": 1}),
    Row("account that is open in another place",
        refused("not_connected", "The session is not connected: CONFLICT/NORMAL.", scope=Scope.SESSION), None,
        account={"mode": "CONFLICT"}),
    Row("account without connection",
        refused("not_connected", "The session is not connected: MAIN/OFFLINE.", scope=Scope.SESSION), None,
        account={"info": "OFFLINE"}),
    Row("account that WhatsApp has blocked",
        refused("not_connected", "The session is not connected: TOS_BLOCK/NORMAL.", scope=Scope.SESSION), None,
        account={"mode": "TOS_BLOCK"}),
    Row("time to start has passed", refused("not_started", "Its time to start had passed.", scope=Scope.MESSAGE), None,
        seconds=-1.0),
]  # fmt: skip


@pytest.mark.parametrize("row", [pytest.param(row, id=row.label) for row in ROWS])
@pytest.mark.usefixtures("impatient")
def test_send_keeps_the_contract(row: Row, scene: Scene, person: str) -> None:
    number = scene.account.number
    scene.whatsapp.control(people={person: row.person} if row.person else {})
    if row.account:
        scene.whatsapp.control(accounts={number: row.account})
        wait_for(
            lambda: [getattr(scene.account.state(), name) for name in row.account] == list(row.account.values()),
            what="the account's new state",
        )
    outbound = scene.outbound(person, row.text, row.media)
    answer = scene.send(outbound, seconds=row.seconds)
    assert repr(answer).replace(outbound.attempt_id, ATTEMPT).replace(key_of(outbound.attempt_id), KEY) == repr(
        row.result
    )
    found = [one for one in scene.whatsapp.arrivals() if one["to"] == person]
    assert len(found) == int(row.arrival is not None)
    if row.arrival is not None:
        expected = {**row.arrival, "id": outbound.provider_id}
        assert {name: found[0][name] for name in expected} == expected
    scene.whatsapp.control(accounts={})


def test_provider_reserves_the_id_that_whatsapp_will_know(scene: Scene) -> None:
    outbound = scene.outbound("56911111111")
    assert scene.provider.reserve(outbound.attempt_id) == outbound.provider_id
    assert list(scene.provider.poll([])) == []


def test_check_says_whether_the_session_can_send(scene: Scene) -> None:
    assert scene.provider.check().ok
    scene.session.delete()
    health = provider_for(line_of(scene.gateway)).check()
    assert (health.ok, health.detail) == (False, "The session has no browser.")
