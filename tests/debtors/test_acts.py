"""Acts on debtors: their messages follow a new phone, wait no more, are sent again; two debtors become one."""

from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.roles import set_role
from campaigns.models import Campaign, ChosenDebtors
from debtors import suppressions
from debtors.commands import import_file
from debtors.edit_form import DebtorValues
from debtors.models import (
    Debtor,
    DebtorAct,
    DebtorMerge,
    DebtorNote,
    DebtorWork,
    ImportRow,
    Suppression,
    SuppressionSource,
    WorkStatus,
)
from debtors.suppressions import Entry
from desk.debtors import acts, changing, merging
from desk.debtors import work as intent
from desk.debtors.changing import ChangedMeanwhile, SamePerson
from domain.clean_up import CleanRules
from domain.delivery import Incoming
from domain.roles import Role
from domain.states import CampaignStatus, MessageStatus
from engine import debtors as engine
from engine import enroll
from lib.mongo import collection
from messaging import claims, optouts, queries, receipts
from messaging.claims import Holder
from messaging.models import RECIPIENT_INDEX, Conversation, IncomingText, Message
from sessions_app import numbers
from sessions_app.models import Number
from systemlog.models import SystemLog
from tests.factories.debtors import debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import make_campaign, make_pool

pytestmark = pytest.mark.django_db

M = MessageStatus
OLD, NEW = "+56911110000", "+56922220000"


@pytest.fixture
def staff() -> User:
    user = User.objects.create_user("ana", first_name="Ana")
    set_role(user, Role.SUPERVISOR)
    return user


def add(campaign: Campaign, debtor: Debtor, status: M = M.PENDING) -> ObjectId:
    """A message for the debtor; one that is further on than pending is brought there as lanes do."""
    draft = {
        "debtor": debtor.pk, "pool": campaign.sms_pool_id, "channel": "sms", "row": 2, "name": debtor.name,
        "phone": debtor.phone, "text": "Hola", "variant": 0, "status": M.PENDING.value,
    }  # fmt: skip
    claims.enroll(campaign.pk, [draft])
    found = Message.objects.get(campaign=campaign.pk, debtor=debtor.pk)
    if status is not M.PENDING:
        collection(Message).update_one({"_id": found.pk}, {"$set": {"status": status.value}})
        claims.steps.count(None, {(campaign.pk, M.PENDING, status, None): 1})
    return found.pk


def consistent(campaign: Campaign) -> None:
    assert queries.counts(campaign.pk) == queries.counted(campaign.pk)


def values(debtor: Debtor, **changes: Any) -> DebtorValues:
    now = {
        "name": debtor.name, "phone": debtor.phone, "phone_raw": debtor.phone_raw, "country": "CL",
        "debt": debtor.debt, "rut": debtor.rut, "external_id": debtor.external_id, "due_date": debtor.due_date,
        "owner": None, "metadata": dict(debtor.metadata),
    }  # fmt: skip
    return DebtorValues(**{**now, **changes})


# A new phone ----------------------------------------------------------------------------------------------------------
def test_message_that_waits_goes_to_the_new_phone(staff: User) -> None:
    campaign, debtor = make_campaign(make_pool()), make_debtor(phone=OLD)
    waiting, failed, sent = (
        add(make_campaign(make_pool()) if status else campaign, debtor, status or M.PENDING)
        for status in (None, M.FAILED, M.SENT)
    )
    assert changing.change(debtor, values(debtor, phone=NEW), seen=debtor.updated_at, user=staff) == 2
    phones = dict(Message.objects.values_list("pk", "phone"))
    assert phones == {waiting: NEW, failed: NEW, sent: OLD}
    assert Debtor.objects.get().identity == f"tel:{NEW}"
    told = SystemLog.objects.get(source="debtor.change")
    assert (told.data["phone"], told.data["messages"]) == ([OLD, NEW], 2)


