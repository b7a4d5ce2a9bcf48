"""Why a message was not sent, or a line rests, in words."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = {
    "missing_value": gettext_lazy("a value that the message needs is missing in its row"),
    "cancelled": gettext_lazy("the campaign was cancelled before it was sent"),
    "decided": gettext_lazy("settled by a person"),
    "lane_lost": gettext_lazy("the worker stopped while it was sending"),
    "timeout": gettext_lazy("the gateway did not answer in time"),
    "disconnected": gettext_lazy("the connection ended before the gateway answered"),
    "cut_answer": gettext_lazy("the gateway's answer was cut short"),
    "lost": gettext_lazy("the gateway's answer was lost"),
    "no_answer": gettext_lazy("the gateway gave no answer"),
    "unreadable": gettext_lazy("the gateway's answer does not say whether it took the message"),
    "unknown": gettext_lazy("the gateway can't say what became of it"),
    "rejected": gettext_lazy("the gateway rejected it"),
    "undelivered": gettext_lazy("the gateway reported that it was not delivered"),
    "not_sent": gettext_lazy("it was surely not sent"),
    "not_started": gettext_lazy("its time to start had passed"),
    "dns": gettext_lazy("the gateway's host name does not resolve"),
    "connect": gettext_lazy("the gateway took no connection"),
    "connect_timeout": gettext_lazy("the gateway took no connection in time"),
    "tls": gettext_lazy("the gateway's certificate is not accepted"),
    "private_address": gettext_lazy("the gateway is on a private address, which the settings don't allow"),
    "unsendable": gettext_lazy("it can't be made a request of: see the line's settings"),
    "not_on_whatsapp": gettext_lazy("the number is not on WhatsApp"),
    "number_unconfirmed": gettext_lazy("WhatsApp does not know the number; it is asked again"),
    "rejected_by_whatsapp": gettext_lazy("WhatsApp did not take it"),
    "no_ack": gettext_lazy("WhatsApp has not confirmed it"),
    "no_session": gettext_lazy("no session could take it"),
    "late": gettext_lazy("its time to start had passed"),
    "superseded": gettext_lazy("another worker had taken over its line"),
    "page_error": gettext_lazy("WhatsApp's page reported an error"),
    "no_browser": gettext_lazy("the session's browser is not there"),
    "not_connected": gettext_lazy("the session is not connected"),
    "browser_lost": gettext_lazy("the session's browser was lost while it was sending"),
    "page_reloaded": gettext_lazy("WhatsApp's page was loaded again while it was sending"),
    "seen": gettext_lazy("WhatsApp's page had begun it before"),
    "database_away": gettext_lazy("the database was away"),
    "line_deleted": gettext_lazy("its line was deleted before it was sent"),
    "unusable": gettext_lazy("the line's settings can't be used"),
    "fault": gettext_lazy("a fault stopped its work; the log says more"),
    "per_minute": gettext_lazy("it has sent what it may in a minute"),
    "per_hour": gettext_lazy("it has sent what it may in an hour"),
    "per_day": gettext_lazy("it has sent what it may in a day"),
    "first_contacts_per_day": gettext_lazy("it has written to as many new people as it may in a day"),
}
"""By the stable word that is stored; a gateway may bring others of its own."""


def reason_sentence(reason: str) -> str:
    """The reason in words; one that only the gateway knows is shown as it is."""
    if reason.startswith("http_"):
        return _("the gateway answered with HTTP status %(status)s") % {"status": reason.removeprefix("http_")}
    return str(REASONS.get(reason, reason or _("no reason given")))
