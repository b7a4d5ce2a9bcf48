"""manage.py campaign: create, start, pause, resume, cancel, retry, archive and look at campaigns."""

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pymongo.errors import PyMongoError

from campaigns import commands, describe, queries
from campaigns.errors import CampaignError
from campaigns.management import creation
from campaigns.management.outcome import Interrupted, told_errors
from campaigns.management.progress import ProgressBar
from campaigns.models import Campaign
from campaigns.report import answered
from campaigns.report import report as full_report
from campaigns.sentences import problem_sentence
from domain.states import CampaignStatus
from lib.mongo import is_unavailable
from messaging import queries as messaging

POLL_SECONDS = 0.5
LISTED = 200


class Command(BaseCommand):
    help = "Create, start, pause, resume, cancel, retry, archive and look at campaigns."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        creation.add_arguments(actions.add_parser("create", help="create a draft"))
        for action, text in (
            ("start", "start a draft"),
            ("pause", "stop sending; begun requests finish"),
            ("resume", "go on with a paused campaign"),
            ("go-on", "end the pause that it makes by its plan"),
            ("cancel", "end a campaign; what was not sent is skipped"),
            ("archive", "put a campaign that has ended out of the list's sight"),
            ("unarchive", "list an archived campaign again"),
            ("retry-failed", "send the failed messages again"),
            ("status", "show state and counts"),
        ):
            sub = actions.add_parser(action, help=text)
            sub.add_argument("name")
            sub.add_argument("--wait", action="store_true", help="wait until it is completed, cancelled or paused")
            sub.add_argument("--json", action="store_true", help="print the status as one JSON object")
            if action == "start":
                sub.add_argument("--at", metavar="TIME", help="start later, at 2026-12-01T09:00 in the campaign's zone")
            if action == "retry-failed":
                sub.add_argument(
                    "--reason",
                    metavar="CODE",
                    action="append",
                    default=[],
                    help="only those that failed for it (may be repeated); `status --json` names them under problems",
                )
            if action == "pause":
                sub.add_argument("--reason", default="", help="why, to be shown beside the state")
        resolve = actions.add_parser("resolve-uncertain", help="decide what becomes of uncertain messages")
        resolve.add_argument("name")
        resolve.add_argument(
            "--as",
            dest="verdict",
            required=True,
            choices=("sent", "failed", "retry"),
            help="count them as sent or as failed, or send them again (somebody may get the text twice)",
        )
        resolve.add_argument("--yes", action="store_true", help="with --as retry: yes, some may get the text twice")
        resolve.add_argument("--json", action="store_true", help="print the status as one JSON object")
        answers = actions.add_parser("replies", help="show who answered, and what")
        answers.add_argument("name")
        answers.add_argument("--json", action="store_true", help="print them as one JSON array")
        listing = actions.add_parser("list", help="list the campaigns, newest first")
        listing.add_argument("--json", action="store_true", help="print them as one JSON array")

    def handle(self, *_args: Any, **options: Any) -> None:
        with told_errors():
            getattr(self, "_" + options["action"].replace("-", "_"))(options)

    def _create(self, options: dict[str, Any]) -> None:
        creation.create(options, self.stdout)

    # Running ---------------------------------------------------------------------------------------------------------

    def _start(self, options: dict[str, Any]) -> None:
        at = None
        if options["at"]:
            at = commands.schedule_time(options["at"], zone=commands.find(options["name"]).timezone)
        with ProgressBar(_("recipients"), hidden=options["json"]) as bar:
            campaign = commands.start(options["name"], at=at, progress=bar.advance)
        self._report(campaign, options)

    def _pause(self, options: dict[str, Any]) -> None:
        self._report(commands.pause(options["name"], reason=options["reason"]), options)

    def _resume(self, options: dict[str, Any]) -> None:
        self._report(commands.resume(options["name"]), options)

    def _go_on(self, options: dict[str, Any]) -> None:
        self._report(commands.go_on(options["name"]), options)

    def _cancel(self, options: dict[str, Any]) -> None:
        self._report(commands.cancel(options["name"]), options)

    def _retry_failed(self, options: dict[str, Any]) -> None:
        number = commands.retry_failed(options["name"], reasons=options["reason"])
        if not options["json"]:
            sentence = ngettext("%(n)s failed message is sent again.", "%(n)s failed messages are sent again.", number)
            self.stdout.write(sentence % {"n": number})
        self._report(commands.find(options["name"]), options)

    def _archive(self, options: dict[str, Any]) -> None:
        self._report(commands.archive(options["name"]), options)

    def _unarchive(self, options: dict[str, Any]) -> None:
        self._report(commands.unarchive(options["name"]), options)

    def _resolve_uncertain(self, options: dict[str, Any]) -> None:
        campaign = commands.find(options["name"])
        waiting = messaging.undecided(campaign.pk)
        if options["verdict"] == "retry" and waiting and not options["yes"]:
            sentence = ngettext(
                "%(number)s message of “%(name)s” may have arrived: sent again, its debtor may get the text twice. "
                "Ask the gateway's operator first; add --yes to send it again.",
                "%(number)s messages of “%(name)s” may have arrived: sent again, their debtors may get the text twice. "
                "Ask the gateway's operator first; add --yes to send them again.",
                waiting,
            )
            raise CampaignError(sentence % {"number": waiting, "name": campaign.name})
        number = commands.resolve_uncertain(campaign.name, verdict=options["verdict"])
        if not options["json"]:
            sentence = ngettext("%(n)s uncertain message is settled.", "%(n)s uncertain messages are settled.", number)
            self.stdout.write(sentence % {"n": number})
            if options["verdict"] == "failed":
                self.stdout.write(_("Note: retry-failed would send them again, and some may get the text twice."))
        self._report(commands.find(campaign.name), {**options, "wait": False})

    def _status(self, options: dict[str, Any]) -> None:
        self._report(commands.find(options["name"]), options)

    def _replies(self, options: dict[str, Any]) -> None:
        campaign = commands.find(options["name"])
        found = answered(campaign)
        if options["json"]:
            self._print_json([describe.reply_json(reply, line) for reply, line in found])
            return
        for reply, line in found:
            self.stdout.write(describe.reply_line(reply, line, campaign.timezone))
        if not found:
            self.stdout.write(_("Nobody has answered “%(name)s” yet.") % {"name": campaign.name})

    def _list(self, options: dict[str, Any]) -> None:
        found = queries.progresses(list(Campaign.objects.order_by("-created_at")[:LISTED]))
        if options["json"]:
            self._print_json([progress.as_json() for progress in found])
            return
        for progress in found:
            self.stdout.write(describe.summary_line(progress))
        if not found:
            self.stdout.write(_("There is no campaign yet. Create one with `manage.py campaign create`."))
        elif (more := Campaign.objects.count() - len(found)) > 0:
            sentence = ngettext("and %(number)s older one", "and %(number)s older ones", more)
            self.stdout.write(sentence % {"number": more})

    def _report(self, campaign: Campaign, options: dict[str, Any]) -> None:
        if options["wait"]:
            campaign = self._wait(campaign, hidden=options["json"])
        report = full_report(campaign)
        progress = report.progress
        problems = messaging.problems(campaign.pk)
        if options["json"]:
            found = [{"status": each.status, "reason": each.reason, "number": each.number} for each in problems]
            self._print_json({**report.as_json(), "problems": found})
            return
        for line in describe.describe_report(report):
            self.stdout.write(line)
        for problem in problems:
            self.stdout.write("  " + problem_sentence(problem))
        if report.sessions is not None:
            for line in describe.table_lines(describe.lane_table(report.lanes, report.costs.by_line)):
                self.stdout.write("  " + line)
        if report.short_of_sessions:
            self.stdout.write("  " + describe.sessions_sentence(report))
        if progress.status == CampaignStatus.RUNNING:
            for trouble in queries.troubled_lines(campaign):
                self.stdout.write("  " + describe.line_sentence(trouble, progress.timezone))

    def _wait(self, campaign: Campaign, *, hidden: bool) -> Campaign:
        """Until the engine has nothing more to do; interrupting it leaves the campaign running."""
        told = away = False
        try:
            with ProgressBar(_("messages"), hidden=hidden) as bar:
                while True:
                    try:
                        campaign = commands.find(campaign.name)
                        progress = queries.progress(campaign)
                    except (DatabaseError, PyMongoError) as error:
                        if not is_unavailable(error):
                            raise
                        if not away:
                            self.stderr.write(_("MongoDB does not answer. This goes on by itself once it does."))
                        away = True
                        time.sleep(POLL_SECONDS)
                        continue
                    if away:
                        self.stderr.write(_("MongoDB answers again."))
                        away = False
                    waiting = (progress.counts[status] for status in ("pending", "claimed", "sending"))
                    bar.at(progress.total - sum(waiting), progress.total)
                    if not progress.working:
                        return campaign
                    if progress.unattended and not told:
                        self.stderr.write(describe.unattended_sentence())
                        told = True
                    time.sleep(POLL_SECONDS)
        except KeyboardInterrupt as interrupt:
            raise Interrupted(
                _("Not waiting any more: “%(name)s” goes on. Look at it with `manage.py campaign status`.")
                % {"name": campaign.name}
            ) from interrupt

    def _print_json(self, value: Any) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False))
