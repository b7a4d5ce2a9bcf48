"""Signing in, the password, the language."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import sign_ins
from accounts.forms import OwnPasswordForm
from accounts.models import User
from accounts.security import cool_off
from systemlog import audit

YEAR = 365 * 24 * 3600


class LoginView(auth.LoginView):
    """The sign-in page."""

    template_name = "accounts/login.html"
    redirect_authenticated_user = True


class PasswordView(auth.PasswordChangeView):
    """Changing one's own password, which ends one's other sign-ins."""

    template_name = "accounts/password.html"
    form_class = OwnPasswordForm
    success_url = reverse_lazy("desk:panel")

    def form_valid(self, form: auth.PasswordChangeView.form_class) -> HttpResponse:  # type: ignore[valid-type]
        before = self.request.session.session_key
        response = super().form_valid(form)
        user = self.request.user
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        sign_ins.moved(before, self.request.session.session_key)
        sign_ins.end_all(user, but=self.request.session.session_key)
        audit.record(user, "account.password", kind="user", id=user.pk, name=user.get_username())
        messages.success(self.request, _("Your password was changed. You are signed out everywhere else."))
        return response


def locked_out(request: HttpRequest, response: HttpResponse | None = None, credentials: object = None) -> HttpResponse:
    """The answer to whoever failed to sign in too often (django-axes)."""
    minutes = int(cool_off().total_seconds() // 60)
    return render(request, "accounts/locked.html", {"minutes": minutes}, status=429)


@login_not_required
@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the language that was chosen, and go back to the page."""
    # The browser knows better than the menu where it is: filters may have changed the address since.
    target = request.headers.get("Referer") or request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/"
    response = HttpResponse(status=303, headers={"Location": target})
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
        with translation.override(language):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                language,
                max_age=YEAR,
                samesite="Lax",
                secure=settings.SECURE_COOKIES,
            )
    return response
