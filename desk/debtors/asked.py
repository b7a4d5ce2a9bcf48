"""Which debtors an address asks for, read for one user: the filter, what can't be of it, and each part in words.

The query of an address is also what is saved as a filter, exported, and acted on, so all of them mean the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bson import ObjectId
from django.http import QueryDict
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.roles import Scope, scope_of
from campaigns.audience_form import problem_sentence
from campaigns.models import Campaign
from debtors import queries
from debtors.listing import Listing, Members, Wanted
from debtors.models import Import
from domain.audiences import Filter, Problem, read_filter
from domain.finding import all_terms
from domain.folding import fold
from domain.states import CampaignStatus, MessageStatus
from domain.values import money
from lib.converters import object_id
from lib.mongo import collection, session
from messaging import queries as messaging
from messaging.models import RECIPIENT_INDEX, STATUS_LABELS, Message
from preferences import queries as preferences

TYPED = ("q", "country", "debt_from", "debt_to", "due_from", "due_to")
CHOSEN = ("owner", "campaign", "state", "answered", "suppressed", "import")
PARAMETERS = (*TYPED, *CHOSEN, "key", "value")
"""What an address may ask for; `key` and `value` are pairs: a column, and what it has to be."""
NOBODY = "nobody"
YES, NO = "yes", "no"
STATES = (
    MessageStatus.PENDING, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ, MessageStatus.FAILED,
    MessageStatus.SKIPPED, MessageStatus.UNCERTAIN,
)  # fmt: skip
"""Those that a message stays in."""
MOST_TYPED = 2_000


class RecipientsOf:
    """Those whom a campaign has a message for, as members of a list, in the order of enrolling."""

    kind: type = ObjectId

    def __init__(self, campaign: ObjectId, state: str) -> None:
        self._campaign, self._state = campaign, state
        self._asked: dict[str, Any] = {"campaign": campaign, **({"status": state} if state else {})}
        self._index = "message_campaign_status" if state else "message_campaign"

    def beside(self, place: Any, *, backwards: bool, limit: int) -> list[tuple[Any, ObjectId | None]]:
        bounds = {"_id": {"$lt" if backwards else "$gt": place}} if place else {}
        rows = collection(Message).find({**self._asked, **bounds}, {"debtor": 1}, session=session())
        rows = rows.sort("_id", -1 if backwards else 1).hint(self._index).limit(limit)
        return [(row["_id"], row["debtor"]) for row in rows]

    def among(self, keys: Any) -> set[ObjectId]:
        asked = {**self._asked, "debtor": {"$in": list(keys)}}
        rows = collection(Message).find(asked, {"debtor": 1}, session=session()).hint(RECIPIENT_INDEX)
        return {row["debtor"] for row in rows}

    def number(self) -> int:
        counts = messaging.counts(self._campaign)
        return counts[self._state] if self._state else sum(counts.values())


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the filter in words, with the query of the list without it."""

    words: str
    without: str


@dataclass(frozen=True)
class Asked:
    """What is asked for. `problems` are sentences by parameter: while there are any, nobody fits."""

    scope: Scope
    query: QueryDict
    """What it is read from, and no more: no empty parameter, no mark, no order."""
    wanted: Wanted
    members: tuple[Members, ...] = ()
    words: tuple[tuple[str, str, str], ...] = ()
    """(parameter, value, words) of each part."""
    problems: Mapping[str, str] = field(default_factory=dict)

    def listing(self, order: str = "") -> Listing:
        return Listing(self.wanted, scope=self.scope, members=self.members, order=order)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.query

    @property
    def told(self) -> str:
        """What is wrong with it, in one text."""
        return " ".join(dict.fromkeys(self.problems.values()))

    @cached_property
    def chips(self) -> list[Chip]:
        return [Chip(words, _without(self.query, name, value)) for name, value, words in self.words]


def read(given: QueryDict, user: User) -> Asked:
    """What the query of an address asks for, among what the user sees."""
    scope = scope_of(user)
    query = _cleaned(given, scope)
    problems: dict[str, str] = {}
    audience = _audience(query, problems)
    words: list[tuple[str, str, str]] = _typed_words(query, audience)
    owner, nobodys = _owner(query, words, problems)
    members = [*_campaign(query, scope, words, problems), *_import(query, scope, words, problems)]
    wanted = Wanted(
        audience,
        owner=owner,
        nobodys=nobodys,
        answered=_yes_or_no(query, "answered", words, yes=_("Has answered"), no=_("Never answered")),
        suppressed=_yes_or_no(query, "suppressed", words, yes=_("Opted out"), no=_("Not opted out")),
    )
    return Asked(scope, query, wanted, tuple(members), tuple(words), problems)


def read_text(query: str, user: User) -> Asked:
    """The same of a query as a text: a saved filter's, or what a form says of a whole list."""
    return read(QueryDict(query), user)


def _cleaned(given: QueryDict, scope: Scope) -> QueryDict:
    query = QueryDict(mutable=True)
    for name in (*TYPED, *CHOSEN):
        value = " ".join(given.get(name, "")[: MOST_TYPED + 1].split())
        if value and "\x00" not in value:
            query[name] = value
    if "q" in query and not all_terms(str(query["q"])):
        del query["q"]  # nothing but signs: nobody is looked for yet
    if "campaign" not in query:
        query.pop("state", None)
    if not scope.everything:
        query.pop("owner", None)  # theirs are all that they see
    for key, value in zip(given.getlist("key"), given.getlist("value"), strict=False):
        if fold(key) and value.strip():
            query.appendlist("key", fold(key))
            query.appendlist("value", value.strip()[: MOST_TYPED + 1])
    return query


