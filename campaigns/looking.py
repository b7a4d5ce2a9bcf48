"""Who may look at which campaign, and by which key of its live parts.

A live part is rendered once for all who look at it. So it is there twice, by two keys: the campaign's id for those who
act on it, and the id with LOOK behind it for those who only look, without the buttons and links that are not theirs.
"""

from typing import Any

from bson import ObjectId
from django.db.models import QuerySet
from django.http import Http404

from accounts.roles import scope_of
from campaigns.models import Campaign
from domain.roles import Role
from lib.converters import object_id

LOOK = "-look"


def acts(user: Any) -> bool:
    """Whether a user acts on campaigns; executives look at their own."""
    return bool(user.has_role(Role.SUPERVISOR))


def key_of(pk: ObjectId, user: Any) -> str:
    """By which key a user's page shows a live part of that campaign."""
    return str(pk) if acts(user) else f"{pk}{LOOK}"


def pk_of(key: str) -> str:
    """The campaign's id in a key."""
    return key.removesuffix(LOOK)


def allowed(user: Any, key: str) -> bool:
    """Whether a user may see the live parts of that key."""
    return sees(user, pk_of(key)) if key.endswith(LOOK) else acts(user)


def sees(user: Any, pk: str) -> bool:
    """Whether a campaign is among those that a user sees, by its id as text."""
    scope, found = scope_of(user), object_id(pk)
    if found is None or not user.has_role(Role.EXECUTIVE):
        return False
    return scope.everything or Campaign.objects.filter(pk=found, **scope.where()).exists()


def seen_campaign(user: Any, pk: ObjectId, campaigns: QuerySet[Campaign] | None = None) -> Campaign:
    """The campaign of that id, from those of the queryset; what the user does not see is not there. Raises Http404."""
    found = (Campaign.objects.all() if campaigns is None else campaigns).filter(pk=pk, **scope_of(user).where()).first()
    if found is None:
        raise Http404
    return found
