"""Ways out: a Gateway is one configured line, a Pool is the set of lanes that share a campaign's messages."""

from typing import Any

from bson import ObjectId
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_mongodb_backend.fields import ObjectIdField

from lib.sealed import SealedJSONField


class Channel(models.TextChoices):
    WHATSAPP = "whatsapp", _("WhatsApp")
    SMS = "sms", _("SMS")


class Strategy(models.TextChoices):
    COMPETITIVE = "competitive", _("Competitive: any free line takes the next message")
    FIXED_TURNS = "fixed_turns", _("Fixed turns: the lines take messages one after another")
    RANDOM_TURNS = "random_turns", _("Random turns: each message goes to a line drawn at random")


class LaneState(models.TextChoices):
    IDLE = "idle"
    QUEUED = "queued"  # a deliver task was issued, until lane_until
    BUSY = "busy"  # a worker works through its messages, until lane_until


class LaneHealth(models.TextChoices):
    OK = "ok", _("working")
    SLOWED = "slowed", _("slowed down")  # the far side asked for a rest
    DOWN = "down", _("not answering")  # one message at a time probes it


class PresentPools(models.Manager["Pool"]):
    """Without the deleted ones, which stay because lines and campaigns of the past name them."""

    def get_queryset(self) -> models.QuerySet["Pool"]:
        return super().get_queryset().filter(deleted_at=None)


class Pool(models.Model):
    """A set of gateways of one channel, with the strategy and the pace they share."""

    name = models.CharField(max_length=100, unique=True)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    strategy = models.CharField(max_length=20, choices=Strategy.choices, default=Strategy.COMPETITIVE)
    delay_seconds = models.FloatField(default=0)
    variation_seconds = models.FloatField(default=0)
    auto_throttle = models.BooleanField(default=False)
    """Whether more lanes than `throttle_target` lengthen the delay, so that the pool as a whole stays slow."""
    throttle_target = models.IntegerField(default=3)
    throttle_max = models.FloatField(default=3.0)
    """How many times the delay it is at most."""
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Dealing turns: whoever holds the lease deals, `turn` is the next lane's place in the order.
    deal_token = models.CharField(max_length=32, blank=True, default="")
    deal_until = models.DateTimeField(null=True)
    turn = models.IntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)
    """When somebody deleted it; it stays, hidden, because what was sent through it names it."""
    revision = models.IntegerField(default=0)
    """Raised whenever lines come or go, so that two who change who belongs to it meet at one document."""

    objects = PresentPools()
    everything = models.Manager["Pool"]()

    def __str__(self) -> str:
        return self.name


class Gateway(models.Model):
    """One configured way out and its lane.

    The lane (lane_*) is the engine's: whoever holds `lane_token` until `lane_until` works through the messages, and
    each new holder raises `lane_epoch`, by which late answers of an earlier one are told apart.
    """

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=30)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="gateways")
    pool_id: ObjectId
    active = models.BooleanField(default=True)
    config: Any = models.JSONField(default=dict)
    secrets: Any = SealedJSONField(default=dict)
    price = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    """Of one SMS part, in `currency` (ISO 4217); empty where nobody said: what it sends then has no known cost."""
    currency = models.CharField(max_length=3, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    lane_state = models.CharField(max_length=10, choices=LaneState.choices, default=LaneState.IDLE)
    lane_token = models.CharField(max_length=32, blank=True, default="")
    lane_until = models.DateTimeField(null=True)
    lane_epoch = models.IntegerField(default=0)
    next_send_at = models.DateTimeField(null=True)
    """When pacing, a rest or a cooldown allows the next request; empty means now."""
    usage: Any = models.JSONField(default=dict)
    """What was spent of its limits: {limit: {"until": when its span ends, "used": messages}} (engine/limits.py)."""
    capped_until = models.DateTimeField(null=True)
    """When a limit that is used up begins anew; until then only replies and tests go through it."""
    capped_by = models.CharField(max_length=20, blank=True, default="")
    turn_campaign = models.CharField(max_length=24, blank=True, default="")
    """The campaign served last: the next one in order is first in the coming slice."""
    health = models.CharField(max_length=10, choices=LaneHealth.choices, default=LaneHealth.OK)
    health_reason = models.CharField(max_length=300, blank=True, default="")
    failures = models.IntegerField(default=0)
    """Line errors in a row, since the last accepted message."""
    down_since = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    """When somebody deleted it; it stays, hidden and switched off, because what it sent names it."""

    class Meta:
        indexes = (models.Index(fields=["pool", "active"]),)

    def __str__(self) -> str:
        return self.name


class Exchange(models.Model):
    """What went to and fro by HTTP for one attempt of a test, every secret masked before it came here.

    Only of tests, and forgotten after EXCHANGES_KEPT_DAYS: messages of campaigns keep their outcome alone.
    """

    attempt_id = models.CharField(max_length=32, unique=True)
    gateway = ObjectIdField()
    message = ObjectIdField()
    at = models.DateTimeField()
    told: Any = models.JSONField(default=dict)
    """A domain.delivery.Exchange as plain values."""

    def __str__(self) -> str:
        return self.attempt_id


EXCHANGES_KEPT_DAYS = 7
