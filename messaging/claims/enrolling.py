"""New messages: one per recipient of a campaign, however often it is asked for, and those that belong to none."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.errors import BulkWriteError

from domain.folding import fold
from domain.sms_text import measure
from domain.states import MessageStatus
from lib.mongo import collection, run_tx, server_now, session
from messaging.claims.rerouting import SMS
from messaging.claims.steps import count, naive
from messaging.models import Kind, Message

S = MessageStatus
MAX_NAME = 200


def enroll(campaign: ObjectId, drafts: Sequence[Mapping[str, Any]]) -> int:
    """Add the recipients that the campaign does not have yet; returns how many were new.

    Each draft holds debtor, pool, channel, row, name, phone, text, variant and status (pending or skipped), with a
    reason and a detail where it is skipped, the parts of an SMS, and an attachment where there is one. Calling it again
    with the same debtors adds nothing.
    """
    while True:
        try:
            return _enroll_new(campaign, drafts)
        except BulkWriteError as error:
            # Somebody else enrolled one of them in between: look again, and add what is still missing.
            if any(e.get("code") != 11000 for e in error.details.get("writeErrors", [])):
                raise


def _enroll_new(campaign: ObjectId, drafts: Sequence[Mapping[str, Any]]) -> int:
    messages = collection(Message)
    wanted = {draft["debtor"]: draft for draft in reversed(drafts)}  # the first row of a debtor wins
    present = messages.find({"campaign": campaign, "debtor": {"$in": list(wanted)}}, {"debtor": 1})
    for row in present:
        wanted.pop(row["debtor"], None)
    if not wanted:
        return 0
    now = naive(server_now())
    documents = [
        _document(now, {"kind": Kind.CAMPAIGN.value, "campaign": campaign, **draft})
        for draft in drafts
        if wanted.pop(draft["debtor"], None) is not None
    ]
    counts = Counter(S(document["status"]) for document in documents)

    def work() -> int:
        messages.insert_many(documents, ordered=False, session=session())
        count(None, {(campaign, None, status, None): number for status, number in counts.items()})
        return len(documents)

    return run_tx(work)


def add_direct(
    *,
    kind: Kind,
    gateway: ObjectId,
    pool: ObjectId,
    channel: str,
    phone: str,
    text: str,
    attachment: ObjectId | None = None,
    debtor: ObjectId | None = None,
    name: str = "",
    id: ObjectId | None = None,
) -> ObjectId:
    """A message of no campaign that goes out by this line alone, before those of campaigns; its id.

    `pool` is the line's; `phone` is E.164. `id` is the message's where the caller has chosen it, so that asking twice
    for the same one makes one: the second time raises DuplicateKeyError.
    """
    way = {"gateway": gateway, "pool": pool, "channel": channel, "attachment": attachment}
    parts = measure(text).parts if channel == SMS else None
    content = {"kind": kind.value, "phone": phone, "text": text, "parts": parts, "status": S.PENDING.value}
    document = _document(naive(server_now()), {**way, **content, "debtor": debtor, "name": name})
    if id is not None:
        document["_id"] = id
    inserted: ObjectId = collection(Message).insert_one(document, session=session()).inserted_id
    return inserted


def _document(now: datetime, fields: Mapping[str, Any]) -> dict[str, Any]:
    """A new message as it is stored, due at once if it is pending; `fields` are what is special to it."""
    return {
        "campaign": None,
        "debtor": None,
        "gateway": None,
        "dealt": False,
        "attachment": None,
        "reason": "",
        "detail": "",
        "row": None,
        "name": "",
        "variant": 0,
        "parts": None,
        **fields,
        "folded_name": fold(fields.get("name", ""))[:MAX_NAME],
        "due_at": now if fields["status"] == S.PENDING.value else None,
        "claim_token": "",
        "claim_epoch": 0,
        "checks": 0,
        "attempts": [],
        "created_at": now,
        "updated_at": now,
        "sent_at": None,
        "delivered_at": None,
        "read_at": None,
        "failed_at": None,
    }
