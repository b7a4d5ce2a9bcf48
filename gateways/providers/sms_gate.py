"""A line through Android phones with SMS Gate: by the vendor's cloud, a private server, or the phone's own server."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from domain.calls import ACCEPTED_RULES, UNCERTAIN_RULES, verdict_of
from domain.delivery import (
    Call,
    ErrorKind,
    Exchange,
    Failed,
    Health,
    Incoming,
    Outbound,
    Purpose,
    Receipt,
    ReceiptState,
    Reconciled,
    Scope,
    SendError,
    Sent,
    Unknown,
    Verdict,
)
from gateways.answers import is_page
from gateways.masking import Masker
from gateways.provider import Line, WebhookRequest
from gateways.providers import sms_gate_token as tokens
from gateways.providers.sms_gate_answer import content_of, judge, read_state, receipt_of, said
from gateways.providers.sms_gate_check import read_devices, read_health
from gateways.providers.sms_gate_webhook import read_webhook
from gateways.sms_gate_fields import EVENTS
from gateways.telling import Rule, Teller
from gateways.transport import Answer, Request, Seen, exchange, way_of

DETAIL_SHOWN = 200

REPEATABLE = timedelta(hours=12)
"""How long after it began a message may be sent again under its id: servers and phones forget old ids some day."""

POLLED_AT_ONCE = 20
MOST_POLLED = 200
"""Messages that one poll asks about, and so many at a time."""


class SmsGate:
    """One line's way out (see gateways.provider.Provider)."""

    can_reconcile = True

    def __init__(self, line: Line) -> None:
        config = line.config
        self._line = line
        rate = config["rate_per_second"]
        self._way = way_of(line, per_second=float(rate))
        # With a rate, a batch is what starts within one second: no message is SENDING long before its request.
        self.batch_size: int = min(config["concurrency"], rate) if rate else config["concurrency"]
        self.timeout: float = self._way.timeout + (2 if rate else 1)
        # The server knows an id by phone: without a phone's id the second request may go to another one.
        self.deduplicates_by_our_id: bool = config["mode"] == "local" or bool(config["device_id"])
        self.poll_every: float = float(config["poll_s"])
        self._bearer = ""
        self._latest_teller: tuple[str, Teller] | None = None

    def reserve(self, attempt_id: str) -> None:
        """Nothing: the far side takes our own id."""

    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        authorization = self._authorize(not_after=not_after)
        if isinstance(authorization, SendError):
            for outbound in batch:
                yield replace(authorization, attempt_id=outbound.attempt_id)
            return
        requests = [self._send_request(outbound, authorization) for outbound in batch]
        for request, answer, seen in self._exchange(requests, not_after=not_after):
            result, rule = self._judge(answer)
            self._record(Purpose.SEND, request, answer, seen, rule)
            yield result

    def reconcile(self, outbound: Outbound, *, not_after: float) -> Reconciled:
        """Ask for the message's state by our id; where it is unknown and can't go out twice, send it again.

        Never NotSent: HTTP can't fence a late original, and the server remembers for a while that it knew no such id.
        """
        authorization = self._authorize(not_after=not_after)
        if isinstance(authorization, SendError):
            return replace(authorization, attempt_id=outbound.attempt_id)
        request = self._state_request(outbound, authorization)
        [(_request, answer, seen)] = self._exchange([request], not_after=not_after)
        receipt, rule = self._read_state(answer)
        self._record(Purpose.STATUS, request, answer, seen, rule)
        if rule.name == "state":
            if receipt is not None and receipt.state is ReceiptState.FAILED:
                return Failed(outbound.attempt_id, receipt.code, receipt.detail)
            return Sent(outbound.attempt_id, outbound.attempt_id)
        if rule.name == "unknown_id":
            if not self._may_repeat(outbound):
                return Unknown(outbound.attempt_id, "The gateway doesn't know the message.")
            [repeated] = self.send([outbound], not_after=not_after)
            return repeated
        result, _rule = self._judge(answer)
        told_none = Unknown(outbound.attempt_id, "The gateway's answer tells no state of the message.")
        return result if isinstance(result, SendError) else told_none

    def poll(self, waiting: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        """The states of waiting messages, asked for each by its id: the list of all would be longer."""
        for place in range(0, min(len(waiting), MOST_POLLED), POLLED_AT_ONCE):
            not_after = time.monotonic() + self._way.timeout
            authorization = self._authorize(not_after=not_after)
            if isinstance(authorization, SendError):
                return
            asked = [self._state_request(one, authorization) for one in waiting[place : place + POLLED_AT_ONCE]]
            receipts: list[Receipt | Incoming] = []
            whole = True
            for request, answer, seen in self._exchange(asked, not_after=not_after):
                receipt, rule = self._read_state(answer)
                self._record(Purpose.POLL, request, answer, seen, rule)
                whole &= rule.name in ("state", "unknown_id")
                if receipt is not None:
                    receipts.append(receipt)
            yield receipts
            if not whole:
                return

    def receipts(self, request: WebhookRequest) -> Iterable[Receipt | Incoming]:
        found = read_webhook(request, self._line.config, now=time.time())
        return [replace(one, detail=self._clean(one.detail)) if isinstance(one, Receipt) else one for one in found]

    def check(self) -> Health:
        """Whether the credentials are taken, and whether the phone is there and well."""
        not_after = time.monotonic() + self._way.timeout
        authorization = self._authorize(not_after=not_after)
        if isinstance(authorization, SendError):
            return Health(False, authorization.detail)
        local = self._line.config["mode"] == "local"
        if local:
            answer = self._ask(Purpose.CHECK, self._request("GET", "/health", authorization), not_after=not_after)
            health = read_health(answer)
            if not health.ok:
                return self._cleaned(health)
        path = "/device" if local else "/devices"
        answer = self._ask(Purpose.CHECK, self._request("GET", path, authorization), not_after=not_after)
        return self._cleaned(read_devices(answer, self._line.config["device_id"], now=datetime.now(UTC)))

    def register(self) -> Health:
        """One webhook an event, each with an id of our own: a second time, or with another secret, it is replaced."""
        if not self._line.callback_url:
            return Health(False, "This server has no public address (PUBLIC_URL).")
        authorization = self._authorize(not_after=time.monotonic() + self._way.timeout)
        if isinstance(authorization, SendError):
            return Health(False, authorization.detail)
        for event in EVENTS:
            id = hashlib.sha256(f"{self._line.id}/{event}".encode()).hexdigest()[:21]
            webhook = {"id": id, "url": self._line.callback_url, "event": event}
            if self._line.config["device_id"]:
                webhook["deviceId"] = self._line.config["device_id"]
            request = self._request("POST", "/webhooks", authorization, body=json.dumps(webhook).encode())
            answer = self._ask(Purpose.SETUP, request, not_after=time.monotonic() + self._way.timeout)
            if isinstance(answer, SendError):
                return Health(False, answer.detail)
            if not 200 <= answer.status < 300 or not isinstance(content_of(answer.body), dict):
                return Health(False, f"{event}: HTTP {answer.status}: {self._clean(said(answer))}")
        return Health(True)

    # Requests --------------------------------------------------------------------------------------------------------
    def _request(
        self, method: str, path: str, authorization: str, *, attempt_id: str = "", body: bytes | None = None
    ) -> Request:
        headers = {"Authorization": authorization, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return Request(attempt_id, method, self._line.config["base_url"] + path, headers, body)

    def _send_request(self, outbound: Outbound, authorization: str) -> Request:
        config = self._line.config
        payload: dict[str, Any] = {
            "id": outbound.attempt_id,
            "textMessage": {"text": outbound.text},
            "phoneNumbers": [outbound.phone],
            "withDeliveryReport": config["with_delivery_report"],
            "priority": config["priority"],
        }
        optional = {"deviceId": "device_id", "simNumber": "sim_number", "ttl": "ttl_s"}
        payload |= {name: config[field] for name, field in optional.items() if config[field]}
        body = json.dumps(payload, ensure_ascii=False).encode(errors="replace")
        return self._request("POST", self._messages, authorization, attempt_id=outbound.attempt_id, body=body)

    def _state_request(self, outbound: Outbound, authorization: str) -> Request:
        path = f"{self._messages}/{outbound.attempt_id}"
        return self._request("GET", path, authorization, attempt_id=outbound.attempt_id)

    @property
    def _messages(self) -> str:
        """Where messages are: on the phone itself, apps before 1.24 know the first name alone."""
        return "/message" if self._line.config["mode"] == "local" else "/messages"

    def _authorize(self, *, not_after: float) -> str | SendError:
        """The Authorization header, for which a token may have to be made first; nothing else has gone out then."""
        config = self._line.config
        basic = f"Basic {base64.b64encode(config['token'].encode()).decode()}"
        if config["auth"] == "basic":
            return basic
        if config["auth"] == "bearer":
            return f"Bearer {config['token']}"
        key = tokens.key_of(self._line.id, config)
        self._bearer = tokens.kept(key) or ""
        if not self._bearer:
            request = self._request("POST", "/auth/token", basic, body=tokens.request_body())
            [(_request, answer, seen)] = self._exchange([request], not_after=not_after)
            token = tokens.read_token(answer, now=datetime.now(UTC)) if isinstance(answer, Answer) else None
            self._bearer = token.text if token else ""
            self._record(Purpose.SETUP, request, answer, seen, Rule("token" if token else "no_token"), hide=bool(token))
            if token is None:
                return self._no_token(answer)
            tokens.keep(key, token)
        return f"Bearer {self._bearer}"

    def _no_token(self, answer: Answer | SendError) -> SendError:
        """Why there is no token. Whatever it was, no message has begun."""
        if isinstance(answer, SendError):
            code, detail, rest = answer.code, f"No token was given: {answer.detail}", answer.retry_after
        else:
            judged, _rule = judge(answer, now=datetime.now(UTC))
            rest = judged.retry_after if isinstance(judged, SendError) else None
            code = "no_token" if 200 <= answer.status < 300 else f"http_{answer.status}"
            detail = f"No token was given: {self._clean(said(answer))}"
        return SendError("", ErrorKind.REFUSED, code, detail, Scope.LINE, rest)

    # Answers ---------------------------------------------------------------------------------------------------------
    def _exchange(
        self, requests: Sequence[Request], *, not_after: float
    ) -> Iterator[tuple[Request, Answer | SendError, Seen]]:
        by_attempt = {request.attempt_id: request for request in requests}
        seen: MutableMapping[str, Seen] = {}
        for answer in exchange(requests, self._way, not_after=not_after, seen=seen):
            if isinstance(answer, Answer) and answer.status == 401 and self._bearer:
                tokens.forget(tokens.key_of(self._line.id, self._line.config))
            yield by_attempt[answer.attempt_id], answer, seen[answer.attempt_id]

    def _ask(self, purpose: Purpose, request: Request, *, not_after: float) -> Answer | SendError:
        [(_request, answer, seen)] = self._exchange([request], not_after=not_after)
        fine = isinstance(answer, Answer) and 200 <= answer.status < 300
        rule = Rule("answered") if fine else self._judge(answer)[1]
        self._record(purpose, request, answer, seen, rule)
        return answer

    def _judge(self, answer: Answer | SendError) -> tuple[Sent | SendError, Rule]:
        if isinstance(answer, SendError):
            return answer, Rule(answer.code)
        result, rule = judge(answer, now=datetime.now(UTC))
        return replace(result, detail=self._clean(result.detail, whole=not answer.cut)), rule

    def _read_state(self, answer: Answer | SendError) -> tuple[Receipt | None, Rule]:
        """What the answer to a question for a state says, where it says more than that the message was accepted."""
        if isinstance(answer, SendError):
            return None, Rule(answer.code)
        state = read_state(answer.body) if 200 <= answer.status < 300 else None
        if state is not None and state.id == answer.attempt_id:
            receipt = receipt_of(state, answer.attempt_id)
            cleaned = replace(receipt, detail=self._clean(receipt.detail)) if receipt else None
            return cleaned, Rule("state", "state", state.word)
        if answer.status == 404 and not is_page(answer):
            return None, Rule("unknown_id")
        return None, Rule("page" if is_page(answer) else "no_state", "state")

    def _may_repeat(self, outbound: Outbound) -> bool:
        fresh = outbound.started_at is None or datetime.now(UTC) - outbound.started_at < REPEATABLE
        return self.deduplicates_by_our_id and fresh

    # Telling ---------------------------------------------------------------------------------------------------------
    def _record(
        self,
        purpose: Purpose,
        request: Request,
        answer: Answer | SendError,
        seen: Seen,
        rule: Rule,
        *,
        hide: bool = False,
    ) -> None:
        """Tell the line's log of a call; if `hide`, without the answer's text. What did not start is none."""
        if rule.name == "not_started":
            return
        told = self._teller().later(request, seen, answer, rule)
        attempts = (request.attempt_id,) if request.attempt_id else ()
        shown = partial(_without_answer, told) if hide else told
        self._line.record(Call(purpose, shown, attempts, _verdict(answer, rule)))

    def _teller(self) -> Teller:
        """One for all calls with the same token, which it has to know."""
        if self._latest_teller is None or self._latest_teller[0] != self._bearer:
            self._latest_teller = (self._bearer, Teller(self._masker()))
        return self._latest_teller[1]

    def _cleaned(self, health: Health) -> Health:
        return replace(health, detail=self._clean(health.detail))

    def _clean(self, text: str, *, whole: bool = True) -> str:
        """The beginning of the far side's words, should they repeat a credential of ours."""
        return self._masker().brief(text, DETAIL_SHOWN, whole=whole) if text else ""

    def _masker(self) -> Masker:
        """Knows every text of the line that a far side's answer must not bring into our logs or pages."""
        token = self._line.config["token"]
        callback = self._line.callback_url.rpartition("/")[2]  # whoever has it can report in the phone's name
        return Masker({token, *token.split(":", 1), self._line.config["signing_key"], callback, self._bearer})


def _verdict(answer: Answer | SendError, rule: Rule) -> Verdict:
    """How a call ended."""
    if isinstance(answer, SendError):
        return verdict_of([answer])
    if rule.name in ACCEPTED_RULES:
        return Verdict.ACCEPTED
    return Verdict.UNCERTAIN if rule.name in UNCERTAIN_RULES else Verdict.REFUSED


def _without_answer(told: Callable[[], Exchange]) -> Exchange:
    return replace(told(), answer_body="")
