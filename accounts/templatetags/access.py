"""What a page offers to whom: `{% if user|may:"campaigns:new" %}`."""

from typing import Any

from django import template

from accounts.access import least_role

register = template.Library()


@register.filter
def may(user: Any, view_name: str) -> bool:
    """Whether the user's role opens that page or act."""
    least = least_role(view_name)
    return least is None or (user.is_authenticated and user.has_role(least))
