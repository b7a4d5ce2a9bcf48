"""Users: who there is, somebody new, and one of them with what is theirs and where they are signed in."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _

from accounts import commands, queries, sign_ins
from accounts.errors import UserError
from accounts.forms import NewUserForm, UserForm
from accounts.models import User
from accounts.roles import ROLE_LABELS
from desk.users import belongings
from domain.roles import Role
from lib.htmx import go_to
from lib.paging import keyset_page

LONGEST_SEARCH = 100


def user_list(request: HttpRequest) -> HttpResponse:
    """Users by `q`, `role` and `state`, in the order of what they sign in with."""
    search = request.GET.get("q", "").strip()[:LONGEST_SEARCH]
    role = next((each for each in Role if each.value == request.GET.get("role")), None)
    state = queries.INACTIVE if request.GET.get("state") == queries.INACTIVE else queries.ACTIVE
    found = queries.listed(search=search, role=role, state=state)
    page = keyset_page(found, by="username", mark=request.GET.get("mark", ""))
    roles, seen = queries.roles_of(page.rows), sign_ins.last_seen(page.rows)
    return render(
        request,
        "users/list.html",
        {
            "page": page,
            "rows": [{"user": each, "role": roles[each.pk], "seen": seen[each.pk]} for each in page.rows],
            "search": search,
            "role": role,
            "roles": ROLE_LABELS.items(),
            "inactive": state == queries.INACTIVE,
        },
    )


def new(request: HttpRequest) -> HttpResponse:
    """A new user. The password for once is shown in the answer, and is stored nowhere."""
    form = NewUserForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            username = form.cleaned_data["username"]
            user, password = commands.create(username=username, role=form.role_wanted, actor=request.user, **form.names)
        except UserError as error:
            form.add_error(error.field or None, error.sentence)
        else:
            return show_password(request, user, password, made=True)
    return render(request, "users/new.html", {"form": form}, status=422 if form.is_bound else 200)


def user_detail(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """One user: what they are called, their role, what is theirs, and where they are signed in."""
    found = get_object_or_404(User, pk=pk)
    form = UserForm(request.POST if request.method == "POST" else None, user=found)
    if request.method == "POST" and form.is_valid():
        try:
            changed = commands.change(found, form.names, role=form.role_wanted, actor=request.user)
        except UserError as error:
            form.add_error(error.field or None, error.sentence)
        else:
            messages.success(request, _("Saved.") if changed else _("Nothing was changed."))
            return go_to(request, "users:user", pk)
    open_ones = sign_ins.of_user(found)
    context = {
        "found": found,
        "form": form,
        "sign_ins": open_ones,
        "this": request.session.session_key,
        "seen": sign_ins.last_seen([found])[found.pk],
        "theirs": belongings.of_user(found.pk),
        "most": belongings.COUNTED,
        "oneself": found.pk == request.user.pk,
    }
    return render(request, "users/user.html", context, status=422 if form.is_bound else 200)


def show_password(request: HttpRequest, user: User, password: str, *, made: bool) -> HttpResponse:
    """The password for once: in this answer alone."""
    context = {"found": user, "password": password, "made": made}
    response = render(request, "users/password.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


def others(user: User) -> Sequence[Any]:
    """Who can take over what is a user's."""
    return list(User.objects.filter(is_active=True).exclude(pk=user.pk).order_by("first_name", "username")[:500])
