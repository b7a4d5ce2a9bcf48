"""The buttons of a session's card and page: what they are called, and what each does in a sentence."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy


@dataclass(frozen=True, slots=True)
class Act:
    """A button: the act's name in URLs, its words and icon, what it does in a sentence.

    `main` is the one that helps most now; `pairs` opens the dialog that links a phone; `quiet` leaves the page.
    """

    name: str
    label: Any
    icon: str
    main: bool = False
    pairs: bool = False
    quiet: bool = False
    title: Any = ""


LINK = Act("pair", gettext_lazy("Link a phone"), "qr-code", main=True, pairs=True)
CONNECT = Act("connect", gettext_lazy("Connect"), "power", main=True)
DISCONNECT = Act("disconnect", gettext_lazy("Disconnect"), "power-off")
RECONNECT_TITLE = gettext_lazy(
    "Closes its browser and starts it again. The phone stays linked; it takes about a minute."
)
RECONNECT = Act("reconnect", gettext_lazy("Reconnect"), "refresh-ccw", title=RECONNECT_TITLE)
HELP = Act("reconnect", gettext_lazy("Reconnect"), "refresh-ccw", main=True, title=RECONNECT_TITLE)
RELOAD = Act(
    "reload",
    gettext_lazy("Load again"),
    "rotate-cw",
    title=gettext_lazy("Loads WhatsApp Web again in the same browser: quicker, and often enough."),
)
VERIFY = Act(
    "verify",
    gettext_lazy("Check now"),
    "activity",
    quiet=True,
    title=gettext_lazy("Asks its page now whether it is connected."),
)
SEE = Act("", gettext_lazy("See what to do"), "", main=True)
SWITCH_ON = Act("activate", gettext_lazy("Switch its line on"), "toggle-right")
SWITCH_OFF = Act("deactivate", gettext_lazy("Switch its line off"), "toggle-left")
