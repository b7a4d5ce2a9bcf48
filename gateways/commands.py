"""What staff do to pools and gateways: validated, with secrets sealed, and errors that say what to do."""

import hashlib
import math
import secrets
from collections.abc import Collection, Mapping
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from gateways.errors import ChangedMeanwhile, GatewayError
from gateways.kinds import kind_named, read_url
from gateways.members import enter
from gateways.models import Channel, Gateway, Pool, Strategy
from gateways.prices import read_price
from lib.mongo import collection, compare_and_set, run_tx, typed_values
from live.events import GatewayChanged, MessageChanged, PoolChanged
from live.publish import publish
from messaging import claims
from messaging.models import Kind
from sessions_app import commands as sessions
from sessions_app.models import Session

DEFAULT_PACE = {Channel.WHATSAPP: (10.0, 5.0), Channel.SMS: (0.0, 0.0)}
"""Delay and variation in seconds: people write to people at their pace, a gateway takes what it takes."""

POOL_SETTINGS = ("strategy", "delay_seconds", "variation_seconds", "auto_throttle", "throttle_target", "throttle_max")

SESSION_KIND = "whatsapp_web"

LONGEST_DELAY = 86_400.0
LONGEST_THROTTLE = 100.0
MOST_LANES = 1_000


def create_pool(
    *,
    name: str,
    channel: str,
    strategy: str = Strategy.COMPETITIVE,
    delay: float | None = None,
    variation: float | None = None,
    auto_throttle: bool = False,
    throttle_target: int | None = None,
    throttle_max: float | None = None,
) -> Pool:
    """A new pool; `delay` and `variation` are in seconds, the channel's when not given. Raises GatewayError.

    With `auto_throttle`, more than `throttle_target` lanes lengthen the delay, up to `throttle_max` times.
    """
    name = _checked_name(name)
    pool = sketch_pool(
        channel=channel,
        strategy=strategy,
        delay=delay,
        variation=variation,
        auto_throttle=auto_throttle,
        throttle_target=throttle_target,
        throttle_max=throttle_max,
    )
    pool.name = name
    try:
        pool.save(force_insert=True)
    except IntegrityError:
        raise GatewayError(
            _("There is a pool “%(name)s” already: choose another name.") % {"name": name}, field="name"
        ) from None
    publish(PoolChanged(str(pool.pk)))
    return pool


def sketch_pool(
    *,
    channel: str,
    strategy: str = Strategy.COMPETITIVE,
    delay: float | None = None,
    variation: float | None = None,
    auto_throttle: bool = False,
    throttle_target: int | None = None,
    throttle_max: float | None = None,
) -> Pool:
    """A pool of these settings that is not stored: to be looked at, or to be given a name. Raises GatewayError."""
    if channel not in Channel.values:
        raise GatewayError(_("The channel is one of: %(channels)s.") % {"channels": ", ".join(Channel.values)})
    if strategy not in Strategy.values:
        raise GatewayError(_("The strategy is one of: %(names)s.") % {"names": ", ".join(Strategy.values)})
    delay, variation = _checked_pace(Channel(channel), delay, variation)
    pool = Pool(channel=channel, strategy=strategy, delay_seconds=delay, variation_seconds=variation)
    _set_throttle(pool, on=auto_throttle, target=throttle_target, most=throttle_max)
    return pool


def change_pool(
    *,
    name: str,
    strategy: str | None = None,
    delay: float | None = None,
    variation: float | None = None,
    auto_throttle: bool | None = None,
    throttle_target: int | None = None,
    throttle_max: float | None = None,
    version: str | None = None,
) -> Pool:
    """Change what is given of a pool, also while it sends: a lane reads it anew within seconds.

    Raises GatewayError, also when somebody else changed it meanwhile: since `version`, where that is given.
    """
    pool = pool_named(name)
    if version is not None and version != pool_version(pool):
        raise _changed_meanwhile(name)
    before = {field: getattr(pool, field) for field in POOL_SETTINGS}
    if strategy is not None:
        if strategy not in Strategy.values:
            raise GatewayError(_("The strategy is one of: %(names)s.") % {"names": ", ".join(Strategy.values)})
        pool.strategy = strategy
    if delay is not None or variation is not None:
        longest = pool.delay_seconds if delay is None else delay
        pool.delay_seconds, pool.variation_seconds = _checked_pace(
            Channel(pool.channel), longest, min(pool.variation_seconds, longest) if variation is None else variation
        )
    if auto_throttle is not None or throttle_target is not None or throttle_max is not None:
        on = pool.auto_throttle if auto_throttle is None else auto_throttle
        _set_throttle(
            pool,
            on=on,
            target=pool.throttle_target if on and throttle_target is None else throttle_target,
            most=pool.throttle_max if on and throttle_max is None else throttle_max,
        )
    # Not the whole document: its deal belongs to the engine.
    changes = {field: getattr(pool, field) for field in POOL_SETTINGS}
    if not compare_and_set(Pool, pool.pk, before, changes):
        raise _changed_meanwhile(name)
    publish(PoolChanged(str(pool.pk)))
    return pool


