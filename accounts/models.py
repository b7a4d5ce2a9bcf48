"""The people who use the product."""

from functools import cached_property

from django.contrib.auth.models import AbstractUser
from django.db import models

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
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.AUTO.value)
    phone = models.CharField(max_length=20, blank=True, default="")
    """E.164: where the user is told of replies; empty while they are not."""

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
