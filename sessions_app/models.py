"""WhatsApp accounts and the browsers they live in: what staff want, what is seen, and what the pages reported."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_mongodb_backend.fields import ObjectIdField

from domain.states import Desired, SessionStatus

STATUS_LABELS = {
    SessionStatus.STOPPED: _("stopped"),
    SessionStatus.STARTING: _("starting"),
    SessionStatus.PAIRING: _("waiting to be paired"),
    SessionStatus.SYNCING: _("synchronising"),
    SessionStatus.CONNECTED: _("connected"),
    SessionStatus.OFFLINE: _("without connection"),
    SessionStatus.CONFLICT: _("open in another place"),
    SessionStatus.BLOCKED: _("blocked by WhatsApp"),
    SessionStatus.FAILED: pgettext_lazy("session", "failed"),
}


class Request(models.TextChoices):
    """Something to be done once; the supervisor empties it when it has begun."""

    NONE = ""
    LOGOUT = "logout", pgettext_lazy("session", "Log out")  # of WhatsApp: the phone forgets this browser
    RESET = "reset", _("Reset the login")  # throw the profile away: a new QR
    RELOAD = "reload", _("Load the page again")
    RECONNECT = "reconnect", _("Reconnect")  # close the browser and start it again; the login stays
    REFRESH_QR = "refresh_qr", _("Show a new QR")
    LINK_CODE = "link_code", _("Link with a code")  # for request_phone


class Session(models.Model):
    """One WhatsApp account in one browser profile on one browser host; the gateway of the same name sends through it.

    `desired`, `request` and the times of questions are staff's, by compare-and-set in commands.py; all else is the
    supervisor's, who works under `owner_token` until `owner_until`.
    """

    name = models.CharField(max_length=100, unique=True)
    gateway = ObjectIdField(unique=True)
    host = models.CharField(max_length=60)
    desired = models.CharField(
        max_length=10, choices=[(d.value, d.value) for d in Desired], default=Desired.STOPPED.value
    )
    request = models.CharField(max_length=12, choices=Request.choices, blank=True, default="")
    request_phone = models.CharField(max_length=20, blank=True, default="")
    asked_at = models.DateTimeField(null=True)
    """When somebody last wanted to pair it: a QR that nobody waits for is not shown for ever."""

    status = models.CharField(
        max_length=10,
        choices=[(s.value, STATUS_LABELS[s]) for s in SessionStatus],
        default=SessionStatus.STOPPED.value,
    )
    cause = models.CharField(max_length=40, blank=True, default="")
    """Why it is in that state: a stable word."""
    detail = models.CharField(max_length=300, blank=True, default="")
    status_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField(null=True)
    """When the page last proved that it is connected."""
    phone = models.CharField(max_length=20, blank=True, default="")
    """The account's own number, E.164; empty until somebody is logged in."""
    lid = models.CharField(max_length=40, blank=True, default="")
    logged_in_at = models.DateTimeField(null=True)
    """When this login was first seen; a new QR or code makes a new one."""
    login = models.CharField(max_length=60, blank=True, default="")
    """The page's word for this login; empty while nobody is logged in."""
    qr = models.TextField(blank=True, default="")
    """The text of the QR that is shown now."""
    qr_at = models.DateTimeField(null=True)
    """Since when that one is shown, or none."""
    link_code = models.CharField(max_length=12, blank=True, default="")
    link_code_until = models.DateTimeField(null=True)

    # The browser. `driver_*` is the WebDriver session, `browser` what is needed to find the process without it.
    driver_url = models.CharField(max_length=200, blank=True, default="")
    driver_session = models.CharField(max_length=100, blank=True, default="")
    browser: Any = models.JSONField(default=dict)
    page_epoch = models.CharField(max_length=40, blank=True, default="")
    """Which load of the page was seen last."""
    started_at = models.DateTimeField(null=True)
    """When the browser was started or the page was loaded again, for the readiness deadline."""
    launched_at = models.DateTimeField(null=True)
    """When the browser was started."""
    answered_at = models.DateTimeField(null=True)
    """When the browser answered last."""
    reloads = models.IntegerField(default=0)
    """Reloads since the page was last ready."""
    failures = models.IntegerField(default=0)
    """Failed starts in a row."""
    memory = models.BigIntegerField(null=True)
    """Bytes that the browser takes with all its processes, shared pages by their share; empty while not measured."""
    memory_at = models.DateTimeField(null=True)

    # Questions of staff, which change nothing: each is answered by the next look (questions.py).
    verify_asked_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    """When the look began that answered last; a question that is newer is open."""
    verified: Any = models.JSONField(default=dict)
    """What it found: "status", "cause", and "ms", the page's time to answer, or none where it did not."""
    picture_asked_at = models.DateTimeField(null=True)
    picture_at = models.DateTimeField(null=True)
    picture_error = models.CharField(max_length=40, blank=True, default="")
    """Why there is no picture: a stable word."""

    owner_token = models.CharField(max_length=32, blank=True, default="")
    owner_until = models.DateTimeField(null=True)
    next_look_at = models.DateTimeField(null=True)
    """When the supervisor looks after it next; empty means now."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (models.Index(fields=["host", "next_look_at"], name="session_due"),)

    def __str__(self) -> str:
        return self.name


class BrowserHost(models.Model):
    """What the sessions of one browser host share: one browser starts at a time, and orphans are looked for."""

    name = models.CharField(max_length=60, unique=True)
    start_token = models.CharField(max_length=32, blank=True, default="")
    start_until = models.DateTimeField(null=True)
    """Until when a start is under way, or the next one has to wait."""
    reaped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class SessionChange(models.Model):
    """One change of a session's state, with its cause: the history that the pages show. Kept 90 days."""

    session = ObjectIdField()
    origin = models.CharField(max_length=10)
    target = models.CharField(max_length=10)
    cause = models.CharField(max_length=40, blank=True, default="")
    detail = models.CharField(max_length=300, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["session", "-at"], name="session_changes"),)

    def __str__(self) -> str:
        return f"{self.origin} -> {self.target}"


