"""The live parts of a debtor's page, and of work on many."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import formats

from accounts.models import User
from accounts.roles import scope_of
from campaigns.models import Campaign
from debtors import suppressions
from debtors.models import Debtor, DebtorWork, WorkStatus
from debtors.queries import rows_of
from desk.debtors import history, words
from desk.debtors.acts import all_campaigns
from desk.debtors.merging import parts_of
from domain.number_checks import BELIEVED, Absent, Known, judge
from domain.people import person_key
from domain.states import MessageStatus
from domain.values import money
from lib.converters import object_id
from live.fragments import SUPERVISORS, Fragment, of_object, register
from messaging import claims
from sessions_app import numbers

MOST_CAMPAIGNS = 20


LINKED = "-linked"
"""Ends the keys of those parts in which campaigns and files are links: they are where everybody who sees the part may
open all of them."""


def _debtor(key: str) -> Debtor | None:
    pk = object_id(key.removesuffix(LINKED))
    return Debtor.objects.filter(pk=pk).select_related("owner").first() if pk else None


def may_see(user: Any, key: str) -> bool:
    """Whether the debtor is within the user's scope."""
    pk = object_id(key.removesuffix(LINKED))
    scope = scope_of(user)
    if key.endswith(LINKED) and not scope.everything:
        return False
    return scope.everything or (pk is not None and Debtor.objects.filter(pk=pk, **scope.where()).exists())


def facts(key: str) -> Mapping[str, Any] | None:
    """Its values, and how it stands with the phone."""
    debtor = _debtor(key)
    if debtor is None:
        return None
    return {
        "debtor": debtor,
        "debt": money(debtor.debt, debtor.country) if debtor.debt is not None else "",
        "due": formats.date_format(debtor.due_date, "SHORT_DATE_FORMAT") if debtor.due_date else "",
        "metadata": [(name, text) for name, text in debtor.metadata.items() if text],
        "whatsapp": whatsapp(debtor.phone),
        "out": suppressions.entry_of(phone=debtor.phone, identity=debtor.identity),
        "linked": key.endswith(LINKED),
    }


def whatsapp(phone: str) -> str:
    """What is known of the number: `yes`, `no`, `asked` once without an answer that counts, empty for nothing."""
    known = numbers.remembered(phone)
    verdict = judge(known)
    if isinstance(verdict, Known):
        return "yes"
    if isinstance(verdict, Absent):
        return "no"
    return "asked" if known is not None and 0 < known.misses < BELIEVED else ""


def contacts(key: str) -> Mapping[str, Any] | None:
    """The latest of all contacts."""
    debtor = _debtor(key)
    if debtor is None:
        return None
    return {"debtor": debtor, "history": history.history(debtor), "linked": key.endswith(LINKED)}


def contacts_groups(key: str) -> Sequence[str]:
    """What is new of the debtor, of the person, and of the campaigns whose message is on its way."""
    debtor = _debtor(key)
    if debtor is None:
        return (f"debtor.{key.removesuffix(LINKED)}",)
    campaigns = [f"campaign.{campaign}" for campaign in history.changes_it(debtor)]
    return (f"debtor.{debtor.pk}", f"conversation.{person_key(debtor.phone)}", "suppression", *campaigns)


def campaigns(key: str) -> Mapping[str, Any] | None:
    """The campaigns that have a message for it, the latest first, and the files that it came in."""
    debtor = _debtor(key)
    if debtor is None:
        return None
    fields = {"campaign": 1, "status": 1}
    rows = claims.messages_of(all_campaigns(), parts_of(debtor.pk), list(MessageStatus), fields=fields)
    rows = sorted(rows, key=lambda row: row["_id"], reverse=True)
    shown = rows[:MOST_CAMPAIGNS]
    found = Campaign.objects.only("name", "status", "owner").in_bulk([row["campaign"] for row in shown])
    return {
        "debtor": debtor,
        "campaigns": [(found[row["campaign"]], row["_id"], row["status"]) for row in shown if row["campaign"] in found],
        "more": len(rows) - len(shown),
        "rows": rows_of(debtor.pk),
        "linked": key.endswith(LINKED),
    }


def work(key: str) -> Mapping[str, Any] | None:
    """What work on many debtors would change or has changed."""
    pk = object_id(key)
    found = DebtorWork.objects.select_related("user").filter(pk=pk).first() if pk else None
    return next(iter(shown([found]).values())) if found is not None else None


def shown(works: Sequence[DebtorWork]) -> dict[Any, dict[str, Any]]:
    """What is shown of each of them, by its key; whom they give debtors to is asked for at once."""
    owners = User.objects.in_bulk([found.owner for found in works if found.owner])
    return {found.pk: _shown(found, owners.get(found.owner)) for found in works}


def _shown(found: DebtorWork, owner: User | None) -> dict[str, Any]:
    return {
        "work": found,
        "owner": owner,
        "title": words.title(found, owner),
        "found": words.counted(found, found.found, owner),
        "done": words.counted(found, found.done, owner, done=True),
        "nothing": found.status == WorkStatus.READY and not found.found.get("debtors"),
        "text": words.what_happens(found),
        "whose": words.whose(found),
        "total": len(found.chosen),
    }


register(Fragment("debtor-facts", "debtors/_facts.html", contacts_groups, facts, may_see))
register(Fragment("debtor-contacts", "debtors/_contacts.html", contacts_groups, contacts, may_see))
register(Fragment("debtor-campaigns", "debtors/_campaigns.html", contacts_groups, campaigns, may_see))
register(Fragment("debtor-work", "debtors/_work.html", of_object("debtorwork"), work, SUPERVISORS))
register(Fragment("debtor-work-row", "debtors/_work_row.html", of_object("debtorwork"), work, SUPERVISORS))
