"""Infobip's words: its statuses, its errors in either form, its times."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

_GROUPS = {1: "PENDING", 2: "UNDELIVERABLE", 3: "DELIVERED", 4: "EXPIRED", 5: "REJECTED"}


def status(group: int, id: int, name: str, description: str) -> Json:
    return {"groupId": group, "groupName": _GROUPS[group], "id": id, "name": name, "description": description}


ACCEPTED = status(1, 26, "PENDING_ACCEPTED", "Message accepted, pending for delivery.")
REPEATED = status(5, 23, "REJECTED_DUPLICATE_MESSAGE_ID", "Message id was already used.")
NO_CREDIT = status(5, 12, "REJECTED_NOT_ENOUGH_CREDITS", "Not enough credits.")
BAD_NUMBER = status(5, 52, "REJECTED_DESTINATION", "Invalid destination address.")
BY_STATE = {
    "accepted": ACCEPTED,
    "sent": status(3, 2, "DELIVERED_TO_OPERATOR", "Message delivered to operator."),
    "delivered": status(3, 5, "DELIVERED_TO_HANDSET", "Message delivered to handset."),
    "read": status(3, 5, "DELIVERED_TO_HANDSET", "Message delivered to handset."),
    "failed": status(2, 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent, not delivered."),
}
NO_ERROR = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": False}
ABSENT = {
    "groupId": 1,
    "groupName": "HANDSET_ERRORS",
    "id": 27,
    "name": "EC_ABSENT_SUBSCRIBER",
    "description": "Absent Subscriber",
    "permanent": False,
}


def error(path: str, code: str, description: str, violations: Sequence[Json] = ()) -> Json:
    """An error as the version of the path has it."""
    if path.startswith("/sms/3/"):
        return {
            "errorCode": code,
            "description": description,
            "action": "Check the request.",
            "violations": list(violations),
            "resources": [],
        }
    return {"requestError": {"serviceException": {"messageId": code, "text": description}}}


def moment(at: float) -> str:
    """2019-11-09T16:00:00.000+0000"""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def report(message_id: str, to: str, state: str, *, bulk: str, data: str, at: float) -> Json:
    """A delivery report of a message, or its entry in the logs."""
    found: Json = {
        "bulkId": bulk,
        "messageId": message_id,
        "to": to,
        "sentAt": moment(at),
        "doneAt": moment(time.time()),
        "messageCount": 1,
        "price": {"pricePerMessage": 0.01, "currency": "EUR"},
        "status": BY_STATE[state],
        "error": ABSENT if state == "failed" else NO_ERROR,
    }
    return found | ({"callbackData": data} if data else {})
