"""Checks of settings that are numbers: within bounds, with a sentence that names them."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def between(least: int, most: int) -> Callable[[int], int]:
    """A check that lets whole numbers from `least` to `most` pass."""

    def check(number: int) -> int:
        if not least <= number <= most:
            raise ValueError(_("Write a whole number from %(least)s to %(most)s.") % {"least": least, "most": most})
        return number

    return check


def days(number: int) -> str:
    return ngettext("%(number)s day", "%(number)s days", number) % {"number": number}


def minutes(number: int) -> str:
    return ngettext("%(number)s minute", "%(number)s minutes", number) % {"number": number}


def tries(number: int) -> str:
    return ngettext("%(number)s try", "%(number)s tries", number) % {"number": number}
