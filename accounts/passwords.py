"""Passwords that are made for people, shown once, and changed by them when they first sign in."""

import secrets

PASSWORD_WORDS = 4
WORD_LETTERS = 5
# Without letters and digits that look alike: somebody types it from a screen.
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """About 99 bits, in groups that can be typed."""
    words = ("".join(secrets.choice(LETTERS) for _ in range(WORD_LETTERS)) for _ in range(PASSWORD_WORDS))
    return "-".join(words)
