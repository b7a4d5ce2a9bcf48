"""What happens in the demo: people from a spreadsheet, three sessions, one SMS line, a campaign of each channel.

Runs beside the product's processes and uses its own commands, as staff would.
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

import django

django.setup()

import requests  # noqa: E402  # Django's settings come first
from django.core.management import call_command  # noqa: E402
from django.utils import translation  # noqa: E402

from campaigns.models import Campaign  # noqa: E402
from campaigns.queries import progress  # noqa: E402
from debtors.models import DebtorWork  # noqa: E402
from demo import sheet, staff, verdict  # noqa: E402
from demo.far_sides import SMS_RULES, WHATSAPP_RULES  # noqa: E402
from domain.whatsapp_ids import key_of  # noqa: E402
from gateways.models import Gateway  # noqa: E402
from lib.mongo import retry_unavailable, server_now  # noqa: E402
from messaging.models import Message  # noqa: E402
from sessions_app.models import Session  # noqa: E402
from sessions_app.queries import connected_gateways  # noqa: E402

SESSIONS = {"Ventas 1": "56950000001", "Ventas 2": "56950000002", "Ventas 3": "56950000003"}
WHATSAPP_POOL, SMS_POOL, LINE = "WhatsApp", "SMS", "Línea SMS 1"
CAMPAIGNS = {
    "Recordatorio WhatsApp": (
        "whatsapp",
        "Hola {nombre}, le recordamos su deuda de {deuda} con {acreedor}. ¿Cuándo podría pagarla?",
    ),
    "Aviso SMS": ("sms", "{nombre}: su deuda de {deuda} vence el {vencimiento}. Responda BAJA para no recibir más."),
    "WhatsApp o SMS": (
        "whatsapp_fallback_sms",
        "Hola {nombre}, soy {ejecutivo|su ejecutivo}. ¿Conversamos sobre su deuda de {deuda}?",
    ),
}
PACE = ("--delay", "0.5", "--variation", "0")
STANDSTILL = 155.0
"""Seconds without any change after which the demo gives up: a line that fails three times rests 144 s at most."""
DEADLINE = 600.0
"""Seconds from the demo's beginning after which it gives up in any case."""
CALM, CALM_WHILE_OWED = 4.0, 20.0
"""Seconds without a change, after the campaigns' end, until which receipts are waited for; more while some are owed."""
OUTAGE = 60.0
"""Seconds for which MongoDB may be away when something is read."""
LATE_WORD = 12.0
"""Seconds after which the simulated WhatsApp makes up for an ack that got lost."""
DELIVERED_ACK = 2


T = TypeVar("T")


