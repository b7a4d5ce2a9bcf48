"""A line behind any gateway's HTTP interface: one request a message, as the line's fields describe it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property

from domain.calls import verdict_of
from domain.delivery import (
    Call,
    ErrorKind,
    Health,
    Incoming,
    Outbound,
    Purpose,
    Receipt,
    Reconciled,
    SendError,
    Sent,
    Unknown,
)
from gateways import net
from gateways.masking import Masker
from gateways.provider import Line, WebhookRequest
from gateways.providers.generic_answer import judge, judge_status, read_report
from gateways.providers.generic_callback import read_callback
from gateways.providers.generic_request import Unsendable, secrets_of, send_request, status_request
from gateways.providers.generic_trace import GenericTeller
from gateways.telling import Rule
from gateways.transport import BODY_LIMIT, Answer, Request, Seen, exchange, failure, way_of

DETAIL_SHOWN = 200
POLL_ENDS = (401, 403, 407, 429, 500, 502, 503, 504)
"""Statuses after which nothing more is asked for now."""


class HttpGeneric:
    """One generic line's way out (see gateways.provider.Provider)."""

    def __init__(self, line: Line) -> None:
        config = line.config
        self._line = line
        rate = config["rate_per_second"]
        self._way = way_of(line, per_second=float(rate))
        # With a rate, a batch is what starts within one second: no message is SENDING long before its request.
        self.batch_size: int = min(config["concurrency"], rate) if rate else config["concurrency"]
        self.timeout: float = self._way.timeout + (2 if rate else 1)
        self.deduplicates_by_our_id: bool = config["deduplicates"]
        self.poll_every: float = float(config["poll_s"]) if config["status_url"] else 0.0
        self.can_reconcile: bool = config["deduplicates"] or bool(config["status_url"])

    def reserve(self, attempt_id: str) -> None:
        """Nothing: the far side's own id comes with its answer."""

    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        requests: list[Request] = []
        for outbound in batch:
            try:
                requests.append(send_request(self._line, outbound))
            except Unsendable as error:
                yield SendError(outbound.attempt_id, ErrorKind.PERMANENT, error.code, error.detail)
        asked = {request.attempt_id: request for request in requests}
        seen: dict[str, Seen] = {}
        for answer in exchange(requests, self._way, not_after=not_after, seen=seen):
            result, rule = self._read(answer)
            attempt = answer.attempt_id
            self._record(Purpose.SEND, asked.pop(attempt), seen.pop(attempt), answer, rule, result)
            yield result

    def _record(
        self,
        purpose: Purpose,
        request: Request,
        seen: Seen,
        answer: Answer | SendError,
        rule: Rule,
        result: Reconciled,
    ) -> None:
        """Tell the line's log of the call. What did not start is none."""
        if rule.name != "not_started":
            teller = self._teller if purpose is Purpose.SEND else self._status_teller
            told = teller.later(request, seen, answer, rule)
            self._line.record(Call(purpose, told, (request.attempt_id,), verdict_of([result])))

    def _read(self, answer: Answer | SendError) -> tuple[Sent | SendError, Rule]:
        if isinstance(answer, SendError):
            return answer, Rule(answer.code)
        result, rule = judge(answer, self._line.config, now=datetime.now(UTC))
        whole = len(answer.body) < BODY_LIMIT
        return replace(result, detail=self._clean(result.detail, whole=whole)), rule

    def reconcile(self, outbound: Outbound, *, not_after: float) -> Reconciled:
        """Send again under the same id where the far side deduplicates, else ask its status address.

        Never NotSent: HTTP can't fence a late original. An error of the second request says nothing of the first,
        which may have met a better moment.
        """
        if self.deduplicates_by_our_id:
            [result] = self.send([outbound], not_after=not_after)
            return result
        if not self._line.config["status_url"]:
            return Unknown(outbound.attempt_id, "The line neither deduplicates by our id nor tells a message's state.")
        try:
            request = status_request(self._line, outbound)
        except Unsendable as error:
            return Unknown(outbound.attempt_id, error.detail)
        seen: dict[str, Seen] = {}
        [answer] = exchange([request], self._way, not_after=not_after, seen=seen)
        found, rule = self._read_status(answer)
        self._record(Purpose.STATUS, request, seen[answer.attempt_id], answer, rule, found)
        return found

    def _read_status(self, answer: Answer | SendError) -> tuple[Reconciled, Rule]:
        if isinstance(answer, SendError):
            return answer, Rule(answer.code)
        said, rule = judge_status(answer, self._line.config)
        return replace(said, detail=self._clean(said.detail, whole=len(answer.body) < BODY_LIMIT)), rule

    def poll(self, waiting: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        """What the status address says of each, as many at once as the line sends."""
        for place in range(0, len(waiting), self.batch_size):
            requests: list[Request] = []
            for outbound in waiting[place : place + self.batch_size]:
                with suppress(Unsendable):
                    requests.append(status_request(self._line, outbound))
            reports, whole = self._ask(requests)
            yield reports
            if not whole:
                return

    def _ask(self, requests: Sequence[Request]) -> tuple[list[Receipt], bool]:
        """What is reported of these, and whether each was answered."""
        asked = {request.attempt_id: request for request in requests}
        seen: dict[str, Seen] = {}
        reports: list[Receipt] = []
        whole = True
        for answer in exchange(requests, self._way, not_after=time.monotonic() + self._way.timeout, seen=seen):
            found, rule = self._read_status(answer)
            self._record(Purpose.POLL, asked[answer.attempt_id], seen[answer.attempt_id], answer, rule, found)
            report = None if isinstance(answer, SendError) else read_report(answer, self._line.config)
            if report is not None:
                reports.append(replace(report, detail=self._clean(report.detail)))
            whole &= not isinstance(answer, SendError) and answer.status not in POLL_ENDS
        return reports, whole

    def receipts(self, request: WebhookRequest) -> Iterable[Receipt | Incoming]:
        found = read_callback(request, self._line.config)
        return [replace(one, detail=self._clean(one.detail)) if isinstance(one, Receipt) else one for one in found]

    def check(self) -> Health:
        """Name, connection and TLS alone: a request, even an empty one, may be taken for a message."""
        try:
            net.try_to_connect(
                self._line.config["url"],
                timeout=min(self._way.timeout, 10.0),
                verify_tls=self._way.verify_tls,
                allow_private=self._way.allow_private,
            )
        except (OSError, ValueError) as error:
            return Health(False, failure("", error, begun=False).detail)
        return Health(True)

    def _clean(self, text: str, *, whole: bool = True) -> str:
        """The beginning of the far side's words, should they repeat a credential of ours."""
        return self._mask.brief(text, DETAIL_SHOWN, whole=whole) if text else ""

    @cached_property
    def _teller(self) -> GenericTeller:
        config = self._line.config
        return GenericTeller(self._line, self._mask, address=config["url"], escaped_in=config["encoding"])

    @cached_property
    def _status_teller(self) -> GenericTeller:
        return GenericTeller(self._line, self._mask, address=self._line.config["status_url"], escaped_in="utf-8")

    @cached_property
    def _mask(self) -> Masker:
        return Masker(secrets_of(self._line), self._line.config["encoding"])
