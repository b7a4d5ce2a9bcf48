"""Drafts that several people store at once: nobody's change is undone, and nobody's is half there."""

import threading
from typing import Any

import pytest
from bson import ObjectId
from django.db import connection

from campaigns import editing, lacks
from campaigns.editing import Conflict
from campaigns.errors import CampaignError
from campaigns.models import Campaign, ChosenDebtors
from tests.factories.debtors import make_debtor

pytestmark = pytest.mark.django_db


def draft(**fields: Any) -> Campaign:
    campaign = editing.new_draft(ObjectId(), owner=None)
    for name, value in fields.items():
        setattr(campaign, name, value)
    campaign.save(force_insert=True)
    return campaign


def store(campaign: Campaign, step: str, *, page: str, base: str | None = None, **values: Any) -> Campaign:
    """Store a step as the page would that was opened now, or at `base`."""

    def apply(read: Campaign) -> None:
        for name, value in values.items():
            setattr(read, name, value)

    known = editing.draft_of(campaign.pk)
    assert known is not None
    stored, _first = editing.store_step(
        campaign.pk, step, apply, base=editing.digest(known, step) if base is None else base, page=page, user=None
    )
    return stored


def test_change_of_another_step_in_between_is_kept() -> None:
    campaign = draft()
    interrupted = []

    def apply(read: Campaign) -> None:
        if not interrupted:
            interrupted.append(store(campaign, lacks.CHANNEL, page="theirs", channel="sms"))
        read.message = "Hola"

    editing.store_step(
        campaign.pk, lacks.MESSAGE, apply, base=editing.digest(campaign, lacks.MESSAGE), page="mine", user=None
    )
    found = Campaign.objects.get()
    assert (found.message, found.channel, found.revision) == ("Hola", "sms", 2)


def test_change_of_the_same_step_in_between_is_a_conflict() -> None:
    campaign = draft()
    interrupted = []

    def apply(read: Campaign) -> None:
        if not interrupted:
            interrupted.append(store(campaign, lacks.MESSAGE, page="theirs", message="Suyo"))
        read.message = "Mío"

    with pytest.raises(Conflict) as caught:
        editing.store_step(
            campaign.pk, lacks.MESSAGE, apply, base=editing.digest(campaign, lacks.MESSAGE), page="mine", user=None
        )
    assert caught.value.stored.message == "Suyo"
    assert Campaign.objects.get().message == "Suyo"


def test_page_that_did_not_hear_of_its_own_last_change_is_no_stranger_to_it() -> None:
    campaign = draft()
    base = editing.digest(campaign, lacks.MESSAGE)
    store(campaign, lacks.MESSAGE, page="mine", message="Ho")
    store(campaign, lacks.MESSAGE, page="mine", base=base, message="Hola")
    assert Campaign.objects.get().message == "Hola"


def test_what_a_page_sent_before_its_last_change_comes_too_late() -> None:
    campaign = draft()
    base = editing.digest(campaign, lacks.MESSAGE)

    def send(text: str, turn: int, page: str = "mine") -> None:
        def apply(read: Campaign) -> None:
            read.message = text

        editing.store_step(campaign.pk, lacks.MESSAGE, apply, base=base, page=page, turn=turn, user=None)

    send("Hola", 2)
    send("Ho", 1)
    assert Campaign.objects.get().message == "Hola"
    send("Hola a", 0)  # an attachment, which has no number
    send("Hol", 1)
    assert Campaign.objects.get().message == "Hola a"
    send("Hola a todos", 3)
    assert Campaign.objects.get().message == "Hola a todos"
    base = editing.digest(Campaign.objects.get(), lacks.MESSAGE)
    send("Chao", 1, page="theirs")
    assert Campaign.objects.get().message == "Chao"


def test_both_who_write_the_same_agree() -> None:
    campaign = draft()
    base = editing.digest(campaign, lacks.MESSAGE)
    store(campaign, lacks.MESSAGE, page="theirs", message="Hola")
    store(campaign, lacks.MESSAGE, page="mine", base=base, message="Hola")
    assert Campaign.objects.get().revision == 1


def test_name_that_somebody_took_meanwhile_is_refused() -> None:
    draft(name="Noviembre")
    campaign = draft(name="Diciembre")
    with pytest.raises(CampaignError, match="There is already a campaign called “Noviembre”"):
        store(campaign, lacks.AUDIENCE, page="mine", name="Noviembre")
    assert Campaign.objects.get(pk=campaign.pk).name == "Diciembre"


def test_proposed_names_are_free() -> None:
    first = draft()
    second = draft()
    assert second.name == f"{first.name} (2)"
    assert editing.proposed_name("x" * 300).startswith("x" * 100)
    for name in ("y" * 120, "z" * 114, "z" * 119):
        draft(name=name)
        for _copy in range(3):
            free = editing.free_name(name)
            assert len(free) <= 120
            draft(name=free)


@pytest.mark.whole_database
def test_many_who_choose_debtors_at_once_all_get_theirs(clean_database: None) -> None:
    campaign = draft()
    keys = [make_debtor().pk for _ in range(8)]
    failures: list[BaseException] = []

    def choose(key: ObjectId) -> None:
        try:
            editing.choose_debtors(campaign.pk, user=None, page=str(key), add=[key])
        except BaseException as error:  # told by the test itself
            failures.append(error)
        finally:
            connection.close()

    people = [threading.Thread(target=choose, args=(key,)) for key in keys]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert failures == []
    assert sorted(ChosenDebtors.objects.get().debtors) == sorted(keys)
    spec = Campaign.objects.get().audience_spec["selection"]
    assert spec["number"] == 8
