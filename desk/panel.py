"""The panel: what runs, what needs a hand, what happened today."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def panel(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    return render(request, "desk/panel.html", {"zone": settings.TIME_ZONE})
