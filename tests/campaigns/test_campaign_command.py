"""manage.py campaign, as people and scripts call it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils import timezone
from pymongo.errors import AutoReconnect

from campaigns import describe, queries
from campaigns.management.commands import campaign as module
from campaigns.models import Campaign
from debtors.models import Debtor, Import
from domain.states import CampaignStatus, MessageStatus
from gateways.models import Gateway, LaneHealth
from messaging.models import Message
from tests.factories.debtors import HEADERS, debtor_rows, make_debtor, write_xlsx
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.django_db

URL = "https://gateway.example/send"
KEYS = [
    *("name", "channel", "status", "total", "pending", "claimed", "sending", "sent", "delivered", "read", "failed"),
    *("skipped", "uncertain", "pause_reason", "enrolled", "waits_until", "rests_until", "pauses"),
    *("replied", "fallback", "attachment", "sessions", "sms", "lanes", "problems"),
]


@pytest.fixture(autouse=True)
def line() -> Gateway:
    return make_line(make_pool("Cobranza"), URL, "Línea 1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.02)


def manage(*arguments: str) -> list[str]:
    """The lines that the command prints."""
    out = StringIO()
    call_command("campaign", *arguments, stdout=out)
    return out.getvalue().splitlines()


def as_json(*arguments: str) -> Any:
    """The one JSON value that the command prints."""
    [printed] = manage(*arguments, "--json")
    return json.loads(printed)


def refused(*arguments: str) -> str:
    """The command's error; nothing may be on stdout."""
    out = StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("campaign", *arguments, stdout=out)
    assert out.getvalue() == ""
    return str(caught.value)


def creation(audience: str | Path = "all", *, message: str = "Hola {nombre}") -> list[str]:
    given = {"--channel": "sms", "--message": message, "--sms-pool": "Cobranza", "--window": "none"}
    return [
        *("create", "Noviembre", "--audience", str(audience)),
        *(part for option in given.items() for part in option),
    ]


def running(*, status: CampaignStatus = CampaignStatus.RUNNING) -> Campaign:
    return make_campaign(Gateway.objects.get().pool, "Noviembre", status=status)


# Creating ------------------------------------------------------------------------------------------------------------
def test_create_imports_the_file_and_tells_of_every_row(tmp_path: Path) -> None:
    rows = [list(row) for row in debtor_rows(3)]
    rows[1][2] = None
    rows.append(["Sin fono", "", 1, "", ""])
    book = write_xlsx(tmp_path / "deudores.xlsx", [HEADERS, *rows])
    printed = manage(*creation(book, message="{nombre}: {deuda}, {cartera|nosotros}"))
    assert printed[0] == "deudores.xlsx (Deudores): 4 rows."
    assert [line for line in printed if line.startswith("Row 5: ")] != []
    assert printed[printed.index("Campaign “Noviembre” was created as a draft.") + 1 :] == [
        "It has 3 recipients.",
        "1 row lacks a value that the message needs, and is skipped:",
        "  row 3 (Deudor 1): {deuda}",
        "Note: no column is called {cartera}, so everybody gets its fallback.",
    ]


def test_create_as_json_prints_one_object(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "deudores.xlsx", [HEADERS, *debtor_rows(2), ("Mal", "1", 1, "", "")])
    created = as_json(*creation(book, message="{deuda} {cartera|x}"))
    report = created.pop("import")
    assert created == {
        "name": "Noviembre",
        "status": "draft",
        "recipients": 2,
        "incomplete": 0,
        "incomplete_rows": [],
        "always_fallback": ["cartera"],
    }
    assert (report["created"], report["rejected"], [each["row"] for each in report["rejects"]]) == (2, 1, [4])


def test_create_without_an_audience_says_how_to_get_one() -> None:
    arguments = [part for part in creation() if part not in ("--audience", "all")]
    assert manage(*arguments)[1:] == ["It has no audience yet: import one with `import_debtors FILE --campaign NAME`."]


