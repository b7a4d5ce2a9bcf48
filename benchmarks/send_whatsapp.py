"""A session's lane in this process: slices of engine.deliver until two campaigns are sent, and where their time went.

    send_whatsapp.py BROWSER.json N FIRST_NUMBER

BROWSER.json is a connected browser as sessions_app keeps it. On MONGODB_URI and REDIS_URL, in the database
MONGODB_NAME, which it drops before and after. The first campaign goes to N people whom nobody has written to, from that
number on, the second to the same ones. Prints {"new": {...}, "known": {...}}, each with messages, seconds, and the
seconds of these that were spent in MongoDB, in calls of the browser's driver, in pauses between two looks at the page,
and in the provider's send, which holds the last two and some of the first. Ends with 1 unless all were sent.
"""

import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

import django  # found by the lines above
from pymongo import monitoring

spent: Counter[str] = Counter()


class Commands(monitoring.CommandListener):
    """Counts MongoDB's commands and their time as this process sees it."""

    def started(self, event: monitoring.CommandStartedEvent) -> None: ...

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        spent["mongodb"] += event.duration_micros / 1e6
        spent["commands"] += 1

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        spent["mongodb"] += event.duration_micros / 1e6


monitoring.register(Commands())
django.setup()

from bson import ObjectId  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from campaigns.models import Campaign  # noqa: E402
from domain.states import MessageStatus  # noqa: E402
from engine.deliver import deliver  # noqa: E402
from gateways.models import Gateway  # noqa: E402
from gateways.providers.whatsapp_web import WhatsAppWeb  # noqa: E402
from messaging import claims, queries  # noqa: E402
from sessions_app.browser.driver import AttachedRemote  # noqa: E402
from tests.factories.sending import make_campaign  # noqa: E402
from tests.factories.sessions import make_session, make_whatsapp_pool  # noqa: E402

# Never reached, but counted as those of a real session are.
LIMITS = {"per_hour": 10_000, "per_day": 100_000}


PATIENCE = 180.0


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose time in the lane's thread is counted under that name."""
    lane = threading.get_ident()

    def wrapper(*arguments: Any, **more: Any) -> Any:
        if threading.get_ident() != lane:
            return function(*arguments, **more)
        started = time.perf_counter()
        try:
            return function(*arguments, **more)
        finally:
            spent[name] += time.perf_counter() - started

    return wrapper


def watch() -> None:
    """Time from now on what a message needs of others."""
    AttachedRemote.execute = timed("driver", AttachedRemote.execute)
    time.sleep = timed("pauses", time.sleep)
    WhatsAppWeb._send = timed("provider", WhatsAppWeb._send)


def make_line(browser: dict[str, Any]) -> Gateway:
    pool = make_whatsapp_pool(delay_seconds=0.0, variation_seconds=0.0)
    session = make_session(
        pool,
        connected=True,
        driver_url=browser["driver_url"],
        driver_session=browser["driver_session"],
        browser=browser,
    )
    line = Gateway.objects.get(pk=session.gateway)
    line.config |= LIMITS
    # The page refuses holders that are earlier than one that it knows of, and it knows those of earlier rounds.
    line.lane_epoch = int(time.time())
    line.save(update_fields=["config", "lane_epoch"])
    return line


def make_work(line: Gateway, people: range) -> Campaign:
    campaign = make_campaign(line.pool)
    Campaign.objects.filter(pk=campaign.pk).update(channel="whatsapp", sms_pool=None, whatsapp_pool=line.pool)
    drafts = [
        {
            "debtor": ObjectId(),
            "pool": line.pool_id,
            "channel": "whatsapp",
            "row": row + 2,
            "name": f"Deudor {row}",
            "phone": f"+{person}",
            "text": f"Hola {row}",
            "variant": 0,
            "status": MessageStatus.PENDING.value,
        }
        for row, person in enumerate(people)
    ]
    claims.enroll(campaign.pk, drafts)
    return campaign


def send(line: Gateway, people: range) -> dict[str, float]:
    campaign = make_work(line, people)
    spent.clear()
    started = time.perf_counter()
    while queries.counts(campaign.pk)["pending"]:
        if not deliver(line.pk):
            sys.exit("the lane could not be taken")
        if time.perf_counter() - started > PATIENCE:
            sys.exit(f"not sent within {PATIENCE:g} s: {queries.counts(campaign.pk)}")
    seconds = time.perf_counter() - started
    found = {**spent}
    counts = queries.counted(campaign.pk)
    if counts["sent"] != len(people) or counts != queries.counts(campaign.pk):
        sys.exit(f"not every message was sent and counted: {counts}")
    return {"messages": len(people), "seconds": seconds, **found}


def main() -> None:
    browser, number, first = json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]), int(sys.argv[3])
    client = connection.get_database().client
    name = connection.settings_dict["NAME"]
    client.drop_database(name)
    call_command("migrate", verbosity=0)
    people = range(first, first + number)
    try:
        line = make_line(browser)
        watch()
        print(json.dumps({turn: send(line, people) for turn in ("new", "known")}))
    finally:
        client.drop_database(name)


if __name__ == "__main__":
    main()
