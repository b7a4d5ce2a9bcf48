"""Handing over what is a user's to somebody else: chosen first, named with its count, then done."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from desk.users import belongings
from desk.users.pages import others
from lib.converters import object_id
from lib.figures import figure
from lib.htmx import go_to
from systemlog import audit


def hand_over(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """With GET the choice, and once `to` is chosen the question; with POST it is done."""
    giver = get_object_or_404(User, pk=pk)
    theirs = belongings.of_user(pk)
    asked = request.POST if request.method == "POST" else request.GET
    key = object_id(asked.get("to", ""))
    taker = User.objects.filter(pk=key, is_active=True).exclude(pk=pk).first() if key else None
    what = [name for name in ("debtors", "campaigns") if name in asked.getlist("what") and getattr(theirs, name)]
    if request.method == "POST" and taker is not None and what:
        return _done(request, giver, taker, what)
    context = {
        "found": giver,
        "theirs": theirs,
        "most": belongings.COUNTED,
        "people": others(giver),
        "taker": taker,
        "what": what or ["debtors", "campaigns"],
        "asked": bool(taker and what),
        "wrong": "to" in asked and not (taker and what),
    }
    return render(request, "users/hand_over.html", context, status=422 if request.method == "POST" else 200)


def _done(request: HttpRequest, giver: User, taker: User, what: Sequence[str]) -> HttpResponse:
    debtors = belongings.hand_over_debtors(giver.pk, taker.pk) if "debtors" in what else 0
    campaigns = belongings.hand_over_campaigns(giver.pk, taker.pk) if "campaigns" in what else 0
    names: dict[str, Any] = {"giver": _name(giver), "taker": _name(taker)}
    data = {"to": names["taker"], "debtors": debtors, "campaigns": campaigns}
    audit.record(request.user, "account.hand_over", kind="user", id=giver.pk, name=names["giver"], data=data)
    parts = [
        ngettext("%(number)s debtor", "%(number)s debtors", debtors) % {"number": figure(debtors)},
        ngettext("%(number)s campaign", "%(number)s campaigns", campaigns) % {"number": figure(campaigns)},
    ]
    told = [part for part, number in zip(parts, (debtors, campaigns), strict=True) if number]
    if told:
        given = {**names, "what": _(" and ").join(told)}
        messages.success(request, _("%(what)s went from %(giver)s to %(taker)s.") % given)
    left = belongings.of_user(giver.pk).debtors if "debtors" in what else 0
    if left:
        sentence = ngettext(
            "%(number)s debtor of %(giver)s is left. Hand over once more.",
            "%(number)s debtors of %(giver)s are left. Hand over once more.",
            left,
        )
        messages.warning(request, sentence % {**names, "number": figure(left)})
        return go_to(request, "users:hand-over", giver.pk, to=str(taker.pk))
    return go_to(request, "users:user", giver.pk)


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
