"""What the settings of digests and of checks of numbers may be."""

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


def seconds_in_words(seconds: int) -> str:
    return _("%(seconds)s s") % {"seconds": seconds}


def pool_in_words(name: str) -> str:
    return name or _("any WhatsApp pool")
