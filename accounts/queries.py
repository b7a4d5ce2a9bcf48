"""Users as administrators look for them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from domain.roles import Role

ACTIVE, INACTIVE = "active", "inactive"


def listed(*, search: str = "", role: Role | None = None, state: str = ACTIVE) -> QuerySet[User]:
    """Users by a part of a name or of an address, by role, and whether they are active; in no order yet."""
    found = User.objects.filter(is_active=state != INACTIVE)
    for word in search.split():
        found = found.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    if role is None:
        return found
    supervisors, administrators = _members(Role.SUPERVISOR), _members(Role.ADMINISTRATOR)
    if role is Role.ADMINISTRATOR:
        return found.filter(Q(is_superuser=True) | Q(pk__in=administrators))
    found = found.filter(is_superuser=False).exclude(pk__in=administrators)
    return found.filter(pk__in=supervisors) if role is Role.SUPERVISOR else found.exclude(pk__in=supervisors)


def roles_of(users: Iterable[User]) -> dict[Any, Role]:
    """The role of each, asked for at once."""
    known = {user.pk: Role.ADMINISTRATOR if user.is_superuser else Role.EXECUTIVE for user in users}
    rows = User.groups.through.objects.filter(user_id__in=list(known), group__name__in=list(Role))
    for pk, name in rows.values_list("user_id", "group__name"):
        if Role(name).reaches(known[pk]):
            known[pk] = Role(name)
    return known


def _members(role: Role) -> list[Any]:
    return list(User.groups.through.objects.filter(group__name=role.value).values_list("user_id", flat=True))
