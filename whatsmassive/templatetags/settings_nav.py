"""The pages under Settings: one a group of settings, and the users."""

from typing import Any

from django import template

from preferences.registry import GROUPS

register = template.Library()


@register.inclusion_tag("preferences/_nav.html")
def settings_nav(here: str) -> dict[str, Any]:
    """`here` is the group's name, or `users`."""
    return {"groups": GROUPS.values(), "here": here}
