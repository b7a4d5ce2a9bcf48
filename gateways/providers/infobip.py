"""A line through Infobip: many messages in a request, each with an id of ours that Infobip takes only once.

Why a batch may be cut up and sent again, and how doubts are settled: docs/adr/0024-infobip.md.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
    Scope,
    SendError,
    Sent,
    Unknown,
    Verdict,
)
from gateways.infobip_fields import MOST_IN_A_REQUEST
from gateways.masking import Masker
from gateways.provider import Line, WebhookRequest
from gateways.providers import infobip_request as requests
from gateways.providers.infobip_answer import DETAIL_SHOWN, Refused, read_balance, read_logs, read_send
from gateways.providers.infobip_reports import read_call, read_page, results_in
from gateways.telling import Rule, Teller
from gateways.transport import BODY_LIMIT, Answer, Request, Seen, Way, exchange, way_of

ANSWER_OF_A_MESSAGE = 2048
"""Bytes of an answer that one message of a request may take."""

PAGE = 1000
"""Reports in an answer, at most: Infobip gives no more."""

PAGE_LIMIT = PAGE * 4096
MOST_PAGES = 50
"""Pages of one poll: what is left comes with the next one."""

MOST_REFUSALS = 3
"""Refusals that name their messages, or are of a single one, before the line is blamed, where none was accepted."""

REPEATABLE = timedelta(hours=24)
"""How old an attempt may be to be sent again under its id: nobody says how long Infobip remembers ids."""


class Infobip:
    """One Infobip line's way out (see gateways.provider.Provider)."""

    deduplicates_by_our_id = True
    can_reconcile = True

    def __init__(self, line: Line) -> None:
        config = line.config
        self._line = line
        self._size: int = config["batch_size"]
        self._reports = requests.REPORTS[config["api_version"]]
        self._logs = requests.LOGS[config["api_version"]]
        self._way = way_of(line, body_limit=BODY_LIMIT + ANSWER_OF_A_MESSAGE * self._size)
        # The rate is the lane's: it starts no more messages at once than half a second of it.
        self.batch_size: int = min(self._size * config["concurrency"], MOST_IN_A_REQUEST)
        self.per_request = self._size
        self.timeout: float = self._way.timeout + 1
        self.poll_every = float(config["poll_s"])

    def reserve(self, attempt_id: str) -> None:
        """Nothing: Infobip's id of a message is ours."""

    # Sending ---------------------------------------------------------------------------------------------------------
    def send(self, batch: Sequence[Outbound], *, not_after: float) -> Iterator[Sent | SendError]:
        """Send in requests of many. One that is refused for a message in it goes again without that message.

        Where the refusal names none it goes in halves, the smallest first: so a line that refuses everything is found
        out by a few messages.
        """
        left = [batch[place : place + self._size] for place in range(0, len(batch), self._size)]
        accepted, refusals, blame = False, 0, None
        while left:
            now, left = left[: self._way.concurrency], left[self._way.concurrency :]
            stopped: SendError | None = None
            for piece, read in self._send_pieces(now, not_after):
                if isinstance(read, Refused):
                    ended, again = _after_refusal(piece, read)
                    yield from ended
                    left += again
                    refusals += bool(ended)  # those that name nobody are about nobody yet
                    blame = read.of_line(piece[0])
                else:
                    yield from read
                    accepted = accepted or any(isinstance(result, Sent) for result in read)
                    stopped = _trouble(read) or stopped
            if refusals >= MOST_REFUSALS and not accepted:
                stopped = stopped or blame
            if stopped is not None:
                yield from (replace(stopped, attempt_id=outbound.attempt_id) for piece in left for outbound in piece)
                return
            left.sort(key=len)

    def _send_pieces(
        self, pieces: Sequence[Sequence[Outbound]], not_after: float
    ) -> Iterator[tuple[Sequence[Outbound], list[Sent | SendError] | Refused]]:
        """What each request was answered, as the answers come."""
        by_key = {piece[0].attempt_id: (requests.send_request(self._line, piece), piece) for piece in pieces}
        seen: dict[str, Seen] = {}
        asked = [request for request, _piece in by_key.values()]
        for answer in exchange(asked, self._way, not_after=not_after, seen=seen):
            request, piece = by_key[answer.attempt_id]
            read, rule = read_send(answer, piece, self._mask, now=datetime.now(UTC))
            verdict = Verdict.REFUSED if isinstance(read, Refused) else verdict_of(read)
            self._record(
                Purpose.SEND, request, seen, answer, rule, [outbound.attempt_id for outbound in piece], verdict
            )
            yield piece, read

    def reconcile(self, outbound: Outbound, *, not_after: float) -> Reconciled:
        """Ask the logs, which cost nothing; where they don't have it, send it again under the same id.

        Never NotSent: HTTP can't fence a late original. An error of the second request says nothing of the first.
        """
        request = requests.question(self._line, self._logs, messageId=outbound.attempt_id, limit=10)
        answer = self._ask(Purpose.STATUS, request, not_after=not_after, attempts=[outbound.attempt_id])
        if isinstance(answer, SendError):
            return answer
        found = read_logs(answer, outbound.attempt_id, self._mask, now=datetime.now(UTC))
        if found is not None:
            return found
        if outbound.started_at is not None and datetime.now(UTC) - outbound.started_at > REPEATABLE:
            return Unknown(
                outbound.attempt_id, "The logs don't have it, and it is too old to be sent again.", final=True
            )
        [result] = self.send([outbound], not_after=not_after)
        return result

    # What comes back -------------------------------------------------------------------------------------------------
    def receipts(self, request: WebhookRequest) -> Iterable[Receipt | Incoming]:
        return [self._cleaned(item) for item in read_call(request.body)]

    def poll(self, waiting: Sequence[Outbound]) -> Iterator[Sequence[Receipt | Incoming]]:
        """Delivery reports, then people's texts, until an answer isn't full: each is given only once."""
        for path in (self._reports, requests.TEXTS):
            for _page in range(MOST_PAGES):
                request = requests.question(self._line, path, limit=PAGE)
                way = replace(self._way, body_limit=PAGE_LIMIT)
                answer = self._ask(Purpose.POLL, request, not_after=time.monotonic() + self.timeout, way=way)
                if not isinstance(answer, Answer) or answer.status != 200 or answer.cut:
                    return
                results = results_in(answer.body)
                if results is None:
                    return
                if page := [self._cleaned(item) for item in read_page(results)]:
                    yield page
                if len(results) < PAGE:
                    break

    def _cleaned(self, item: Receipt | Incoming) -> Receipt | Incoming:
        if isinstance(item, Incoming) or not item.detail:
            return item
        return replace(item, detail=self._mask.brief(item.detail, DETAIL_SHOWN))

    # Whether it works ------------------------------------------------------------------------------------------------
    def check(self) -> Health:
        """Ask for the balance, which shows that the credential is taken."""
        request = requests.question(self._line, requests.BALANCE)
        answer = self._ask(Purpose.CHECK, request, not_after=time.monotonic() + self.timeout)
        if isinstance(answer, SendError):
            return Health(False, answer.detail)
        return read_balance(answer, self._mask)

    def _ask(
        self,
        purpose: Purpose,
        request: Request,
        *,
        not_after: float,
        attempts: Sequence[str] = (),
        way: Way | None = None,
    ) -> Answer | SendError:
        seen: dict[str, Seen] = {}
        [answer] = exchange([request], way or self._way, not_after=not_after, seen=seen)
        rule = answer.code if isinstance(answer, SendError) else "status" if answer.status < 300 else "refused_status"
        if purpose is Purpose.POLL and isinstance(answer, Answer) and answer.status == 200:
            rule = "unreadable" if answer.cut or results_in(answer.body) is None else rule
        self._record(purpose, request, seen, answer, Rule(rule), attempts)
        return answer

    def _record(
        self,
        purpose: Purpose,
        request: Request,
        seen: dict[str, Seen],
        answer: Answer | SendError,
        rule: Rule,
        attempts: Sequence[str],
        verdict: Verdict | None = None,
    ) -> None:
        """Tell the line's log of a call. What did not start is none."""
        if rule.name != "not_started":
            told = self._teller.later(request, seen[request.attempt_id], answer, rule)
            self._line.record(Call(purpose, told, tuple(attempts), verdict))

    @cached_property
    def _teller(self) -> Teller:
        return Teller(self._mask)

    @cached_property
    def _mask(self) -> Masker:
        return Masker(requests.secrets_of(self._line))


def _after_refusal(
    piece: Sequence[Outbound], refused: Refused
) -> tuple[list[Sent | SendError], list[Sequence[Outbound]]]:
    """The messages that a refusal ends, and what of their request goes again."""
    if len(piece) == 1:
        return [refused.of(piece[0])], []
    if len(refused.blamed) == len(piece):  # every message in the same way: it is hardly theirs
        return [refused.of_line(outbound) for outbound in piece], []
    if refused.blamed:
        ended: list[Sent | SendError] = [refused.of(piece[place], why) for place, why in refused.blamed.items()]
        return ended, [[each for place, each in enumerate(piece) if place not in refused.blamed]]
    half = len(piece) // 2
    return [], [piece[:half], piece[half:]]


def _trouble(results: Sequence[Sent | SendError]) -> SendError | None:
    """The error of a request that says that the line may do no more now: what did not start isn't tried."""
    first = results[0]
    if not isinstance(first, SendError) or first.scope is not Scope.LINE or any(isinstance(r, Sent) for r in results):
        return None
    detail = "Another request of the line had failed: it was not tried."
    return SendError("", ErrorKind.REFUSED, "not_started", detail)
