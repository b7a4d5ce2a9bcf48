"""A process killed in the middle of a transaction: MongoDB keeps what it wrote to itself until the transaction ends."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pymongo import MongoClient

from engine import lane, recover
from gateways.models import Gateway
from lib.mongo import collection
from messaging import claims
from messaging.models import Message
from tests.factories.sending import add_messages, make_campaign, make_line, make_pool

pytestmark = pytest.mark.timeout(300)

DIES = """
import os, sys
from pymongo import MongoClient
client = MongoClient(os.environ["MONGODB_URI"])
with client.start_session() as session:
    session.start_transaction()
    client[sys.argv[1]].rows.update_one({"_id": 1}, {"$set": {"by": "the dead"}}, session=session)
    print("in the middle", flush=True)
    sys.stdin.read()
"""


@contextmanager
def lifetime_limit(client: MongoClient[dict[str, object]], seconds: int) -> Iterator[int]:
    """Another limit of the server for a while, to wait less; gives its own."""
    name = "transactionLifetimeLimitSeconds"
    usual = client.admin.command({"getParameter": 1, name: 1})[name]
    client.admin.command({"setParameter": 1, name: seconds})
    try:
        yield usual
    finally:
        client.admin.command({"setParameter": 1, name: usual})


def test_what_a_killed_process_wrote_is_free_soon() -> None:
    """MongoDB does not end a transaction with its connection. Left alone it would last 60 s, and recovery as long."""
    name = f"died_in_transaction_{os.getpid()}"
    with MongoClient[dict[str, object]](os.environ["MONGODB_URI"]) as client:
        try:
            rows = client[name].rows
            rows.insert_one({"_id": 1})
            command = [sys.executable, "-c", DIES, name]
            with lifetime_limit(client, 2) as usual:
                assert usual <= 15
                with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                    assert process.stdout is not None
                    assert process.stdout.readline() == b"in the middle\n"
                    process.kill()
                rows.update_one({"_id": 1}, {"$set": {"by": "the living"}})  # waits until the other one is undone
            assert rows.find_one() == {"_id": 1, "by": "the living"}
        finally:
            client.drop_database(name)


@contextmanager
def open_transaction(gateway: Gateway) -> Iterator[None]:
    """One that wrote to the messages which the line holds, and does not end."""
    messages = collection(Message)
    with messages.database.client.start_session() as session:
        session.start_transaction()
        messages.update_many({"gateway": gateway.pk}, {"$set": {"detail": "by the dead"}}, session=session)
        yield
        session.abort_transaction()


@pytest.mark.whole_database
def test_lane_that_can_t_be_recovered_yet_keeps_no_other_waiting(clean_database: None) -> None:
    pool = make_pool()
    lines = [make_line(pool, "http://127.0.0.1:1/send") for _ in range(2)]
    campaign = make_campaign(pool)
    add_messages(campaign, 4)
    for line in lines:
        held = lane.acquire(line.pk, lease=30)
        assert held is not None
        assert len(claims.claim(held.holder, pool=pool.pk, campaign=campaign.pk, limit=2, shared=True)) == 2
    collection(Gateway).update_many({}, [{"$set": {"lane_until": "$$NOW"}}])
    with open_transaction(lines[0]):
        assert recover.recover_expired() == 1
    assert recover.recover_expired() == 1
    assert set(Gateway.objects.values_list("lane_state", flat=True)) == {"idle"}
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
