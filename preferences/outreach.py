"""What the settings of digests and of checks of numbers may be."""

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MASKED, FULL = "masked", "full"
PHONES = {
    MASKED: gettext_lazy("The last four digits only"),
    FULL: gettext_lazy("The whole number"),
}
LEAST_EVERY, MOST_EVERY = 30, 86_400
MOST_ITEMS = 20
MOST_PER_HOUR = 120


def between(least: int, most: int) -> Callable[[int], int]:
    """A check of a whole number."""

    def check(number: int) -> int:
        if not least <= number <= most:
            raise ValueError(_("Write a whole number from %(least)s to %(most)s.") % {"least": least, "most": most})
        return number

    return check


def seconds_in_words(seconds: int) -> str:
    return _("%(seconds)s s") % {"seconds": seconds}


def pool_in_words(name: str) -> str:
    return name or _("any WhatsApp pool")