def test_lane_that_holds_a_message_does_not_send_it_to_the_old_phone(staff: User) -> None:
    pool = make_pool()
    campaign, debtor = make_campaign(pool), make_debtor(phone=OLD)
    add(campaign, debtor)
    holder = Holder(ObjectId(), "token", 1)
    held = claims.claim(holder, pool=pool.pk, campaign=campaign.pk, limit=5, shared=True)
    changing.change(debtor, values(debtor, phone=NEW), seen=debtor.updated_at, user=staff)
    again = claims.claim(holder, pool=pool.pk, campaign=campaign.pk, limit=5, shared=True)
    # By the same token: it is the phone that tells the two apart.
    assert claims.start(holder, claims.new_attempts(held)) == []
    ((outbound, _campaign),) = claims.start(holder, claims.new_attempts(again))
    assert outbound.phone == NEW
    consistent(campaign)


def test_phone_that_changes_while_recipients_are_added_is_followed(staff: User, monkeypatch: Any) -> None:
    campaign, debtor, gone = make_campaign(make_pool()), make_debtor(phone=OLD), make_debtor()
    Campaign.objects.filter(pk=campaign.pk).update(enrolled_at=None)
    token = enroll.lease(campaign.pk)
    add_all = claims.enroll

    def meanwhile(key: ObjectId, drafts: Any) -> int:
        changing.change(debtor, values(debtor, phone=NEW), seen=debtor.updated_at, user=staff)
        Debtor.objects.filter(pk=gone.pk).delete()
        return add_all(key, drafts)

    monkeypatch.setattr(claims, "enroll", meanwhile)
    assert token
    enroll.work(campaign.pk, token)
    found = {one.debtor: (one.phone, one.status, one.reason) for one in Message.objects.all()}
    assert found[debtor.pk] == (NEW, "pending", "")
    assert found[gone.pk][1:] == ("skipped", "debtor_gone")
    consistent(campaign)


def test_of_two_who_edit_the_second_is_told(staff: User) -> None:
    debtor = make_debtor(phone=OLD)
    seen = debtor.updated_at
    changing.change(debtor, values(debtor, name="Uno"), seen=seen, user=staff)
    with pytest.raises(ChangedMeanwhile):
        changing.change(debtor, values(debtor, name="Dos"), seen=seen, user=staff)
    assert Debtor.objects.get().name == "Uno"


def test_values_of_another_person_are_refused_and_nothing_is_stored(staff: User) -> None:
    other, debtor = make_debtor(rut="1-9", phone=NEW), make_debtor(phone=OLD)
    add(make_campaign(make_pool()), debtor)
    with pytest.raises(SamePerson) as refused:
        changing.change(debtor, values(debtor, rut="1-9", phone="+56933330000"), seen=debtor.updated_at, user=staff)
    assert refused.value.other == other
    assert (Debtor.objects.get(pk=debtor.pk).phone, Message.objects.get().phone) == (OLD, OLD)


