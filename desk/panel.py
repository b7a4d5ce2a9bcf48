"""The panel: what runs, what needs a hand, what happened today; an executive's is of what is theirs."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.roles import scope_of


def panel(request: HttpRequest) -> HttpResponse:
    """The first page after signing in."""
    scope = scope_of(request.user)
    if not scope.everything:
        return render(request, "desk/own_panel.html", {"whose": scope.key})
    return render(request, "desk/panel.html", {"zone": settings.TIME_ZONE})
