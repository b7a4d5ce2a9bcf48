"""What the loop and the queue worker store in MongoDB for each message, one command after another."""

from datetime import UTC, datetime
from typing import Any

import pymongo
from aiohttp import ClientSession
from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

Document = dict[str, Any]
Database = AsyncDatabase[Document]


async def fill(database: Database, messages: int) -> tuple[ObjectId, list[Document]]:
    """A campaign and its debtors, in an empty database; the campaign's id and the debtors."""
    await database.client.drop_database(database.name)
    campaign = await database.campaigns.insert_one({"name": "x", "sent": 0, "failed": 0, "progress": 0})
    now = datetime.now(UTC)
    debtors: list[Document] = [
        {
            "name": f"n{number}",
            "phone": f"+569{40_000_000 + number}",
            "debt": number,
            "status": "available",
            "createdAt": now,
            "updatedAt": now,
        }
        for number in range(messages)
    ]
    await database.debtors.insert_many(debtors, ordered=False)
    return campaign.inserted_id, debtors


async def mark(database: Database, debtor: ObjectId, **changes: Any) -> None:
    await database.debtors.update_one({"_id": debtor}, {"$set": {**changes, "updatedAt": datetime.now(UTC)}})


async def post(session: ClientSession, url: str, debtor: Document) -> tuple[str, str]:
    """Sends the debtor's text; the text, and what the gateway answered."""
    text = f"Hola {debtor['name']}, su deuda es {debtor['debt']}"
    body = {"phoneNumbers": [debtor["phone"]], "textMessage": {"text": text}}
    async with session.post(f"{url}/messages", json=body) as response:
        return text, await response.text()


async def keep(database: Database, campaign: ObjectId, debtor: Document, text: str, answer: str) -> None:
    """The message as it was sent."""
    now = datetime.now(UTC)
    await database.messages.insert_one(
        {
            "campaignId": campaign,
            "debtorId": debtor["_id"],
            "phone": debtor["phone"],
            "content": text,
            "channel": "sms",
            "status": "sent",
            "sentAt": now,
            "providerResponse": answer,
            "createdAt": now,
            "updatedAt": now,
        }
    )


def connect(uri: str) -> pymongo.AsyncMongoClient[Document]:
    return pymongo.AsyncMongoClient(uri)
