"""What people do with the list: put somebody onto it, take somebody of theirs out of all campaigns, lift an entry."""

from typing import cast

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.roles import scope_of
from debtors import suppressions
from debtors.models import Debtor, Suppression, SuppressionSource
from debtors.suppressions import Entry
from desk.conversations import people
from desk.suppressions.forms import AddForm
from desk.suppressions.pages import page
from domain.people import can_be_written_to, phone_of_key
from domain.phones import shown_phone
from lib.converters import object_id
from lib.htmx import go_to
from messaging import optouts
from systemlog.audit import record


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Put somebody onto the list by their phone."""
    form = AddForm(request.POST)
    if not form.is_valid():
        return page(request, form, status=422)
    chosen = form.cleaned_data
    entry = Entry(
        chosen["phone"],
        SuppressionSource.PERSON,
        reason=chosen["reason"],
        actor=request.user.get_username(),
        until=chosen["until"],
    )
    _add(request, entry)
    return go_to(request, "suppressions:list")


@require_POST
def opt_out(request: HttpRequest) -> HttpResponse:
    """Take a person out, from their conversation (`person`, its key) or their page (`debtor`); back to `next`.

    Executives may do so with people of theirs.
    """
    phone, identity, name = _who(request)
    entry = Entry(
        phone,
        SuppressionSource.PERSON,
        identity=identity,
        name=name,
        reason=" ".join(request.POST.get("reason", "").split())[: suppressions.MOST_REASON],
        actor=request.user.get_username(),
    )
    _add(request, entry)
    back = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
    url = back if safe else reverse("desk:panel")
    if getattr(request, "htmx", None):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponse(status=303, headers={"Location": url})


def _who(request: HttpRequest) -> tuple[str, str, str]:
    """The phone, the identity and the name of who is meant, who has to be within what the user sees."""
    scope = scope_of(request.user)
    if key := object_id(request.POST.get("debtor", "")):
        debtor = get_object_or_404(Debtor.objects.filter(**scope.where()), pk=key)
        return (
            debtor.phone,
            debtor.identity if debtor.identity.startswith(suppressions.OF_A_PERSON) else "",
            debtor.name,
        )
    key_of_person = request.POST.get("person", "")
    found = people.person(key_of_person, scope=scope)
    if found is None and scope.everything and can_be_written_to(phone_of_key(key_of_person)):
        return phone_of_key(key_of_person), "", ""
    if found is None or not (found.writable or found.hidden):
        raise Http404
    return found.phone, "", "" if found.debtor is not None else found.name


def _add(request: HttpRequest, entry: Entry) -> None:
    known = entry.phone in suppressions.suppressed([entry.phone])
    optouts.suppress([entry])
    name = entry.name or shown_phone(entry.phone)
    if known:
        messages.info(request, _("%(who)s was on the list already.") % {"who": name})
    else:
        messages.success(
            request, _("No campaign writes to %(who)s any more; what waited for them is skipped.") % {"who": name}
        )
    data = {"reason": entry.reason, "phone": entry.phone}
    record(request.user, "suppression.add", kind="suppression", name=name, data=data)


@require_POST
def lift(request: HttpRequest, pk: ObjectId) -> HttpResponse:
    """Let a person be written to again."""
    found = get_object_or_404(Suppression, pk=pk)
    reason = " ".join(request.POST.get("reason", "").split())
    if not reason:
        messages.error(request, _("Nothing was lifted: write the reason, which is kept with the entry."))
        return go_to(request, "suppressions:list")
    phones = suppressions.lift([pk], actor=cast(User, request.user).get_username(), reason=reason)
    name = found.name or shown_phone(found.phone)
    if phones:
        data = {"reason": reason[: suppressions.MOST_REASON], "phones": phones}
        record(request.user, "suppression.lift", kind="suppression", id=pk, name=name, data=data)
        messages.success(
            request, _("Campaigns may write to %(who)s again. What was skipped stays skipped.") % {"who": name}
        )
    else:
        messages.info(request, _("%(who)s was not on the list any more.") % {"who": name})
    return go_to(request, "suppressions:list")
