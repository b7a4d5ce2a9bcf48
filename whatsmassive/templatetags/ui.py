"""What every page's templates use: live parts, states with their colour, numbers and times as people read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.contrib.messages import WARNING, get_messages
from django.forms import BoundField
from django.template.context import RequestContext
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.roles import scope_of
from domain.phones import shown_phone
from lib.figures import figure
from live.consumers import BEAT
from live.fragments import fragment_named
from live.routing import PATH
from whatsmassive.palette import COLOURS, LABELS

register = template.Library()
WATCHED = "live_watched"
TOLD = "told_messages"


def frame(user: Any) -> Sequence[str]:
    """The live parts of a user's frame: a part of a page does not include them, and its socket takes the place of the
    page's."""
    scope = scope_of(user)
    hands = ("menu-reviews:", "menu-hands:") if scope.everything else ()
    return ("system-banner:", f"menu-unread:{scope.key}", *hands)


@register.simple_tag(takes_context=True)
def live(context: RequestContext, name: str, key: Any = "", values: Mapping[str, Any] | None = None) -> str:
    """A part that changes by itself; the page's socket watches it.

    `values` is what it shows now, where the view has asked for all of them at once.
    """
    fragment = fragment_named(name)
    if fragment is None:
        raise ValueError(f"There is no fragment {name!r}.")
    _watched(context).append(f"{name}:{key}")
    return SafeString(fragment.render(str(key), values=values))


@register.inclusion_tag("includes/live_socket.html", takes_context=True)
def live_socket(context: RequestContext) -> dict[str, Any]:
    """The socket of all live parts above it, and of the frame's."""
    watched = dict.fromkeys([*_watched(context), *frame(context["request"].user)])
    query = urlencode([("f", text) for text in watched])
    return {"address": f"/{PATH}?{query}", "now": timezone.now()}


def _watched(context: RequestContext) -> list[str]:
    request = context["request"]
    if not hasattr(request, WATCHED):
        setattr(request, WATCHED, [])
    found: list[str] = getattr(request, WATCHED)
    return found


@register.simple_tag(takes_context=True)
def whose(context: RequestContext) -> str:
    """The scope of whoever looks at the page, as the key of a live part: empty for everybody's."""
    return scope_of(context["request"].user).key


@register.simple_tag
def live_beat() -> str:
    """What the socket says when there is nothing to say but that what the page shows is right."""
    return BEAT


@register.simple_tag(takes_context=True)
def told(context: RequestContext) -> Mapping[str, list[Any]]:
    """What the last act said: `done` for toasts, `wrong` for what stays in the page until it is closed."""
    request = context["request"]
    if not hasattr(request, TOLD):
        found: dict[str, list[Any]] = {"done": [], "wrong": []}
        for message in get_messages(request):
            found["wrong" if message.level >= WARNING else "done"].append(message)
        setattr(request, TOLD, found)
    kept: Mapping[str, list[Any]] = getattr(request, TOLD)
    return kept


@register.simple_tag(takes_context=True)
def nav_state(context: RequestContext, prefix: str) -> str:
    """Marks the menu's entry that the page belongs to."""
    path = context["request"].path
    here = path == "/" if prefix == "/" else path.startswith(prefix)
    return SafeString('active" aria-current="page') if here else ""


@register.simple_tag
def url_or_none(view: str, *args: Any) -> str:
    """The view's address; empty where there is no such page, or none for these arguments."""
    try:
        return reverse(view, args=args)
    except NoReverseMatch:
        return ""


@register.simple_tag
def state_badge(kind: str, state: str) -> str:
    """A state in its word and colour: the same everywhere (whatsmassive/palette.py)."""
    label = LABELS[kind].get(state, state)
    return format_html('<span class="badge state state-{}">{}</span>', COLOURS[kind].get(state, "waiting"), label)


@register.filter
def state_colour(state: str, kind: str) -> str:
    """The colour's class of a state: `{{ status|state_colour:"message" }}`."""
    return f"state-{COLOURS[kind].get(state, 'waiting')}"


@register.filter
def state_label(state: str, kind: str) -> str:
    return str(LABELS[kind].get(state, state))


@register.filter
def number(value: Any) -> str:
    """A number with the language's separators, `12.430`; nothing for None."""
    return "" if value is None else figure(value)


@register.filter
def percent_of(part: Any, whole: Any) -> str:
    """How much of the whole, for a style attribute: `42.5`, never more than 100."""
    return f"{min(100.0, 100 * float(part) / float(whole)):.1f}" if whole else "0"


@register.filter
def ago(moment: datetime | None) -> str:
    """A moment as “3 s ago”, which the page's script keeps true; without it, the time of day."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localdate()
    return format_html(
        '<time class="ago" datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        formats.date_format(local, "DATETIME_FORMAT"),
        local.strftime("%H:%M:%S") if same_day else formats.date_format(local, "SHORT_DATETIME_FORMAT"),
    )


@register.filter
def until(moment: datetime | None) -> str:
    """A countdown to a moment, `0:42`, kept by the page's script; without it, the time of day."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    return format_html('<time class="countdown" datetime="{}">{}</time>', moment.isoformat(), f"{local:%H:%M:%S}")


@register.filter
def phone(text: str) -> str:
    """A phone as people write it: `+56 9 1234 5678`."""
    return shown_phone(text) if text else "—"


CONTROLS = {"checkbox": "form-check-input", "radio": "form-check-input", "hidden": "", "clearablefile": "form-control"}
"""The class of a form's control by Django's word for its widget; selects apart, all else is an input."""


@register.filter
def control(field: BoundField) -> str:
    """A form's field as its control alone, dressed as all of them are."""
    kind = field.widget_type
    usual = CONTROLS.get(kind, "form-select" if "select" in kind else "form-control")
    own = field.field.widget.attrs.get("class", "")
    return field.as_widget(attrs={"class": f"{usual} {own}".strip()})


@register.simple_tag(takes_context=True)
def with_query(context: RequestContext, **changes: Any) -> str:
    """The page's own address with some of its parameters changed; None takes one away."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    text = query.urlencode()
    return f"?{text}" if text else "?"


@register.simple_tag
def other_languages() -> list[tuple[str, str]]:
    """The languages that the pages don't speak now: (code, its own name)."""
    return [(code, name) for code, name in settings.LANGUAGES if code != get_language()]
