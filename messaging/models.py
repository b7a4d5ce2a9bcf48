"""The durable outbox: one Message per recipient with its attempts, its counts, and what the far side said later.

Only the package claims writes a message's state.
"""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ArrayField, EmbeddedModelArrayField, ObjectIdField
from django_mongodb_backend.models import EmbeddedModel

from domain.states import MessageStatus

STATUS_LABELS = {
    MessageStatus.PENDING: _("pending"),
    MessageStatus.CLAIMED: _("claimed"),
    MessageStatus.SENDING: _("sending"),
    MessageStatus.SENT: _("sent"),
    MessageStatus.DELIVERED: _("delivered"),
    MessageStatus.READ: _("read"),
    MessageStatus.FAILED: _("failed"),
    MessageStatus.SKIPPED: _("skipped"),
    MessageStatus.UNCERTAIN: _("uncertain"),
}


CLAIM_INDEX = "message_claim"
CAUSE_INDEX = "message_cause"
"""A campaign's messages by state and reason, of those that have a reason."""
RECIPIENT_INDEX = "message_once_per_recipient"
SENT_INDEX = "message_sent"
"""A campaign's messages by when they were sent; those that were not are not in it."""

ASK_INDEX = "message_ask"
"""A line's messages by when its far side is asked about them; those that it is not asked about are not in it."""


class Kind(models.TextChoices):
    CAMPAIGN = "campaign", _("Campaign")
    REPLY = "reply", _("Reply")
    TEST = "test", _("Test")
    DIGEST = "digest", _("Digest")


class Attempt(EmbeddedModel):
    """One request to the far side, stored before it starts. `attempt_id` is what the far side knows it by."""

    attempt_id = models.CharField(max_length=32)
    gateway = ObjectIdField()
    epoch = models.IntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, default="")
    code = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    provider_id = models.CharField(max_length=200, null=True)
    # Of an SMS, from when it began: what it costs once the far side takes it on (domain.costs.Charge).
    parts = models.IntegerField(null=True)
    price = models.BigIntegerField(null=True)
    """Of a part, in millionths; empty where the line had none."""
    currency = models.CharField(max_length=3, blank=True, default="")


class Spending(models.Model):
    """What was spent on SMS: parts that were taken on, those of them without a price, and {currency: millionths}, as
    domain.costs.Spent reads it. Absent until something is."""

    paid_parts = models.IntegerField(default=0)
    unpriced_parts = models.IntegerField(default=0)
    cost: Any = models.JSONField(default=dict)

    class Meta:
        abstract = True


class Message(Spending):
    """A text for one recipient.

    Campaign, debtor, pool and gateway are plain ids. `gateway` is the lane that holds the message, that was dealt it
    (`dealt`), or that sent it last. `due_at` is when the engine should look at it next; empty means never by itself.
    """

    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.CAMPAIGN)
    campaign = ObjectIdField(null=True)
    debtor = ObjectIdField(null=True)
    pool = ObjectIdField(null=True)
    gateway = ObjectIdField(null=True)
    dealt = models.BooleanField(default=False)
    channel = models.CharField(max_length=10)
    attachment = ObjectIdField(null=True)
    status = models.CharField(max_length=10, choices=[(s.value, STATUS_LABELS[s]) for s in MessageStatus])
    reason = models.CharField(max_length=40, blank=True, default="")
    """Why it is skipped, failed or uncertain, or was put back: a stable word that errors are grouped by."""
    detail = models.CharField(max_length=300, blank=True, default="")
    row = models.IntegerField(null=True)
    """The recipient's row in the spreadsheet it came from."""
    name = models.CharField(max_length=200, blank=True, default="")
    folded_name = models.CharField(max_length=200, blank=True, default="")
    """The name as it is searched for: without case and accents."""
    phone = models.CharField(max_length=20)
    text = models.TextField(blank=True, default="")
    variant = models.IntegerField(default=0)
    """Which text was chosen: 0 the message itself, then the variants in their order."""
    parts = models.IntegerField(null=True)
    """How many its text takes as an SMS; empty while it is to go by WhatsApp."""
    due_at = models.DateTimeField(null=True)
    ask_at = models.DateTimeField(null=True)
    """When the far side is asked what became of it (messaging/waiting.py); empty means never."""
    claim_token = models.CharField(max_length=32, blank=True, default="")
    claim_epoch = models.IntegerField(default=0)
    checks = models.IntegerField(default=0)
    """How many automatic looks at an uncertain attempt were used up."""
    attempts = EmbeddedModelArrayField(Attempt, default=list)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["campaign", "debtor"], name=RECIPIENT_INDEX),)
        indexes = (
            # What a lane asks: its pool's due messages of one campaign, dealt to it or to nobody, oldest first.
            models.Index(fields=["pool", "status", "campaign", "gateway", "due_at"], name=CLAIM_INDEX),
            # Lists and the work on all messages of a campaign, or on those in one state, in the order of enrolling.
            models.Index(fields=["campaign", "id"], name="message_campaign"),
            models.Index(fields=["campaign", "status", "id"], name="message_campaign_status"),
            # A recipient is found by how the name or the phone begins. Neither changes: sending does not write these.
            models.Index(fields=["campaign", "folded_name", "id"], name="message_name"),
            models.Index(fields=["campaign", "phone", "id"], name="message_number"),
            # What was ever written to a person, in its order.
            models.Index(fields=["phone", "created_at"], name="message_phone"),
        )

    def __str__(self) -> str:
        return f"{self.phone} ({self.status})"