def pool_version(pool: Pool) -> str:
    """Which version of a pool's settings these are."""
    told = "|".join(
        str(value) for value in typed_values(Pool, {name: getattr(pool, name) for name in POOL_SETTINGS}).values()
    )
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def create_gateway(
    *, name: str, pool: str, kind: str = "", url_template: str = "", fields: Mapping[str, Any] | None = None,
    price: str = "", currency: str = "",
) -> Gateway:  # fmt: skip
    """A new line in the pool of that name.

    A URL template tells its kind by itself, and `fields` go over what it says. A price is what a part costs, as a
    person writes it. Raises GatewayError.
    """
    name = _checked_name(name)
    amount, code = read_price(price, currency)
    described, told = read_url(url_template) if url_template else (None, {})
    declared = described if described is not None and not kind else kind_named(kind)
    if described is not None and described != declared:
        raise GatewayError(
            _("The URL template is one of kind %(described)s, not %(kind)s: leave the kind out, or change one.")
            % {"described": described.name, "kind": declared.name}
        )
    if declared.needs_session:
        raise GatewayError(
            _("A line of kind %(kind)s comes with its session: add it with `manage.py session add NAME --pool POOL`.")
            % {"kind": kind}
        )
    given = {**told, **(fields or {})}
    if not given:
        raise GatewayError(_("The line needs a URL template or its fields, such as url=https://host/send?to={phone}."))
    plain, sealed = declared.split(declared.clean(given))
    home = _pool_for(pool, Channel(declared.channel))
    sealed["callback_secret"] = secrets.token_urlsafe(32)
    gateway = Gateway(name=name, kind=declared.name, channel=declared.channel, pool=home, config=plain)
    gateway.secrets, gateway.price, gateway.currency = sealed, amount, code

    def store() -> None:
        enter(home.pk)
        gateway.save(force_insert=True)

    try:
        run_tx(store)
    except IntegrityError:
        raise GatewayError(
            _("There is a gateway “%(name)s” already: choose another name.") % {"name": name}, field="name"
        ) from None
    publish(GatewayChanged(str(gateway.pk)))
    publish(PoolChanged(str(home.pk)))
    return gateway


def settings_version(gateway: Gateway) -> str:
    """Which version of a line's settings these are."""
    # Sealing gives another text each time, so the seal tells one version of the settings from the next.
    return hashlib.sha256(gateway.secrets.sealed.encode()).hexdigest()[:16]


def change_gateway(
    *, name: str, fields: Mapping[str, Any], forget: Collection[str] = (), version: str | None = None
) -> Gateway:
    """Change what is given of a line's settings, also while it sends: its next slice takes them up.

    What is not named stays as it is, secrets too, unless `forget` names it: that goes back to its default. Raises
    GatewayError, also when somebody else changed the line meanwhile: since `version`, where that is given.
    """
    gateway = gateway_named(name)
    if version is not None and version != settings_version(gateway):
        raise _changed_meanwhile(name)
    kind = kind_named(gateway.kind)
    if kind.needs_session:
        raise GatewayError(_("“%(name)s” goes with its session: change it there.") % {"name": name})
    declared = {field.name for field in kind.fields}
    stored = {**gateway.config, **gateway.secrets}
    kept = {field: value for field, value in stored.items() if field in declared and field not in forget}
    plain, sealed = kind.split(kind.clean({**kept, **fields}))
    sealed |= {field: value for field, value in gateway.secrets.items() if field not in declared}
    new = typed_values(Gateway, {"config": plain, "secrets": sealed})
    same = {"_id": gateway.pk, "secrets": gateway.secrets.sealed}
    # Whether its far side is asked for reports may be another matter now.
    if not collection(Gateway).update_one(same, {"$set": {**new, "poll_at": None}}).matched_count:
        raise _changed_meanwhile(name)
    publish(GatewayChanged(str(gateway.pk)))
    gateway.config, gateway.secrets = plain, sealed
    return gateway


def _changed_meanwhile(name: str) -> ChangedMeanwhile:
    return ChangedMeanwhile(_("Somebody else changed “%(name)s” meanwhile: look at it and try again.") % {"name": name})


