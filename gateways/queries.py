"""Pools and gateways as lists show them, with secrets masked."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from domain.states import Desired
from gateways import sessions
from gateways.fields import Field, FieldType
from gateways.kinds import KINDS
from gateways.masking import Masker, secret_texts
from gateways.models import Gateway, LaneHealth, Pool
from gateways.registry import callback_url
from gateways.sessions import SessionRow
from lib.redaction import MASK
from lib.sealed import CannotUnseal
from messaging import queries as messaging
from messaging.queries import AtLine
from sessions_app.models import Session


@dataclass(frozen=True, slots=True)
class PoolRow:
    """Delay and variation are in seconds; `gateways` counts the active ones too."""

    name: str
    channel: str
    strategy: str
    delay: float
    variation: float
    active: bool
    gateways: int
    auto_throttle: bool
    throttle_target: int
    throttle_max: float


@dataclass(frozen=True, slots=True)
class GatewayRow:
    """`fields` are the kind's, by name, secrets masked."""

    id: str
    name: str
    kind: str
    channel: str
    pool: str
    active: bool
    health: str
    health_reason: str
    price: str
    """Of an SMS part, exact, as text; empty where nobody said."""
    currency: str
    fields: dict[str, Any]


def pools() -> list[PoolRow]:
    """Every pool, by name."""
    return [
        PoolRow(
            name=pool.name,
            channel=pool.channel,
            strategy=pool.strategy,
            delay=pool.delay_seconds,
            variation=pool.variation_seconds,
            active=pool.active,
            gateways=pool.lines,
            auto_throttle=pool.auto_throttle,
            throttle_target=pool.throttle_target,
            throttle_max=pool.throttle_max,
        )
        for pool in Pool.objects.annotate(lines=Count("gateways", filter=Q(gateways__deleted_at=None))).order_by("name")
    ]


def gateways() -> list[GatewayRow]:
    """Every gateway, by name."""
    return [
        GatewayRow(
            id=str(gateway.pk),
            name=gateway.name,
            kind=gateway.kind,
            channel=gateway.channel,
            pool=gateway.pool.name,
            active=gateway.active,
            health=gateway.health,
            health_reason=gateway.health_reason,
            price=f"{gateway.price.normalize():f}" if gateway.price is not None else "",
            currency=gateway.currency,
            fields=masked_fields(gateway),
        )
        for gateway in Gateway.objects.filter(deleted_at=None).select_related("pool").order_by("name")
    ]


def masked_fields(gateway: Gateway) -> dict[str, Any]:
    """The gateway's settings as they may be shown; none for a kind that is gone.

    Secrets that no key opens any more are shown as the mask: a list must not fail for one line.
    """
    kind = KINDS.get(gateway.kind)
    if kind is None:
        return {}
    try:
        return kind.masked({**gateway.config, **gateway.secrets})
    except CannotUnseal:
        return kind.masked(gateway.config) | {field.name: MASK for field in kind.fields if field.secret}


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as pages list it; `session` is that of a WhatsApp line."""

    gateway: Gateway
    session: SessionRow | None

    @property
    def state(self) -> str:
        if self.session:
            return self.session.shown_status
        slowed = self.gateway.health == LaneHealth.OK and self.slowed
        return LaneHealth.SLOWED.value if slowed else str(self.gateway.health)

    @property
    def state_kind(self) -> str:
        """Which states `state` is one of: a session's or a lane's."""
        return "session" if self.session else "lane"

    @property
    def slowed(self) -> bool:
        """Whether it climbs back to full speed, after its far side slowed it down."""
        slowdown = self.gateway.slowdown
        return slowdown is not None and slowdown.rate(timezone.now()) is not None

    @property
    def ready(self) -> bool:
        """Whether it can send now, as far as is known."""
        if not self.gateway.active:
            return False
        return self.session.connected if self.session else self.gateway.health != LaneHealth.DOWN


@dataclass(frozen=True, slots=True)
class PoolOverview:
    """A pool with its lines, by name."""

    pool: Pool
    lines: Sequence[LineRow]

    @property
    def ready(self) -> int:
        return sum(line.ready for line in self.lines)


def overviews(pools: Iterable[Pool]) -> list[PoolOverview]:
    """The pools with their lines, in their order, by a constant number of queries."""
    found = list(pools)
    rows: dict[ObjectId, list[LineRow]] = {pool.pk: [] for pool in found}
    for row in line_rows(Gateway.objects.filter(pool__in=found)):
        rows[row.gateway.pool_id].append(row)
    return [PoolOverview(pool, rows[pool.pk]) for pool in found]


def line_rows(gateways: QuerySet[Gateway]) -> list[LineRow]:
    """The lines by name, with their sessions; without the deleted ones."""
    lines = list(gateways.filter(deleted_at=None).defer("secrets").order_by("name"))
    of_sessions = [line.pk for line in lines if _needs_session(line)]
    present = Session.objects.filter(gateway__in=of_sessions).exclude(desired=Desired.DELETED)
    by_line = {row.session.gateway: row for row in sessions.rows(present)} if of_sessions else {}
    return [LineRow(line, by_line.get(line.pk)) for line in lines if line.pk in by_line or not _needs_session(line)]


def _needs_session(gateway: Gateway) -> bool:
    kind = KINDS.get(gateway.kind)
    return kind is not None and kind.needs_session


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line that may change its pool, and what that would leave behind; `last` if its pool has no other."""

    row: LineRow
    at: AtLine
    chosen: bool
    last: bool


