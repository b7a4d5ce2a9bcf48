"""A campaign through the engine and a real page: each message once, its acks, its doubt and its answers."""

import pytest

from campaigns.models import Campaign
from domain.states import SessionStatus
from engine import inbox
from engine.deliver import deliver
from gateways.models import Gateway, LaneState
from lib.mongo import now_plus
from messaging import queries
from messaging.models import IncomingText, Message
from tests.engine.session_lines import add_recipients, set_session, whatsapp_campaign
from tests.sessions.provider.conftest import Scene, wait_for


def state(campaign: Campaign) -> dict[str, int]:
    counts = queries.counts(campaign.pk)
    assert counts == queries.counted(campaign.pk)
    return {status: number for status, number in counts.items() if number}


def run_slices(scene: Scene, campaign: Campaign, wanted: dict[str, int]) -> None:
    """Slices of the lane and what the page told, without the line's rests, until the counts are these."""

    def look() -> bool:
        Gateway.objects.filter(pk=scene.gateway.pk).exclude(lane_state=LaneState.BUSY).update(next_send_at=None)
        deliver(scene.gateway.pk)
        scene.drain()
        inbox.apply_receipts()
        return state(campaign) == wanted

    wait_for(look, what=f"{wanted}, not {state(campaign)}")


@pytest.mark.usefixtures("impatient")
def test_campaign_reaches_each_person_once(scene: Scene) -> None:
    set_session(scene.gateway, SessionStatus.CONNECTED)
    campaign = whatsapp_campaign(scene.gateway.pool)
    phones = add_recipients(campaign, 4)
    under_lid, absent, silent = phones[1:]
    scene.whatsapp.control(
        people={
            under_lid[1:]: {"lid": "auto", "reply": "ya pagué", "reply_ms": 1},
            absent[1:]: {"on_whatsapp": False},
            silent[1:]: {"ack": "lost"},
        }
    )
    run_slices(scene, campaign, {"read": 2, "pending": 1, "uncertain": 1})
    waiting = Message.objects.get(phone=absent)
    assert (waiting.reason, waiting.gateway) == ("number_unconfirmed", None)
    doubted = Message.objects.get(phone=silent)
    assert doubted.attempts[-1].provider_id in {id for _, id, *_ in scene.arrivals()}

    # A look finds it at the clock; WhatsApp's late word ends the doubt.
    Message.objects.filter(pk=doubted.pk).update(due_at=now_plus(0))
    wait_for(lambda: run_once(scene) or Message.objects.get(pk=doubted.pk).checks > 0, what="a look")
    scene.whatsapp.phone("receipt", number=scene.account.number, id=doubted.attempts[-1].provider_id, ack=2)
    run_slices(scene, campaign, {"read": 2, "pending": 1, "delivered": 1})

    arrivals = scene.arrivals()
    assert sorted(to for to, *_ in arrivals) == sorted(phone[1:] for phone in phones if phone != absent)
    assert {outcome for *_, outcome in arrivals} == {"accepted"}
    wait_for(lambda: scene.drain() or IncomingText.objects.exists(), what="the answer")
    assert [(text.phone, text.text) for text in IncomingText.objects.all()] == [(under_lid, "ya pagué")]


def run_once(scene: Scene) -> None:
    Gateway.objects.filter(pk=scene.gateway.pk).update(next_send_at=None)
    deliver(scene.gateway.pk)
