"""One lane of the engine in this process: slices of engine.deliver until a campaign's messages are sent.

    send_lane.py URL N CONCURRENCY [BATCH]

With a BATCH it is a line through Infobip's stand-in, so many messages in a request; else a generic one. On MONGODB_URI
and REDIS_URL, in the database MONGODB_NAME, which it drops before and after. The time is that of deliver alone: the
messages are there before. Prints {"messages", "seconds"}, and ends with 1 unless all were sent.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

import django  # found by the lines above

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from engine.deliver import deliver  # noqa: E402
from messaging import queries  # noqa: E402
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool  # noqa: E402

BODY = '{"phoneNumbers": ["{phone}"], "textMessage": {"text": "{message}"}, "id": "{id}"}'


def send(url: str, messages: int, concurrency: int, batch: int) -> float:
    pool = make_pool()
    if batch:
        given = {"base_url": url, "sender": "Benchmark", "token": "any", "batch_size": batch, "poll_s": 0}
        line = make_line(pool, kind_name="infobip", concurrency=concurrency, **given)
    else:
        line = make_line(pool, f"{url}/messages", body=BODY, concurrency=concurrency)
    campaign = make_campaign(pool)
    add_messages(campaign, messages)
    started = time.perf_counter()
    while queries.counts(campaign.pk)["pending"]:
        if not deliver(line.pk):
            sys.exit("the lane could not be taken")
    seconds = time.perf_counter() - started
    found = queries.counted(campaign.pk)
    if found["sent"] != messages or found != queries.counts(campaign.pk):
        sys.exit(f"not every message was sent and counted: {found}")
    return seconds


def main() -> None:
    client = connection.get_database().client
    name = connection.settings_dict["NAME"]
    client.drop_database(name)
    call_command("migrate", verbosity=0)
    number = int(sys.argv[2])
    try:
        batch = int(sys.argv[4]) if len(sys.argv) > 4 else 0
        print(json.dumps({"messages": number, "seconds": send(sys.argv[1], number, int(sys.argv[3]), batch)}))
    finally:
        client.drop_database(name)


if __name__ == "__main__":
    main()
