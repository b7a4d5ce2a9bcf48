"""Every way out of a doubt, over a real page: what is found, what was never there, and what is sent again once."""

from dataclasses import replace

import pytest

from domain import whatsapp_answers
from domain.delivery import ErrorKind, Failed, NotSent, Outbound, SendError, Sent, Unknown
from sessions_app import numbers
from sessions_app.models import Session
from tests.sessions.provider.conftest import Scene, later, stored, wait_for

YEAR = 365 * 86_400.0


@pytest.fixture
def doubted(impatient: None, scene: Scene, person: str) -> Outbound:
    """A message that arrived, and of which WhatsApp has said nothing."""
    scene.whatsapp.control(people={person: {"ack": "lost"}})
    outbound = scene.outbound(person)
    answer = scene.send(outbound)
    assert isinstance(answer, SendError)
    assert (answer.kind, answer.code) == (ErrorKind.UNKNOWN, "no_ack")
    return outbound


def tell(scene: Scene, outbound: Outbound, ack: int) -> None:
    scene.whatsapp.phone("receipt", number=scene.account.number, id=outbound.provider_id, ack=ack)


def once(scene: Scene, outbound: Outbound) -> list[tuple[str, str, str, str]]:
    return [(outbound.phone[1:], outbound.provider_id or "", outbound.text, "accepted")]


@pytest.mark.parametrize("ack", [1, 2, 3])
def test_message_that_whatsapp_has_was_sent(scene: Scene, doubted: Outbound, ack: int) -> None:
    tell(scene, doubted, ack)
    wait_for(lambda: scene.reconcile(doubted) == Sent(doubted.attempt_id, doubted.provider_id), what="the ack")
    assert scene.arrivals() == once(scene, doubted)


def test_message_at_the_clock_stays_in_doubt(scene: Scene, doubted: Outbound) -> None:
    said = scene.reconcile(doubted)
    assert said == Unknown(doubted.attempt_id, "WhatsApp has not confirmed the message yet.")
    assert scene.arrivals() == once(scene, doubted)


def test_message_that_whatsapp_refused_has_failed(scene: Scene, doubted: Outbound) -> None:
    tell(scene, doubted, -1)
    failed = Failed(doubted.attempt_id, "rejected_by_whatsapp", "WhatsApp refused the message.")
    wait_for(lambda: scene.reconcile(doubted) == failed, what="the refusal")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("remembered", [True, False])
def test_message_in_a_chat_under_a_lid_is_found(*, scene: Scene, person: str, remembered: bool) -> None:
    scene.whatsapp.control(people={person: {"ack": "lost", "lid": "auto"}})
    outbound = scene.outbound(person)
    assert isinstance(scene.send(outbound), SendError)
    if not remembered:  # the worker died before it stored which id answered
        numbers.Number.objects.all().delete()
    assert isinstance(scene.reconcile(outbound), Unknown)
    tell(scene, outbound, 2)
    wait_for(lambda: isinstance(scene.reconcile(outbound), Sent), what="the ack")
    assert len(scene.arrivals()) == 1


def test_message_that_the_page_never_saw_was_not_sent_and_never_will_be(scene: Scene, person: str) -> None:
    outbound = later(scene.outbound(person), 60)  # well after the page's memory began
    assert scene.reconcile(outbound) == NotSent(outbound.attempt_id)
    late = scene.send(outbound)
    assert isinstance(late, SendError)
    assert (late.kind, late.code) == (ErrorKind.UNKNOWN, "seen")
    assert scene.arrivals() == []


def test_message_that_was_seen_and_is_not_there_is_sent_under_its_id(scene: Scene, person: str) -> None:
    outbound = later(scene.outbound(person), 60)
    assert scene.reconcile(outbound) == NotSent(outbound.attempt_id)
    assert scene.reconcile(outbound) == Sent(outbound.attempt_id, outbound.provider_id)
    assert scene.reconcile(outbound) == Sent(outbound.attempt_id, outbound.provider_id)
    assert scene.arrivals() == once(scene, outbound)
    assert numbers.is_acquainted(scene.gateway.pk, outbound.phone)


def test_repetition_keeps_the_fences_of_any_send(scene: Scene, person: str) -> None:
    outbound = later(scene.outbound(person), 60)
    assert scene.reconcile(outbound) == NotSent(outbound.attempt_id)
    late = scene.reconcile(outbound, seconds=-1)
    assert isinstance(late, SendError)
    assert (late.kind, late.code) == (ErrorKind.REFUSED, "not_started")
    assert isinstance(scene.send(scene.outbound("56911110000")), Sent)
    stale = scene.reconcile(replace(outbound, epoch=scene.epoch - 1))
    assert isinstance(stale, SendError)
    assert (stale.kind, stale.code) == (ErrorKind.REFUSED, "superseded")
    assert [to for to, *_ in scene.arrivals()] == ["56911110000"]


@pytest.mark.usefixtures("impatient")
def test_repetition_without_an_ack_stays_in_doubt(scene: Scene, person: str) -> None:
    scene.whatsapp.control(people={person: {"ack": "lost"}})
    outbound = later(scene.outbound(person), 60)
    assert scene.reconcile(outbound) == NotSent(outbound.attempt_id)
    for _ in range(2):
        assert isinstance(scene.reconcile(outbound), Unknown)
    assert scene.arrivals() == once(scene, outbound)


def test_login_that_is_younger_than_the_message_leaves_it_to_people(scene: Scene, person: str) -> None:
    outbound = later(scene.outbound(person), -YEAR)
    said = scene.reconcile(outbound)
    assert said == Unknown(outbound.attempt_id, "The account was linked anew after the message was begun.", final=True)
    assert scene.arrivals() == []


def test_session_that_is_not_connected_uses_up_no_look(scene: Scene, person: str) -> None:
    scene.whatsapp.control(accounts={scene.account.number: {"mode": "CONFLICT"}})
    wait_for(lambda: scene.account.state().mode == "CONFLICT", what="the conflict")
    said = scene.reconcile(scene.outbound(person))
    assert isinstance(said, SendError)
    assert (said.kind, said.code) == (ErrorKind.REFUSED, "not_connected")
    scene.whatsapp.control(accounts={})


def test_attempt_of_unknown_age_is_not_touched(scene: Scene, person: str) -> None:
    said = scene.reconcile(replace(scene.outbound(person), started_at=None))
    assert isinstance(said, Unknown)
    assert scene.arrivals() == []


def test_browser_that_is_younger_than_the_message_sends_it_under_its_id(
    scene: Scene, person: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it kept of the attempt may have died with the browser before it: only WhatsApp knows the id then."""
    monkeypatch.setattr(whatsapp_answers, "CLOCK_MARGIN_MS", 0.0)  # one clock, and a restart of a moment
    before = scene.account.state()
    outbound = scene.outbound(person)
    scene.account.restart()
    after = scene.account.state()
    assert (after.login, after.born > before.now) == (before.login, True)
    Session.objects.filter(pk=scene.session.pk).update(**stored(scene.account.browser))
    for _ in range(2):
        assert scene.reconcile(outbound) == Sent(outbound.attempt_id, outbound.provider_id)
    assert scene.arrivals() == once(scene, outbound)
