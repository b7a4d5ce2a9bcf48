"""The live parts of the sessions' pages."""

from collections.abc import Mapping, Sequence
from typing import Any

from desk.sessions import filters, shown
from gateways import sessions
from gateways.sessions import SessionRow
from lib.converters import object_id
from live.fragments import SUPERVISORS, Fragment, of_kinds, of_object, register
from messaging.models import Kind, Message
from messaging.reasons import reason_sentence
from sessions_app.describe import change_sentence
from sessions_app.models import Session
from sessions_app.queries import all_sessions, changes_of

GONE: Mapping[str, Any] = {"gone": True}


def with_its_line(key: str) -> Sequence[str]:
    """Its own events; of lines all, because a key does not say which one is the session's."""
    return (f"session.{key}", "gateway")


def _row(key: str) -> SessionRow | None:
    pk = object_id(key)
    session = Session.objects.filter(pk=pk).first() if pk else None
    return sessions.row(session) if session else None


def chips(key: str) -> dict[str, Any]:
    """The filters with how many sessions each finds."""
    chosen, words = filters.from_key(key)
    return filters.chips(sessions.rows(all_sessions()), chosen=chosen, words=words)


def card(key: str) -> Mapping[str, Any] | None:
    row = _row(key)
    return shown.cards([row])[0] if row else None


def state(key: str) -> Mapping[str, Any]:
    row = _row(key)
    return shown.state(row) if row else GONE


def pairing(key: str) -> Mapping[str, Any]:
    row = _row(key)
    return shown.pairing(row) if row else GONE


def picture(key: str) -> Mapping[str, Any] | None:
    """What the browser showed when somebody asked."""
    pk = object_id(key)
    session = Session.objects.filter(pk=pk).first() if pk else None
    return shown.picture(session) if session else None


def facts(key: str) -> Mapping[str, Any] | None:
    """Where it lives, who it is, how much it may send and has sent."""
    row = _row(key)
    if row is None:
        return None
    return {
        "row": row,
        "session": row.session,
        "gateway": row.gateway,
        "used": shown.used(row),
        "sent_today": shown.sent_today(row),
        **shown.memory(row),
    }


def changes(key: str) -> Mapping[str, Any] | None:
    """The latest changes of its state, newest first."""
    pk = object_id(key)
    found = changes_of(pk) if pk else []
    return {"changes": [(change, change_sentence(change)) for change in found]}


def test_message(key: str) -> Mapping[str, Any] | None:
    """A test message and what became of it."""
    pk = object_id(key)
    message = Message.objects.filter(pk=pk).first() if pk else None
    if message is None or message.kind != Kind.TEST:
        return None
    return {"message": message, "reason": reason_sentence(message.reason) if message.reason else ""}


register(Fragment("session-chips", "sessions/_chips.html", of_kinds("session", "gateway"), chips, SUPERVISORS))
register(Fragment("session-card", "sessions/_card.html", with_its_line, card, SUPERVISORS))
register(Fragment("session-state", "sessions/_state.html", with_its_line, state, SUPERVISORS))
register(Fragment("session-pairing", "sessions/_pairing.html", of_object("session"), pairing, SUPERVISORS))
register(Fragment("session-picture", "sessions/_picture.html", of_object("session"), picture, SUPERVISORS))
register(Fragment("session-facts", "sessions/_facts.html", with_its_line, facts, SUPERVISORS))
register(Fragment("session-changes", "sessions/_changes.html", of_object("session"), changes, SUPERVISORS))
register(Fragment("session-test", "sessions/_test.html", of_object("message"), test_message, SUPERVISORS))