class Tally(Spending):
    """How many messages of a campaign are in each state, by the lane that moved them.

    One document per campaign and lane, so that lanes don't wait for each other. A state's count is the sum over the
    lanes; a single one may be negative (a lane takes from `pending` what another put there).
    """

    campaign = ObjectIdField()
    lane = models.CharField(max_length=24, blank=True, default="")
    """A gateway's id, or empty for what enrolling and campaign-wide work did."""
    pending = models.IntegerField(default=0)
    claimed = models.IntegerField(default=0)
    sending = models.IntegerField(default=0)
    sent = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    skipped = models.IntegerField(default=0)
    uncertain = models.IntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["campaign", "lane"], name="tally_campaign_lane"),)
        indexes = (models.Index(fields=["lane"], name="tally_lane"),)

    def __str__(self) -> str:
        return f"{self.campaign} {self.lane}"


class Flow(models.Model):
    """How many messages were sent, delivered, read and failed in a span of time, by the line that they went through.

    What happened then, whatever became of the messages later: a receipt of today counts today. `wrote` is how many
    people wrote to us, each once a day, by the line that they wrote to first.
    """

    lane = models.CharField(max_length=24, blank=True, default="")
    sent = models.IntegerField(default=0)
    delivered = models.IntegerField(default=0)
    read = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    wrote = models.IntegerField(default=0)

    class Meta:
        abstract = True


