"""A reply takes its writer out: at once, from all campaigns, whatever lanes do and whatever dies in between."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.db import connection

from campaigns.models import AudienceKind, Campaign
from debtors import suppressions
from debtors.models import Debtor, Suppression, SuppressionSource
from debtors.suppressions import Entry
from domain.delivery import Incoming
from domain.states import CampaignStatus, MessageStatus
from engine import deliver, enroll, finish, inbox, optouts
from engine.deliver import deliver as run_slice
from lib.mongo import collection
from messaging import claims, conversations, queries, receipts
from messaging import optouts as by_hand
from messaging.claims.steps import naive
from messaging.models import Conversation, Kind, Message, Review
from preferences.models import Stored
from preferences.queries import forget
from sessions_app import numbers
from tests.factories.debtors import make_debtor
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
from tests.gateways.simulated import RunningGateway
from tests.sessions.test_events import wrote as told_by_page

pytestmark = pytest.mark.django_db
LINE = ObjectId("65f0c0ffee0123456789abcd")
NOW = datetime.now(UTC)


def wrote(phone: str, text: str, *, id: str = "", at: datetime | None = None, line: Any = LINE) -> None:
    receipts.store(str(line), [Incoming(id or f"{phone} {text}", phone, text, at=at)])


def entry(phone: str, **fields: Any) -> Entry:
    return Entry(phone, SuppressionSource.PERSON, actor="ana", **fields)


def phones_of(campaign: Campaign) -> list[str]:
    return list(Message.objects.filter(campaign=campaign.pk).order_by("pk").values_list("phone", flat=True))


def state(campaign: Campaign) -> dict[str, int]:
    counts = queries.counts(campaign.pk)
    assert counts == queries.counted(campaign.pk)
    return {status: number for status, number in counts.items() if number}


def held(campaign: Campaign, number: int = 100) -> tuple[claims.Holder, list[claims.Claimed]]:
    holder = claims.Holder(ObjectId(), "token", 1)
    pool = campaign.sms_pool_id
    return holder, claims.claim(holder, pool=pool, campaign=campaign.pk, limit=number, shared=True)


# What a text does -----------------------------------------------------------------------------------------------------
def test_an_opt_out_is_stored_with_its_text_and_takes_effect_in_every_campaign() -> None:
    pool = make_pool()
    running, paused = make_campaign(pool), make_campaign(pool, status=CampaignStatus.PAUSED)
    for campaign in (running, paused):
        add_messages(campaign, 3)
    phone = phones_of(running)[0]
    Message.objects.filter(campaign=paused.pk, phone=phones_of(paused)[0]).update(phone=phone)
    debtor = make_debtor("Rosa", phone=phone, rut="11111111-1")
    held(running)
    wrote(phone, "¡BAJA!")
    found = Suppression.objects.get()
    assert (found.phone, found.identity, found.name, found.rule) == (phone, "rut:11111111-1", "Rosa", "word:baja")
    assert (found.source, found.said, found.rule_version, found.actor) == ("reply", "¡BAJA!", 1, "")
    assert optouts.carry_out_due() == 1
    assert state(running) == {"claimed": 2, "skipped": 1}
    assert state(paused) == {"pending": 2, "skipped": 1}
    skipped = Message.objects.filter(status="skipped")
    assert {(m.phone, m.reason, m.due_at) for m in skipped} == {(phone, "opted_out", None)}
    debtor.refresh_from_db()
    assert debtor.suppressed
    assert debtor.answered_at is not None


def test_conversations_follow_the_list_whoever_they_are_with() -> None:
    """Also with people who are no debtors, and by whichever way they came onto the list and off it."""
    out, listed, other = "+56911111111", "+56922222222", "+56933333333"

    def shown() -> set[str]:
        return set(Conversation.objects.filter(opted_out=True).values_list("phone", flat=True))

    by_hand.suppress([entry(listed)])
    wrote(listed, "¿Hola?")  # who was on it before they wrote
    wrote(out, "BAJA")
    wrote(other, "Hola")
    assert shown() == {listed}
    optouts.carry_out_due()
    assert shown() == {listed, out}
    suppressions.lift(Suppression.objects.filter(phone=out).values_list("pk", flat=True), actor="ana", reason="Pidió")
    wrote(other, "¿Siguen ahí?")
    optouts.carry_out_due()
    assert shown() == {listed}
    claims.add_direct(kind=Kind.REPLY, gateway=LINE, pool=LINE, channel="sms", phone=listed, text="Hola")
    conversations.note_reply(phone=listed, text="Hola", gateway=LINE, at=NOW)
    assert shown() == {listed}


def test_a_near_miss_waits_for_a_person_and_takes_nobody_out() -> None:
    wrote("+56911111111", "quiero darme de baja")
    wrote("+56911111111", "quiero darme de baja")  # told again
    review = Review.objects.get()
    assert (review.state, review.said, review.rule) == ("open", "quiero darme de baja", "ends:baja")
    assert not Suppression.objects.exists()
    # A clear opt-out afterwards leaves nothing to decide, and whoever is out is not asked about.
    wrote("+56911111111", "STOP")
    wrote("+56911111111", "no me escriban más")
    review.refresh_from_db()
    assert (review.state, review.decided_by, Review.objects.count()) == ("opted_out", "", 1)


@pytest.mark.django_db(transaction=True)
def test_two_texts_at_once_make_one_entry() -> None:
    errors: list[BaseException] = []

    def tell(place: int) -> None:
        try:
            wrote("+56911111111", "BAJA" if place % 2 else "stop", id=str(place))
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=tell, args=(place,)) for place in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not errors
    assert Suppression.objects.count() == 1


def test_a_text_is_never_there_without_what_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(Exception):
        pass

    def dies(_found: object) -> None:
        raise Died

    with monkeypatch.context() as patch, pytest.raises(Died):
        patch.setattr(conversations.optouts, "keep", dies)
        wrote("+56911111111", "BAJA")
    assert not collection(conversations.IncomingText).count_documents({})
    wrote("+56911111111", "BAJA")
    assert suppressions.suppressed(["+56911111111"]) == {"+56911111111"}


KILLED = """
import os, signal, sys, django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from domain.delivery import Incoming
from messaging import conversations, receipts
conversations._answered = lambda texts: os.kill(os.getpid(), signal.SIGKILL)
receipts.store(sys.argv[2], [Incoming("1", sys.argv[3], "BAJA")])
"""


@pytest.mark.django_db(transaction=True)
def test_a_process_killed_right_after_the_text_loses_nothing(far_side: RunningGateway) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 3)
    phone = phones_of(campaign)[1]
    given = [str(connection.settings_dict["NAME"]), str(line.pk), phone]
    died = subprocess.run([sys.executable, "-c", KILLED, *given], env=os.environ, check=False)
    assert died.returncode == -signal.SIGKILL
    # Nothing else ran since: the lane itself finds it out.
    run_slice(line.pk)
    assert state(campaign) == {"sent": 2, "skipped": 1}
    assert phone not in {arrival["to"] for arrival in far_side.arrivals()}
    optouts.carry_out_due()
    assert finish.finish_done() == 1


# Lanes ----------------------------------------------------------------------------------------------------------------
def test_what_was_claimed_before_is_not_started() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 3)
    holder, claimed = held(campaign)
    attempts = claims.new_attempts(claimed, epoch=1)
    out = claimed[1]
    wrote(out.phone, "BAJA")
    started = claims.start(holder, attempts)
    assert {outbound.phone for outbound, _ in started} == {c.phone for c in claimed if c is not out}
    assert state(campaign) == {"sending": 2, "skipped": 1}
    # Asked again with the same attempts, as after a lost answer, it says the same.
    assert claims.start(holder, attempts) == started
    assert state(campaign) == {"sending": 2, "skipped": 1}


def test_what_is_being_sent_is_left_alone() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 2)
    holder, claimed = held(campaign)
    claims.start(holder, claims.new_attempts(claimed, epoch=1))
    wrote(claimed[0].phone, "BAJA")
    optouts.carry_out_due()
    assert state(campaign) == {"sending": 2}


@pytest.mark.parametrize("moment", ["claim", "new_attempts"])
def test_an_opt_out_in_the_middle_of_a_lanes_work_stops_that_message_alone(
    moment: str, far_side: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = make_pool()
    line = make_line(pool, f"{far_side.url}/send/a")
    campaign = make_campaign(pool)
    add_messages(campaign, 5)
    phone = phones_of(campaign)[2]
    real: Callable[..., Any] = getattr(claims, moment)

    def and_somebody_writes(*given: Any, **named: Any) -> Any:
        found = real(*given, **named)
        wrote(phone, "BAJA")
        return found

    monkeypatch.setattr(deliver.claims, moment, and_somebody_writes)
    run_slice(line.pk)
    assert state(campaign) == {"sent": 4, "skipped": 1}
    assert phone not in {arrival["to"] for arrival in far_side.arrivals()}


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_at_the_moment_of_the_start_is_either_before_or_after_it() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 10)
    holder, claimed = held(campaign)
    attempts = claims.new_attempts(claimed, epoch=1)
    barrier = threading.Barrier(2)

    def opts_out() -> None:
        barrier.wait()
        by_hand.suppress([entry(claimed[4].phone)])
        connection.close()

    thread = threading.Thread(target=opts_out)
    thread.start()
    barrier.wait()
    started = claims.start(holder, attempts)
    thread.join()
    assert len(started) in (9, 10)
    assert state(campaign) == {"sending": len(started), **({"skipped": 1} if len(started) == 9 else {})}


def test_replies_of_staff_and_tests_go_all_the_same() -> None:
    pool = make_pool()
    line = make_line(pool, "http://127.0.0.1:1/")
    by_hand.suppress([entry("+56911111111")])
    way = {"gateway": line.pk, "pool": pool.pk, "channel": "sms", "phone": "+56911111111", "text": "Gracias"}
    claims.add_direct(kind=Kind.REPLY, **way)
    holder = claims.Holder(line.pk, "token", 1)
    claimed = claims.claim(holder, pool=pool.pk, campaign=None, limit=5, shared=False)
    assert len(claims.start(holder, claims.new_attempts(claimed, epoch=1))) == 1


def test_a_doubt_about_somebody_who_opted_out_is_left_to_a_person() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 2)
    holder, claimed = held(campaign)
    claims.start(holder, claims.new_attempts(claimed, epoch=1))
    Message.objects.update(status=MessageStatus.UNCERTAIN.value, due_at=NOW - timedelta(minutes=1))
    by_hand.suppress([entry(claimed[0].phone)])
    taken = claims.take_doubts(holder, pool=campaign.sms_pool_id, campaigns=[campaign.pk], limit=5)
    assert [c.phone for _outbound, c in taken] == [claimed[1].phone]
    assert Message.objects.get(phone=claimed[0].phone).due_at is None


# Enrolling, and what comes back ---------------------------------------------------------------------------------------
def test_enrolling_skips_who_is_on_the_list() -> None:
    campaign = make_campaign(make_pool())
    Campaign.objects.filter(pk=campaign.pk).update(audience=AudienceKind.ALL, enrolled_at=None)
    out, other = make_debtor("Rosa"), make_debtor("Luis")
    by_hand.suppress([entry(out.phone)])
    token = enroll.lease(campaign.pk)
    assert token is not None
    enroll.work(campaign.pk, token)
    assert state(campaign) == {"pending": 1, "skipped": 1}
    assert Message.objects.get(debtor=out.pk).reason == "opted_out"
    assert Message.objects.get(debtor=other.pk).status == "pending"


def test_what_a_transaction_stored_that_had_begun_before_is_found_a_minute_later() -> None:
    campaign = make_campaign(make_pool())
    by_hand.suppress([entry("+56911111111")])
    optouts.carry_out_due()
    add_messages(campaign, 1)  # enrolled by somebody who had read the list before
    Message.objects.update(phone="+56911111111")
    assert optouts.carry_out_due() == 0
    Suppression.objects.update(due_at=NOW - timedelta(seconds=1))
    assert optouts.carry_out_due() == 1
    assert state(campaign) == {"skipped": 1}
    assert Suppression.objects.get().due_at is None


# The list -------------------------------------------------------------------------------------------------------------
def test_being_put_onto_the_list_again_changes_nothing_but_how_long() -> None:
    until = NOW + timedelta(days=5)
    assert suppressions.add([entry("+56911111111", reason="Lo pidió", until=until)]) == 1
    first = Suppression.objects.get()
    assert suppressions.add([entry("+56911111111", reason="Otra vez", until=NOW + timedelta(days=1))]) == 0
    again = Suppression.objects.get()
    assert (again.reason, again.at, naive(again.until or NOW)) == ("Lo pidió", first.at, naive(first.until or NOW))
    assert suppressions.add([entry("+56911111111")]) == 0
    assert Suppression.objects.get().until is None


def test_lifting_lets_the_person_be_written_to_and_brings_nothing_back() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 2)
    phone = phones_of(campaign)[0]
    debtor = make_debtor("Rosa", phone=phone)
    by_hand.suppress([entry(phone)])
    assert state(campaign) == {"pending": 1, "skipped": 1}
    found = Suppression.objects.get()
    assert suppressions.lift([found.pk], actor="ana", reason="Lo pidió por teléfono") == [phone]
    assert suppressions.lift([found.pk], actor="ana", reason="otra vez") == []
    optouts.carry_out_due()
    found.refresh_from_db()
    debtor.refresh_from_db()
    assert (found.active, found.lifted_by, found.lift_reason) == (False, "ana", "Lo pidió por teléfono")
    assert not debtor.suppressed
    assert state(campaign) == {"pending": 1, "skipped": 1}


def test_a_text_from_before_the_lifting_does_not_bring_an_entry_back() -> None:
    wrote("+56911111111", "BAJA", id="1")
    suppressions.lift([Suppression.objects.get().pk], actor="ana", reason="fue un error")
    wrote("+56911111111", "STOP", id="2", at=NOW - timedelta(days=1))  # a page that looks back
    assert not suppressions.suppressed(["+56911111111"])
    wrote("+56911111111", "BAJA", id="3")
    assert suppressions.suppressed(["+56911111111"])


def test_an_entry_ends_by_itself_when_its_time_is_over() -> None:
    debtor = make_debtor(phone="+56911111111")
    by_hand.suppress([entry("+56911111111", until=NOW + timedelta(days=1))])
    Suppression.objects.update(until=NOW - timedelta(seconds=1))
    assert not suppressions.suppressed(["+56911111111"])
    optouts.carry_out_due()
    debtor.refresh_from_db()
    assert (Suppression.objects.get().active, debtor.suppressed) == (False, False)


def test_the_list_follows_a_person_to_another_phone() -> None:
    debtor = make_debtor("Rosa", phone="+56911111111", rut="11111111-1")
    wrote("+56911111111", "BAJA")
    Debtor.objects.filter(pk=debtor.pk).update(phone="+56922222222")
    row = {"identity": debtor.identity, "phone": "+56922222222", "name": "Rosa"}
    assert suppressions.standing(phone="+56922222222", identity=debtor.identity)
    suppressions.follow([row])
    assert suppressions.suppressed(["+56911111111", "+56922222222"]) == {"+56911111111", "+56922222222"}
    assert Suppression.objects.get(phone="+56922222222").said == "BAJA"
    # Taking one of them off takes the person off.
    first = Suppression.objects.get(phone="+56911111111")
    assert suppressions.lift([first.pk], actor="ana", reason="x") == ["+56911111111", "+56922222222"]


def test_a_person_whose_phone_is_not_known_waits_by_their_identity() -> None:
    by_hand.suppress([entry("", identity="rut:11111111-1")])
    assert Suppression.objects.get().phone == "rut:11111111-1"
    suppressions.follow([{"identity": "rut:11111111-1", "phone": "+56933333333", "name": "Rosa"}])
    assert suppressions.suppressed(["+56933333333"])


def test_of_several_people_with_one_phone_none_is_named() -> None:
    make_debtor("Rosa", phone="+56911111111", rut="11111111-1")
    make_debtor("Luis", phone="+56911111111", rut="22222222-2")
    wrote("+56911111111", "BAJA")
    assert (Suppression.objects.get().identity, Suppression.objects.get().name) == ("", "")


# A number that WhatsApp hides -----------------------------------------------------------------------------------------
def test_a_hidden_number_is_found_when_whatsapp_tells_it() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 1)
    phone = phones_of(campaign)[0]
    wrote("lid:123456", "BAJA")
    optouts.carry_out_due()
    assert state(campaign) == {"pending": 1}
    numbers.remember_wid(phone, f"{phone[1:]}@c.us", "123456@lid")
    optouts.learned("123456@lid")
    optouts.carry_out_due()
    assert state(campaign) == {"skipped": 1}
    assert suppressions.suppressed([phone]) == {phone}
    assert Suppression.objects.get(phone=phone).said == "BAJA"


def test_a_page_tells_of_an_opt_out_first_and_later_whose_it_was() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 1)
    Message.objects.update(phone="+56911111111")
    line = make_line(make_pool(), "http://127.0.0.1:1/")
    told_by_page(line, "1", "Stop.", chat="987@lid", phone="")
    inbox.apply_session_events()
    assert suppressions.suppressed(["lid:987"])
    told_by_page(line, "2", "¿me leyeron?", lid="987")  # from the number, with the same LID
    inbox.apply_session_events()
    optouts.carry_out_due()
    assert state(campaign) == {"skipped": 1}


# The confirmation -----------------------------------------------------------------------------------------------------
def test_one_confirmation_goes_out_by_the_line_that_was_written_to(settings: Any) -> None:
    line = make_line(make_pool(), "http://127.0.0.1:1/")
    wrote("+56911111111", "BAJA", line=line.pk)
    optouts.carry_out_due()
    assert not Message.objects.exists()  # nobody asked for it
    Stored.objects.create(group="contact", revision=1, values={"confirm": True, "confirmation": "Listo."}, touched={})
    forget()
    wrote("+56922222222", "STOP", line=line.pk)
    for _ in range(3):
        Suppression.objects.update(due_at=NOW - timedelta(seconds=1), looks=0)
        optouts.carry_out_due()
    sent = Message.objects.filter(phone="+56922222222").get()
    assert (sent.text, sent.kind, sent.gateway, sent.status) == ("Listo.", "reply", line.pk, "pending")
    forget()


# Replies that a person looks at ---------------------------------------------------------------------------------------
def test_a_person_decides_and_takes_it_back() -> None:
    campaign = make_campaign(make_pool())
    add_messages(campaign, 1)
    phone = phones_of(campaign)[0]
    wrote(phone, "quiero darme de baja")
    review = Review.objects.get()
    assert by_hand.opt_out(review, actor="ana")
    assert not by_hand.dismiss(review, actor="eva")
    assert state(campaign) == {"skipped": 1}
    assert Suppression.objects.get().actor == "ana"
    review.refresh_from_db()
    assert by_hand.undo(review, actor="ana", reason="Deshecho")
    assert not suppressions.suppressed([phone])
    review.refresh_from_db()
    assert by_hand.dismiss(review, actor="ana")
    review.refresh_from_db()
    Review.objects.update(decided_at=NOW - timedelta(hours=1))
    review.refresh_from_db()
    assert not by_hand.undo(review, actor="ana", reason="tarde")


# Indexes --------------------------------------------------------------------------------------------------------------
def stages(plan: Any) -> set[str]:
    if isinstance(plan, dict):
        own = {plan["stage"]} if "stage" in plan else set()
        return own.union(*map(stages, plan.values()))
    return set().union(*map(stages, plan)) if isinstance(plan, list) else set()


@pytest.mark.parametrize(
    "condition",
    [{"phone": {"$in": ["+1", "+2"]}, "active": True}, {"identity": {"$in": ["rut:1"]}, "active": True},
     {"due_at": {"$ne": None}, "$expr": {"$lte": ["$due_at", "$$NOW"]}}, {"until": {"$lte": datetime(2026, 1, 1)}}],
)  # fmt: skip
def test_what_is_asked_each_second_goes_by_an_index(condition: dict[str, Any]) -> None:
    plan = collection(Suppression).find(condition).explain()["queryPlanner"]["winningPlan"]
    assert "COLLSCAN" not in stages(plan)
    waiting = {"phone": {"$in": ["+1"]}, "status": "pending", "campaign": {"$ne": None}}
    plan = collection(Message).find(waiting, hint="message_phone").explain()["queryPlanner"]["winningPlan"]
    assert "COLLSCAN" not in stages(plan)
