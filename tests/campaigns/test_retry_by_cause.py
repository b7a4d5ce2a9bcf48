"""Failed messages are sent again by cause: exactly those that were asked for, whatever happens in between."""

from datetime import datetime, timedelta
from io import StringIO

import pytest
from bson import ObjectId
from django.core.management import call_command
from django.utils import timezone

from campaigns import commands
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from domain.states import CampaignStatus, MessageStatus
from engine import enroll, finish
from lib.mongo import collection
from messaging import claims, queries
from messaging.models import Message
from tests.campaigns.test_commands import in_threads, refusal
from tests.campaigns.test_enroll import state, work
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

C = CampaignStatus


def failed(campaign: Campaign, reason: str, number: int, *, at: datetime | None = None) -> list[ObjectId]:
    """So many failed messages of one cause; their keys."""
    debtors = add_messages(campaign, number, status=MessageStatus.FAILED)
    moment = (at or timezone.now() - timedelta(minutes=1)).replace(tzinfo=None)
    which = {"campaign": campaign.pk, "debtor": {"$in": debtors}}
    collection(Message).update_many(which, {"$set": {"reason": reason, "failed_at": moment}})
    return [row["_id"] for row in collection(Message).find(which, {"_id": 1})]


def left(campaign: Campaign) -> dict[str, int]:
    """The failed messages by cause."""
    found = queries.problems(campaign.pk)
    return {problem.reason: problem.number for problem in found if problem.status == MessageStatus.FAILED}


@pytest.fixture
def campaign() -> Campaign:
    pool = make_pool()
    make_line(pool, "https://gateway.example/send")
    return make_campaign(pool, "Noviembre", status=C.COMPLETED)


def test_retry_by_cause_sends_exactly_those_again(campaign: Campaign) -> None:
    failed(campaign, "timeout", 3)
    failed(campaign, "rejected", 2)
    failed(campaign, "", 1)
    failed(campaign, "not_on_whatsapp", 4)
    assert commands.retry_failed("Noviembre", reasons=["timeout", ""]) == 4
    assert finish.finish_done() == 0  # not before they are put back
    work(campaign)
    assert state(campaign) == {"pending": 4, "failed": 6}
    assert left(campaign) == {"rejected": 2, "not_on_whatsapp": 4}
    assert (campaign.status, campaign.retry_requested, campaign.retry_wanted) == (C.RUNNING, False, [])
    assert set(Message.objects.filter(status="pending").values_list("reason", "failed_at")) == {("", None)}


def test_retry_of_ticked_messages_sends_those_that_are_still_failed(campaign: Campaign) -> None:
    first, second, third = failed(campaign, "timeout", 3)
    collection(Message).update_one({"_id": third}, {"$set": {"status": "sent"}})
    assert commands.retry_failed("Noviembre", chosen=[first, third]) == 1
    collection(Message).update_one({"_id": third}, {"$set": {"status": "failed"}})
    work(campaign)
    assert Message.objects.get(pk=second).status == "failed"
    assert Message.objects.get(pk=first).status == "pending"
    sentence = "None of the messages that you ticked is failed any more."
    assert refusal(lambda: commands.retry_failed("Noviembre", chosen=[first])) == sentence


def test_retry_for_a_cause_that_nobody_failed_for_is_refused(campaign: Campaign) -> None:
    failed(campaign, "timeout", 1)
    assert refusal(lambda: commands.retry_failed("Noviembre", reasons=["dns"])) == (
        "“Noviembre” has no messages that failed for this reason any more."
    )
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested) == (C.COMPLETED, False)


def test_what_fails_again_meanwhile_waits_for_another_request(campaign: Campaign) -> None:
    """Else a gateway that refuses at once and the requeueing would go on in a circle."""
    failed(campaign, "timeout", 2)
    commands.retry_failed("Noviembre")
    failed(campaign, "timeout", 3, at=timezone.now() + timedelta(minutes=1))
    work(campaign)
    assert state(campaign) == {"pending": 2, "failed": 3}
    assert not campaign.retry_requested


