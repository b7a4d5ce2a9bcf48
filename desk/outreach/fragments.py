"""The live parts of digests and of checks."""

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.roles import scope_of
from domain import check_pace
from gateways.models import Gateway, Pool
from lib.converters import object_id
from live.fragments import SUPERVISORS, Fragment, of_kinds, of_object, register
from messaging.models import Message
from messaging.reasons import reason_sentence
from outreach import digests
from outreach.models import Answer, CheckStatus, Digest, NumberCheck
from outreach.queries import own_phone
from outreach.readers import reader_of
from preferences.queries import get
from sessions_app.queries import connected_gateways

COLOURS = {
    Answer.YES.value: "done", Answer.NO.value: "soon", Answer.FAILED.value: "now", Answer.INVALID.value: "now",
    Answer.WAITING.value: "waiting",
}  # fmt: skip
MOST_WAITING = 20


# Digests --------------------------------------------------------------------------------------------------------------
def digest_rows(found: Sequence[Digest]) -> list[tuple[str, Mapping[str, Any]]]:
    """(key, what is shown) of digests, asked for at once."""
    keys = [each.pk for each in found]
    sent = Message.objects.in_bulk(keys)
    lines = Gateway.objects.only("name").in_bulk({each.gateway for each in found})
    return [(f"{each.pk}", _digest(each, sent.get(each.pk), lines.get(each.gateway))) for each in found]


def _digest(each: Digest, message: Message | None, line: Gateway | None) -> dict[str, Any]:
    reason = reason_sentence(message.reason) if message is not None and message.reason else ""
    return {"digest": each, "message": message, "line": line, "reason": reason}


def digest_row(key: str) -> Mapping[str, Any] | None:
    found = Digest.objects.filter(pk=object_id(key)).first() if object_id(key) else None
    return digest_rows([found])[0][1] if found is not None else None


def _sees_digest(user: Any, key: str) -> bool:
    phone = own_phone(scope_of(user))
    if phone is None:
        return True
    return bool(phone) and Digest.objects.filter(pk=object_id(key), phone=phone).exists()


def waiting(key: str) -> Mapping[str, Any]:
    """The replies that wait: everybody's, or those of the reader whose digits are the key."""
    found = digests.waiting_readers()
    if key:
        found = {phone: number for phone, number in found.items() if phone == f"+{key}"}
    people = list(found.items())[:MOST_WAITING]
    lines = digests.lines()
    return {
        "active": get("digests.active"),
        "readers": [(phone, name.name if (name := reader_of(phone)) else "", number) for phone, number in people],
        "more": max(0, len(found) - MOST_WAITING),
        "connected": bool(connected_gateways([line.pk for line in lines])),
        "key": key,
    }


def _sees_waiting(user: Any, key: str) -> bool:
    phone = own_phone(scope_of(user))
    return phone is None or key == (phone.lstrip("+") or "none")


register(Fragment("digest-row", "outreach/_digest_row.html", lambda key: (f"message.{key}",), digest_row, _sees_digest))
register(Fragment("digests-waiting", "outreach/_waiting.html", of_kinds("digest", "session"), waiting, _sees_waiting))


# Checks ---------------------------------------------------------------------------------------------------------------
def check_rows(found: Sequence[NumberCheck]) -> list[tuple[str, Mapping[str, Any]]]:
    """(key, what is shown) of checks, asked for at once."""
    pools = Pool.everything.in_bulk({each.pool for each in found})
    lines = list(Gateway.objects.filter(pool__in=list(pools), active=True, pool__active=True).only("pool"))
    connected = connected_gateways([line.pk for line in lines])
    asking = [line.pool_id for line in lines if line.pk in connected]
    most = int(get("checks.per_hour"))
    return [(str(each.pk), _check(each, pools.get(each.pool), asking.count(each.pool), most)) for each in found]


def _check(each: NumberCheck, pool: Pool | None, sessions: int, most: int) -> dict[str, Any]:
    per_hour = min(each.per_hour, most)
    left = check_pace.seconds_left(each.waiting, per_hour=per_hour, sessions=sessions)
    running = each.status == CheckStatus.RUNNING
    return {
        "check": each,
        "label": CheckStatus(each.status).label,
        "colour": {"running": "working", "stopped": "soon", "done": "done"}.get(each.status, "waiting"),
        "pool": pool,
        "sessions": sessions,
        "per_hour": per_hour,
        "left": left if running else None,
        "figures": [
            (answer.value, answer.label, getattr(each, answer.value), COLOURS[answer.value])
            for answer in (Answer.YES, Answer.NO, Answer.FAILED, Answer.INVALID, Answer.WAITING)
        ],
    }


def check_state(key: str) -> Mapping[str, Any] | None:
    found = NumberCheck.objects.filter(pk=object_id(key)).first() if object_id(key) else None
    return check_rows([found])[0][1] if found is not None else None


register(Fragment("check-row", "outreach/_check_row.html", of_object("check"), check_state, SUPERVISORS))
register(
    Fragment(
        "check-progress",
        "outreach/_check_progress.html",
        lambda key: (f"check.{key}", "session"),
        check_state,
        SUPERVISORS,
    )
)
