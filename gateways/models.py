"""Ways out: a Gateway is one configured line, a Pool is the set of lanes that share a campaign's messages."""

from typing import Any

from bson import ObjectId
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ArrayField, ObjectIdField

from domain.adaptive_rate import Slowdown
from domain.delivery import Purpose, Verdict
from lib.sealed import SealedJSONField

PURPOSE_LABELS = {
    Purpose.SEND: pgettext_lazy("what a call is for", "message"),
    Purpose.STATUS: pgettext_lazy("what a call is for", "question about a message"),
    Purpose.POLL: pgettext_lazy("what a call is for", "question for news"),
    Purpose.CHECK: pgettext_lazy("what a call is for", "check of the line"),
    Purpose.SETUP: pgettext_lazy("what a call is for", "set-up"),
    Purpose.CALLBACK: pgettext_lazy("what a call is for", "report to us"),
}
VERDICT_LABELS = {
    Verdict.ACCEPTED: pgettext_lazy("how a call ended", "accepted"),
    Verdict.REFUSED: pgettext_lazy("how a call ended", "refused"),
    Verdict.UNCERTAIN: pgettext_lazy("how a call ended", "uncertain"),
}


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
    # The curve by which it climbs back after its far side slowed it down (domain/adaptive_rate.py).
    slowed_at = models.DateTimeField(null=True)
    """When the climb begins; empty while it is not slowed down."""
    slowed_full = models.FloatField(null=True)
    slowed_plateau = models.FloatField(null=True)
    slowed_start = models.FloatField(null=True)
    # Asking the far side for reports (engine/poll.py).
    poll_at = models.DateTimeField(null=True)
    """When it is asked next, or looked at again whether it has to be asked; empty means now."""
    poll_token = models.CharField(max_length=32, blank=True, default="")
    poll_until = models.DateTimeField(null=True)
    """Until when whoever has the token asks, and nobody else."""
    polled_at = models.DateTimeField(null=True)
    """When it was last asked."""
    poll_found = models.IntegerField(default=0)
    """How many reports and texts that brought."""
    poll_failures = models.IntegerField(default=0)
    """Failures in a row."""
    poll_error = models.CharField(max_length=40, blank=True, default="")
    """Why the last time failed: a stable word, as those of messages; empty when it did not."""
    deleted_at = models.DateTimeField(null=True)
    """When somebody deleted it; it stays, hidden and switched off, because what it sent names it."""

    class Meta:
        indexes = (models.Index(fields=["pool", "active"]),)

    def __str__(self) -> str:
        return self.name

    @property
    def slowdown(self) -> Slowdown | None:
        """How it climbs back to full speed, whether or not it is there by now."""
        full, plateau, start = self.slowed_full, self.slowed_plateau, self.slowed_start
        if self.slowed_at is None or full is None or plateau is None or start is None:
            return None
        return Slowdown(full, plateau, start, self.slowed_at)


class Call(models.Model):
    """One call between us and a line's far side, every secret masked before it came here (gateways/calls.py).

    Kept for some days, and of each line the latest alone. Of a busy moment some are counted in place of being kept:
    `more` is how many went like this one.
    """

    gateway = ObjectIdField()
    purpose = models.CharField(max_length=10, choices=[(each.value, PURPOSE_LABELS[each]) for each in Purpose])
    verdict = models.CharField(max_length=10, choices=[(each.value, VERDICT_LABELS[each]) for each in Verdict])
    at = models.DateTimeField()
    """When it had ended."""
    attempts: Any = ArrayField(models.CharField(max_length=32), default=list)
    """Those of messages that it carried, by our ids."""
    more = models.IntegerField(default=0)
    told: Any = models.JSONField(default=dict)
    """A domain.delivery.Exchange as plain values."""

    class Meta:
        # By `at` alone there is the index that forgets (gateways/calls.py).
        indexes = (
            models.Index(fields=["gateway", "at", "id"], name="call_line"),
            models.Index(fields=["gateway", "purpose", "at", "id"], name="call_purpose"),
            models.Index(fields=["gateway", "verdict", "at", "id"], name="call_verdict"),
            models.Index(fields=["attempts"], name="call_attempts"),
        )

    def __str__(self) -> str:
        return f"{self.purpose} {self.at}"
