"""Who has which role, and whose things a user sees.

A role is membership of the group of its name. Administrators are Django's superusers too, by which the administration
of the data opens to them; whoever is in none of the groups has the least of the roles.
"""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from domain.roles import Role

ROLE_LABELS = {
    Role.EXECUTIVE: _("executive"),
    Role.SUPERVISOR: _("supervisor"),
    Role.ADMINISTRATOR: _("administrator"),
}


def set_role(user: User, role: Role) -> None:
    """Put a user into the group of a role, and out of those of the others."""
    Group.objects.bulk_create(
        [Group(name=each.value) for each in Role if not Group.objects.filter(name=each.value).exists()]
    )
    others = Group.objects.filter(name__in=[each.value for each in Role if each is not role])
    user.groups.remove(*others)
    user.groups.add(Group.objects.get(name=role.value))
    user.is_superuser = user.is_staff = role is Role.ADMINISTRATOR
    user.save(update_fields=["is_superuser", "is_staff"])
    user.__dict__.pop("role", None)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose debtors, conversations and campaigns somebody sees: those of one owner, or (`owner` None) everybody's.

    Queries take it as an argument without a default, so that none is asked without saying for whom.
    """

    owner: ObjectId | None

    @property
    def everything(self) -> bool:
        return self.owner is None

    def covers(self, owner: Any) -> bool:
        """Whether a thing of that owner is within it."""
        return self.owner is None or (owner is not None and ObjectId(owner) == self.owner)

    def where(self, field: str = "owner") -> dict[str, Any]:
        """It as arguments of a queryset's `filter`; a list's field matches where the owner is among them."""
        return {} if self.owner is None else {field: self.owner}

    @property
    def key(self) -> str:
        """It in the key of a live part: whose it is, empty for everybody's."""
        return "" if self.owner is None else str(self.owner)


EVERYTHING = Scope(None)
"""What commands and the engine see."""


def scope_of(user: Any) -> Scope:
    """Whose things a user sees: an executive sees their own."""
    return EVERYTHING if user.has_role(Role.SUPERVISOR) else Scope(ObjectId(user.pk))


def scope_of_key(key: str) -> Scope:
    """The scope that a live part's key says."""
    return Scope(ObjectId(key)) if key else EVERYTHING


def sees(user: Any, key: str) -> bool:
    """Whether a live part whose key is a scope's is for that user: of exactly what they see, neither more nor less."""
    return bool(user.has_role(Role.EXECUTIVE)) and scope_of(user).key == key
