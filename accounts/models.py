"""The people who use the product."""

from django.contrib.auth.models import AbstractUser


class User(AbstractUser):
    """A member of staff; `username` is what commands call OWNER."""
