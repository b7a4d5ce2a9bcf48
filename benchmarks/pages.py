"""How long lists take with few debtors and messages, and with many: wanted is at most twice as long.

    .venv/bin/python benchmarks/pages.py [--few 1000] [--many 1000000] [--rounds 15]

Runs MongoDB and Redis of its own, and fills two databases: debtors, messages of one campaign and log entries in the
same number, a conversation with each debtor, and a suppression for every tenth. Then asks for each page of both in this
one process, by turns, through all of Django (Django's own test client, signed in as an administrator or as an
executive), and prints one JSON object: milliseconds of both, each a median of the rounds, and the ratio of the medians.
Each page was asked for twice before. What is filtered by is frequent enough for a thousand to show rows too, because
rows cost time by themselves; the rare combinations show next to none of a thousand. A million take five minutes or more
to fill in.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

from send_sms import GIVEN, machine, services  # noqa: E402

FIRST = ("María", "José", "Ana", "Luis", "Carmen", "Pedro", "Rosa", "Juan", "Elena", "Camila", "Diego", "Sofía")
LAST = ("González", "Muñoz", "Rojas", "Díaz", "Pérez", "Soto", "Contreras", "Silva", "Martínez", "Sepúlveda")
RARE = "Zenobia"
"""The name of three debtors, however many there are."""
STATES = ("pending", "sent", "sent", "delivered", "delivered", "delivered", "read", "failed", "skipped")
EXECUTIVES = 20
BATCH = 10_000


class Filled:
    """One database, with a client that is signed in to it and the addresses of its pages."""

    def __init__(self, name: str, rows: int) -> None:
        from django.core.management import call_command
        from django.test import Client

        from accounts.models import User
        from accounts.roles import set_role
        from domain.roles import Role

        self.name = name
        self.enter()
        database().client.drop_database(name)
        call_command("migrate", verbosity=0)
        administrator = User.objects.create_superuser("ana", password=None)
        set_role(administrator, Role.ADMINISTRATOR)
        executives = [User.objects.create_user(f"ejecutivo{n}") for n in range(EXECUTIVES)]
        for user in executives:
            set_role(user, Role.EXECUTIVE)
        self.owners = [user.pk for user in executives]
        self.loading = {what: round(seconds) for what, seconds in self._fill(rows)}
        self.client, self.executive = Client(), Client()
        self.client.force_login(administrator)
        self.executive.force_login(executives[3])

    def enter(self) -> None:
        """Have everything that Django asks go to this database."""
        from django.db import connection

        connection.ensure_connection()
        connection.settings_dict["NAME"] = self.name
        connection.database = connection.connection[self.name]  # type: ignore[attr-defined]  # the engine's own

    def _fill(self, rows: int) -> Iterator[tuple[str, float]]:
        from campaigns.models import Campaign
        from tests.factories.sending import make_campaign, make_line, make_pool

        pool = make_pool()
        self.line = make_line(pool, "https://gateway.example/send")
        self.campaign = make_campaign(pool, "Noviembre")
        Campaign.objects.filter(pk=self.campaign.pk).update(owner=self.owners[3])
        draw = random.Random(7)
        kinds: tuple[tuple[str, Callable[[random.Random, int], Iterator[dict[str, Any]]]], ...] = (
            ("debtors_debtor", self._debtors),
            ("messaging_message", self._messages),
            ("messaging_conversation", self._conversations),
            ("debtors_suppression", self._suppressions),
            ("systemlog_systemlog", self._log),
        )
        for table, make in kinds:
            began = time.monotonic()
            load(table, make(draw, rows))
            yield table, time.monotonic() - began
        counts = {state: number for state, number in self.states.items() if number}
        database()["messaging_tally"].insert_one(
            {"campaign": self.campaign.pk, "lane": "", **dict.fromkeys(self._every_state(), 0), **counts}
        )

    def _every_state(self) -> list[str]:
        from domain.states import MessageStatus

        return [state.value for state in MessageStatus]

    def _debtors(self, draw: random.Random, rows: int) -> Iterator[dict[str, Any]]:
        from bson import Decimal128, Int64, ObjectId

        from debtors.models import found_by

        now = datetime.now(UTC).replace(tzinfo=None)
        self.keys = []
        for number in range(rows):
            first = RARE if number % (rows // 3) == rows // 7 else draw.choice(FIRST)
            phone = f"+569{10_000_000 + number}"
            values = {
                "name": f"{first} {draw.choice(LAST)} {draw.choice(LAST)}",
                "rut": f"{5_000_000 + number}-{number % 10}",
                "external_id": "",
                "phone": phone,
            }
            key = ObjectId()
            owner = draw.choice(self.owners)
            self.keys.append((key, values["name"], phone, owner))
            yield {
                **values, **found_by(**values), "_id": key, "identity": f"rut:{values['rut']}", "phone_raw": phone,
                "country": "PE" if number % 97 == 0 else "CL", "debt": Decimal128(str(draw.randrange(1000, 9_000_000))),
                "due_date": datetime(2026, 1, 1) + timedelta(days=draw.randrange(365)),  # noqa: DTZ001  # as stored
                "owner_id": owner,
                "metadata": {"tramo": draw.choice(("0-30", "31-60", "61-90")), "cartera": f"Banco {number % 20}",
                             "comuna": f"Comuna {number % 340}"},
                "created_at": now, "updated_at": now - timedelta(seconds=draw.randrange(10_000_000)),
                "suppressed": number % 17 == 0, "answered_at": now if number % 23 == 0 else None,
                "revision": Int64(0),
            }  # fmt: skip

    def _messages(self, draw: random.Random, rows: int) -> Iterator[dict[str, Any]]:
        from domain.folding import fold
        from lib.mongo import to_document
        from messaging.models import Message

        now = datetime.now(UTC)
        self.states: dict[str, int] = {}
        usual = to_document(
            Message(campaign=self.campaign.pk, channel="sms", status="sent", phone="", text="Hola",
                    pool=self.campaign.sms_pool_id, gateway=self.line.pk, created_at=now, updated_at=now)
        )  # fmt: skip
        usual.pop("_id", None)
        for number, (key, name, phone, _) in enumerate(self.keys):
            state = STATES[number % len(STATES)]
            self.states[state] = self.states.get(state, 0) + 1
            reason = "refused" if state == "failed" else ""
            yield {
                **usual, "debtor": key, "name": name, "folded_name": fold(name), "phone": phone, "status": state,
                "row": number + 2, "reason": reason, "sent_at": usual["created_at"] if state == "sent" else None,
            }  # fmt: skip

    def _conversations(self, draw: random.Random, rows: int) -> Iterator[dict[str, Any]]:
        from domain.people import person_key
        from lib.mongo import to_document
        from messaging.models import Conversation

        now = datetime.now(UTC)
        usual = to_document(Conversation(last_direction="in", last_at=now, last_in_at=now, last_text="Ya pagué"))
        usual.pop("_id", None)
        for key, name, phone, owner in self.keys:
            at = usual["last_at"] - timedelta(seconds=draw.randrange(10_000_000))
            yield {
                **usual, "key": person_key(phone), "phone": phone, "name": name, "debtor": key, "last_at": at,
                "gateway": self.line.pk, "last_gateway": self.line.pk, "unread": 1, "is_unread": bool(at.second % 2),
                "owners": [owner],
            }  # fmt: skip

    def _suppressions(self, draw: random.Random, rows: int) -> Iterator[dict[str, Any]]:
        from debtors.models import Suppression, SuppressionSource
        from domain.finding import search_words
        from lib.mongo import to_document

        now = datetime.now(UTC)
        usual = to_document(Suppression(phone="", source=SuppressionSource.REPLY, at=now, said="BAJA"))
        usual.pop("_id", None)
        for _, name, phone, _ in self.keys[: rows // 10]:
            at = usual["at"] - timedelta(seconds=draw.randrange(10_000_000))
            words = search_words(name=name, rut="", external_id="", phone=phone)
            yield {**usual, "phone": phone, "name": name, "words": words, "at": at, "active": draw.random() < 0.9}

    def _log(self, draw: random.Random, rows: int) -> Iterator[dict[str, Any]]:
        from lib.mongo import to_document
        from systemlog.models import SystemLog

        now = datetime.now(UTC)
        usual = to_document(SystemLog(at=now, level="info", source="engine.deliver", message="Sent."))
        usual.pop("_id", None)
        for number in range(rows):
            level = "error" if number % 15 == 0 else "info"
            yield {**usual, "at": usual["at"] - timedelta(seconds=number % 5_000_000), "level": level}

    def pages(self) -> dict[str, str]:
        debtors, campaign = "/debtors/?", f"/campaigns/{self.campaign.pk}/messages/"
        return {
            "debtors": debtors + "show=all",
            "debtors by name": debtors + "order=name",
            "debtors: a frequent word": debtors + "q=mar",
            "debtors: a rare word": debtors + f"q={RARE}",
            "debtors: two words": debtors + "q=mar+gon",
            "debtors: a phone": debtors + "q=910000100",
            "debtors: one executive's": debtors + f"owner={self.owners[3]}",
            "debtors: opted out": debtors + "suppressed=yes",
            "debtors: have answered": debtors + "answered=yes",
            "debtors: debt and country": debtors + "debt_from=8.900.000&country=pe",
            "debtors: a column": debtors + "key=cartera&value=Banco+7",
            "debtors: a column and a word": debtors + "key=cartera&value=Banco+7&q=camila",
            "debtors: failed in a campaign": debtors + f"campaign={self.campaign.pk}&state=failed",
            "debtors: in a campaign, and a word": debtors + f"campaign={self.campaign.pk}&q=camila",
            "conversations": "/messages/",
            "conversations: unread": "/messages/?show=unread",
            "messages of a campaign": campaign,
            "messages: failed": f"{campaign}?status=failed",
            "messages: searched": f"{campaign}?q=mar",
            "suppressions": "/suppressions/",
            "suppressions: a word": "/suppressions/?q=mar",
            "log": "/log/",
            "log: errors": "/log/?level=error",
            "admin: debtors": "/admin/debtors/debtor/",
            "admin: debtors by a phone": "/admin/debtors/debtor/?q=%2B56910000100",
            "admin: messages": "/admin/messaging/message/",
            "admin: failed messages": "/admin/messaging/message/?status__exact=failed",
            "admin: conversations": "/admin/messaging/conversation/",
            "admin: log": "/admin/systemlog/systemlog/",
            "executive: debtors": debtors,
            "executive: a frequent word": debtors + "q=mar",
            "executive: a column": debtors + "key=tramo&value=0-30",
            "executive: conversations": "/messages/",
            "executive: unread": "/messages/?show=unread",
            "executive: campaigns": "/campaigns/",
        }

    def milliseconds(self, name: str, path: str) -> float:
        self.enter()
        client = self.executive if name.startswith("executive") else self.client
        began = time.perf_counter()
        answer = client.get(path)
        spent = (time.perf_counter() - began) * 1000
        if answer.status_code != 200:
            raise SystemExit(f"{path} answers {answer.status_code}")
        return spent


def database() -> Any:
    from django.db import connection

    return connection.get_database()  # type: ignore[attr-defined]  # the engine's own


def load(table: str, documents: Iterable[dict[str, Any]]) -> None:
    """Insert into a collection whose indexes are built afterwards, which is several times as fast."""
    found = database()[table]
    indexes = [index for index in found.list_indexes() if index["name"] != "_id_"]
    found.drop_indexes()
    batch: list[dict[str, Any]] = []
    for document in documents:
        batch.append(document)
        if len(batch) == BATCH:
            found.insert_many(batch, ordered=False)
            batch = []
    if batch:
        found.insert_many(batch, ordered=False)
    if indexes:
        keep = ("key", "name", "unique", "sparse", "partialFilterExpression", "expireAfterSeconds")
        specs = [{name: index[name] for name in keep if name in index} for index in indexes]
        database().command({"createIndexes": table, "indexes": specs})


def measured(few: int, many: int, rounds: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    both = [Filled(f"benchmark_pages_{rows}", rows) for rows in (few, many)]
    paths = [each.pages() for each in both]
    found: dict[str, Any] = {}
    for name in paths[0]:
        times: list[list[float]] = [[], []]
        for turn in range(rounds + 2):
            for place, each in enumerate(both):
                spent = each.milliseconds(name, paths[place][name])
                if turn >= 2:
                    times[place].append(spent)
        medians = [statistics.median(one) for one in times]
        found[name] = {
            "few_ms": round(medians[0], 1), "many_ms": round(medians[1], 1), "ratio": round(medians[1] / medians[0], 2)
        }  # fmt: skip
        print(f"{name}: {found[name]}", file=sys.stderr)
    return {"few": few, "many": many, "rounds": rounds, "loading_s": both[1].loading, "pages": found,
            "largest_ratio": max(page["ratio"] for page in found.values())}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN}
    with (
        tempfile.TemporaryDirectory(prefix="whatsmassive-benchmark-", ignore_cleanup_errors=True) as name,
        services(Path(name), clean) as environment,
    ):
        os.environ.update(environment, MONGODB_NAME="benchmark_pages", SYSTEM_LOG="no")
        found = measured(options.few, options.many, options.rounds)
        print(json.dumps({**found, "machine": machine(environment)}))


if __name__ == "__main__":
    main()
