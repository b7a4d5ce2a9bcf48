"""Why a message was not sent, or a line rests, in words, and what can be done about it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from domain.states import MessageStatus

REASONS = {
    "missing_value": gettext_lazy("a value that the message needs is missing in its row"),
    "cancelled": gettext_lazy("the campaign was cancelled before it was sent"),
    "opted_out": gettext_lazy("the person is not to be written to: they are on the suppression list"),
    "decided": gettext_lazy("settled by a person"),
    "released": gettext_lazy("somebody took the debtor out of what waits"),
    "merged": gettext_lazy("the debtor became part of another one, who has a message of the campaign too"),
    "debtor_gone": gettext_lazy("the debtor was deleted before it was sent"),
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
    "no_such_device": gettext_lazy("the gateway knows no such phone"),
    "no_token": gettext_lazy("the gateway gave no token"),
    "waited_too_long": gettext_lazy("it waited longer at the phone that sends than its line allows"),
    "cancelled_there": gettext_lazy("somebody cancelled it at the gateway"),
    "expired": gettext_lazy("the phone could not be reached until its time was over"),
    "bad_number": gettext_lazy("the gateway says that the number is none that it can send to"),
    "blocked": gettext_lazy("the gateway may not send to this number"),
    "flooded": gettext_lazy("the gateway holds back too many messages to one number"),
    "no_route": gettext_lazy("the gateway has no way to this number's network"),
    "too_long": gettext_lazy("the text is too long for the line"),
    "no_credit": gettext_lazy("the gateway's account has no credit left"),
    "sender_refused": gettext_lazy("the gateway refuses the line's sender"),
    "not_now": gettext_lazy("the gateway asks to try again later"),
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


# What to do about it -------------------------------------------------------------------------------------------------
_NUMBERS = gettext_lazy("Correct these numbers in the spreadsheet, import it and write to them in a new campaign.")
_VALUES = gettext_lazy("Fill in these values in the spreadsheet, import it and write to them in a new campaign.")
_WAIT = gettext_lazy("Nothing is to be done: it goes on by itself.")
_LINE = gettext_lazy("See whether the line answers, by a test on its page; then retry.")
_SETTINGS = gettext_lazy("Look at the line's settings and test it on its page; then retry.")
_ASK_GATEWAY = gettext_lazy("Look at what the gateway said, ask its operator if it is not clear; then retry.")
_SESSION = gettext_lazy("Connect the session, then retry.")
_UNDELIVERED = gettext_lazy("The phone may be off or out of service: retry later, or once only.")
_CREDENTIALS = gettext_lazy(
    "The gateway refuses the line's credentials, or its balance is used up: mend it, then retry."
)
_REFUSED = gettext_lazy("The gateway refuses the number or the text: correct them. A retry alone changes nothing.")
_ADDRESS = gettext_lazy("The line's address is not right: correct it in its settings, then retry.")
_FAULT = gettext_lazy("Look at the log for the fault. If it is over, retry.")
_WHATSAPP = gettext_lazy("See whether the session's account is restricted, on its page; then retry.")
_DECIDED = gettext_lazy("Somebody decided that they did not arrive. If that was wrong, whoever has it gets it twice.")
_OPTED_OUT = gettext_lazy("Nothing is to be done: whoever asked for it may not be written to.")
_DOUBT = gettext_lazy("Ask the gateway's operator, or look at the phone that sends, whether they arrived; then decide.")

_NOTHING = gettext_lazy("Nothing is to be done: somebody wanted it so. Another campaign can write to them.")

ADVICE: Mapping[str, Any] = {
    "missing_value": _VALUES,
    "line_deleted": gettext_lazy("Send it again through another line."),
    "cancelled": gettext_lazy("To write to them after all, make a copy of the campaign."),
    "decided": _DECIDED,
    "opted_out": _OPTED_OUT,
    **dict.fromkeys(("released", "merged", "debtor_gone"), _NOTHING),
    "not_on_whatsapp": _NUMBERS,
    **dict.fromkeys(("number_unconfirmed", "not_sent", "not_started", "late", "superseded", "seen"), _WAIT),
    **dict.fromkeys(("per_minute", "per_hour", "per_day", "first_contacts_per_day"), _WAIT),
    **dict.fromkeys(("timeout", "disconnected", "connect", "connect_timeout"), _LINE),
    **dict.fromkeys(("no_answer", "lost", "cut_answer"), _LINE),
    **dict.fromkeys(
        ("dns", "tls", "private_address", "unsendable", "unusable", "no_such_device", "no_token"), _SETTINGS
    ),
    **dict.fromkeys(("unreadable", "unknown", "rejected"), _ASK_GATEWAY),
    "waited_too_long": _LINE,
    **dict.fromkeys(("undelivered", "expired"), _UNDELIVERED),
    **dict.fromkeys(("bad_number", "too_long"), _REFUSED),
    **dict.fromkeys(("blocked", "flooded", "no_route", "cancelled_there"), _ASK_GATEWAY),
    "no_credit": _CREDENTIALS,
    "sender_refused": gettext_lazy("Register the sender with the gateway, or change the line's; then retry."),
    "not_now": _WAIT,
    **dict.fromkeys(("rejected_by_whatsapp", "no_ack"), _WHATSAPP),
    **dict.fromkeys(("no_session", "no_browser", "not_connected", "browser_lost", "page_reloaded"), _SESSION),
    **dict.fromkeys(("lane_lost", "page_error", "database_away", "fault"), _FAULT),
}
"""By the same words as REASONS."""

HOPELESS = frozenset(
    {
        *("not_on_whatsapp", "unsendable", "missing_value", "cancelled", "decided", "opted_out"),
        *("released", "merged", "debtor_gone"),
    }
)
"""After these a retry ends the same way, or does harm, until somebody has changed something else."""


def advice(status: str, reason: str) -> str:
    """What can be done about messages in this state for this reason, in a sentence."""
    if status == MessageStatus.UNCERTAIN:
        return str(_DOUBT)
    if reason.startswith("http_"):
        return str(_of_http(reason.removeprefix("http_")))
    return str(ADVICE.get(reason, _ASK_GATEWAY))


def _of_http(status: str) -> Any:
    if status in ("401", "402", "403", "407"):
        return _CREDENTIALS
    if status in ("404", "405", "410"):
        return _ADDRESS
    return _REFUSED if status.startswith("4") and status not in ("408", "425", "429") else _LINE


def retry_helps(reason: str) -> bool:
    """Whether sending again may end better without anything else being changed."""
    return reason not in HOPELESS and not (reason.startswith("http_") and _of_http(reason[5:]) is _REFUSED)