# Merging --------------------------------------------------------------------------------------------------------------
def test_two_become_one_with_all_that_was_theirs(staff: User, tmp_path: Any) -> None:
    rows = debtor_rows(1)
    import_file(write_xlsx(tmp_path / "a.xlsx", [("Nombre", "Teléfono"), rows[0][:2]]))
    gone = Debtor.objects.get()
    kept = make_debtor(phone=gone.phone, rut="1-9")
    both, only = make_campaign(make_pool(), "both"), make_campaign(make_pool(), "only")
    for campaign in (both, only):
        add(campaign, gone)
    first = add(both, kept)
    ChosenDebtors.objects.create(campaign=only.pk, debtors=[gone.pk])
    DebtorNote.objects.create(debtor=gone.pk, author="Ana", text="Llamar", at=timezone.now())
    result = merging.merge(
        kept=kept, gone=gone, values=values(kept, name=gone.name), seen=(kept.updated_at, gone.updated_at), user=staff
    )
    assert result == (1, 1)
    assert Debtor.objects.values_list("pk", "name").get() == (kept.pk, gone.name)
    found = {(one.campaign, one.debtor): (one.status, one.reason) for one in Message.objects.all()}
    assert found == {
        (both.pk, kept.pk): ("pending", ""), (both.pk, gone.pk): ("skipped", "merged"),
        (only.pk, kept.pk): ("pending", ""),
    }  # fmt: skip
    assert Message.objects.get(pk=first).status == "pending"
    assert ImportRow.objects.values_list("debtor", flat=True).get() == kept.pk
    assert ChosenDebtors.objects.get().debtors == [kept.pk]
    assert DebtorNote.objects.get().debtor == kept.pk
    assert merging.merged_into(gone.pk) == kept.pk
    told = SystemLog.objects.get(source="debtor.merge")
    assert told.data["values"]["phone"] == gone.phone
    consistent(both)
    consistent(only)


def test_merge_that_is_broken_off_has_done_nothing(staff: User, monkeypatch: Any) -> None:
    kept, gone = make_debtor(rut="1-9"), make_debtor()
    add(make_campaign(make_pool()), gone)

    def dies(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DebtorMerge.objects, "create", dies)
    with pytest.raises(KeyboardInterrupt):
        merging.merge(kept=kept, gone=gone, values=values(kept), seen=(kept.updated_at, gone.updated_at), user=staff)
    assert Debtor.objects.count() == 2
    assert Message.objects.get().debtor == gone.pk


def test_merge_of_what_somebody_changed_is_refused(staff: User) -> None:
    kept, gone = make_debtor(), make_debtor()
    seen = (kept.updated_at, gone.updated_at - timedelta(seconds=1))
    with pytest.raises(ChangedMeanwhile):
        merging.merge(kept=kept, gone=gone, values=values(kept), seen=seen, user=staff)
    assert Debtor.objects.count() == 2


# Opt-outs -------------------------------------------------------------------------------------------------------------
def test_who_opted_out_is_out_by_a_new_phone_and_a_new_identity_too(staff: User) -> None:
    debtor = make_debtor("Rosa", phone=OLD, rut="11111111-1")
    optouts.suppress([Entry(OLD, SuppressionSource.REPLY, said="BAJA")])
    changing.change(debtor, values(debtor, phone=NEW, rut="22222222-2"), seen=debtor.updated_at, user=staff)
    assert debtor.suppressed
    found = Suppression.objects.get(phone=NEW)
    assert (found.identity, found.said, found.confirmation) == ("rut:22222222-2", "BAJA", None)
    another = make_debtor(phone="+56933330000", rut="33333333-3")
    changing.change(another, values(another, phone="+56944440000"), seen=another.updated_at, user=staff)
    assert not another.suppressed


@pytest.mark.parametrize("out", ["kept", "gone", ""])
def test_of_two_who_become_one_neithers_opt_out_is_lost(staff: User, out: str) -> None:
    both = {"kept": make_debtor(phone=OLD, rut="1-9"), "gone": make_debtor(phone=NEW)}
    receipts.store(str(ObjectId()), [Incoming("1", NEW, "hola")])
    if out:
        optouts.suppress([Entry(both[out].phone, SuppressionSource.PERSON)])
    kept, gone = Debtor.objects.get(pk=both["kept"].pk), Debtor.objects.get(pk=both["gone"].pk)
    merging.merge(kept=kept, gone=gone, values=values(kept), seen=(kept.updated_at, gone.updated_at), user=staff)
    assert kept.suppressed is bool(out)
    assert suppressions.suppressed([OLD]) == ({OLD} if out else set())
    assert Conversation.objects.get().debtors == []


