"""Keeps who signed in and out, and who failed to: in the system log, and as open sign-ins."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import sign_ins
from systemlog import audit


@receiver(user_logged_in, dispatch_uid="audit-signed-in")
def signed_in(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None:
        sign_ins.begin(request, user)
    audit.record(user, "account.sign_in", kind="user", id=user.pk, name=user.get_username(), data=_where(request))


@receiver(user_logged_out, dispatch_uid="audit-signed-out")
def signed_out(request: HttpRequest | None, user: Any, **_: Any) -> None:
    if request is not None:
        sign_ins.forget(request.session.session_key)
    if user is not None:
        audit.record(user, "account.sign_out", kind="user", id=user.pk, name=user.get_username())


@receiver(user_login_failed, dispatch_uid="audit-refused")
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Nobody is the actor: whoever typed the name need not be its owner."""
    audit.record(None, "account.refused", name=str(credentials.get("username", ""))[:150], data=_where(request))


def _where(request: HttpRequest | None) -> dict[str, str]:
    return {"address": request.META.get("REMOTE_ADDR", "")} if request is not None else {}
