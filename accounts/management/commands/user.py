"""manage.py user: create, list, deactivate users, and give them roles and passwords, for whoever has a shell."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import commands, queries, sign_ins
from accounts.errors import UserError
from accounts.models import User
from accounts.roles import ROLE_LABELS
from domain.roles import Role

ROLES = [role.value for role in Role]


class Command(BaseCommand):
    help = "Create, list and deactivate users, and give them roles and passwords."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        create = actions.add_parser("create", help="create one, and print a password for once")
        create.add_argument("username")
        create.add_argument("--role", choices=ROLES, default=Role.EXECUTIVE.value)
        create.add_argument("--first-name", default="")
        create.add_argument("--last-name", default="")
        create.add_argument("--email", default="")
        role = actions.add_parser("role", help="give one another role")
        role.add_argument("username")
        role.add_argument("role", choices=ROLES)
        for action, text in (
            ("password", "print another password for once; whoever is signed in is out"),
            ("deactivate", "let one sign in no more; whoever is signed in is out"),
            ("activate", "let one sign in again"),
        ):
            actions.add_parser(action, help=text).add_argument("username")
        listing = actions.add_parser("list", help="list them, with role and when they were last seen")
        listing.add_argument("--inactive", action="store_true", help="those that were deactivated")
        listing.add_argument("--json", action="store_true", help="print them as one JSON array")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except UserError as error:
            raise CommandError(error.sentence) from error

    def _create(self, options: dict[str, Any]) -> None:
        user, password = commands.create(
            username=options["username"],
            role=Role(options["role"]),
            actor=None,
            first_name=options["first_name"],
            last_name=options["last_name"],
            email=options["email"],
        )
        self._tell_password(user, password)

    def _role(self, options: dict[str, Any]) -> None:
        user = self._named(options["username"])
        changed = commands.change(user, {}, role=Role(options["role"]), actor=None)
        names = {"name": user.get_username(), "role": ROLE_LABELS[Role(options["role"])]}
        self.stdout.write((_("%(name)s is %(role)s now.") if changed else _("%(name)s is %(role)s already.")) % names)

    def _password(self, options: dict[str, Any]) -> None:
        user = self._named(options["username"])
        self._tell_password(user, commands.reset_password(user, actor=None))

    def _deactivate(self, options: dict[str, Any]) -> None:
        user = self._named(options["username"])
        done = commands.deactivate(user, actor=None)
        sentence = _("%(name)s was deactivated, and is signed out.") if done else _("%(name)s is deactivated already.")
        self.stdout.write(sentence % {"name": user.get_username()})

    def _activate(self, options: dict[str, Any]) -> None:
        user = self._named(options["username"])
        done = commands.activate(user, actor=None)
        sentence = _("%(name)s may sign in again.") if done else _("%(name)s is active already.")
        self.stdout.write(sentence % {"name": user.get_username()})

    def _list(self, options: dict[str, Any]) -> None:
        state = queries.INACTIVE if options["inactive"] else queries.ACTIVE
        users = list(queries.listed(state=state).order_by("username"))
        roles, seen = queries.roles_of(users), sign_ins.last_seen(users)
        rows = [
            {
                "username": user.get_username(),
                "name": user.get_full_name(),
                "role": roles[user.pk].value,
                "last_seen": moment.isoformat() if (moment := seen[user.pk]) else None,
            }
            for user in users
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False))
            return
        for user, row in zip(users, rows, strict=True):
            at = seen[user.pk]
            when = f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else _("never seen")
            self.stdout.write(f"{row['username']:<24}  {row['role']:<14}  {when:<16}  {row['name']}".rstrip())

    def _named(self, username: str) -> User:
        found = User.objects.filter(username=username).first()
        if found is None:
            raise CommandError(_("There is no user “%(name)s”.") % {"name": username})
        return found

    def _tell_password(self, user: User, password: str) -> None:
        self.stdout.write(_("  user:      %(name)s") % {"name": user.get_username()})
        self.stdout.write(_("  password:  %(password)s") % {"password": password})
        self.stdout.write(_("It is for once, shown only now: they choose their own when they sign in."))
