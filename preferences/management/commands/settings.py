"""manage.py settings: show, set and reset what staff can set for the whole installation."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from lib.mongo import is_unavailable
from preferences import commands, queries
from preferences.errors import InvalidPreference
from preferences.registry import GROUPS, group_named, preference_named


class Command(BaseCommand):
    help = "Show, set and reset the settings that new campaigns begin with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        show = actions.add_parser("show", help="show every setting with its value and its default")
        show.add_argument("--json", action="store_true", help="print them as one JSON object")
        change = actions.add_parser("set", help="set one")
        change.add_argument("name", help="such as sending.hours")
        change.add_argument("value", help="such as 09:00-19:00")
        reset = actions.add_parser("reset", help="go back to the default of one, or of a group")
        reset.add_argument("name", help="such as sending.hours, or sending")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except InvalidPreference as error:
            raise CommandError(error.sentence) from error
        except (DatabaseError, PyMongoError) as error:
            if not is_unavailable(error):
                raise
            sentence = _(
                "MongoDB does not answer, so it is not known whether this was done. Look at it once MongoDB runs."
            )
            raise CommandError(sentence) from error

    def _show(self, options: dict[str, Any]) -> None:
        rows = [
            (f"{group.name}.{each.name}", settings[each.name], each.usual, str(each.label))
            for group in GROUPS.values()
            for settings in (queries.current(group.name),)
            for each in group.preferences
        ]
        if options["json"]:
            found = {name: {"value": value, "default": usual} for name, value, usual, _label in rows}
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        width = max(len(name) for name, *_rest in rows)
        for name, value, usual, label in rows:
            differs = "" if value == usual else "  " + _("(default: %(value)s)") % {"value": usual}
            self.stdout.write(f"{name.ljust(width)}  {value}{differs}  — {label}")

    def _set(self, options: dict[str, Any]) -> None:
        group, preference = preference_named(options["name"])
        self._tell(group.name, commands.change(group.name, {preference.name: options["value"]}, actor=None))

    def _reset(self, options: dict[str, Any]) -> None:
        if "." in options["name"]:
            group, preference = preference_named(options["name"])
            self._tell(group.name, commands.reset(group.name, [preference.name], actor=None))
        else:
            self._tell(options["name"], commands.reset(group_named(options["name"]).name, actor=None))

    def _tell(self, group: str, changes: commands.Changes) -> None:
        for name, (was, now) in changes.items():
            self.stdout.write(f"{group}.{name}: {was} -> {now}")
        if not changes:
            self.stdout.write(_("Nothing changed: it is so already."))