class GaveUp(Exception):
    """The demo does not go on; the message says what it waited for."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def run(*command: str) -> None:
    call_command(*command, stdout=io.StringIO())


class Story:
    """`whatsapp` and `sms` are the addresses of the stand-ins, `since` is when the demo began (Unix time)."""

    def __init__(self, *, whatsapp: str, sms: str, people: int, data: Path, since: float) -> None:
        self.whatsapp, self.sms, self.people, self.data = whatsapp, sms, people, data
        self.since = since
        self.made_up_for: set[str] = set()

    def wait(self, what: str, until: Callable[[], bool], moved: Callable[[], Any], every: float = 0.5) -> None:
        """Wait for as long as something moves. Raises GaveUp."""
        last, still_since = _patiently(moved), time.monotonic()
        while not _patiently(until):
            now = _patiently(moved)
            if now != last:
                last, still_since = now, time.monotonic()
            elif time.monotonic() - still_since > STANDSTILL:
                raise GaveUp(
                    f"for {STANDSTILL:g} s nothing has moved while it waited for {what}: {last}\n{self.standing()}"
                )
            if time.time() - self.since > DEADLINE:
                raise GaveUp(f"{DEADLINE:g} s are over, and it still waits for {what}: {last}\n{self.standing()}")
            time.sleep(every)

    def begin(self) -> None:
        """Everything up to the start of the campaigns."""
        requests.put(f"{self.whatsapp}/control", json=WHATSAPP_RULES, timeout=30).raise_for_status()
        requests.put(f"{self.sms}/control", json=SMS_RULES, timeout=30).raise_for_status()
        made = sheet.write(self.data / "cartera.xlsx", self.people)
        say(f"Importing {made.path.name} …")
        run("import_debtors", str(made.path))
        run("pool", "add", WHATSAPP_POOL, "--channel", "whatsapp", *PACE)
        run("pool", "add", SMS_POOL, "--channel", "sms", *PACE)
        body = '{"to": "{phone}", "text": "{message}", "id": "{id}", "callback": "{callback_url}"}'
        fields = {"url": f"{self.sms}/send", "method": "POST", "body": body, "deduplicates": "yes", "timeout_s": "10"}
        settings = [part for name, value in fields.items() for part in ("--set", f"{name}={value}")]
        run("gateway", "add", LINE, "--kind", "http_generic", "--pool", SMS_POOL, "--price", "32", *settings)
        self.pair()
        for name, (channel, message) in CAMPAIGNS.items():
            pools = [] if channel == "sms" else ["--whatsapp-pool", WHATSAPP_POOL]
            pools += [] if channel == "whatsapp" else ["--sms-pool", SMS_POOL]
            run(
                "campaign", "create", name, "--channel", channel, "--message", message, *pools,
                "--window", "none", "--audience", "all",
            )  # fmt: skip
            run("campaign", "start", name)

    def hire(self) -> list[staff.Hired]:
        """People with the other roles, to sign in as."""
        return staff.hire(
            next(iter(CAMPAIGNS)),
            lambda what, until: self.wait(
                what, until, lambda: list(DebtorWork.objects.values_list("status", "looked"))
            ),
        )

    def _works(self) -> list[tuple[str, int]]:
        return list(DebtorWork.objects.values_list("status", "looked"))

    def pair(self) -> None:
        """Three sessions, each scanned by its phone as soon as it shows a QR."""
        say("Pairing three WhatsApp sessions …")
        for name in SESSIONS:
            run(
                "session", "add", name, "--pool", WHATSAPP_POOL,
                "--per-minute", "0", "--per-hour", "0", "--per-day", "0", "--first-contacts", "0",
            )  # fmt: skip
            run("session", "connect", name, "--wait", "0")
        self.wait("the sessions to be paired", self._paired, lambda: list(Session.objects.values_list("status", "qr")))

    def _paired(self) -> bool:
        found = list(Session.objects.filter(name__in=SESSIONS))
        for session in found:
            if session.status == "pairing" and session.qr:
                # A code that was refreshed meanwhile is refused, and the next one scanned.
                requests.post(
                    f"{self.whatsapp}/phone/scan", json={"qr": session.qr, "number": SESSIONS[session.name]}, timeout=90
                )
        return len(connected_gateways([session.gateway for session in found])) == len(SESSIONS)

    def end(self) -> None:
        """Wait until the campaigns are done, and nothing that the far sides still report changes a count."""
        started = time.monotonic()

        def done() -> bool:
            self.make_up_for_lost_acks()
            found = self.counts()
            total = sum(sum(counts.values()) for counts in found.values())
            left = sum(counts["pending"] + counts["claimed"] + counts["sending"] for counts in found.values())
            say(f"{time.monotonic() - started:5.0f} s   {total - left} of {total} messages")
            return all(campaign.status == "completed" for campaign in Campaign.objects.filter(name__in=CAMPAIGNS))

        self.wait("the campaigns to end", done, self.counts, every=2.0)
        last, since = _patiently(self.counts), time.monotonic()
        while time.monotonic() - since < (CALM_WHILE_OWED if any(one["sent"] for one in last.values()) else CALM):
            time.sleep(0.5)
            if (now := _patiently(self.counts)) != last:
                last, since = now, time.monotonic()

    def make_up_for_lost_acks(self) -> None:
        """WhatsApp's late word: after a while it acknowledges what it had taken without saying so."""
        for arrival in self._arrivals(self.whatsapp):
            late = time.time() - arrival["at"] > LATE_WORD
            if arrival["fault"] == "ack_lost" and late and arrival["id"] not in self.made_up_for:
                receipt = {"number": arrival["account"], "id": arrival["id"], "ack": DELIVERED_ACK}
                requests.post(f"{self.whatsapp}/phone/receipt", json=receipt, timeout=30).raise_for_status()
                self.made_up_for.add(arrival["id"])

    def counts(self) -> dict[str, dict[str, int]]:
        found = {campaign.name: progress(campaign).counts for campaign in Campaign.objects.filter(name__in=CAMPAIGNS)}
        return {name: found[name] for name in CAMPAIGNS if name in found}

    def standing(self) -> str:
        """How the lines and their sessions do, for who asks why nothing moves."""

        def read() -> str:
            states = dict(Session.objects.values_list("gateway", "status"))
            lines = [f"MongoDB's time is {server_now():%H:%M:%S}."]
            for line in Gateway.objects.order_by("name"):
                until = f"not before {line.next_send_at:%H:%M:%S}" if line.next_send_at else "at any time"
                said = [line.lane_state, line.health, line.health_reason, states.get(line.pk, ""), f"sends {until}"]
                lines.append(f"  {line.name}: {', '.join(word for word in said if word)}")
            return "\n".join(lines)

        return _patiently(read)

    def judged(self) -> verdict.Verdict:
        names = dict(Campaign.objects.filter(name__in=CAMPAIGNS).values_list("pk", "name"))
        sent = Message.objects.filter(campaign__in=list(names)).only("campaign", "phone", "status", "attempts")
        messages = [
            verdict.Stored(
                campaign=names[message.campaign],
                phone=message.phone,
                status=message.status,
                # On WhatsApp an attempt goes by an id that is made of ours.
                attempts=tuple(
                    known for one in message.attempts or () for known in (one.attempt_id, key_of(one.attempt_id))
                ),
            )
            for message in sent
        ]
        taken_over = [*self._taken_over(self.whatsapp), *self._taken_over(self.sms)]
        return verdict.judge(messages, taken_over, counts=self.counts())

    def _taken_over(self, far_side: str) -> list[str]:
        return [arrival["id"] for arrival in self._arrivals(far_side) if arrival["outcome"] == "accepted"]

    def _arrivals(self, far_side: str) -> list[dict[str, Any]]:
        answer = requests.get(f"{far_side}/journal", params={"after": 0, "limit": 1_000_000}, timeout=60)
        found: list[dict[str, Any]] = answer.json()["arrivals"]
        return found

    def report(self, found: verdict.Verdict, seconds: float) -> dict[str, Any]:
        shown = ("sent", "delivered", "read", "failed", "skipped", "uncertain")
        campaigns = [
            {
                "name": name,
                "channel": CAMPAIGNS[name][0],
                "total": sum(counts.values()),
                **{status: counts[status] for status in shown},
            }
            for name, counts in self.counts().items()
        ]
        return {
            "campaigns": campaigns,
            "received_by_simulators": found.received,
            "duplicates": found.duplicates,
            "seconds": round(seconds, 1),
        }


