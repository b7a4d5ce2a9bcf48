"""Turns messages into the requests that Infobip takes: many messages in one, each with our attempt's id."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from domain.delivery import Outbound
from gateways.infobip_fields import PATHS, SCHEMES
from gateways.provider import Line
from gateways.transport import Request

REPORTS = {"v3": "/sms/3/reports", "v2": "/sms/1/reports"}
LOGS = {"v3": "/sms/3/logs", "v2": "/sms/1/logs"}
TEXTS = "/sms/1/inbox/reports"
BALANCE = "/account/1/balance"
JSON = "application/json"


def send_request(line: Line, batch: Sequence[Outbound]) -> Request:
    """The request that sends these messages, named by the first one's attempt."""
    make = _message_v2 if line.config["api_version"] == "v2" else _message_v3
    body: dict[str, Any] = {"messages": [make(line, outbound) for outbound in batch]}
    if line.config["api_version"] == "v2":
        body["includeSmsCountInResponse"] = True
    else:
        body["options"] = {"includeSmsCountInResponse": True}
    return Request(
        batch[0].attempt_id,
        "POST",
        line.config["base_url"] + PATHS[line.config["api_version"]],
        {**_headers(line.config), "Content-Type": f"{JSON}; charset=utf-8"},
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"),
    )


def question(line: Line, path: str, **query: str | int) -> Request:
    """A request that asks. Reports and texts that it brings are not given again."""
    shared = {"applicationId": line.config["application_id"], "entityId": line.config["entity_id"]}
    told = query | {name: value for name, value in shared.items() if value and path != BALANCE}
    url = line.config["base_url"] + path + (f"?{urlencode(told)}" if told else "")
    return Request(str(query.get("messageId", path)), "GET", url, _headers(line.config))


def secrets_of(line: Line) -> set[str]:
    """Every text of the line that a far side's answer must not bring into our logs or pages (gateways.masking)."""
    token = line.config["token"]
    parts = token.split(":", 1) if line.config["auth"] == "basic" else []
    return {token, *parts, line.callback_url.rpartition("/")[2]}


def _message_v3(line: Line, outbound: Outbound) -> dict[str, Any]:
    message: dict[str, Any] = {
        "sender": line.config["sender"],
        "destinations": [{"to": outbound.phone.removeprefix("+"), "messageId": outbound.attempt_id}],
        "content": {"text": outbound.text},
    }
    options: dict[str, Any] = {}
    if platform := _platform(line.config):
        options["platform"] = platform
    if line.config["validity_min"]:
        options["validityPeriod"] = {"amount": line.config["validity_min"], "timeUnit": "MINUTES"}
    if options:
        message["options"] = options
    if reports_to(line):
        message["webhooks"] = {
            "delivery": {"url": reports_to(line)},
            "contentType": JSON,
            "callbackData": outbound.attempt_id,
        }
    return message


def _message_v2(line: Line, outbound: Outbound) -> dict[str, Any]:
    message: dict[str, Any] = {
        "from": line.config["sender"],
        "destinations": [{"to": outbound.phone.removeprefix("+"), "messageId": outbound.attempt_id}],
        "text": outbound.text,
        **_platform(line.config),
    }
    if line.config["validity_min"]:
        message["validityPeriod"] = line.config["validity_min"]
    if reports_to(line):
        message |= {
            "notifyUrl": reports_to(line),
            "notifyContentType": JSON,
            "callbackData": outbound.attempt_id,
        }
    return message


def reports_to(line: Line) -> str:
    """Where Infobip posts what becomes of a message; empty where it is not asked to."""
    return line.callback_url if line.config["callbacks"] else ""


def _platform(config: Mapping[str, Any]) -> dict[str, str]:
    named = {"entityId": config["entity_id"], "applicationId": config["application_id"]}
    return {name: value for name, value in named.items() if value}


def _headers(config: Mapping[str, Any]) -> dict[str, str]:
    token = config["token"]
    if config["auth"] == "basic":
        token = base64.b64encode(token.encode()).decode()
    return {"Authorization": f"{SCHEMES[config['auth']]} {token}", "Accept": JSON}
