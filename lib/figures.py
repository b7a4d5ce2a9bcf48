"""Numbers as people read them: with the separators of the language that is active."""

from django.utils import formats


def figure(value: int) -> str:
    """A whole number with its separators: `12.430` in Spanish, `12,430` in English."""
    return str(formats.number_format(value, force_grouping=True))
