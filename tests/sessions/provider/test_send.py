"""What sending remembers, refuses and leaves in doubt, over a real page."""

import threading
import time
from dataclasses import replace

import pytest

from domain.delivery import ErrorKind, Media, Scope, SendError, Sent
from domain.number_checks import CONFIRM_AFTER
from domain.whatsapp_ids import candidates, digits_of
from gateways.provider import InvalidWebhook, WebhookRequest
from gateways.providers import whatsapp_web
from gateways.providers.whatsapp_page import hand_over, reach
from lib.mongo import now_plus
from messaging.models import IncomingText
from sessions_app import numbers
from sessions_app.models import Number, Session
from tests.sessions.provider.conftest import Scene, later, linked, scene_of, wait_for
from tests.whatsapp_web.browser import Driver
from tests.whatsapp_web.simulated import RunningWhatsApp

VARIANTS = [
    pytest.param("+5511987654321", "551187654321", id="Brazil"),
    pytest.param("+525512345678", "5215512345678", id="Mexico"),
    pytest.param("+5491123456789", "541123456789", id="Argentina"),
]


def code(answer: object) -> tuple[ErrorKind, str, Scope]:
    assert isinstance(answer, SendError), answer
    return answer.kind, answer.code, answer.scope


def kept(phone: str) -> tuple[str, str, int]:
    found = Number.objects.get(phone=phone)
    return found.wid, found.lid, found.misses


def ask_anew(scene: Scene) -> None:
    """As it is when the pause between two questions is over."""
    Number.objects.update(checked_at=now_plus(-CONFIRM_AFTER))
    scene.account.reload()


def test_answer_is_remembered_and_spares_the_question(scene: Scene, person: str) -> None:
    assert not numbers.is_acquainted(scene.gateway.pk, f"+{person}")
    for _ in range(2):
        assert isinstance(scene.send(scene.outbound(person)), Sent)
    assert scene.whatsapp.stats(full=True)["checks_by_number"] == {person: 1}
    assert kept(f"+{person}") == (f"{person}@c.us", "", 0)
    assert numbers.is_acquainted(scene.gateway.pk, f"+{person}")


def test_number_is_believed_absent_at_the_second_no(scene: Scene, person: str) -> None:
    scene.whatsapp.control(people={person: {"on_whatsapp": False}})
    assert code(scene.send(scene.outbound(person))) == (ErrorKind.REFUSED, "number_unconfirmed", Scope.MESSAGE)
    asked_at_once = scene.send(scene.outbound(person))
    assert code(asked_at_once) == (ErrorKind.REFUSED, "number_unconfirmed", Scope.MESSAGE)
    assert isinstance(asked_at_once, SendError)
    assert asked_at_once.retry_after is not None
    assert 0 < asked_at_once.retry_after <= CONFIRM_AFTER
    assert scene.whatsapp.stats()["checks"] == 1
    ask_anew(scene)
    for _ in range(2):
        assert code(scene.send(scene.outbound(person))) == (ErrorKind.PERMANENT, "not_on_whatsapp", Scope.MESSAGE)
    assert scene.whatsapp.stats()["checks"] == 2, "an absence that is believed spares the question"
    assert scene.arrivals() == []
    assert not numbers.is_acquainted(scene.gateway.pk, f"+{person}")


def test_number_whose_question_failed_is_sent_to_the_next_time(scene: Scene, person: str) -> None:
    scene.whatsapp.control(people={person: {"check": "error"}})
    assert code(scene.send(scene.outbound(person)))[1] == "number_unconfirmed"
    scene.whatsapp.control(people={})
    ask_anew(scene)
    assert isinstance(scene.send(scene.outbound(person)), Sent)
    assert kept(f"+{person}") == (f"{person}@c.us", "", 0)


def test_refused_message_puts_the_number_in_question(scene: Scene, person: str) -> None:
    assert isinstance(scene.send(scene.outbound(person)), Sent)
    scene.whatsapp.control(people={person: {"on_whatsapp": False}})
    assert code(scene.send(scene.outbound(person))) == (ErrorKind.PERMANENT, "rejected_by_whatsapp", Scope.MESSAGE)
    scene.account.reload()
    assert code(scene.send(scene.outbound(person)))[1] == "number_unconfirmed"


