"""manage.py import_debtors: a spreadsheet of debtors goes in, a report of every row comes out."""

import gc
import json
import os
import signal
from argparse import ArgumentParser
from pathlib import Path
from types import FrameType
from typing import Any

from bson import ObjectId
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from campaigns.management.progress import ProgressBar
from debtors.commands import ImportRefused, ImportReport, find_owner, import_file, write_rejects
from debtors.intake.reasons import file_error
from domain.columns import MAPPABLE, ColumnsError, parse_mapping
from lib.mongo import is_unavailable


class Command(BaseCommand):
    help = "Import debtors from an xlsx or csv file. The same file again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE", help="xlsx or csv; told by its content")
        parser.add_argument("--sheet", help="sheet of the xlsx; the first visible one by default")
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="HEADER=field",
            help=f"what a column is, where its header does not tell: {', '.join(MAPPABLE)}; may be repeated",
        )
        parser.add_argument(
            "--country",
            default=settings.DEFAULT_COUNTRY,
            help="ISO 3166 country of phones without a prefix, of money and of dates (default: %(default)s)",
        )
        parser.add_argument("--owner", metavar="USER", help="whose debtors these are")
        parser.add_argument("--campaign", metavar="NAME", help="draft campaign whose audience gets the valid rows")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, and store nothing")
        parser.add_argument(
            "--rejects", type=Path, metavar="OUT.xlsx", help="write the rejected and duplicate rows, with the reasons"
        )
        parser.add_argument("--json", action="store_true", help="report as one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        campaign: str | None = options["campaign"]
        if campaign:
            self._require_editable(campaign)
        if options["rejects"]:
            _require_writable(options["rejects"], source=options["file"])
        # A large file makes millions of objects and no cycles: looking for these was a quarter of the time.
        gc.freeze()
        gc.set_threshold(100_000, 50, 50)
        # Asked to end, it leaves the import marked as interrupted.
        signal.signal(signal.SIGTERM, _stop)
        try:
            mapping = parse_mapping(options["map"])
            owner = find_owner(options["owner"]) if options["owner"] else None
            with ProgressBar(_("rows"), hidden=options["json"]) as bar:
                report = import_file(
                    options["file"],
                    country=options["country"],
                    sheet=options["sheet"],
                    mapping=mapping,
                    owner=owner,
                    dry_run=options["dry_run"],
                    progress=bar.at,
                )
        except ColumnsError as error:
            raise CommandError(file_error(error.code, error.params)) from error
        except ImportRefused as refused:
            raise CommandError(str(refused)) from refused
        except (DatabaseError, PyMongoError) as error:
            if not is_unavailable(error):
                raise
            raise CommandError(
                _("MongoDB does not answer. What was imported stays; import the file again when it does.")
            ) from error
        except KeyboardInterrupt as interrupt:
            raise CommandError(
                _("The import was interrupted. What was imported stays; import the file again to complete it.")
            ) from interrupt
        notes: list[str] = []
        failures: list[str] = []
        if campaign and report.import_id:
            self._attach(campaign, report.import_id, notes, failures)
        if options["rejects"]:
            self._write_rejects(report, options["rejects"], notes, failures)
        if options["json"]:
            self.stdout.write(json.dumps({**report.as_json(), "notes": notes}, ensure_ascii=False))
        else:
            self.stdout.write("\n".join([report.summary(), *notes]))
        if failures:
            raise CommandError("\n".join(failures))

    def _require_editable(self, campaign: str) -> None:
        from campaigns.commands import editable_campaign
        from campaigns.errors import CampaignError

        try:
            editable_campaign(campaign)
        except CampaignError as error:
            raise CommandError(str(error)) from error

    def _attach(self, campaign: str, import_id: ObjectId, notes: list[str], failures: list[str]) -> None:
        from campaigns.commands import attach_import
        from campaigns.errors import CampaignError

        try:
            notes.extend(attach_import(campaign_name=campaign, import_id=import_id))
        except CampaignError as error:
            failures.append(
                _("The debtors were imported, but the campaign did not get them: %(reason)s") % {"reason": error}
            )

    def _write_rejects(self, report: ImportReport, path: Path, notes: list[str], failures: list[str]) -> None:
        if not report.rejects:
            notes.append(_("No row was refused, so %(path)s was not written.") % {"path": path})
            return
        try:
            write_rejects(report, path)
        except OSError as error:
            failures.append(
                _("The import is done, but %(path)s can't be written: %(error)s.")
                % {"path": path, "error": error.strerror or error}
            )
        else:
            notes.append(
                _("The refused rows, with the reasons, are in %(path)s: correct and import it.") % {"path": path}
            )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _require_writable(out: Path, *, source: Path) -> None:
    """Refuse a file of rejects that can't be written, or is the source itself, before anything is imported."""
    if out.suffix.lower() != ".xlsx":
        raise CommandError(_("The file of refused rows is an Excel workbook: give it a name that ends in .xlsx."))
    if out.exists() and source.exists() and out.samefile(source):
        raise CommandError(_("The file of refused rows can't be the file that is imported: give it another name."))
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise CommandError(
            _("%(path)s can't be written: choose a folder that exists and that you may write to.") % {"path": out}
        )
