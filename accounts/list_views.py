"""What users do with their lists: keep filters under names, choose columns. One set of addresses for every list."""

from bson import ObjectId
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import resolve_url
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import lists
from accounts.models import SavedFilter, User
from domain.roles import Role
from systemlog.audit import record

LEFT_OUT = ("mark", "show")
"""What an address says that is no filter."""
LONGEST_COLUMN = 100
ACTS = ("rename", "delete", "share", "unshare", "open", "open-not")


@require_POST
def save_filter(request: HttpRequest, list_name: str) -> HttpResponse:
    """Keep the list's present filter (`query`) under a name."""
    user = _user(request, list_name)
    query = QueryDict(request.POST.get("query", "")[: lists.LONGEST_QUERY], mutable=True)
    for name in LEFT_OUT:
        query.pop(name, None)
    shared = request.POST.get("shared") == "1"
    try:
        saved, new = lists.save(user, list_name, request.POST.get("name", ""), query.urlencode(), shared=shared)
    except lists.NoName:
        messages.error(request, _no_name())
    except lists.TooMany:
        messages.error(
            request, _("You have %(most)s filters already: delete one first.") % {"most": lists.MOST_FILTERS}
        )
    else:
        sentence = _("The filter “%(name)s” is saved.") if new else _("The filter “%(name)s” is what you see now.")
        messages.success(request, sentence % {"name": saved.name})
        _record(user, "filter.save", saved)
    return _back(request, list_name)


@require_POST
def act_on_filter(request: HttpRequest, pk: ObjectId, act: str) -> HttpResponse:
    """Rename it, delete it, share it or share it no more; open the list with it, or with no filter."""
    user: User = request.user  # type: ignore[assignment]  # every page is for signed-in users
    saved = lists.visible(user, pk)
    if (
        saved is None
        or saved.list_name not in lists.LISTS
        or act not in ("rename", "delete", "share", "unshare", "open", "open-not")
    ):
        raise Http404
    if act in ("open", "open-not"):
        lists.open_with(user, saved.list_name, pk if act == "open" else None)
        sentence = (
            _("The list opens with “%(name)s” for you.") if act == "open" else _("The list opens with everything.")
        )
        messages.success(request, sentence % {"name": saved.name})
        return _back(request, saved.list_name)
    if not lists.may_change(user, saved) or (act == "share" and not user.has_role(Role.SUPERVISOR)):
        return HttpResponse(status=403)
    if _changed(request, saved, act):
        _record(user, f"filter.{act}", saved)
    return _back(request, saved.list_name)


def _changed(request: HttpRequest, saved: SavedFilter, act: str) -> bool:
    name = {"name": saved.name}
    if act == "rename":
        try:
            lists.rename(saved, request.POST.get("name", ""))
        except lists.NoName:
            messages.error(request, _no_name())
            return False
        except lists.NameTaken:
            messages.error(request, _("There is another filter with this name: choose another one."))
            return False
        messages.success(request, _("“%(name)s” has its new name.") % name)
    elif act == "delete":
        lists.delete(saved)
        messages.success(request, _("The filter “%(name)s” is deleted.") % name)
    else:
        lists.share(saved, with_everybody=act == "share")
        sentence = _("Everybody sees “%(name)s” now.") if act == "share" else _("Only you see “%(name)s” now.")
        if act == "unshare" and saved.owner_id != request.user.pk:  # type: ignore[attr-defined]
            sentence = _("Only who made “%(name)s” sees it now.")
        messages.success(request, sentence % name)
    return True


@require_POST
def choose_columns(request: HttpRequest, list_name: str) -> HttpResponse:
    """The columns that the list has, in the order in which they are sent; `usual` forgets the choice."""
    user = _user(request, list_name)
    wanted = [] if "usual" in request.POST else request.POST.getlist("column")
    lists.choose_columns(user, list_name, [name for name in wanted if name and len(name) <= LONGEST_COLUMN])
    return _back(request, list_name)


def _user(request: HttpRequest, list_name: str) -> User:
    if list_name not in lists.LISTS:
        raise Http404
    user: User = request.user  # type: ignore[assignment]  # every page is for signed-in users
    return user


def _back(request: HttpRequest, list_name: str) -> HttpResponse:
    """To the list as it was."""
    address, query = resolve_url(lists.LISTS[list_name]), QueryDict(request.POST.get("query", ""))
    return HttpResponse(status=303, headers={"Location": f"{address}?{query.urlencode() or 'show=all'}"})


def _no_name() -> str:
    return _("Give the filter a name, of at most %(most)s letters.") % {"most": lists.LONGEST_NAME}


def _record(user: User, act: str, saved: SavedFilter) -> None:
    record(user, act, kind="filter", id=saved.pk, name=saved.name, data={"list": saved.list_name, "query": saved.query})