def test_conversations_know_at_once_that_a_debtor_was_deleted(staff: User) -> None:
    debtor = make_debtor("Rosa", phone=OLD, owner=staff)
    receipts.store(str(ObjectId()), [Incoming("1", OLD, "hola")])
    assert Conversation.objects.get().owners == [staff.pk]
    work = intent.begin(DebtorAct.DELETE, staff, chosen=[debtor.pk])
    intent.confirm(work)
    carry_on(work)
    found = Conversation.objects.get()
    assert (found.debtor, found.owners, found.debtors) == (None, [], [])


# Work on many ---------------------------------------------------------------------------------------------------------
def carry_on(work: DebtorWork) -> DebtorWork:
    """As the engine does, until there is nothing to do."""
    while key := next((key for key in intent.waiting() if key == work.pk), None):
        token = intent.lease(key, 12)
        assert token
        engine.carry_on(key, token)
    work.refresh_from_db()
    return work


def test_release_skips_what_waits_and_nothing_else(staff: User) -> None:
    running, over = make_campaign(make_pool()), make_campaign(make_pool(), status=CampaignStatus.COMPLETED)
    a, b, c = (make_debtor() for _ in range(3))
    add(running, a), add(running, b, M.CLAIMED), add(running, c, M.SENDING), add(over, a)
    work = intent.begin(DebtorAct.RELEASE, staff, chosen=[a.pk, b.pk, c.pk])
    # A few are counted at once, and nothing changes before somebody says yes.
    assert (work.status, work.found) == (WorkStatus.READY, {"debtors": 2, "messages": 2})
    assert {one["pk"] for one in work.sample} == {str(a.pk), str(b.pk)}
    assert Message.objects.filter(status="skipped").count() == 0
    assert intent.confirm(work)
    assert not intent.confirm(work)
    done = carry_on(work)
    assert (done.status, done.done, done.looked) == (WorkStatus.DONE, {"debtors": 2, "messages": 2}, 3)
    found = {(one.campaign, one.debtor): (one.status, one.reason) for one in Message.objects.all()}
    assert found == {
        (running.pk, a.pk): ("skipped", "released"), (running.pk, b.pk): ("skipped", "released"),
        (running.pk, c.pk): ("sending", ""), (over.pk, a.pk): ("pending", ""),
    }  # fmt: skip
    consistent(running)


def test_reset_asks_again_and_sends_what_failed_again(staff: User) -> None:
    campaign, debtor = make_campaign(make_pool()), make_debtor()
    failed = add(campaign, debtor, M.FAILED)
    for _ in range(2):
        numbers.remember_miss(debtor.phone)
    work = intent.begin(DebtorAct.RESET, staff, chosen=[debtor.pk])
    assert work.found == {"debtors": 1, "messages": 1, "numbers": 1}
    intent.confirm(work)
    assert carry_on(work).done == {"debtors": 1, "messages": 1, "numbers": 1}
    assert Message.objects.get(pk=failed).status == "pending"
    assert Number.objects.get().misses == 0
    consistent(campaign)