@pytest.mark.parametrize(("phone", "variant"), VARIANTS)
def test_variant_that_answered_is_remembered_with_its_replies(scene: Scene, phone: str, variant: str) -> None:
    assert candidates(phone)[1] == f"{variant}@c.us"
    scene.whatsapp.control(people={phone[1:]: {"on_whatsapp": False}, variant: {"reply": "ya pagué", "reply_ms": 1}})
    for _ in range(2):
        assert isinstance(scene.send(scene.outbound(phone)), Sent)
    assert kept(phone) == (f"{variant}@c.us", "", 0)
    assert [to for to, *_ in scene.arrivals()] == [variant, variant]
    assert scene.whatsapp.stats(full=True)["checks_by_number"] == {phone[1:]: 1, variant: 1}
    wait_for(lambda: scene.drain() or IncomingText.objects.count() == 2, what="two replies")
    assert {(text.phone, text.text) for text in IncomingText.objects.all()} == {(phone, "ya pagué")}
    assert numbers.is_acquainted(scene.gateway.pk, phone)


@pytest.mark.parametrize("known", [True, False])
def test_reply_from_a_lid_belongs_to_the_debtor(*, scene: Scene, person: str, known: bool) -> None:
    rules = {"lid": "auto", "lid_known": known, "reply": "ya pagué", "reply_ms": 1}
    scene.whatsapp.control(people={person: rules})
    assert isinstance(scene.send(scene.outbound(person)), Sent)
    wait_for(lambda: scene.drain() or IncomingText.objects.exists(), what="the reply")
    [arrival] = scene.whatsapp.arrivals()
    assert arrival["chat"].endswith("@lid")
    assert kept(f"+{person}") == (f"{person}@c.us", arrival["chat"], 0)
    assert [text.phone for text in IncomingText.objects.all()] == [f"+{person}"]


def test_text_of_an_unknown_lid_is_kept_by_it(scene: Scene, person: str) -> None:
    scene.whatsapp.control(people={person: {"lid": f"77{person}", "lid_known": False}})
    scene.whatsapp.phone("message", number=scene.account.number, person=person, text="¿quién es?")
    wait_for(lambda: scene.drain() or IncomingText.objects.exists(), what="the text")
    assert [text.phone for text in IncomingText.objects.all()] == [f"lid:{digits_of(f'77{person}@lid')}"]


def test_large_file_that_makes_its_message_late_goes_out_with_the_next_one(scene: Scene, person: str) -> None:
    large = Media("deuda.pdf", "application/pdf", b"%PDF-1.4\n" + bytes(1_500_000))
    assert code(scene.send(scene.outbound(person, media=large), seconds=0.15))[1] == "not_started"
    reached = reach(scene.gateway.pk)
    file = {"kind": "file", "file": hand_over(reached, large, seconds=90.0)}
    assert reached.page.run("file", file, seconds=90.0) is True, "the page has it"
    assert isinstance(scene.send(scene.outbound(person, media=large)), Sent)
    assert [(one["size"], one["mimetype"]) for one in scene.whatsapp.arrivals()] == [
        (len(large.data), "application/pdf")
    ]


def test_epoch_below_a_later_holders_is_refused(scene: Scene, person: str) -> None:
    assert isinstance(scene.send(scene.outbound(person)), Sent)
    stale = replace(scene.outbound(person), epoch=scene.epoch - 1)
    assert code(scene.send(stale)) == (ErrorKind.REFUSED, "superseded", Scope.LINE)
    assert len(scene.arrivals()) == 1


def test_attempt_that_is_sent_twice_goes_out_once(scene: Scene, person: str) -> None:
    outbound = scene.outbound(person)
    assert isinstance(scene.send(outbound), Sent)
    assert code(scene.send(outbound)) == (ErrorKind.UNKNOWN, "seen", Scope.MESSAGE)
    assert isinstance(scene.reconcile(outbound), Sent)
    assert scene.arrivals() == [(person, outbound.provider_id, outbound.text, "accepted")]