class DayTally(Flow, Spending):
    """The figures of a day, and what was spent on it."""

    day = models.CharField(max_length=10)
    """As `2026-01-31`, in this installation's time zone."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["day", "lane"], name="day_tally_day_lane"),)

    def __str__(self) -> str:
        return f"{self.day} {self.lane}"


SLOT_INDEX = "slot_tally_kept"


class SlotTally(Flow):
    """The figures of five minutes (domain/day.py), each stored with those of its day. Kept 8 days."""

    at = models.DateTimeField()
    """When they begin."""

    class Meta:
        # By `at` alone there is the index that forgets (SLOT_INDEX, in the migrations).
        constraints = (models.UniqueConstraint(fields=["lane", "at"], name="slot_tally_lane_at"),)

    def __str__(self) -> str:
        return f"{self.at} {self.lane}"


class InboxItem(models.Model):
    """A receipt that a gateway reported, stored before it is believed, and applied by the engine.

    It names an attempt by our id, by the far side's, or by both. One that matches nothing yet is tried again until
    it is 48 hours old.
    """

    gateway = ObjectIdField()
    attempt_id = models.CharField(max_length=32, null=True)
    provider_id = models.CharField(max_length=200, null=True)
    state = models.CharField(max_length=10)
    code = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    """When it is applied, or tried again; empty once it was."""

    class Meta:
        indexes = (
            models.Index(fields=["due_at"], name="inbox_due"),
            models.Index(fields=["gateway", "provider_id"], name="inbox_provider_id"),
        )

    def __str__(self) -> str:
        return f"{self.attempt_id or self.provider_id} {self.state}"


class IncomingText(models.Model):
    """A text that a person sent to one of our lines; the same one reported twice is kept once."""

    gateway = ObjectIdField()
    provider_id = models.CharField(max_length=200)
    phone = models.CharField(max_length=40)
    """E.164; a WhatsApp person whose number nobody knows is `lid:` and the digits of that id."""
    text = models.TextField()
    media = models.CharField(max_length=20, blank=True, default="")
    """The kind of file that came with it; empty for a bare text."""
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["gateway", "provider_id"], name="incoming_once"),)
        indexes = (models.Index(fields=["phone", "at"], name="incoming_phone"),)

    def __str__(self) -> str:
        return f"{self.phone} {self.at}"


class ReviewState(models.TextChoices):
    OPEN = "open", pgettext_lazy("a reply that a person looks at", "to be decided")
    OPTED_OUT = "opted_out", pgettext_lazy("a reply that a person looks at", "opted out")
    DISMISSED = "dismissed", pgettext_lazy("a reply that a person looks at", "not an opt-out")


class Review(models.Model):
    """A text that comes near an opt-out (domain/contact_rules.py): a person says whether it is one."""

    text = ObjectIdField(unique=True)
    """The IncomingText; stored together with it."""
    phone = models.CharField(max_length=40)
    said = models.CharField(max_length=1000, blank=True, default="")
    gateway = ObjectIdField(null=True)
    rule = models.CharField(max_length=60)
    rule_version = models.IntegerField()
    at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN.value)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    """Empty where the person wrote an opt-out afterwards."""
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["state", "at", "id"], name="review_state"),
            models.Index(fields=["phone", "state"], name="review_phone"),
        )

    def __str__(self) -> str:
        return f"{self.phone} {self.rule}"


class Direction(models.TextChoices):
    IN = "in", _("received")
    OUT = "out", _("sent")


class Conversation(models.Model):
    """A person who wrote to us, or whom somebody answered, across all lines; what a list of conversations shows.

    It is stored together with the text that it tells of, so that its counts are always those of the texts.
    """

    key = models.CharField(max_length=40, unique=True)
    """The person, as addresses and live groups name it (domain.people.person_key)."""
    phone = models.CharField(max_length=40)
    """As IncomingText has it."""
    name = models.CharField(max_length=200, blank=True, default="")
    debtor = ObjectIdField(null=True)
    owners: Any = ArrayField(ObjectIdField(), default=list)
    """Whose the debtors with this phone are: the executives who see the conversation."""
    debtors: Any = ArrayField(ObjectIdField(), default=list)
    """They themselves, so that the conversation is found when one of them gets another phone (messaging.following)."""
    gateway = ObjectIdField(null=True)
    """The line that the person last wrote to."""
    last_gateway = ObjectIdField(null=True)
    """The line of the last text, whoever wrote it."""
    last_text = models.CharField(max_length=200, blank=True, default="")
    """How it begins."""
    last_media = models.CharField(max_length=20, blank=True, default="")
    last_direction = models.CharField(max_length=3, choices=Direction.choices)
    last_at = models.DateTimeField()
    last_in_at = models.DateTimeField(null=True)
    """When the person last wrote."""
    unread = models.IntegerField(default=0)
    is_unread = models.BooleanField(default=False)
    archived = models.BooleanField(default=False)
    """Whether it was put out of the list's sight; a new text of the person brings it back."""
    assigned = ObjectIdField(null=True)
    """The user who is to answer it; empty where it is nobody's in particular."""
    answering = ObjectIdField(null=True)
    """The user who has been writing an answer until `answering_until`: what others are told, and never a lock."""
    answering_until = models.DateTimeField(null=True)
    opted_out = models.BooleanField(default=False)
    """Whether the suppression list has the phone: what a list of conversations filters by, a moment later than it."""
    words: Any = ArrayField(models.CharField(max_length=200), default=list)
    """What it is found by: the words of the debtors with this phone, or the phone's alone (domain.finding)."""

    class Meta:
        indexes = (
            models.Index(fields=["last_at", "id"], name="conversation_last"),
            models.Index(fields=["is_unread", "last_at", "id"], name="conversation_unread"),
            models.Index(fields=["archived", "is_unread", "last_at", "id"], name="conversation_open"),
            models.Index(fields=["assigned", "archived", "last_at", "id"], name="conversation_assigned"),
            models.Index(fields=["last_gateway", "archived", "last_at", "id"], name="conversation_line"),
            models.Index(fields=["words"], name="conversation_words"),
            models.Index(fields=["owners", "last_at", "id"], name="conversation_owners"),
            models.Index(fields=["owners", "is_unread", "last_at", "id"], name="conversation_owners_unread"),
            models.Index(fields=["debtors"], name="conversation_debtors"),
            models.Index(fields=["opted_out", "last_at", "id"], name="conversation_opted_out"),
        )

    def __str__(self) -> str:
        return self.name or self.phone


class Followed(models.Model):
    """How far the changes of debtors were followed: up to that moment, and in it up to that debtor."""

    name = models.CharField(max_length=20, unique=True)
    at = models.DateTimeField()
    last = ObjectIdField()

    def __str__(self) -> str:
        return f"{self.name}: {self.at}"


class QuickReply(models.Model):
    """A text that staff answer with again and again; its placeholders are filled with the debtor's values."""

    name = models.CharField(max_length=60)
    folded_name = models.CharField(max_length=60, unique=True)
    """What it is found by: no two are told apart by case or accents alone."""
    text = models.TextField()
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