def test_debtors_of_a_list_are_given_page_by_page(staff: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(intent, "AT_ONCE", 2)
    debtors = [make_debtor(f"Pérez {i}") for i in range(5)]
    make_debtor("Otra")
    work = intent.begin(DebtorAct.OWNER, staff, filter="q=per&order=latest", owner=ObjectId(staff.pk))
    later = make_debtor("Pérez de después")
    assert work.status == WorkStatus.LOOKING
    assert carry_on(work).found == {"debtors": 5}
    intent.confirm(work)
    token = intent.lease(work.pk, 12)
    assert token
    assert intent.step(work.pk, token)
    # The worker is killed here: another one goes on behind the stored page.
    collection(DebtorWork).update_one({"_id": work.pk}, {"$set": {"work_until": None}})
    assert carry_on(work).done == {"debtors": 5}
    assert set(Debtor.objects.filter(owner=staff).values_list("pk", flat=True)) == {each.pk for each in debtors}
    assert Debtor.objects.get(pk=later.pk).owner is None


def test_work_that_was_stopped_changes_nothing_more_and_goes_on(staff: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(intent, "AT_ONCE", 1)
    keys = [make_debtor().pk for _ in range(3)]
    work = carry_on(intent.begin(DebtorAct.OWNER, staff, chosen=keys, owner=ObjectId(staff.pk)))
    intent.confirm(work)
    token = intent.lease(work.pk, 12)
    assert token
    intent.step(work.pk, token)
    assert intent.stop(work)
    with pytest.raises(intent.LeaseLost):
        intent.step(work.pk, token)
    assert Debtor.objects.filter(owner=staff).count() == 1
    intent.release(work.pk, token)
    assert intent.go_on(work)
    assert carry_on(work).done == {"debtors": 3}


def test_filter_that_is_not_understood_is_refused(staff: User) -> None:
    with pytest.raises(ValueError, match="can't be used"):
        intent.begin(DebtorAct.RELEASE, staff, filter="something=1")
    assert DebtorWork.objects.count() == 0


def test_delete_leaves_those_for_whom_something_waits(staff: User) -> None:
    waits, free = make_debtor(), make_debtor()
    add(make_campaign(make_pool()), waits)
    work = intent.begin(DebtorAct.DELETE, staff, chosen=[waits.pk, free.pk])
    assert work.found == {"debtors": 1, "left": 1}
    intent.confirm(work)
    assert carry_on(work).done == {"debtors": 1, "left": 1}
    assert list(Debtor.objects.values_list("pk", flat=True)) == [waits.pk]


def test_clean_up_takes_only_whom_nobody_was_in_contact_with(staff: User) -> None:
    long_ago = timezone.now() - timedelta(days=200)
    never, written, wrote, named, new = (make_debtor(name) for name in ("", "", "", "Ana", ""))
    Debtor.objects.exclude(pk=new.pk).update(created_at=long_ago)
    add(make_campaign(make_pool(), status=CampaignStatus.COMPLETED), written, M.SENT)
    IncomingText.objects.create(
        gateway=ObjectId(), provider_id="1", phone=wrote.phone, text="?", at=long_ago, received_at=long_ago
    )
    work = carry_on(intent.begin(DebtorAct.CLEAN, staff, rules=CleanRules(days=90, without_name=True)))
    assert (work.status, work.found, work.looked) == (WorkStatus.READY, {"debtors": 1}, 3)
    intent.confirm(work)
    carry_on(work)
    kept = {each.pk for each in (written, wrote, named, new)}
    assert set(Debtor.objects.values_list("pk", flat=True)) == kept
    assert never.pk not in kept


def test_each_act_has_its_questions() -> None:
    assert set(acts._LOOKS) == set(acts._DOES) == set(DebtorAct)


def test_questions_are_answered_along_indexes() -> None:
    campaign, debtor = make_campaign(make_pool()), make_debtor(rut="1-9")
    add(campaign, debtor)
    wanted = {"campaign": {"$in": [campaign.pk]}, "debtor": {"$in": [debtor.pk]}}
    plan = collection(Message).find(wanted).hint(RECIPIENT_INDEX).explain()
    # Each pair is looked up by itself: no more keys than pairs, and one for the end.
    assert plan["executionStats"]["totalKeysExamined"] <= 2
    for by, index in (("phone", "debtor_phone"), ("rut", "debtor_rut")):
        stages: list[dict[str, Any]] = [{"$match": {by: {"$gt": ""}}}, {"$group": {"_id": f"${by}", "n": {"$sum": 1}}}]
        told = str(connection.database.command(  # type: ignore[attr-defined]  # the backend's own
            "explain", {"aggregate": Debtor._meta.db_table, "pipeline": stages, "cursor": {}, "hint": index}
        ))  # fmt: skip
        assert "FETCH" not in told, by
        assert index in told
