"""manage.py pool: add, change, list, activate, deactivate and delete pools."""

import json
from argparse import ArgumentParser, BooleanOptionalAction
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from gateways import commands, members, queries
from gateways.errors import GatewayError
from gateways.models import Channel, Strategy

CHANGEABLE = ("strategy", "delay", "variation", "auto_throttle", "throttle_target", "throttle_max")


class Command(BaseCommand):
    help = "Add, change, list, activate, deactivate and delete pools: the lines that share a campaign's messages."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a pool")
        add.add_argument("--channel", required=True, choices=Channel.values)
        change = actions.add_parser("set", help="change a pool, also while it sends")
        for each in (add, change):
            each.add_argument("name")
            each.add_argument("--strategy", choices=Strategy.values, help="(competitive)")
            each.add_argument(
                "--delay", type=float, metavar="S", help="seconds between two messages of a line (WhatsApp 10, SMS 0)"
            )
            each.add_argument(
                "--variation", type=float, metavar="S", help="seconds the delay varies up or down (WhatsApp 5, SMS 0)"
            )
            each.add_argument(
                "--auto-throttle",
                action=BooleanOptionalAction,
                default=None,
                help="lengthen the delay while more lines than the target send",
            )
            each.add_argument("--throttle-target", type=int, metavar="N", help="lines that may go at full pace (3)")
            each.add_argument("--throttle-max", type=float, metavar="X", help="at most so many times the delay (3)")
        listing = actions.add_parser("list", help="list the pools")
        listing.add_argument("--json", action="store_true")
        for action, text in (
            ("activate", "let its lines send"),
            ("deactivate", "keep its lines from starting anything"),
            ("delete", "let it go, once nothing uses it"),
        ):
            actions.add_parser(action, help=text).add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["action"] == "add":
                self._add(options)
            elif options["action"] == "set":
                pool = commands.change_pool(name=options["name"], **{name: options[name] for name in CHANGEABLE})
                self.stdout.write(_("Pool “%(name)s” changed.") % {"name": pool.name})
            elif options["action"] == "list":
                self._list(as_json=options["json"])
            elif options["action"] == "delete":
                gone = members.delete_pool(commands.pool_named(options["name"]).pk)
                self.stdout.write(_("Pool “%(name)s” deleted.") % {"name": gone.name})
            else:
                self._set_active(options["name"], active=options["action"] == "activate")
        except GatewayError as error:
            raise CommandError(str(error)) from None

    def _add(self, options: dict[str, Any]) -> None:
        pool = commands.create_pool(
            name=options["name"],
            channel=options["channel"],
            strategy=options["strategy"] or Strategy.COMPETITIVE.value,
            delay=options["delay"],
            variation=options["variation"],
            auto_throttle=bool(options["auto_throttle"]),
            throttle_target=options["throttle_target"],
            throttle_max=options["throttle_max"],
        )
        self.stdout.write(_("Pool “%(name)s” added.") % {"name": pool.name})

    def _set_active(self, name: str, *, active: bool) -> None:
        pool = commands.set_pool_active(name=name, active=active)
        sentence = _("Pool “%(name)s” is active.") if active else _("Pool “%(name)s” is inactive: its lines wait.")
        self.stdout.write(sentence % {"name": pool.name})

    def _list(self, *, as_json: bool) -> None:
        rows = queries.pools()
        if as_json:
            self.stdout.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
            return
        for row in rows:
            state = pgettext("pool", "active") if row.active else pgettext("pool", "inactive")
            pace = f"{row.delay:g} ± {row.variation:g} s"
            if row.auto_throttle:
                pace += " " + _("(up to × %(most)g beyond %(target)d lines)") % {
                    "most": row.throttle_max,
                    "target": row.throttle_target,
                }
            lines = _("lines: %(number)d") % {"number": row.gateways}
            self.stdout.write(f"{row.name}  {row.channel}  {row.strategy}  {pace}  {lines}  {state}")
        if not rows:
            self.stdout.write(_("There are no pools yet."))
