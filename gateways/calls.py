"""The log of each line's calls: what went to and fro, masked, stored by a thread that nobody waits for.

Whoever makes a call hands it over and goes on (`record`); one daemon thread per process tells what came in and writes
it some times a second. Telling an exchange takes about as long as sending it, so of each line's calls that went well
only so many are kept of a moment (USUAL_MOST, MOST); the others are counted with the last of them. While MongoDB is
away the latest wait, up to a limit; how many were lost is said when it is back.
"""

import atexit
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo.errors import BulkWriteError

from domain.calls import verdict_by
from domain.delivery import Call, Exchange, Purpose, Verdict
from gateways import models
from lib.mongo import collection, database, insert_many, is_unavailable, typed_values
from live.events import CallAdded
from live.publish import publish

logger = logging.getLogger(__name__)

INTERVAL = 0.3  # seconds between two writes, the moment in which calls are counted
RETRY_AFTER = 5.0  # seconds until MongoDB is tried again
EXIT_TIMEOUT = 1.0  # seconds that the end of the process may wait for the last write
MOST_WAITING = 1_000

USUAL_MOST = 30
MOST: Mapping[tuple[Purpose, bool], int] = {(Purpose.CALLBACK, True): 3, (Purpose.CALLBACK, False): 10}
"""How many of a line's calls are kept of one moment, by what they are for and whether they went well: 100 messages a
second, 10 reports. What did not go well is kept as far as there is room, unless somebody else decides how often."""

KEPT = 100_000
"""Calls of a line that went well, and as many others of each sort, beyond which the oldest go before their time."""

INDEX = "call_kept"
USUAL_DAYS = 7
DAY = 24 * 3600
DUPLICATE = 11000

Key = tuple[ObjectId, Purpose, Verdict | None]
Document = dict[str, Any]


@dataclass(slots=True)
class _Waiting:
    """A call that is not told yet, and how many like it were counted since."""

    gateway: ObjectId
    at: datetime
    call: Call
    more: int = 0


class Recorder:
    """The calls of this process that wait to be told and stored, and the thread that does it."""

    def __init__(self) -> None:
        self._begin()
        atexit.register(self.close)
        os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        """Begin anew in a forked child: threads, locks and connections stay with the parent."""
        self._room = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._latest: dict[Key, _Waiting] = {}
        self._numbers: Counter[Key] = Counter()
        self._unwritten: list[Document] = []
        self._lost = 0
        self._put = self._done = 0  # calls that ever came, and of these how many are stored or given up
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, gateway: ObjectId, call: Call) -> None:
        """Take a call. Never raises, and never waits for anything but the others who do the same."""
        try:
            key = (gateway, call.purpose, call.verdict)
            with self._room:
                self._put += 1
                if self._full(key, call):
                    self._count(key)
                    return
                one = _Waiting(gateway, datetime.now(UTC), call)
                self._waiting.append(one)
                self._latest[key] = one
                self._numbers[key] += 1
                if self._thread is None and not self._closing.is_set():
                    self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
                    self._thread.start()
            self._wake.set()
        except Exception as error:  # no room for a thread: a call that is not kept must not break the work
            logger.warning("A call can't be kept: %s", type(error).__name__)

    def _full(self, key: Key, call: Call) -> bool:
        well = call.verdict is Verdict.ACCEPTED
        most = MOST.get((call.purpose, well), USUAL_MOST if well else MOST_WAITING)
        return self._numbers[key] >= most or len(self._waiting) >= MOST_WAITING

    def _count(self, key: Key) -> None:
        """Count a call with the last one like it that waits, else as lost."""
        latest = self._latest.get(key)
        if latest is None:
            self._lost += 1
        else:
            latest.more += 1

    def flush(self, seconds: float = 10.0) -> bool:
        """Wait until what was put before is stored; whether it is."""
        with self._room:
            wanted = self._put
            return self._room.wait_for(lambda: self._done >= wanted, timeout=seconds)

    def drop(self) -> None:
        """Forget what waits."""
        with self._room:
            self._waiting, self._latest, self._numbers = [], {}, Counter()
            self._unwritten, self._lost = [], 0
            self._done = self._put
            self._room.notify_all()

    def close(self) -> None:
        """Store what waits, for a second at most."""
        self._closing.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(EXIT_TIMEOUT)

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            # Asked before the writing: what came in during the last but one write is written too.
            last = self._closing.is_set()
            written = self._write()
            if last:
                return
            if not written:
                self._wake.set()
            self._closing.wait(INTERVAL if written else RETRY_AFTER)

    def _write(self) -> bool:
        """Store what waits; False while MongoDB takes nothing."""
        with self._room:
            batch, lost, upto = self._waiting, self._lost, self._put
            self._waiting, self._latest, self._numbers, self._lost = [], {}, Counter(), 0
            documents, self._unwritten = self._unwritten, []
        for one in batch:
            document = _document(one)
            if document is None:
                lost += 1 + one.more
            else:
                documents.append(document)
        try:
            lost += _insert(documents)
        except Exception as error:
            kept = documents[-MOST_WAITING:] if is_unavailable(error) else []
            with self._room:
                self._unwritten = kept
                self._lost += lost + _number(documents[: len(documents) - len(kept)])
                if not kept:
                    self._settled(upto)
            return not kept
        if lost:
            logger.warning("%d calls between lines and their gateways are not in the lines' logs.", lost)
        with self._room:
            self._settled(upto)
        for gateway in {document["gateway"] for document in documents}:
            publish(CallAdded(str(gateway)))
        return True

    def _settled(self, upto: int) -> None:
        self._done = max(self._done, upto)
        self._room.notify_all()