def create_session(*, name: str, pool: str, fields: Mapping[str, Any] | None = None) -> tuple[Session, Gateway]:
    """A new WhatsApp session, with the line of the same name in the pool of that name.

    `fields` are those of the kind whatsapp_web; its host is this process's unless they name one. Nothing is paired
    yet: see sessions_app.commands.connect. Raises GatewayError.
    """
    name = _checked_name(name)
    kind = kind_named(SESSION_KIND)
    plain, sealed = kind.split(kind.clean({"host": settings.BROWSER_HOST, **(fields or {})}))
    home = _pool_for(pool, Channel(kind.channel))
    gateway = Gateway(name=name, kind=kind.name, channel=kind.channel, pool=home, config=plain)
    gateway.secrets = sealed

    def store() -> Session:
        enter(home.pk)
        gateway.save(force_insert=True)
        return sessions.create(name=name, gateway=gateway.pk, host=plain["host"])

    try:
        return run_tx(store), gateway
    except IntegrityError:
        raise GatewayError(
            _("There is a session or a line “%(name)s” already: choose another name.") % {"name": name}
        ) from None


def session_named(name: str) -> Session:
    """Raises GatewayError, which names the sessions there are, or says that the name is another kind of line's."""
    wanted = " ".join(name.split())
    session = Session.objects.filter(name=wanted).first()
    if session is not None:
        return session
    gateway = Gateway.objects.filter(name=wanted).first()
    if gateway is not None and gateway.kind != SESSION_KIND:
        raise GatewayError(
            _("“%(name)s” is a line of kind %(kind)s and has no WhatsApp session: see `manage.py gateway`.")
            % {"name": wanted, "kind": gateway.kind}
        )
    names = ", ".join(Session.objects.order_by("name").values_list("name", flat=True)[:20])
    known = _("Sessions: %(names)s.") % {"names": names} if names else _("Add one with `manage.py session add`.")
    raise GatewayError(_("There is no session “%(name)s”.") % {"name": wanted} + " " + known)


def set_session_limits(*, name: str, limits: Mapping[str, int]) -> Gateway:
    """Change how much a session may send; what is not named stays. Raises GatewayError."""
    session = session_named(name)
    gateway = Gateway.objects.get(pk=session.gateway)
    declared = {field.name: field for field in kind_named(SESSION_KIND).fields}
    cleaned = {limit: declared[limit].clean(value) for limit, value in limits.items()}
    # What was spent stays; a line that rests for the old limit is asked again.
    changes = {f"config.{limit}": value for limit, value in cleaned.items()}
    collection(Gateway).update_one({"_id": gateway.pk}, {"$set": {**changes, "capped_until": None, "capped_by": ""}})
    publish(GatewayChanged(str(gateway.pk)))
    gateway.refresh_from_db()
    return gateway


def delete_session(*, name: str) -> None:
    """Let a session and its profile go; its line sends nothing more, and frees its name. Raises GatewayError.

    The line itself stays, because messages name it.
    """
    session = session_named(name)
    sessions.delete(session.name)
    gone = _("%(name)s (deleted %(id)s)") % {"name": session.name[:60], "id": session.gateway}
    Gateway.objects.filter(pk=session.gateway, name=session.name).update(
        active=False, name=gone, deleted_at=timezone.now()
    )
    publish(GatewayChanged(str(session.gateway)))


def send_test(*, name: str, phone: str, text: str, attachment: ObjectId | None = None) -> ObjectId:
    """A text by this line to this phone (E.164), at once and outside of any campaign; the message's id.

    A session's line has the session's name. Raises GatewayError.
    """
    gateway = gateway_named(" ".join(name.split()))
    if not gateway.active:
        raise GatewayError(_("“%(name)s” is switched off. Switch it on first.") % {"name": gateway.name})
    if not gateway.pool.active:
        raise GatewayError(
            _("“%(name)s” is switched off with its pool “%(pool)s”. Switch that on first.")
            % {"name": gateway.name, "pool": gateway.pool.name}
        )
    if not text.strip() and attachment is None:
        raise GatewayError(_("The message is empty."), field="text")
    message = claims.add_direct(
        kind=Kind.TEST,
        gateway=gateway.pk,
        pool=gateway.pool_id,
        channel=gateway.channel,
        phone=phone,
        text=text,
        attachment=attachment,
    )
    publish(MessageChanged(str(message)))
    publish(GatewayChanged(str(gateway.pk)))
    return message


