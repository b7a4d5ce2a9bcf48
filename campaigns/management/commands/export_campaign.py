"""manage.py export_campaign: every message of a campaign, as a spreadsheet."""

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import commands, describe, queries, report
from campaigns.errors import CampaignError
from campaigns.export import write_workbook
from campaigns.management.outcome import told_errors
from campaigns.management.progress import ProgressBar
from campaigns.models import Campaign, CampaignChannel
from messaging import spending


class Command(BaseCommand):
    help = "Write every message of a campaign, with its state, line and times, to a spreadsheet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("out", type=Path, metavar="OUT.xlsx")

    def handle(self, *_args: Any, **options: Any) -> None:
        with told_errors():
            self._export(options["name"], options["out"])

    def _export(self, name: str, out: Path) -> None:
        campaign = commands.find(name)
        if out.suffix.lower() != ".xlsx":
            raise CampaignError(_("The export is an Excel workbook: give it a name that ends in .xlsx."))
        try:
            with ProgressBar(_("rows"), total=queries.progress(campaign).total) as bar:
                lines = (
                    []
                    if campaign.channel == CampaignChannel.SMS
                    else describe.lane_table(report.lanes(campaign), spending.of_campaign(campaign.pk))
                )
                written = write_workbook(out, _shown(campaign, bar), zone=ZoneInfo(campaign.timezone), lines=lines)
        except OSError as error:
            raise CampaignError(
                _("“%(path)s” can't be written: %(why)s.") % {"path": out, "why": error.strerror or error}
            ) from error
        sentence = ngettext(
            "%(number)s message was written to %(path)s.", "%(number)s messages were written to %(path)s.", written
        )
        self.stdout.write(sentence % {"number": written, "path": out})


def _shown(campaign: Campaign, bar: ProgressBar) -> Iterator[dict[str, Any]]:
    for row in queries.export_rows(campaign):
        yield row
        bar.advance(1)