def test_create_of_what_cannot_be_does_not_read_the_file(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "deudores.xlsx", [HEADERS, *debtor_rows(2)])
    assert refused(*creation(book), "--timezone", "Mars").startswith("“Mars” is no time zone.")
    assert (Debtor.objects.count(), Import.objects.count(), Campaign.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG\r\n\x1a\n not a spreadsheet", b"PK\x03\x04 half a zip"])
def test_create_for_what_is_no_spreadsheet_creates_nothing(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "deudores.xlsx"
    if content is not None:
        path.write_bytes(content)
    assert refused(*creation(path), "--json") != ""
    assert refused(*creation(tmp_path)) != ""
    assert (Debtor.objects.count(), Campaign.objects.count()) == (0, 0)


def test_create_for_a_file_that_does_not_fit_keeps_its_debtors_but_no_campaign(tmp_path: Path) -> None:
    book = write_xlsx(tmp_path / "deudores.xlsx", [HEADERS, *debtor_rows(2)])
    error = refused(*creation(book, message="Hola {nadie}"), "--json")
    assert error.splitlines()[-1] == "The file's debtors were imported, but no campaign was created."
    bad = write_xlsx(tmp_path / "malos.xlsx", [HEADERS, ("Mal", "1", 1, "", ""), ("Peor", "", 1, "", "")])
    assert refused(*creation(bad), "--json").startswith("The audience is empty")
    assert (Debtor.objects.count(), Campaign.objects.count()) == (2, 0)


# Status --------------------------------------------------------------------------------------------------------------
def test_status_as_json_has_exactly_these_keys_and_counts_that_sum_to_the_total() -> None:
    campaign = running()
    add_messages(campaign, 3)
    add_messages(campaign, 2, status=MessageStatus.SENT)
    status = as_json("status", "Noviembre")
    assert list(status) == KEYS
    assert status["total"] == 5 == sum(status[state.value] for state in MessageStatus)
    assert (status["name"], status["channel"], status["status"]) == ("Noviembre", "sms", "running")
    assert (status["pending"], status["sent"], status["pause_reason"]) == (3, 2, "")
    assert (status["enrolled"], status["waits_until"]) == (True, None)
    assert (status["rests_until"], status["pauses"]) == (None, [])
    assert (status["replied"], status["fallback"], status["attachment"], status["sessions"]) == (0, 0, None, None)
    assert [(lane["name"], lane["total"]) for lane in status["lanes"]] == [("Línea 1", 0), ("", 5)]


def test_status_tells_why_messages_failed_and_which_line_is_in_trouble(line: Gateway) -> None:
    campaign = running()
    add_messages(campaign, 2, status=MessageStatus.FAILED)
    add_messages(campaign, 1, status=MessageStatus.UNCERTAIN)
    Message.objects.filter(status="failed").update(reason="http_400", detail="bad number")
    Message.objects.filter(status="uncertain").update(reason="timeout", detail="No answer in time.")
    line.health, line.health_reason = LaneHealth.DOWN, "connect: The host took no connection."
    line.next_send_at = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)
    line.save()
    assert manage("status", "Noviembre") == [
        "Noviembre: running",
        "  total: 3",
        "  failed: 2",
        "  uncertain: 1",
        "  failed (2): the gateway answered with HTTP status 400 (for example: bad number)",
        "  uncertain (1): the gateway did not answer in time",
        "  The line “Línea 1” does not work: the gateway took no connection. It is tried again at 12:30:00.",
    ]


def test_status_tells_what_a_campaign_waits_for_in_its_own_zone() -> None:
    campaign = running()
    campaign.window_start, campaign.window_end, campaign.window_days = "09:00", "18:00", [0]
    sunday = datetime(2026, 11, 1, 12, tzinfo=UTC)
    progress = queries.progress(campaign, now=sunday)
    assert describe.describe(progress)[0] == (
        "Noviembre: running (its sending window opens at 2026-11-02 09:00 America/Santiago)"
    )
    assert progress.as_json()["waits_until"] == "2026-11-02T12:00:00+00:00"
    campaign.status, campaign.scheduled_at = "scheduled", datetime(2026, 11, 2, 15, tzinfo=UTC)
    assert describe.status_text(queries.progress(campaign)) == "scheduled (starts at 2026-11-02 12:00 America/Santiago)"
    campaign.status, campaign.pause_reason = "paused", "by hand"
    assert describe.status_text(queries.progress(campaign)) == "paused (by hand)"


def test_status_of_a_campaign_that_no_worker_takes_up_says_how_to_start_them() -> None:
    running()
    Campaign.objects.update(enrolled_at=None)
    assert manage("status", "Noviembre")[1] == "  its recipients are still being enrolled"
    Campaign.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    hint = "  Nobody has taken it up: start the workers with `bin/services start --workers`."
    assert manage("status", "Noviembre")[1] == hint
    for taken_up in ({"work_until": timezone.now()}, {"work_until": None, "enroll_cursor": {"import": 0, "row": 9}}):
        Campaign.objects.update(**taken_up)
        assert manage("status", "Noviembre")[1] == "  its recipients are still being enrolled"


def test_list_shows_the_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert manage("list") == ["There is no campaign yet. Create one with `manage.py campaign create`."]
    pool = Gateway.objects.get().pool
    for name in ("A", "B", "C"):
        add_messages(make_campaign(pool, name), 2)
    add_messages(Campaign.objects.get(name="C"), 1, status=MessageStatus.SENT)
    assert manage("list") == ["C  running  1/3", "B  running  0/2", "A  running  0/2"]
    assert [each["name"] for each in as_json("list")] == ["C", "B", "A"]
    monkeypatch.setattr(module, "LISTED", 1)
    assert manage("list") == ["C  running  1/3", "and 2 older ones"]


# States --------------------------------------------------------------------------------------------------------------
def test_start_pause_resume_and_cancel_print_the_state_they_stored() -> None:
    make_debtor()
    manage(*creation())
    assert as_json("start", "Noviembre", "--at", "2999-01-01T09:00")["status"] == "scheduled"
    assert as_json("start", "Noviembre")["status"] == "running"
    paused = as_json("pause", "Noviembre", "--reason", "revisar texto")
    assert (paused["status"], paused["pause_reason"]) == ("paused", "revisar texto")
    assert manage("resume", "Noviembre")[0] == "Noviembre: running"
    assert as_json("cancel", "Noviembre")["status"] == "cancelled"
    assert refused("pause", "Noviembre", "--json") == (
        "“Noviembre” can't be paused: it is cancelled. It sends nothing more: create another campaign."
    )


def test_retry_failed_tells_how_many() -> None:
    campaign = running(status=CampaignStatus.COMPLETED)
    add_messages(campaign, 2, status=MessageStatus.FAILED)
    assert manage("retry-failed", "Noviembre")[:2] == ["2 failed messages are sent again.", "Noviembre: running"]


def test_resolve_uncertain_as_retry_asks_for_a_yes_first() -> None:
    campaign = running()
    add_messages(campaign, 2, status=MessageStatus.UNCERTAIN)
    assert refused("resolve-uncertain", "Noviembre", "--as", "retry") == (
        "2 messages of “Noviembre” may have arrived: sent again, their debtors may get the text twice. "
        "Ask the gateway's operator first; add --yes to send them again."
    )
    assert as_json("status", "Noviembre")["uncertain"] == 2
    assert as_json("resolve-uncertain", "Noviembre", "--as", "retry", "--yes")["pending"] == 2
    assert refused("resolve-uncertain", "Noviembre", "--as", "sent") == "“Noviembre” has no uncertain messages."


def test_resolve_uncertain_as_sent_needs_no_yes() -> None:
    add_messages(running(), 2, status=MessageStatus.UNCERTAIN)
    assert manage("resolve-uncertain", "Noviembre", "--as", "sent") == [
        "2 uncertain messages are settled.",
        "Noviembre: running",
        "  total: 2",
        "  sent: 2",
    ]


def test_resolve_uncertain_as_failed_warns_of_sending_them_again() -> None:
    add_messages(running(), 1, status=MessageStatus.UNCERTAIN)
    assert manage("resolve-uncertain", "Noviembre", "--as", "failed")[:2] == [
        "1 uncertain message is settled.",
        "Note: retry-failed would send them again, and some may get the text twice.",
    ]


# Waiting -------------------------------------------------------------------------------------------------------------
class Later(threading.Thread):
    """A thread that says when its work begins."""

    def __init__(self, *, target: Callable[[], object]) -> None:
        super().__init__(target=target)
        self.begun = threading.Event()


def later(work: Callable[[], object], *, seconds: float) -> Later:
    """Do it in so many seconds, in a thread."""

    def run() -> None:
        time.sleep(seconds)
        thread.begun.set()
        work()
        connections.close_all()

    thread = Later(target=run)
    thread.start()
    return thread


@pytest.mark.parametrize("end", ["completed", "cancelled", "paused"])
def test_wait_ends_when_the_campaign_does(end: str) -> None:
    campaign = running()
    thread = later(lambda: Campaign.objects.filter(pk=campaign.pk).update(status=end), seconds=0.3)
    assert as_json("status", "Noviembre", "--wait")["status"] == end
    assert thread.begun.is_set()
    thread.join()


def test_wait_of_a_cancelled_campaign_ends_when_its_messages_are_skipped() -> None:
    campaign = running()
    sweep = later(lambda: Campaign.objects.filter(pk=campaign.pk).update(sweep_requested=False), seconds=0.4)
    assert as_json("cancel", "Noviembre", "--wait")["status"] == "cancelled"
    assert sweep.begun.is_set()
    sweep.join()


def test_wait_of_a_draft_ends_at_once_because_nothing_will_happen() -> None:
    running(status=CampaignStatus.DRAFT)
    assert as_json("status", "Noviembre", "--wait")["status"] == "draft"


def test_wait_while_mongodb_is_away_says_so_once_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(status=CampaignStatus.COMPLETED)
    progress = queries.progress
    failures = iter([AutoReconnect("gone"), AutoReconnect("gone"), AutoReconnect("gone")])

    def flaky(campaign: Campaign) -> queries.Progress:
        for error in failures:
            raise error
        return progress(campaign)

    monkeypatch.setattr(queries, "progress", flaky)
    errors = StringIO()
    out = StringIO()
    call_command("campaign", "status", "Noviembre", "--wait", "--json", stdout=out, stderr=errors)
    assert errors.getvalue().splitlines() == [
        "MongoDB does not answer. This goes on by itself once it does.",
        "MongoDB answers again.",
    ]
    assert json.loads(out.getvalue())["status"] == "completed"


def test_command_while_mongodb_is_away_ends_by_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_campaign: Campaign) -> queries.Progress:
        raise AutoReconnect("gone")

    running()
    monkeypatch.setattr(queries, "progress", away)
    assert refused("status", "Noviembre") == (
        "MongoDB does not answer, so it is not known whether this was done. Look at it once MongoDB runs."
    )


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_wait_that_is_interrupted_leaves_the_campaign_running(by: signal.Signals) -> None:
    running()
    Campaign.objects.update(enrolled_at=None, started_at=timezone.now() - timedelta(minutes=1))
    process = subprocess.Popen(
        [sys.executable, "manage.py", "campaign", "status", "Noviembre", "--wait", "--json"],
        cwd=settings.ROOT,
        env={**os.environ, "MONGODB_NAME": str(connection.settings_dict["NAME"]), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert "bin/services start --workers" in process.stderr.readline()  # it is waiting now
    process.send_signal(by)
    out, errors = process.communicate(timeout=90)
    assert (process.returncode, out) == (130, "")
    assert "“Noviembre”" in errors
    assert "Traceback" not in errors
    assert Campaign.objects.get().status == "running"