def set_gateway_active(*, name: str, active: bool) -> Gateway:
    """Let the line send, or keep it from starting anything new. Raises GatewayError."""
    gateway = gateway_named(name)
    there = Gateway.objects.filter(pk=gateway.pk, deleted_at=None)  # a deleted one would send, and nobody could see it
    if not there.update(active=active):  # its lane's fields belong to the engine
        raise GatewayError(_("It was deleted already."))
    publish(GatewayChanged(str(gateway.pk)))
    gateway.active = active
    return gateway


def set_pool_active(*, name: str, active: bool) -> Pool:
    """Let the pool's lines send, or keep them from starting anything new. Raises GatewayError."""
    pool = pool_named(name)
    if not Pool.objects.filter(pk=pool.pk).update(active=active):  # its deal belongs to the engine
        raise GatewayError(_("It was deleted already."))
    publish(PoolChanged(str(pool.pk)))
    pool.active = active
    return pool


def pool_named(name: str) -> Pool:
    """Raises GatewayError, which names the pools there are."""
    pool = Pool.objects.filter(name=name).first()
    if pool is None:
        names = ", ".join(Pool.objects.order_by("name").values_list("name", flat=True)[:20])
        raise GatewayError(
            _("There is no pool “%(name)s”.") % {"name": name} + " " + _("Pools: %(names)s.") % {"names": names or "—"}
        )
    return pool


def gateway_named(name: str) -> Gateway:
    """Raises GatewayError, which names the gateways there are."""
    present = Gateway.objects.filter(deleted_at=None)
    gateway = present.filter(name=name).first()
    if gateway is None:
        names = ", ".join(present.order_by("name").values_list("name", flat=True)[:20])
        raise GatewayError(
            _("There is no gateway “%(name)s”. Gateways: %(names)s.") % {"name": name, "names": names or "—"}
        )
    return gateway


def line_named(name: str) -> Gateway:
    """The line of that name that is no session's. Raises GatewayError."""
    gateway = gateway_named(name)
    if kind_named(gateway.kind).needs_session:
        raise GatewayError(
            _("“%(name)s” goes with its session: delete it with `manage.py session delete`.") % {"name": name}
        )
    return gateway


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100:
        raise GatewayError(_("A name has 1 to 100 characters."), field="name")
    return name


def _checked_pace(channel: Channel, delay: float | None, variation: float | None) -> tuple[float, float]:
    usual_delay, usual_variation = DEFAULT_PACE[channel]
    delay = usual_delay if delay is None else delay
    variation = min(usual_variation, delay) if variation is None else variation
    if not (math.isfinite(delay) and 0 <= delay <= LONGEST_DELAY):
        raise GatewayError(_("The delay is a number of seconds from 0 to 86400."), field="delay")
    if not (math.isfinite(variation) and 0 <= variation <= delay):
        raise GatewayError(_("The variation is a number of seconds from 0 to the delay."), field="variation")
    return delay, variation


def _set_throttle(pool: Pool, *, on: bool, target: int | None, most: float | None) -> None:
    if not on and (target is not None or most is not None):
        raise GatewayError(_("The throttle's target and maximum need the throttle: switch it on too."))
    pool.auto_throttle = on
    if target is not None:
        pool.throttle_target = target
    if most is not None:
        pool.throttle_max = most
    if on and pool.delay_seconds <= 0:
        raise GatewayError(_("A throttle lengthens the delay, and this pool has none: give it one."), field="delay")
    if not 1 <= pool.throttle_target <= MOST_LANES:
        raise GatewayError(_("The throttle's target is a number of lines from 1 to 1000."), field="throttle_target")
    if not (math.isfinite(pool.throttle_max) and 1 <= pool.throttle_max <= LONGEST_THROTTLE):
        raise GatewayError(
            _("The throttle's maximum is how many times the delay, from 1 to 100."), field="throttle_max"
        )


def _pool_for(name: str, channel: Channel) -> Pool:
    pool = Pool.objects.filter(name=name).first()
    if pool is not None and pool.channel == channel:
        return pool
    names = ", ".join(Pool.objects.filter(channel=channel).order_by("name").values_list("name", flat=True)[:20])
    if not names:
        hint = _("Make one first: manage.py pool add NAME --channel %(channel)s") % {"channel": channel.value}
    else:
        hint = _("Pools of the channel %(channel)s: %(names)s.") % {"channel": channel.value, "names": names}
    if pool is None:
        raise GatewayError(_("There is no pool “%(name)s”.") % {"name": name} + " " + hint)
    raise GatewayError(
        _("The pool “%(name)s” is of the channel %(other)s; this line is of %(channel)s.")
        % {"name": name, "other": pool.channel, "channel": channel.value}
        + " "
        + hint
    )
