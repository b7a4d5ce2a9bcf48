"""Opt-outs: what replies say, stored together with them; and taking people out by hand, with the messages that wait."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from debtors import suppressions
from debtors.models import Suppression, SuppressionSource
from debtors.suppressions import Entry, naive
from domain.contact_rules import Decision, Verdict, examine
from lib.mongo import bulk_write, collection, compare_and_set, run_tx, session
from live.events import CampaignChanged, SuppressionChanged
from live.publish import publish
from messaging import claims
from messaging.following import follow_opt_outs
from messaging.models import Review, ReviewState

MOST_SAID = 1_000
UNDO = timedelta(minutes=10)
"""How long a decision about a reply can be taken back."""


# Texts of the agency's own people -------------------------------------------------------------------------------------
_of_staff: list[Callable[[Mapping[str, bool]], Collection[str]]] = []


def asks_first(heard: Callable[[Mapping[str, bool]], Collection[str]]) -> None:
    """Have an app that stands above this one say which texts are no debtors'.

    It gets {phone: whether it is a clear opt-out} and answers whose texts are not to be judged, in the transaction that
    stores them: what it does itself is done together with them, or not at all.
    """
    _of_staff.append(heard)


# What replies say -----------------------------------------------------------------------------------------------------
def judged(texts: Iterable[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], Decision]]:
    """The texts, as IncomingText stores them, that are an opt-out or come near one."""
    found = [(text, examine(text["text"])) for text in texts if text["phone"]]
    return [(text, decision) for text, decision in found if decision.verdict is not Verdict.NONE]


def keep(found: Sequence[tuple[Mapping[str, Any], Decision]]) -> None:
    """Store what was judged, in the transaction that stores the texts: neither is ever there without the other.

    Each text has its key, `_id`.
    """
    said: dict[str, bool] = {}
    for text, decision in found:
        said[text["phone"]] = said.get(text["phone"], False) or decision.verdict is Verdict.OPT_OUT
    staff = {phone for heard in _of_staff for phone in heard(said)} if said else set()
    found = [(text, decision) for text, decision in found if text["phone"] not in staff]
    if not found:
        return
    outs = [_entry(text, decision) for text, decision in found if decision.verdict is Verdict.OPT_OUT]
    suppressions.add(outs)
    near = [(text, decision) for text, decision in found if decision.verdict is Verdict.REVIEW]
    out = suppressions.suppressed({text["phone"] for text, _decision in found})
    bulk_write(Review, [_review(text, decision) for text, decision in near if text["phone"] not in out])
    close_reviews([each.phone for each in outs if each.phone in out])


def close_reviews(phones: Sequence[str], *, actor: str = "") -> None:
    """Nothing is left to be decided about people who are out. Joins the transaction it is in."""
    if phones:
        closed = {
            "state": ReviewState.OPTED_OUT.value,
            "decided_by": actor[:150],
            "decided_at": naive(datetime.now(UTC)),
        }
        waiting = {"phone": {"$in": list(phones)}, "state": ReviewState.OPEN.value}
        collection(Review).update_many(waiting, {"$set": closed}, session=session())


def _entry(text: Mapping[str, Any], decision: Decision) -> Entry:
    return Entry(
        text["phone"],
        SuppressionSource.REPLY,
        wrote_at=min(text["at"], text["received_at"]).replace(tzinfo=UTC),
        text=text["_id"],
        said=text["text"],
        gateway=text["gateway"],
        rule=decision.rule,
        rule_version=decision.version,
    )


def _review(text: Mapping[str, Any], decision: Decision) -> UpdateOne:
    fields = {
        "phone": text["phone"],
        "said": text["text"][:MOST_SAID],
        "gateway": text["gateway"],
        "rule": decision.rule,
        "rule_version": decision.version,
        "at": text["received_at"],
        "state": ReviewState.OPEN.value,
        "decided_by": "",
        "decided_at": None,
    }
    return UpdateOne({"text": text["_id"]}, {"$setOnInsert": fields}, upsert=True)


# By hand --------------------------------------------------------------------------------------------------------------
def suppress(entries: Sequence[Entry]) -> int:
    """Put people onto the list and skip what waits for them, at once; how many were not on it."""
    added = suppressions.add(entries)
    carry_out(sorted({each.phone or each.identity for each in entries}))
    publish(SuppressionChanged(""))
    return added


def carry_out(phones: Sequence[str]) -> None:
    """Do what follows for these phones from what the list says of them now. Harmless to repeat: the engine does."""
    out = sorted(suppressions.suppressed(phones))
    suppressions.mark(phones)
    follow_opt_outs(phones, out=out)
    if not out:
        return
    close_reviews(out)
    for campaign in claims.skip_suppressed(out):
        publish(CampaignChanged(str(campaign)))


# Replies that a person looks at ---------------------------------------------------------------------------------------
def opt_out(review: Review, *, actor: str) -> bool:
    """The reply is an opt-out; False where it was decided already."""

    def work() -> bool:
        if not _decide(review, ReviewState.OPEN, ReviewState.OPTED_OUT, actor):
            return False
        entry = Entry(
            review.phone,
            SuppressionSource.REPLY,
            actor=actor,
            text=review.text,
            said=review.said,
            gateway=review.gateway,
            rule=review.rule,
            rule_version=review.rule_version,
        )
        suppressions.add([entry])
        close_reviews([review.phone], actor=actor)
        return True

    done = run_tx(work)
    if done:
        carry_out([review.phone])
        publish(SuppressionChanged(""))
    return done


def dismiss(review: Review, *, actor: str) -> bool:
    """The reply is no opt-out; False where it was decided already."""
    return _told(_decide(review, ReviewState.OPEN, ReviewState.DISMISSED, actor))


def undo(review: Review, *, actor: str, reason: str) -> bool:
    """Take a decision back: it waits again. One by which somebody was taken out puts them back too, where it is still
    this reply by which they are out. What was skipped stays so. False where it is too late, or decided otherwise."""
    if not undoable(review):
        return False
    origin = ReviewState(review.state)
    if origin is ReviewState.OPEN or not _decide(review, origin, ReviewState.OPEN, ""):
        return False
    if origin is ReviewState.OPTED_OUT:
        mine = Suppression.objects.filter(phone=review.phone, text=review.text, active=True).values_list(
            "pk", flat=True
        )
        suppressions.lift(list(mine), actor=actor, reason=reason)
    return _told(True)


def undoable(review: Review) -> bool:
    """Whether a person decided it lately."""
    by_hand = bool(review.decided_by) and review.decided_at is not None
    return by_hand and datetime.now(UTC) - (review.decided_at or datetime.now(UTC)) <= UNDO


def _decide(review: Review, origin: ReviewState, target: ReviewState, actor: str) -> bool:
    at = None if target is ReviewState.OPEN else datetime.now(UTC)
    changes = {"state": target.value, "decided_by": actor[:150], "decided_at": at}
    return compare_and_set(Review, review.pk, {"state": origin.value}, changes)


def _told(done: bool) -> bool:
    if done:
        publish(SuppressionChanged(""))
    return done


def wait_count(most: int) -> int:
    """How many replies wait for a decision, at most so many."""
    return Review.objects.filter(state=ReviewState.OPEN.value)[:most].count()