def candidates(pool: Pool, *, leaving: bool, words: str, chosen: Sequence[ObjectId], most: int) -> list[Candidate]:
    """The lines of the pool (`leaving`), or of the other pools of its channel, whose name or pool has the words.

    Those that were chosen come first, whatever their names, and of the others `most` at most.
    """
    others = Pool.objects.filter(channel=pool.channel).exclude(pk=pool.pk)
    homes = [pool] if leaving else list(others)
    of_homes = Gateway.objects.filter(pool__in=homes, deleted_at=None)
    found = of_homes
    if words:
        by_pool = [home.pk for home in homes if words.casefold() in home.name.casefold()]
        found = of_homes.filter(Q(name__icontains=words) | Q(pool_id__in=by_pool))
    first = line_rows(of_homes.filter(pk__in=chosen)) if chosen else []
    rest = line_rows(
        Gateway.objects.filter(
            pk__in=list(found.exclude(pk__in=chosen).order_by("name").values_list("pk", flat=True)[:most])
        )
    )
    rows = [*first, *rest]
    names = {home.pk: home for home in homes}
    for row in rows:
        row.gateway.pool = names[row.gateway.pool_id]
    at = messaging.at_lines([*{row.gateway.pool_id for row in rows}])
    numbers = Counter(
        of_homes.filter(pool_id__in=[*{row.gateway.pool_id for row in rows}]).values_list("pool_id", flat=True)
    )
    taken = set(chosen)
    return [
        Candidate(row, at.get(row.gateway.pk, AtLine()), row.gateway.pk in taken, numbers[row.gateway.pool_id] == 1)
        for row in rows
    ]


def campaigns_of(pool: Pool, *, limit: int) -> list[Any]:
    """The latest campaigns that send through the pool, newest first."""
    used = [*pool.whatsapp_campaigns.order_by("-pk")[:limit], *pool.sms_campaigns.order_by("-pk")[:limit]]
    return sorted({campaign.pk: campaign for campaign in used}.values(), key=lambda c: c.pk, reverse=True)[:limit]


def callback_address(gateway: Gateway) -> str:
    """Where the far side may post receipts, with its secret; empty when there is no such address."""
    try:
        return callback_url(gateway)
    except CannotUnseal:
        return ""


def masker(gateway: Gateway) -> Callable[[str], str]:
    """Takes the line's secrets out of a text that may repeat them, such as a far side's answer."""
    try:
        return Masker(secret_texts(dict(gateway.secrets)))
    except CannotUnseal:
        return Masker(())


def callback_notes(gateway: Gateway) -> list[str]:
    """What to do with its callback address, as its kind has it."""
    kind = KINDS.get(gateway.kind)
    if kind is None or kind.callback_notes is None:
        return []
    shown = masked_fields(gateway)
    return kind.callback_notes({field.name: shown.get(field.name, field.default) for field in kind.fields})


def facts(gateway: Gateway) -> list[tuple[str, str]]:
    """The settings that are not as usual, and those a line must have: (label, value), secrets masked."""
    kind = KINDS.get(gateway.kind)
    if kind is None:
        return []
    shown = masked_fields(gateway)
    return [
        (str(field.label), fact(field, shown[field.name]))
        for field in kind.fields
        if field.name in shown and (field.required or shown[field.name] not in (field.default, None, "", {}))
    ]


def fact(field: Field, value: Any) -> str:
    """A masked value of a field in words."""
    if field.type is FieldType.CHOICE:
        return str(field.labels.get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {one}" for name, one in value.items())
    return str(value)
