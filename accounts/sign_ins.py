"""Where users are signed in: kept at sign-in, noted while it is used, ended by anybody who may.

A sign-in is over with its row here or with Django's session of the same key, whichever goes first. To end one the
session is deleted: the next request of its browser is nobody's, and a request that is under way can't store it again.
Its live sockets find out when they look next (live/consumers.py).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bson import ObjectId
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import SignIn, User
from accounts.security import unused_for
from lib.mongo import collection
from lib.remembered import Remembered

NOTED = 60.0
"""Seconds between two notes, in one process, that a sign-in is in use."""
MOST = 100
"""Sign-ins of one user that are shown; nobody has so many browsers."""


@dataclass(frozen=True, slots=True)
class Look:
    """A browser that comes with a session, as a request tells of it."""

    session_key: str
    user: ObjectId
    agent: str
    address: str


def look_of(request: HttpRequest, user: Any) -> Look:
    return Look(
        session_key=request.session.session_key or "",
        user=user.pk,
        agent=str(request.META.get("HTTP_USER_AGENT", ""))[:300],
        address=str(request.META.get("REMOTE_ADDR", ""))[:45],
    )


def begin(request: HttpRequest, user: Any) -> None:
    """Keep that somebody has signed in, in the session of this request."""
    if request.session.session_key is None:
        request.session.create()
    look, now = look_of(request, user), timezone.now()
    values = {"user": user, "agent": look.agent, "address": look.address, "since": now, "seen_at": now}
    SignIn.objects.update_or_create(session_key=look.session_key, defaults={**values, "expires_at": now + unused_for()})


def goes_on(request: HttpRequest, user: Any) -> bool:
    """Note, once a minute, that the sign-in of this request is in use; False where it is over."""
    return _noted(look_of(request, user))


def moved(before: str | None, after: str | None) -> None:
    """Django has given a session another key, as it does when a password changes."""
    if before and after and before != after:
        SignIn.objects.filter(session_key=before).update(session_key=after)


def of_user(user: Any) -> Sequence[SignIn]:
    """Where a user is signed in, the one used last first."""
    used_since = timezone.now() - unused_for()
    found = list(SignIn.objects.filter(user=user, seen_at__gte=used_since).order_by("-seen_at", "-pk")[:MOST])
    keys = [each.session_key for each in found]
    alive = set(Session.objects.filter(session_key__in=keys).values_list("session_key", flat=True))
    return [each for each in found if each.session_key in alive]


def last_seen(users: Iterable[User]) -> dict[Any, datetime | None]:
    """When each of these users was last seen, to the minute; None for who never was."""
    known: dict[Any, datetime | None] = {user.pk: user.last_login for user in users}
    rows = collection(SignIn).aggregate(
        [{"$match": {"user_id": {"$in": list(known)}}}, {"$group": {"_id": "$user_id", "at": {"$max": "$seen_at"}}}]
    )
    for row in rows:
        before, seen = known[row["_id"]], row["at"].replace(tzinfo=UTC)
        known[row["_id"]] = seen if before is None or seen > before else before
    return known


def end(sign_ins: Iterable[SignIn]) -> int:
    """Sign these out; returns how many."""
    found = list(sign_ins)
    Session.objects.filter(session_key__in=[each.session_key for each in found]).delete()
    SignIn.objects.filter(pk__in=[each.pk for each in found]).delete()
    return len(found)


def end_all(user: Any, *, but: str | None = None) -> int:
    """Sign a user out everywhere, or everywhere else than in the session of this key; returns how many were open."""
    shown = {each.pk for each in of_user(user)}
    return sum(each.pk in shown for each in _ended(SignIn.objects.filter(user=user).exclude(session_key=but or "")))


def forget(session_key: str | None) -> None:
    """Its session is over already: somebody signed out."""
    if session_key:
        SignIn.objects.filter(session_key=session_key).delete()


def _ended(sign_ins: Iterable[SignIn]) -> list[SignIn]:
    found = list(sign_ins)
    end(found)
    return found


def _note(look: Look) -> bool:
    """Whether it goes on: it is there, and was in use not too long ago."""
    now, lasts = timezone.now(), unused_for()
    changed = collection(SignIn).update_one(
        {"session_key": look.session_key, "user_id": look.user, "seen_at": {"$gte": now - lasts}},
        {"$set": {"agent": look.agent, "address": look.address, "seen_at": now, "expires_at": now + lasts}},
    )
    return changed.matched_count == 1


_noted = Remembered(_note, seconds=NOTED, most=10_000)
