"""What administrators do about users: create, change, deactivate, give another password, sign out.

Each is stored whole or not at all, and kept in the log. Nobody demotes or deactivates themselves, and an administrator
is always left: what could take the last one runs in a transaction that all of them write the same document in, so that
of two at once the later one sees what the earlier one did.
"""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from django.contrib.auth.models import Group
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import sign_ins
from accounts.errors import UserError
from accounts.models import SignIn, User
from accounts.passwords import new_password
from accounts.roles import set_role
from domain.roles import Role
from lib.mongo import collection, run_tx, session
from systemlog import audit

FIELDS = ("first_name", "last_name", "email", "phone")


def create(*, username: str, role: Role, actor: Any, **values: str) -> tuple[User, str]:
    """A new user, and the password that they sign in with once. Raises UserError."""
    try:
        UnicodeUsernameValidator()(username)
    except ValidationError as error:
        raise UserError(" ".join(error.messages), field="username") from error
    password = new_password()

    def store() -> User:
        if User.objects.filter(username__iexact=username).exists():
            raise IntegrityError
        user = User.objects.create_user(username, password=password, must_change_password=True, **values)
        set_role(user, role)
        return user

    try:
        user = run_tx(store)
    except IntegrityError as error:
        sentence = _("There is a user “%(name)s” already. Choose another name.") % {"name": username}
        raise UserError(sentence, field="username") from error
    _record(actor, "account.create", user, role=role.value)
    return user, password


def change(user: User, values: Mapping[str, str], *, role: Role | None = None, actor: Any) -> Mapping[str, Any]:
    """Store these of FIELDS, and the role; returns what that changed, {name: [before, now]}. Raises UserError."""

    def store() -> dict[str, Any]:
        before = User.objects.get(pk=user.pk)
        changed = {name: [getattr(before, name), now] for name, now in values.items() if getattr(before, name) != now}
        if changed:
            User.objects.filter(pk=user.pk).update(**{name: now for name, (_was, now) in changed.items()})
        if role is not None and before.role is not role:
            _spare(before, actor, _("Nobody changes their own role: ask another administrator."), role=role)
            changed["role"] = [before.role.value, role.value]
            set_role(before, role)
        return changed

    changed = run_tx(store)
    if changed:
        _record(actor, "account.change", user, changes=changed)
    return changed


def deactivate(user: User, *, actor: Any) -> bool:
    """Nobody signs in as this user any more, and who is signed in is out at once. False if it is so already."""

    def store() -> bool:
        before = User.objects.get(pk=user.pk)
        if not before.is_active:
            return False
        _spare(before, actor, _("Nobody deactivates themselves: ask another administrator."))
        User.objects.filter(pk=user.pk).update(is_active=False)
        return True

    done = run_tx(store)
    sign_ins.end_all(user)  # also where it was deactivated already: an earlier try may have ended in between
    if done:
        _record(actor, "account.deactivate", user)
    return done


def activate(user: User, *, actor: Any) -> bool:
    """The user may sign in again, with the password of before. False if it is so already."""
    done = User.objects.filter(pk=user.pk, is_active=False).update(is_active=True) == 1
    if done:
        _record(actor, "account.activate", user)
    return done


def reset_password(user: User, *, actor: Any) -> str:
    """Another password, to sign in with once; whoever is signed in with the one of before is out."""
    password = new_password()
    user.set_password(password)
    user.must_change_password = True
    user.save(update_fields=["password", "must_change_password"])
    sign_ins.end_all(user)
    _record(actor, "account.reset_password", user)
    return password


def sign_out(user: User, sign_in: SignIn | None = None, *, but: str | None = None, actor: Any) -> int:
    """End one sign-in of a user, or all of them but that of a session; returns how many were open."""
    ended = sign_ins.end([sign_in]) if sign_in is not None else sign_ins.end_all(user, but=but)
    if ended:
        _record(actor, "account.end_sign_ins", user, number=ended)
    return ended


def _spare(user: User, actor: Any, own: str, *, role: Role | None = None) -> None:
    """Refuse, within the transaction, what would leave no administrator, or what somebody does to themselves."""
    if actor is not None and actor.pk == user.pk:
        raise UserError(own, field="role" if role else "")
    if user.role is not Role.ADMINISTRATOR:
        return
    # So that of two transactions which read this at once one is undone, and begins again.
    collection(Group).update_one(
        {"name": Role.ADMINISTRATOR.value}, {"$set": {"taken": ObjectId()}}, upsert=True, session=session()
    )
    others = User.objects.filter(is_active=True).exclude(pk=user.pk)
    administrators = Q(is_superuser=True) | Q(groups__name=Role.ADMINISTRATOR.value)
    if not others.filter(administrators).exists():
        sentence = _("This is the last administrator. Make somebody else one first.")
        raise UserError(sentence, field="role" if role else "")


def _record(actor: Any, action: str, user: User, **data: Any) -> None:
    audit.record(actor, action, kind="user", id=user.pk, name=user.get_full_name() or user.get_username(), data=data)
