"""The usual queue worker: a job a message in Redis, so many at once. Usage: send_queue.py URL N CONCURRENCY

MongoDB by URI, Redis by REDIS; drops and fills DATABASE. A job is taken from the waiting list into the active one and
removed when it is done, as reliable queues do. For each message it stores four times: the debtor as processing and as
done, the message, and the campaign's count. The time includes adding the jobs. Prints {"messages", "seconds"}.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

import aiohttp
import redis.asyncio
from bson import ObjectId
from stored import connect, fill, keep, mark, post

CHUNK = 1000


async def send(url: str, messages: int, concurrency: int) -> float:
    name = os.environ["DATABASE"]
    waiting, active = f"{name}.waiting", f"{name}.active"
    queue = redis.asyncio.from_url(os.environ["REDIS"], max_connections=concurrency + 1)
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with connect(os.environ["URI"]) as client, aiohttp.ClientSession(connector=connector) as session, queue:
        database = client[name]
        campaign, debtors = await fill(database, messages)
        await queue.delete(waiting, active)

        async def work() -> None:
            while job := await queue.lmove(waiting, active, "LEFT", "RIGHT"):
                debtor = json.loads(job)
                debtor["_id"] = ObjectId(debtor["id"])
                await mark(database, debtor["_id"], status="processing")
                text, answer = await post(session, url, debtor)
                await mark(database, debtor["_id"], status="done", lastContact=datetime.now(UTC))
                await keep(database, campaign, debtor, text, answer)
                await database.campaigns.update_one({"_id": campaign}, {"$inc": {"sent": 1}})
                await queue.lrem(active, 1, job)

        started = time.perf_counter()
        jobs = [
            json.dumps({"id": str(one["_id"]), "phone": one["phone"], "name": one["name"], "debt": one["debt"]})
            for one in debtors
        ]
        for start in range(0, messages, CHUNK):
            await queue.rpush(waiting, *jobs[start : start + CHUNK])
        await asyncio.gather(*(work() for _ in range(concurrency)))
        return time.perf_counter() - started


if __name__ == "__main__":
    number, at_once = int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"messages": number, "seconds": asyncio.run(send(sys.argv[1], number, at_once))}))