class Picture(models.Model):
    """What a session's browser showed when somebody asked, the latest only: it may hold messages."""

    session = ObjectIdField(unique=True)
    image = models.BinaryField()
    """A JPEG."""
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    """When a TTL index removes it."""

    def __str__(self) -> str:
        return f"{self.session} {self.taken_at}"


class SessionEvent(models.Model):
    """Something that the page told, stored before the page may forget it; applied by engine/inbox.py. Kept 7 days.

    `name` is "ack" ({"ids": [hex part of the message's id, …], "ack": -1..4}) or "message" (see browser/bridge/).
    """

    session = ObjectIdField()
    gateway = ObjectIdField()
    page_epoch = models.CharField(max_length=40)
    sequence = models.IntegerField()
    name = models.CharField(max_length=20)
    data: Any = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    """When it is applied; empty once it was."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["session", "page_epoch", "sequence"], name="session_event_once"),
        )
        indexes = (models.Index(fields=["due_at"], name="session_event_due"),)

    def __str__(self) -> str:
        return f"{self.name} {self.page_epoch}/{self.sequence}"


class Number(models.Model):
    """What WhatsApp said of a phone number: asked lazily, remembered, shared by all sessions."""

    phone = models.CharField(max_length=20, unique=True)
    """E.164, as debtors have it."""
    wid = models.CharField(max_length=40, blank=True, default="")
    """The id that answered, which may be a variant of the number; empty while it is not on WhatsApp."""
    lid = models.CharField(max_length=40, blank=True, default="")
    misses = models.IntegerField(default=0)
    """How often in a row WhatsApp said that it does not know the number; believed at the second time."""
    checked_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=["wid"], name="number_wid"), models.Index(fields=["lid"], name="number_lid"))

    def __str__(self) -> str:
        return self.phone


class Acquaintance(models.Model):
    """A person whom an account has written to, or who wrote to it: no first contact any more."""

    gateway = ObjectIdField()
    phone = models.CharField(max_length=20)
    since = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["gateway", "phone"], name="acquaintance_once"),)

    def __str__(self) -> str:
        return f"{self.gateway} {self.phone}"
