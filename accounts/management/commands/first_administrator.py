"""manage.py first_administrator: the one who makes the other users, with a password that nobody else ever saw."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import IntegrityError
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.passwords import new_password
from accounts.roles import set_role
from domain.roles import Role


class Command(BaseCommand):
    help = "Create the first administrator and print the generated password, once. Does nothing where there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--quiet", action="store_true", help="say nothing where there is an administrator already")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_superuser=True).exists():
            if not options["quiet"]:
                sentence = _("There is an administrator already. For another password: manage.py changepassword")
                self.stdout.write(sentence)
            return
        username, password = options["username"], new_password()
        try:
            user = User.objects.create_superuser(username, password=password)
        except IntegrityError:  # another process was faster
            self.stdout.write(_("There is a user “%(name)s” already.") % {"name": username})
            return
        set_role(user, Role.ADMINISTRATOR)
        lines = (
            _("First administrator, shown only now: write it down."),
            "",
            _("  user:      %(name)s") % {"name": username},
            _("  password:  %(password)s") % {"password": password},
        )
        width = max(map(len, lines)) + 4
        self.stdout.write("┌" + "─" * width + "┐")
        for line in lines:
            self.stdout.write(f"│  {line.ljust(width - 2)}│")
        self.stdout.write("└" + "─" * width + "┘")
