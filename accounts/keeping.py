"""Notes that sign-ins are used, ends those that nobody used for long, and has passwords for once changed."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from accounts import sign_ins
from lib.htmx import go_to

WITHOUT_OWN_PASSWORD = frozenset({"accounts:password", "accounts:logout", "accounts:language", "accounts:theme"})
"""What is open to somebody whose password an administrator was shown."""


class SignInMiddleware:
    """Stands between Django's AuthenticationMiddleware and LoginRequiredMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user if request.session.session_key else None
        if user is not None and user.is_authenticated and not sign_ins.goes_on(request, user):
            logout(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Lead who has a password for once to the page to choose another."""
        if not getattr(request.user, "must_change_password", False):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        return None if name in WITHOUT_OWN_PASSWORD else go_to(request, "accounts:password")
