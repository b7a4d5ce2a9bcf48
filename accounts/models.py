"""The people who use the product, and where each of them is signed in."""

from functools import cached_property
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django_mongodb_backend.fields import ObjectIdField

from domain.roles import Role


class Theme(models.TextChoices):
    AUTO = "auto", "auto"
    LIGHT = "light", "light"
    DARK = "dark", "dark"


class User(AbstractUser):
    """A member of staff; `username` is what commands call OWNER. Roles are groups: see accounts/roles.py."""

    language = models.CharField(max_length=10, blank=True, default="")
    """Of the pages; empty follows what the browser last chose, or the installation's."""
    time_zone = models.CharField(max_length=50, blank=True, default="")
    """An IANA name, in which the pages tell times; empty is the installation's."""
    theme = models.CharField(max_length=5, choices=Theme.choices, blank=True, default="")
    """Empty follows what the browser last chose; `auto` is the device's own."""
    phone = models.CharField(max_length=20, blank=True, default="")
    """E.164: where the user is told of replies; empty while they are not."""
    must_change_password = models.BooleanField(default=False)
    """Whether the password is one that an administrator was shown: it opens nothing but the page to choose another."""

    @cached_property
    def role(self) -> Role:
        """The highest that the user's groups give, asked for once per object; the least of all without any."""
        if self.is_superuser:
            return Role.ADMINISTRATOR
        names = set(self.groups.values_list("name", flat=True))
        return next((role for role in reversed(Role) if role.value in names), Role.EXECUTIVE)

    def has_role(self, least: Role) -> bool:
        """Whether the user has that role or a higher one; who was deactivated has none."""
        return self.is_active and self.role.reaches(least)


class SignIn(models.Model):
    """One browser in which a user is signed in (accounts/sign_ins.py). Its session is Django's, of the same key."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins", db_index=False)
    user_id: ObjectId
    session_key = models.CharField(max_length=40, unique=True)
    agent = models.CharField(max_length=300, blank=True, default="")
    """What the browser says of itself."""
    address = models.CharField(max_length=45, blank=True, default="")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()
    """To the minute."""
    expires_at = models.DateTimeField()
    """When MongoDB forgets it (a TTL index of the migrations), unless it is used before."""

    class Meta:
        indexes = (models.Index(fields=["user", "seen_at", "id"], name="sign_in_user"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.since}"


class SavedFilter(models.Model):
    """A list's filter under a name, as the query of its address; `shared` is for everybody who opens the list."""

    list_name = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    query = models.TextField(blank=True, default="")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters", db_index=False
    )
    shared = models.BooleanField(default=False)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["owner", "list_name", "name"], name="saved_filter_once"),)
        indexes = (models.Index(fields=["list_name", "shared", "name"], name="saved_filter_shared"),)

    def __str__(self) -> str:
        return self.name


class ListChoice(models.Model):
    """How one user has a list: its columns in their order (none: the usual ones), and the filter it opens with."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="list_choices", db_index=False
    )
    list_name = models.CharField(max_length=40)
    columns: Any = models.JSONField(default=list)
    opens_with = ObjectIdField(null=True)
    """A SavedFilter's id; one that was deleted, or is shared no more, means none."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=["user", "list_name"], name="list_choice_once"),)

    def __str__(self) -> str:
        return self.list_name