@pytest.mark.parametrize("changes", [{"driver_session": ""}, {"driver_session": "0" * 32}, {"browser": {}},
                                     {"driver_url": "http://127.0.0.1:9"}])  # fmt: skip
def test_session_without_browser_sends_nothing(scene: Scene, person: str, changes: dict[str, object]) -> None:
    Session.objects.filter(pk=scene.session.pk).update(**changes)
    assert code(scene.send(scene.outbound(person))) == (ErrorKind.REFUSED, "no_browser", Scope.SESSION)
    assert code(scene.reconcile(scene.outbound(person))) == (ErrorKind.REFUSED, "no_browser", Scope.SESSION)
    assert scene.arrivals() == []


def test_page_that_is_not_ready_sends_nothing(scene: Scene, person: str) -> None:
    number = scene.account.number
    scene.whatsapp.control(accounts={number: {"start_ms": None}})
    epoch = scene.account.state().epoch
    scene.whatsapp.phone("reload", number=number)
    wait_for(lambda: scene.account.state().epoch not in ("", epoch), what="the page to load again")
    assert code(scene.send(scene.outbound(person))) == (ErrorKind.REFUSED, "not_connected", Scope.SESSION)
    scene.whatsapp.control(accounts={})
    scene.whatsapp.phone("reload", number=number)
    scene.account.wait_connected()
    assert isinstance(scene.send(scene.outbound(person)), Sent)


def test_page_that_reloads_meanwhile_leaves_a_doubt_and_not_two_messages(scene: Scene, person: str) -> None:
    scene.whatsapp.control(people={person: {"ack_ms": 3000}})
    outbound = scene.outbound(person)
    answers: list[object] = []
    sending = threading.Thread(target=lambda: answers.append(scene.send(outbound)))
    sending.start()
    wait_for(scene.arrivals, what="the message")
    scene.whatsapp.phone("reload", number=scene.account.number)
    sending.join(timeout=120)
    assert [code(answer)[:2] for answer in answers] == [(ErrorKind.UNKNOWN, "page_reloaded")]
    scene.account.wait_connected()
    assert wait_for(lambda: isinstance(scene.reconcile(outbound), Sent), what="the ack")
    assert scene.arrivals() == [(person, outbound.provider_id, outbound.text, "accepted")]


@pytest.mark.usefixtures("impatient")
def test_chromedriver_that_dies_meanwhile_leaves_a_doubt(db: None, whatsapp: RunningWhatsApp, person: str) -> None:
    whatsapp.control(people={person: {"ack": "lost"}})
    with Driver() as driver:
        scene = scene_of(linked(driver, whatsapp))
        whatsapp_web.ACK_SHARE *= 20  # undone by the fixture
        outbound = scene.outbound(person)
        answers: list[object] = []
        sending = threading.Thread(target=lambda: answers.append(scene.send(outbound)))
        sending.start()
        wait_for(whatsapp.arrivals, what="the message")
        driver.stop()
        sending.join(timeout=120)
        assert [code(answer)[:2] for answer in answers] == [(ErrorKind.UNKNOWN, "browser_lost")]
        assert numbers.is_acquainted(scene.gateway.pk, f"+{person}")
        assert code(scene.send(scene.outbound(person)))[:2] == (ErrorKind.REFUSED, "no_browser")


def test_nothing_is_started_after_its_time(scene: Scene, person: str) -> None:
    outbound = later(scene.outbound(person), 0)
    [answer] = scene.provider.send([outbound], not_after=time.monotonic())
    assert code(answer) == (ErrorKind.REFUSED, "not_started", Scope.MESSAGE)
    assert scene.arrivals() == []


def test_nobody_calls_a_session(scene: Scene) -> None:
    with pytest.raises(InvalidWebhook):
        scene.provider.receipts(WebhookRequest("POST", {}, {}, b""))
