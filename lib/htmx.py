"""A page or a part of it: what htmx asks for gets the page's content without the frame around it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

PAGE, PART = "base.html", "part.html"


def is_part(request: HttpRequest) -> bool:
    """Whether htmx asks for something to put into the page that is there; a boosted link replaces the whole page."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and bool(htmx) and not htmx.boosted and not htmx.history_restore_request


def base_template(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what a page's template extends, so that one template is both the page and its part."""
    return {"base_template": PART if is_part(request) else PAGE}


def go_to(request: HttpRequest, view: str, *args: Any, **query: str) -> HttpResponse:
    """Send the browser on to a view, from a plain form or from htmx, which would follow a redirect by itself."""
    url = reverse(view, args=args, query=query or None)
    if getattr(request, "htmx", None):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponse(status=303, headers={"Location": url})