def test_a_request_that_comes_while_another_is_carried_out_is_carried_out_too(
    campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed(campaign, "timeout", 3)
    failed(campaign, "rejected", 2)
    failed(campaign, "dns", 1)
    commands.retry_failed("Noviembre", reasons=["timeout"])
    requeue, asked = claims.requeue_failed, []

    def meanwhile(*args, **kwargs):  # type: ignore[no-untyped-def]
        moved = requeue(*args, **kwargs)
        if not moved and not asked:  # between the last page and the request's end
            asked.append(commands.retry_failed("Noviembre", reasons=["rejected"]))
        return moved

    monkeypatch.setattr(claims, "requeue_failed", meanwhile)
    work(campaign)
    assert asked == [2]
    assert left(campaign) == {"dns": 1}
    assert (campaign.retry_requested, campaign.retry_wanted) == (False, [])


def test_requests_at_the_same_time_are_all_kept(campaign: Campaign) -> None:
    reasons = ["timeout", "rejected", "dns", "tls"]
    for reason in reasons:
        failed(campaign, reason, 2)
    in_threads(*(lambda reason=reason: commands.retry_failed("Noviembre", reasons=[reason]) for reason in reasons))
    campaign.refresh_from_db()
    assert sorted(request.reasons[0] for request in campaign.retry_wanted) == sorted(reasons)
    work(campaign)
    assert state(campaign) == {"pending": 8}


@pytest.mark.parametrize("done", [2, 3])
def test_a_worker_that_is_killed_leaves_the_request_to_the_next(campaign: Campaign, done: int) -> None:
    """After some of its pages, or after the last one and before it took the request away."""
    failed(campaign, "timeout", 3)
    failed(campaign, "rejected", 2)
    commands.retry_failed("Noviembre", reasons=["timeout"])
    assert enroll.lease(campaign.pk)
    claims.requeue_failed(campaign.pk, limit=done, before=timezone.now(), reasons=["timeout"])
    collection(Campaign).update_one({"_id": campaign.pk}, {"$set": {"work_until": datetime(2026, 1, 1)}})
    assert enroll.needs_work() == [campaign.pk]
    work(campaign)
    assert state(campaign) == {"pending": 3, "failed": 2}
    assert enroll.needs_work() == []


def test_a_holder_that_lost_its_lease_takes_no_request_away(campaign: Campaign) -> None:
    failed(campaign, "timeout", 1)
    commands.retry_failed("Noviembre")
    token = enroll.lease(campaign.pk)
    assert token
    collection(Campaign).update_one({"_id": campaign.pk}, {"$set": {"work_token": "another"}})
    enroll._requeue(campaign.pk, token, float("inf"))
    campaign.refresh_from_db()
    assert (state(campaign), len(campaign.retry_wanted)) == ({"failed": 1}, 1)


def test_a_paused_campaign_stays_paused_and_a_cancelled_one_forgets_what_was_asked(campaign: Campaign) -> None:
    failed(campaign, "timeout", 2)
    Campaign.objects.update(status=C.PAUSED.value)
    commands.retry_failed("Noviembre", reasons=["timeout"])
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested) == (C.PAUSED, True)
    commands.cancel("Noviembre")
    campaign.refresh_from_db()
    assert (campaign.status, campaign.retry_requested, campaign.retry_wanted) == (C.CANCELLED, False, [])


def test_command_takes_causes_and_names_them(campaign: Campaign) -> None:
    failed(campaign, "timeout", 2)
    failed(campaign, "rejected", 1)
    out = StringIO()
    call_command("campaign", "status", "Noviembre", "--json", stdout=out)
    assert '{"status": "failed", "reason": "timeout", "number": 2}' in out.getvalue()
    out = StringIO()
    call_command("campaign", "retry-failed", "Noviembre", "--reason", "timeout", stdout=out)
    assert out.getvalue().startswith("2 failed messages are sent again.\n")


# The archive ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [C.COMPLETED, C.CANCELLED])
def test_what_has_ended_is_archived_and_comes_back(campaign: Campaign, status: CampaignStatus) -> None:
    Campaign.objects.update(status=status.value)
    assert commands.archive("Noviembre").archived
    assert commands.archive("Noviembre").archived
    assert not commands.unarchive("Noviembre").archived


@pytest.mark.parametrize("status", [C.DRAFT, C.SCHEDULED, C.RUNNING, C.PAUSED])
def test_what_has_not_ended_is_not_archived(campaign: Campaign, status: CampaignStatus) -> None:
    Campaign.objects.update(status=status.value)
    with pytest.raises(CampaignError, match="can't be archived before it has ended"):
        commands.archive("Noviembre")
    assert not Campaign.objects.get().archived


def test_whatever_opens_an_archived_campaign_brings_it_back(campaign: Campaign) -> None:
    failed(campaign, "timeout", 1)
    commands.archive("Noviembre")
    commands.retry_failed("Noviembre")
    assert not Campaign.objects.get().archived
    Campaign.objects.update(status=C.COMPLETED.value, archived=True, retry_requested=False, retry_wanted=[])
    finish.keep_open([campaign.pk])
    assert not Campaign.objects.get().archived
