"""Which lines belong to a pool: moving them between pools of a channel, and deleting lines and empty pools.

Whoever changes that writes the pools' `revision` in the same transaction, so that a pool can't be deleted while a line
comes into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bson import ObjectId
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pymongo import UpdateOne

from domain.states import CampaignStatus
from gateways.errors import GatewayError
from gateways.models import Gateway, LaneState, Pool
from lib.mongo import collection, run_tx, session
from live.events import GatewayChanged, PoolChanged
from live.publish import publish
from messaging import queries as messaging

MOST_AT_ONCE = 200
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Moved:
    """A line that changed its pool; `origin` is where it was."""

    line: ObjectId
    name: str
    origin: ObjectId


def enter(pool: ObjectId) -> None:
    """Note in the caller's transaction that a line comes into the pool or leaves it. Raises GatewayError.

    The same document is written by who deletes the pool: one of the two comes later, and sees the other.
    """
    there = {"_id": pool, "deleted_at": None}
    if not collection(Pool).update_one(there, {"$inc": {"revision": 1}}, session=session()).matched_count:
        raise GatewayError(_("The pool was deleted meanwhile: choose another one."))


def move_lines(
    lines: Sequence[ObjectId],
    *,
    target: Pool,
    origin: Pool | None = None,
    shown: Mapping[ObjectId, ObjectId] | None = None,
) -> list[Moved]:
    """Move lines into a pool of their channel, also while they send; those that are there already stay.

    All of them move or none. What a line is sending is finished; what it was dealt and didn't send goes back to the
    pool that it leaves, and its replies and tests go with it (engine/recover.py). A line that is no longer in `origin`,
    or in the pool that it was `shown` in, was moved by somebody else, and stays there. Raises GatewayError.
    """
    wanted = list(dict.fromkeys(lines))
    if not wanted:
        raise GatewayError(_("Choose at least one."), field="lines")
    if len(wanted) > MOST_AT_ONCE:
        raise GatewayError(_("At most %(number)s at once.") % {"number": MOST_AT_ONCE}, field="lines")

    def move() -> list[Moved]:
        found = Gateway.objects.defer("secrets").filter(pk__in=wanted, deleted_at=None).in_bulk()
        moved: list[Moved] = []
        for pk in wanted:
            line = found.get(pk)
            if line is None or line.channel != target.channel:
                raise GatewayError(_("One of them is no longer there: look at the list again."), field="lines")
            if line.pool_id == target.pk:
                continue
            expected = origin.pk if origin is not None else (shown or {}).get(pk, line.pool_id)
            if line.pool_id != expected:
                raise GatewayError(
                    _("Somebody else has moved “%(name)s” meanwhile: look at the list again.") % {"name": line.name}
                )
            moved.append(Moved(pk, line.name, line.pool_id))
        if moved:
            # At once: while lines are at work their documents change all the time, and each change in between would
            # undo the whole transaction.
            steps = [
                UpdateOne(
                    {"_id": one.line, "pool_id": one.origin, "deleted_at": None}, {"$set": {"pool_id": target.pk}}
                )
                for one in moved
            ]
            if collection(Gateway).bulk_write(steps, ordered=False, session=session()).matched_count != len(steps):
                raise GatewayError(_("Somebody else has moved one of them meanwhile: look at the list again."))
            enter(target.pk)
        return moved

    moved = run_tx(move)
    for pool in {target.pk, *(one.origin for one in moved)} if moved else ():
        publish(PoolChanged(str(pool)))
    for one in moved:
        publish(GatewayChanged(str(one.line)))
    return moved


def delete_line(pk: ObjectId) -> Gateway:
    """Let an SMS line go: it is hidden and sends nothing more, and frees its name. Raises GatewayError.

    It stays stored, because messages name it. Tests and replies that wait at it won't be sent.
    """
    line = Gateway.objects.filter(pk=pk, deleted_at=None).first()
    if line is None:
        raise GatewayError(_("It was deleted already."))
    held = messaging.held_by(pool=line.pool_id, gateway=line.pk)
    if held or line.lane_state == LaneState.BUSY:
        raise GatewayError(
            _("“%(name)s” is sending right now. Switch it off, and delete it when it has finished.")
            % {"name": line.name}
        )
    gone = _("%(name)s (deleted %(id)s)") % {"name": line.name[:60], "id": line.pk}
    free = {"_id": line.pk, "deleted_at": None, "lane_state": {"$ne": LaneState.BUSY.value}}
    change = {"active": False, "name": gone, "deleted_at": timezone.now()}
    if not collection(Gateway).update_one(free, {"$set": change}).matched_count:
        raise GatewayError(
            _("“%(name)s” is sending right now. Switch it off, and delete it when it has finished.")
            % {"name": line.name}
        )
    publish(GatewayChanged(str(line.pk)))
    publish(PoolChanged(str(line.pool_id)))
    return line


def why_kept(pool: Pool) -> str:
    """Why a pool can't be deleted, in a sentence; empty when it can."""
    lines = list(pool.gateways.filter(deleted_at=None).values_list("name", flat=True)[: MOST_NAMED + 1])
    if lines:
        return _("It has lines: %(names)s. Move them to another pool or delete them first.") % {"names": _named(lines)}
    using: list[str] = []
    for campaigns in (pool.whatsapp_campaigns, pool.sms_campaigns):
        alive = campaigns.exclude(status=CampaignStatus.CANCELLED.value).order_by("-pk")
        using += alive.values_list("name", flat=True)[: MOST_NAMED + 1]
    if using:
        return ngettext(
            "A campaign uses it: %(names)s. Switch the pool off instead.",
            "Campaigns use it: %(names)s. Switch the pool off instead.",
            len(using),
        ) % {"names": _named(using)}
    return ""


def _named(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:MOST_NAMED])
    return _("%(names)s and more") % {"names": shown} if len(names) > MOST_NAMED else shown


def delete_pool(pk: ObjectId) -> Pool:
    """Let a pool go that nothing uses: it is hidden, and frees its name. Raises GatewayError: what uses it."""

    def delete() -> Pool:
        pool = Pool.objects.filter(pk=pk).first()
        if pool is None:
            raise GatewayError(_("It was deleted already."))
        if reason := why_kept(pool):
            raise GatewayError(reason)
        gone = _("%(name)s (deleted %(id)s)") % {"name": pool.name[:60], "id": pool.pk}
        change = {"active": False, "name": gone, "deleted_at": timezone.now()}
        same = {"_id": pk, "deleted_at": None}
        collection(Pool).update_one(same, {"$set": change, "$inc": {"revision": 1}}, session=session())
        return pool

    pool = run_tx(delete)
    publish(PoolChanged(str(pk)))
    return pool
