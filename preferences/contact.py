"""What the settings of opt-outs may be, in sentences that say what to do."""

from django.utils.translation import gettext as _

LONGEST = 500


def confirmation(text: str) -> str:
    """The text that confirms an opt-out. Raises ValueError."""
    text = " ".join(text.split())
    if not text:
        raise ValueError(_("Write what the person gets."))
    if len(text) > LONGEST:
        raise ValueError(_("The text has %(length)s characters; at most %(most)s are sent.")
                         % {"length": len(text), "most": LONGEST})  # fmt: skip
    return text
