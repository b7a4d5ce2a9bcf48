"""Lucide's icons, each drawn once: its package's own tag copies and writes an XML tree for every icon of every page."""

from functools import lru_cache

from django import template
from django.utils.safestring import SafeString
from lucide.templatetags.lucide import lucide as draw

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=1024)
def lucide(name: str, *, size: int | None = 24, **kwargs: str) -> SafeString:
    """The SVG of an icon, with further attributes, `_` for each hyphen. Raises lucide.IconDoesNotExist."""
    return SafeString(draw(name, size=size, **kwargs))
