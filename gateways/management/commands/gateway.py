"""manage.py gateway: add, list, check, register, move, price, activate, deactivate and delete lines."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from domain.costs import price_of
from gateways import commands, members, queries
from gateways.errors import GatewayError
from gateways.prices import record_price, set_price
from gateways.provider import Registers
from gateways.registry import line_of, provider_for
from lib import amounts
from lib.sealed import CannotUnseal


class Command(BaseCommand):
    help = (
        "Add, list, check, register, move, price, activate, deactivate and delete gateways: the lines that messages go "
        "out by."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        add = actions.add_parser("add", help="add a gateway to a pool")
        add.add_argument("name")
        add.add_argument("--kind", default="", help="what a URL template tells by itself")
        add.add_argument("--pool", required=True)
        add.add_argument(
            "--url-template", default="", metavar="URL", help="https://host/send?to={phone}&text={message}"
        )
        add.add_argument(
            "--set",
            dest="fields",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help="a field of the kind; may be repeated, and goes over the URL template",
        )
        add.add_argument("--price", default="", metavar="0.035", help="what an SMS part costs by it")
        add.add_argument("--currency", default="", metavar="USD", help="of the price; the installation's if left out")
        listing = actions.add_parser("list", help="list the gateways, secrets masked")
        listing.add_argument("--json", action="store_true")
        for action, text in (
            ("check", "try to connect, without sending anything"),
            ("register", "have the far side call this server, where it can be told so"),
            ("activate", "let it send"),
            ("deactivate", "keep it from starting anything new"),
            ("delete", "let an SMS line go; what it has sent keeps its name"),
        ):
            actions.add_parser(action, help=text).add_argument("name")

        move = actions.add_parser("move", help="move it to another pool of its channel, also while it sends")
        move.add_argument("name")
        move.add_argument("--pool", required=True)

        price = actions.add_parser("price", help="say what an SMS part costs by it, from the next message on")
        price.add_argument("name")
        price.add_argument("price", metavar="0.035|none")
        price.add_argument(
            "--currency", default="", metavar="USD", help="the line's, or the installation's, if left out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            action = options["action"]
            if action == "add":
                self._add(options)
            elif action == "list":
                self._list(as_json=options["json"])
            elif action == "check":
                self._check(options["name"])
            elif action == "register":
                self._register(options["name"])
            elif action == "move":
                self._move(options["name"], options["pool"])
            elif action == "price":
                self._price(options["name"], options["price"], options["currency"])
            elif action == "delete":
                gone = members.delete_line(commands.line_named(options["name"]).pk)
                self.stdout.write(_("Gateway “%(name)s” deleted.") % {"name": gone.name})
            else:
                self._set_active(options["name"], active=action == "activate")
        except (GatewayError, CannotUnseal) as error:
            raise CommandError(str(error)) from None

    def _add(self, options: dict[str, Any]) -> None:
        gateway = commands.create_gateway(
            name=options["name"],
            kind=options["kind"],
            pool=options["pool"],
            url_template=options["url_template"],
            fields=_fields(options["fields"]),
            price=options["price"],
            currency=options["currency"],
        )
        if gateway.price is not None:
            record_price(None, gateway, None)
        self.stdout.write(
            _("Gateway “%(name)s” added to the pool “%(pool)s”.") % {"name": gateway.name, "pool": gateway.pool.name}
        )

    def _list(self, *, as_json: bool) -> None:
        rows = queries.gateways()
        if as_json:
            self.stdout.write(json.dumps([asdict(row) for row in rows], ensure_ascii=False))
            return
        for row in rows:
            state = _("active") if row.active else _("inactive")
            parts = (
                row.name,
                row.kind,
                row.pool,
                row.fields.get("url") or row.fields.get("base_url", ""),
                row.health,
                state,
            )
            self.stdout.write("  ".join(part for part in parts if part))
        if not rows:
            self.stdout.write(_("There are no gateways yet."))

    def _check(self, name: str) -> None:
        health = provider_for(line_of(commands.gateway_named(name))).check()
        if not health.ok:
            raise CommandError(
                _("Gateway “%(name)s” can't be used: %(detail)s") % {"name": name, "detail": health.detail}
            )
        self.stdout.write(" ".join([_("Gateway “%(name)s” can be reached.") % {"name": name}, health.detail]).strip())

    def _register(self, name: str) -> None:
        """Out here, not on a page: it asks the far side, as a check does."""
        gateway = commands.gateway_named(name)
        provider = provider_for(line_of(gateway))
        if not isinstance(provider, Registers):
            raise CommandError(
                _("Gateway “%(name)s” can't be told whom to call: give its callback address to the SMS company.")
                % {"name": name}
            )
        done = provider.register()
        if not done.ok:
            raise CommandError(
                _("Gateway “%(name)s” was not told whom to call: %(detail)s") % {"name": name, "detail": done.detail}
            )
        self.stdout.write(_("Gateway “%(name)s” calls this server from now on.") % {"name": name})

    def _price(self, name: str, price: str, currency: str) -> None:
        gateway = commands.gateway_named(name)
        before = set_price(gateway, price="" if price == "none" else price, currency=currency)
        record_price(None, gateway, before)
        told = amounts.price(price_of(gateway.price, gateway.currency))
        if told:
            self.stdout.write(_("An SMS part by “%(name)s” costs %(price)s.") % {"name": gateway.name, "price": told})
        else:
            self.stdout.write(_("Nobody says what an SMS part by “%(name)s” costs.") % {"name": gateway.name})

    def _move(self, name: str, pool: str) -> None:
        target = commands.pool_named(pool)
        gateway = commands.gateway_named(name)
        if gateway.channel != target.channel:
            raise GatewayError(
                _("The pool “%(name)s” is of the channel %(other)s; this line is of %(channel)s.")
                % {"name": pool, "other": target.channel, "channel": gateway.channel}
            )
        members.move_lines([gateway.pk], target=target)
        self.stdout.write(_("Gateway “%(name)s” is in the pool “%(pool)s”.") % {"name": name, "pool": target.name})

    def _set_active(self, name: str, *, active: bool) -> None:
        gateway = commands.set_gateway_active(name=name, active=active)
        said = _("Gateway “%(name)s” is active.") if active else _("Gateway “%(name)s” is inactive.")
        self.stdout.write(said % {"name": gateway.name})


def _fields(given: list[str]) -> dict[str, str]:
    """Raises GatewayError; a value may hold more equals signs."""
    fields: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise GatewayError(_("--set takes FIELD=VALUE, such as --set method=POST."))
        if name.strip() in fields:
            raise GatewayError(_("--set gives %(name)s twice.") % {"name": name.strip()})
        fields[name.strip()] = value
    return fields