def _patiently(read: Callable[[], T]) -> T:
    """What `read` returns, asked again while MongoDB is away."""
    return retry_unavailable(read, seconds=OUTAGE)


def table(report: dict[str, Any]) -> str:
    """The report for a person."""
    names = ("total", "sent", "delivered", "read", "failed", "skipped", "uncertain")
    lines = [f"{'':24}" + "".join(f"{name:>11}" for name in names)]
    lines += [f"{row['name']:24}" + "".join(f"{row[name]:>11}" for name in names) for row in report["campaigns"]]
    lines.append(f"received by the simulators: {report['received_by_simulators']}, duplicates: {report['duplicates']}")
    return "\n".join([*lines, f"{report['seconds']} s"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--whatsapp", required=True)
    parser.add_argument("--sms", required=True)
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pages", required=True, help="address of the pages")
    parser.add_argument("--since", type=float, required=True, help="when the demo began, seconds since the epoch")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    story = Story(whatsapp=given.whatsapp, sms=given.sms, people=given.people, data=given.data, since=given.since)
    with translation.override("es"):
        try:
            story.begin()
            if not given.once:
                hired = "".join(f"  {one.role}: {one.username}, {one.password}\n" for one in story.hire())
                say(
                    f"\nThree campaigns are on their way: {given.pages}\n"
                    f"What others see, by user and password:\n{hired}"
                    f"To pair another session, scan its QR with the simulated phone: {given.whatsapp}/phone\n"
                    "Everything stays open until Ctrl-C.\n"
                )
                return 0
            story.end()
        except GaveUp as error:
            say(f"The demo gave up: {error}")
            return 1
    found = story.judged()
    report = story.report(found, time.time() - given.since)
    for difference in found.differences:
        say(difference)
    print(json.dumps(report, ensure_ascii=False) if given.json else table(report), flush=True)
    return 1 if found.differences or found.duplicates else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # the whole is being stopped, and has said so
        sys.exit(130)
