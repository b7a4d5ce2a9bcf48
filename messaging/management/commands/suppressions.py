"""manage.py suppressions: who is not written to, from files and to files; one person added, or lifted."""

import csv
import sys
from argparse import ArgumentParser
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from debtors import suppression_files, suppressions
from debtors.intake.reasons import file_error, page_error, row_reason
from debtors.intake.sheet import SheetError
from debtors.models import Suppression, SuppressionSource
from debtors.suppressions import Entry
from domain.phones import PhoneError, is_country, parse_phone
from lib.tables import plain
from messaging import optouts
from systemlog.audit import record


class Command(BaseCommand):
    help = "The suppression list: import people, export them, add one, or lift one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--country", default=settings.DEFAULT_COUNTRY, help="of phones without a prefix (ISO 3166)")
        acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
        bring = acts.add_parser("import", help="put the people of a file onto the list")
        bring.add_argument("file", type=Path, metavar="FILE", help="xlsx or csv with a column of phones or of RUTs")
        bring.add_argument("--reason", default="", help="for the rows that have none of their own")
        bring.add_argument("--dry-run", action="store_true", help="tell what would happen, and store nothing")
        bring.add_argument("--rejects", type=Path, metavar="OUT.xlsx", help="write the rows that can't be used")
        give = acts.add_parser("export", help="write who is on the list as a csv")
        give.add_argument("file", nargs="?", type=Path, metavar="OUT.csv", help="standard output without one")
        add = acts.add_parser("add", help="put somebody onto the list")
        add.add_argument("phone")
        add.add_argument("--reason", default="")
        add.add_argument("--until", metavar="YYYY-MM-DD", help="the last day; without it for always")
        lift = acts.add_parser("lift", help="let somebody be written to again")
        lift.add_argument("phone")
        lift.add_argument("--reason", required=True)

    def handle(self, *_args: Any, act: str, country: str, **options: Any) -> None:
        if not is_country(country):
            raise CommandError(file_error("unknown_country", {"country": country}))
        getattr(self, f"_{act}")(country, **options)

    def _import(
        self, country: str, *, file: Path, reason: str, dry_run: bool, rejects: Path | None, **_rest: Any
    ) -> None:
        base = Entry("", SuppressionSource.IMPORT, reason=reason)
        try:
            people = suppression_files.read(file, country=country, base=base)
            outcome = suppression_files.carry_out(people, None if dry_run else optouts.suppress)
        except SheetError as error:
            raise CommandError(page_error(error.code, error.params)) from error
        said = {"added": outcome.added, "already": outcome.already, "refused": len(outcome.refused)}
        words = _("%(added)s are put onto the list, %(already)s were on it, %(refused)s rows can't be used.") % said
        self.stdout.write((_("Nothing was stored: ") if dry_run else "") + words)
        if not dry_run:
            record(None, "suppression.import", kind="suppression", name=file.name, data=said)
        if rejects is not None and outcome.refused:
            suppression_files.rejects(people, outcome.refused, rejects)
            self.stdout.write(_("The rows that can't be used are in %(path)s.") % {"path": rejects})
        elif outcome.refused:
            for row in outcome.refused[:20]:
                self.stdout.write(f"{row.number}: {row.refused}")

    def _export(self, _country: str, *, file: Path | None, **_rest: Any) -> None:
        if file is None:
            _write(sys.stdout)
            return
        try:
            with file.open("w", encoding="utf-8-sig", newline="") as out:
                number = _write(out)
        except OSError as error:
            why = error.strerror or str(error)
            raise CommandError(_("%(path)s can't be written: %(error)s.") % {"path": file, "error": why}) from error
        said = ngettext("%(number)s person is in %(path)s.", "%(number)s people are in %(path)s.", number)
        self.stdout.write(said % {"number": number, "path": file})

    def _add(self, country: str, *, phone: str, reason: str, until: str | None, **_rest: Any) -> None:
        entry = Entry(_e164(phone, country), SuppressionSource.COMMAND, reason=reason, until=_until(until))
        added = optouts.suppress([entry])
        said = _("No campaign writes to %(phone)s any more.") if added else _("%(phone)s was on the list already.")
        self.stdout.write(said % {"phone": entry.phone})
        record(None, "suppression.add", kind="suppression", name=entry.phone, data={"reason": reason})

    def _lift(self, country: str, *, phone: str, reason: str, **_rest: Any) -> None:
        e164 = _e164(phone, country)
        found = Suppression.objects.filter(phone=e164, active=True).first()
        lifted = suppressions.lift([found.pk], actor="", reason=reason) if found else []
        if not lifted:
            raise CommandError(_("%(phone)s is not on the list.") % {"phone": e164})
        self.stdout.write(_("Campaigns may write to %(phones)s again.") % {"phones": ", ".join(lifted)})
        record(None, "suppression.lift", kind="suppression", name=e164, data={"reason": reason, "phones": lifted})


def _e164(phone: str, country: str) -> str:
    read = parse_phone(phone, country)
    if isinstance(read, PhoneError):
        raise CommandError(row_reason(read.code, {"column": _("Phone"), "value": phone}))
    return read.e164


def _until(text: str | None) -> datetime | None:
    """The moment at which that day is over."""
    try:
        day = parse_date(text) if text else None
    except ValueError:
        day = None
    if text and day is None:
        raise CommandError(_("“%(text)s” is no day. Write it like 2026-12-31.") % {"text": text})
    if day is None:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone()) + timedelta(days=1)


def _write(out: TextIO) -> int:
    """Everybody on the list, as a file that can be imported again; how many."""
    rows = csv.writer(out)
    rows.writerow(["phone", "rut", "name", "source", "reason", "said", "by", "since", "until"])
    number = 0
    for each in Suppression.objects.filter(active=True).order_by("at", "pk").iterator(chunk_size=500):
        phone = each.phone if each.phone != each.identity else ""
        rut = each.identity.removeprefix("rut:") if each.identity.startswith("rut:") else ""
        last = (each.until - timedelta(seconds=1)).date().isoformat() if each.until else ""
        rows.writerow(
            [
                *(phone, plain(rut), plain(each.name), each.source, plain(each.reason), plain(each.said)),
                *(plain(each.actor), each.at.isoformat(), last),
            ]
        )
        number += 1
    return number
