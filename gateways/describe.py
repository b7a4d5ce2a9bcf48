"""Sessions, lines and pools in words: a state, what to do about it, how much was sent, at which pace."""

import math
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import formats
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from domain.pauses import NO_PAUSES, PauseChannels, PauseMode, PausePlan, parse_durations
from domain.states import SessionStatus
from gateways.models import Gateway, Pool
from gateways.sessions import LIMITS, SessionRow
from messaging.reasons import reason_sentence
from preferences import queries as preferences
from preferences import sending
from sessions_app.describe import cause_sentence, memory_text, state_label, verified_sentence

LIMIT_LABELS = {
    "per_minute": gettext_lazy("this minute"),
    "per_hour": gettext_lazy("this hour"),
    "per_day": gettext_lazy("today"),
    "first_contacts_per_day": gettext_lazy("first contacts today"),
}


def state_text(row: SessionRow) -> str:
    """The state in a word or two; one that says connected and does not answer is not."""
    if row.session.status == SessionStatus.CONNECTED and not row.connected:
        return _("connected, but it does not answer")
    return state_label(row.session)


def summary_line(row: SessionRow) -> str:
    """One line of a list of sessions."""
    gateway = row.gateway
    parts = [row.session.name, gateway.pool.name if gateway else "—", state_text(row), row.session.phone or "—"]
    parts += [limit_text(row, name) for name in LIMITS if row.limits[name]]
    if gateway is None or not gateway.active:
        parts.append(_("inactive"))
    return "  ".join(parts)


def limit_text(row: SessionRow, name: str) -> str:
    """`today 12/200`: what was spent of a limit, or that there is none."""
    label = LIMIT_LABELS[name]
    if not row.limits[name]:
        return _("%(limit)s: no limit") % {"limit": label}
    return f"{label} {row.used[name]}/{row.limits[name]}"


def describe(row: SessionRow, *, sent_today: int) -> list[str]:
    """The session's state, why and what next, its number, when it was last heard of, and its limits."""
    session = row.session
    lines = [f"{session.name}: {state_text(row)}"]
    if sentence := cause_sentence(session, at_a_terminal=True):
        lines.append("  " + sentence)
    if row.gateway is not None:
        lines.append(
            "  " + _("pool: %(pool)s, browser host: %(host)s") % {"pool": row.gateway.pool.name, "host": session.host}
        )
        if not row.gateway.active:
            lines.append("  " + _("switched off: switch it on with `manage.py gateway activate`"))
    if session.phone:
        lines.append("  " + _("number: %(phone)s") % {"phone": session.phone})
    if session.heartbeat_at:
        lines.append("  " + _("last heard of: %(time)s") % {"time": _clock(session.heartbeat_at, row.now)})
    if session.verified_at is not None and (verified := verified_sentence(session)):
        lines.append(
            "  "
            + _("checked at %(time)s: %(found)s") % {"time": _clock(session.verified_at, row.now), "found": verified}
        )
    if memory := memory_text(session):
        lines.append("  " + _("memory of its browser: %(memory)s") % {"memory": memory})
    lines.append("  " + _("sent today: %(number)s") % {"number": sent_today})
    lines.append("  " + _("limits: %(limits)s") % {"limits": ", ".join(limit_text(row, name) for name in LIMITS)})
    if row.capped_until is not None and row.gateway is not None:
        limit = LIMIT_LABELS.get(row.gateway.capped_by, row.gateway.capped_by)
        lines.append(
            "  "
            + _("used up (%(limit)s): campaigns go on at %(time)s")
            % {"limit": limit, "time": _clock(row.capped_until, row.now)}
        )
    return lines


def _clock(moment: datetime, now: datetime) -> str:
    """A moment on this installation's clocks, with its day unless that is today."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = moment.astimezone(zone)
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"


def time_left(until: datetime, now: datetime) -> str:
    """How long it is until then, `4:20` or `1:04:20`, as the pages count down."""
    left = max(0, round((until - now).total_seconds()))
    hours, minutes, seconds = left // 3600, left % 3600 // 60, left % 60
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def pace_sentence(pool: Pool) -> str:
    """How fast each of its lines goes."""
    delay, variation = pool.delay_seconds, pool.variation_seconds
    if not delay:
        return _("No pause between messages.")
    if not variation:
        return _("Each line waits %(delay)s s after a message.") % {"delay": plain_number(delay)}
    return _("Each line waits %(least)s to %(most)s s after a message.") % {
        "least": plain_number(max(0.0, delay - variation)),
        "most": plain_number(delay + variation),
    }


def throttle_sentence(pool: Pool) -> str:
    """How the number of its lines slows it down; empty where it does not."""
    if not pool.auto_throttle:
        return ""
    return _("With more than %(target)s lines each waits longer, up to %(most)s times.") % {
        "target": pool.throttle_target,
        "most": plain_number(pool.throttle_max),
    }


def rests_sentence(pool: Pool) -> str:
    """Which pauses a new campaign through the pool makes beside those after each message, unless it says otherwise."""
    usual = preferences.remembered("sending")
    channels = PauseChannels(usual["pause_channels"])
    if channels is not PauseChannels.BOTH and channels.value != pool.channel:
        return sending.plan_in_words(NO_PAUSES)
    plan = PausePlan(
        mode=PauseMode(usual["pause_mode"]),
        count=usual["pause_count"],
        every=usual["pause_every"],
        durations=parse_durations(usual["pause_durations"]),
    )
    return sending.plan_in_words(plan)


def line_reason(gateway: Gateway) -> tuple[str, str]:
    """Why a line is not well, in words, and what the far side said of it; both empty when it is."""
    code, _colon, detail = gateway.health_reason.partition(": ")
    return (capfirst(reason_sentence(code)) + "." if code else "", detail)


def slow_sentence(gateway: Gateway, now: datetime) -> str:
    """How fast a line goes that its far side has slowed down, and until when; empty where that is no difference."""
    slowdown = gateway.slowdown
    rate = slowdown.rate(now) if slowdown is not None else None
    if slowdown is None or rate is None:
        return ""
    minutes = math.ceil((slowdown.full_at - now).total_seconds() / 60)
    back = _("Full speed in less than a minute.")
    if minutes > 1:
        back = ngettext("Full speed in about %(number)s minute.", "Full speed in about %(number)s minutes.", minutes)
        back %= {"number": plain_number(minutes)}
    if rate >= 1:
        said, span = _("%(rate)s instead of %(full)s messages a second, as the gateway asks."), 1
    else:
        said, span = _("%(rate)s instead of %(full)s messages a minute, as the gateway asks."), 60
    rates = {"rate": _rounded(rate * span), "full": _rounded(slowdown.full * span)}
    return said % rates + " " + back if rates["rate"] != rates["full"] else ""


def poll_reason(gateway: Gateway) -> str:
    """Why its far side could not be asked for reports, in words; empty where it could, or never was."""
    return capfirst(reason_sentence(gateway.poll_error)) + "." if gateway.poll_error else ""


def _rounded(rate: float) -> str:
    """With a decimal where that makes a difference."""
    return plain_number(round(rate, 1) if rate < 10 else round(rate))


def plain_number(number: float) -> str:
    """A number as people write it, with no more decimals than it has."""
    decimals = 0 if number == int(number) else 1
    return formats.number_format(number, decimal_pos=decimals, force_grouping=True)