def _insert(documents: Sequence[Document]) -> int:
    """Store them, those that are there already too; returns how many calls MongoDB refuses.

    Raises what says that it is away. What it says of a refusal repeats the documents, and is not used.
    """
    try:
        insert_many(models.Call, documents)
    except Exception as error:
        if is_unavailable(error):
            raise
        if isinstance(error, BulkWriteError) and _all_known(error):
            return 0
        return _number(documents) if len(documents) == 1 else sum(_insert([one]) for one in documents)
    return 0


def _all_known(error: BulkWriteError) -> bool:
    """Whether nothing was refused but what is stored already: its answer was lost when it was first written."""
    return all(one.get("code") == DUPLICATE for one in (error.details or {}).get("writeErrors", [{}]))


def _number(documents: Iterable[Document]) -> int:
    return sum(1 + int(document["more"]) for document in documents)


def _document(one: _Waiting) -> Document | None:
    """The call as it is stored; None where it can't be told."""
    call = one.call
    try:
        told = call.exchange if isinstance(call.exchange, Exchange) else call.exchange()
        verdict = call.verdict or verdict_by(told)
        values = {
            "pk": ObjectId(),
            "gateway": one.gateway,
            "purpose": call.purpose.value,
            "verdict": verdict.value,
            "at": one.at,
            "attempts": list(call.attempts),
            "more": one.more,
            "told": asdict(told),
        }
        return typed_values(models.Call, values)
    except Exception as error:
        # Its own text is not used: it may hold what would have been masked.
        logger.warning("a call can't be told: %s", type(error).__name__)
        return None


_recorder = Recorder()
flush = _recorder.flush
drop = _recorder.drop


def recorder_of(gateway: ObjectId) -> Callable[[Call], None]:
    """What a line's provider tells its calls to (gateways.provider.Line)."""
    return partial(_recorder.put, gateway)


# Reading ------------------------------------------------------------------------------------------------------------
def told_of(call: models.Call) -> Exchange:
    """A stored call's exchange."""
    values: Document = call.told
    headers, answer_headers = (
        tuple((str(name), str(value)) for name, value in values[field]) for field in ("headers", "answer_headers")
    )
    return Exchange(**{**values, "headers": headers, "answer_headers": answer_headers})


def of_attempts(attempts: Iterable[str]) -> dict[str, models.Call]:
    """The latest call that sent each of these attempts, of those that are still kept."""
    wanted = set(attempts)
    found = models.Call.objects.filter(attempts__overlap=list(wanted), purpose=Purpose.SEND.value).order_by("at", "pk")
    return {attempt: call for call in found for attempt in call.attempts if attempt in wanted} if wanted else {}


# Forgetting ---------------------------------------------------------------------------------------------------------
def keep_for(days: int) -> None:
    """Have MongoDB forget what is older. Harmless to repeat."""
    table = collection(models.Call)
    known: Any = table.index_information().get(INDEX, {})
    if known.get("expireAfterSeconds") != days * DAY:
        index = {"name": INDEX, "expireAfterSeconds": days * DAY}
        database.get_database().command("collMod", table.name, index=index)


def trim(*, kept: int = KEPT) -> int:
    """Let the oldest go where a line has more than so many of one verdict; returns how many went."""
    table = collection(models.Call)
    gone = 0
    for gateway in models.Gateway.objects.values_list("pk", flat=True):
        for verdict in Verdict:
            asked = {"gateway": gateway, "verdict": verdict.value}
            newest_first = table.find(asked, {"at": 1, "_id": 0}).sort([("at", -1), ("_id", -1)])
            for beyond in newest_first.skip(kept).limit(1).hint("call_verdict"):
                gone += table.delete_many({**asked, "at": {"$lte": beyond["at"]}}).deleted_count
    return gone
