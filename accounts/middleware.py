"""Refuses what a user's role does not open (accounts/access.py)."""

import logging
from collections.abc import Callable
from typing import Any, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.access import least_role
from accounts.models import User

logger = logging.getLogger(__name__)


class AccessMiddleware:
    """Stands behind LoginRequiredMiddleware, so whoever comes here is signed in where that is asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in ("admin:login", "admin:logout", "admin:jsi18n"):
            return None  # they answer who is not signed in, too
        try:
            least = least_role(name)
        except KeyError:
            logger.error("The page %s is in no role's reach: accounts/access.py does not name it.", name)
            raise PermissionDenied from None
        if least is None or (not request.user.is_authenticated and getattr(view, "login_required", True) is False):
            return None
        user = cast(User, request.user)
        if not user.has_role(least):
            logger.warning("%s may not open %s: their role is %s.", user, name, user.role)
            raise PermissionDenied
        return None