def pairs_of(query: QueryDict) -> list[tuple[str, str]]:
    """The columns that are asked for, each with what it has to be."""
    return [(str(key), str(value)) for key, value in zip(query.getlist("key"), query.getlist("value"), strict=True)]


def _without(query: QueryDict, name: str, value: str) -> str:
    """The query without one part; `show=all` where nothing is left, which no filter of one's own takes the place of."""
    rest = query.copy()
    if name == "key":
        pairs = [pair for pair in pairs_of(rest) if ":".join(pair) != value]
        rest.setlist("key", [key for key, _value in pairs])
        rest.setlist("value", [value for _key, value in pairs])
    else:
        rest.pop(name, None)
    if name == "campaign":
        rest.pop("state", None)
    return rest.urlencode() or "show=all"


def _audience(query: QueryDict, problems: dict[str, str]) -> Filter:
    tests = [{"key": key, "op": "is", "values": value} for key, value in pairs_of(query)]
    typed = {name: query.get(name, "") for name in TYPED if name != "q"}
    written_in = country() if typed["debt_from"] or typed["debt_to"] else ""
    found = read_filter({**typed, "text": query.get("q", ""), "tests": tests, "written_in": written_in})
    for name, problem in found.problems.items():
        if problem is not Problem.NOTHING:
            typed_in = "q" if name == "text" else "key" if name.startswith("test-") else name
            problems[typed_in] = problem_sentence(problem)
    return found.filter


def _typed_words(query: QueryDict, audience: Filter) -> list[tuple[str, str, str]]:
    words = [("q", "", f"“{audience.text}”")] if audience.text else []
    amounts = (("debt_from", _("Debt from %s"), audience.debt_from), ("debt_to", _("Debt up to %s"), audience.debt_to))
    for name, sentence, amount in amounts:
        if amount is not None:
            words.append((name, "", sentence % money(amount, audience.country or country())))
    days = (("due_from", _("Due from %s"), audience.due_from), ("due_to", _("Due until %s"), audience.due_to))
    words += [
        (name, "", sentence % formats.date_format(value, "SHORT_DATE_FORMAT"))
        for name, sentence, value in days
        if value is not None
    ]
    if audience.country:
        words.append(("country", "", _("Phone of %s") % audience.country))
    if audience.tests:
        headers = queries.known_columns()
        for key, value in pairs_of(query):
            words.append(("key", f"{key}:{value}", f"{headers.get(key, key)}: {value}"))
    return words


def _owner(
    query: QueryDict, words: list[tuple[str, str, str]], problems: dict[str, str]
) -> tuple[ObjectId | None, bool]:
    chosen = query.get("owner", "")
    if chosen == NOBODY:
        words.append(("owner", "", _("Nobody's")))
        return None, True
    key = object_id(chosen)
    found = User.objects.filter(pk=key).first() if key else None
    if found is not None:
        words.append(("owner", "", found.get_full_name() or found.get_username()))
    elif chosen:
        problems["owner"] = _("There is no such executive any more.")
    return key, False


def _campaign(
    query: QueryDict, scope: Scope, words: list[tuple[str, str, str]], problems: dict[str, str]
) -> list[Members]:
    chosen = query.get("campaign", "")
    if not chosen:
        return []
    found = offered_campaigns(scope).filter(pk=object_id(chosen)).first()
    if found is None:
        problems["campaign"] = _("There is no such campaign any more.")
        return []
    state = query.get("state", "")
    if state and state not in list(STATES):
        problems["state"] = _("Messages have no such state.")
        return []
    words.append(("campaign", "", _("In %s") % found.name))
    if state:
        words.append(("state", "", _("Its message is %s") % STATUS_LABELS[MessageStatus(state)]))
    return [RecipientsOf(found.pk, state)]


def _import(
    query: QueryDict, scope: Scope, words: list[tuple[str, str, str]], problems: dict[str, str]
) -> list[Members]:
    chosen = query.get("import", "")
    if not chosen:
        return []
    found = Import.objects.filter(pk=object_id(chosen), **scope.where()).first()
    if found is None:
        problems["import"] = _("There is no such file any more.")
        return []
    words.append(("import", "", _("From %(name)s") % {"name": found.file_name}))
    return [queries.RowsOf(found)]


def _yes_or_no(query: QueryDict, name: str, words: list[tuple[str, str, str]], *, yes: str, no: str) -> bool | None:
    chosen = {YES: True, NO: False}.get(query.get(name, ""))
    if chosen is None:
        query.pop(name, None)
    else:
        words.append((name, "", yes if chosen else no))
    return chosen


def country() -> str:
    """The country in whose way amounts are typed."""
    return str(preferences.get("sending.country"))


def offered_campaigns(scope: Scope) -> Any:
    """The campaigns that a list can be filtered by: those that have messages."""
    return Campaign.objects.filter(**scope.where()).exclude(status=CampaignStatus.DRAFT.value)


def state_choices() -> list[tuple[str, str]]:
    return [(state.value, capfirst(str(STATUS_LABELS[state]))) for state in STATES]
