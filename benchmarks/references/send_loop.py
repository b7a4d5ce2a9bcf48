"""The sequential loop: one debtor after another, each write awaited, no delay. Usage: send_loop.py URL N

MongoDB by URI; drops and fills DATABASE. For each message it stores five times: the debtor as processing and as done, a
log line, the message, and the campaign's count and progress. Prints {"messages", "seconds"}.
"""

import asyncio
import json
import os
import sys
import time
from datetime import UTC, datetime

import aiohttp
from stored import connect, fill, keep, mark, post


async def send(url: str, messages: int) -> float:
    async with connect(os.environ["URI"]) as client, aiohttp.ClientSession() as session:
        database = client[os.environ["DATABASE"]]
        campaign, _ = await fill(database, messages)
        started = time.perf_counter()
        for sent, debtor in enumerate(await database.debtors.find().to_list(), start=1):
            await mark(database, debtor["_id"], status="processing")
            text, answer = await post(session, url, debtor)
            await database.logs.insert_one(
                {"level": "info", "source": "campaign", "message": "SMS sent", "createdAt": datetime.now(UTC)}
            )
            await mark(database, debtor["_id"], status="done", lastContact=datetime.now(UTC))
            await keep(database, campaign, debtor, text, answer)
            progress = round(sent / messages * 100)
            await database.campaigns.update_one({"_id": campaign}, {"$set": {"sent": sent, "progress": progress}})
        return time.perf_counter() - started


if __name__ == "__main__":
    number = int(sys.argv[2])
    print(json.dumps({"messages": number, "seconds": asyncio.run(send(sys.argv[1], number))}))
