"""The log of a line's calls: all that was said is kept, masked; a flood is counted, and nobody ever waits for it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from bson import ObjectId
from pymongo.errors import AutoReconnect

from domain.delivery import Call, Exchange, Purpose, Verdict
from engine import calls as minding
from gateways import calls, models
from gateways.calls import Recorder
from lib.mongo import collection, insert_many, typed_values
from preferences import commands as preferences
from tests.factories.sending import make_line, make_pool

pytestmark = pytest.mark.django_db

TOLD = Exchange("POST", "https://host/send", (("Accept", "*/*"),), '{"to": "1"}', 11, 0.05, status=200, rule="id")
LINE = ObjectId()


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(calls, "RETRY_AFTER", 0.05)
    made = Recorder()
    yield made
    made.close()


def call(number: int = 0, verdict: Verdict = Verdict.ACCEPTED, purpose: Purpose = Purpose.SEND) -> Call:
    return Call(purpose, lambda: TOLD, (f"a{number}",), verdict)


def kept() -> list[models.Call]:
    return list(models.Call.objects.order_by("at", "pk"))


class Held:
    """Keeps the recorder's thread from writing until it is let go, so that a moment is as long as a test likes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._go = threading.Event()
        monkeypatch.setattr(calls, "insert_many", self._insert)

    def _insert(self, model: type[models.Call], documents: list[dict[str, object]]) -> None:
        assert self._go.wait(60)
        insert_many(model, documents)

    def begin(self, recorder: Recorder) -> None:
        """Have the thread hold one call, so that all others come in one moment."""
        recorder.put(LINE, call(purpose=Purpose.CHECK))
        while recorder._waiting:
            threading.Event().wait(0.005)

    def end(self) -> None:
        self._go.set()


def test_call_is_kept_with_what_it_carried(recorder: Recorder) -> None:
    recorder.put(LINE, call(1))
    recorder.put(LINE, Call(Purpose.POLL, replace(TOLD, status=503, rule="")))
    assert recorder.flush()
    [first, second] = kept()
    assert (first.gateway, first.purpose, first.verdict, first.attempts) == (LINE, "send", "accepted", ["a1"])
    assert calls.told_of(first) == TOLD
    assert (second.purpose, second.verdict, second.attempts) == ("poll", "uncertain", [])
    assert first.at <= second.at


def test_flood_that_goes_well_is_counted_and_what_fails_is_kept(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    held.begin(recorder)
    for number in range(500):
        recorder.put(LINE, call(number))
        recorder.put(LINE, call(number, purpose=Purpose.CALLBACK))
    for number in range(100):
        recorder.put(LINE, call(number, Verdict.REFUSED))
        recorder.put(LINE, call(number, Verdict.UNCERTAIN, Purpose.CALLBACK))
    held.end()
    assert recorder.flush()
    found = {
        (purpose, verdict): [one.more for one in kept() if (one.purpose, one.verdict) == (purpose, verdict)]
        for purpose in ("send", "callback")
        for verdict in ("accepted", "refused", "uncertain")
    }
    assert found == {
        ("send", "accepted"): [*[0] * 29, 470],
        ("send", "refused"): [0] * 100,
        ("send", "uncertain"): [],
        ("callback", "accepted"): [0, 0, 497],
        ("callback", "refused"): [],
        ("callback", "uncertain"): [*[0] * 9, 90],
    }


def test_more_than_there_is_room_for_is_counted_too(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "MOST_WAITING", 5)
    held = Held(monkeypatch)
    held.begin(recorder)
    for number in range(20):
        recorder.put(LINE, call(number, Verdict.REFUSED))
    held.end()
    assert recorder.flush()
    assert [(one.attempts, one.more) for one in kept() if one.purpose == "send"] == [
        *(([f"a{number}"], 0) for number in range(4)),
        (["a4"], 15),
    ]


def test_calls_wait_while_mongodb_is_away_and_the_lost_ones_are_told_of(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(calls, "MOST_WAITING", 3)
    away = threading.Event()

    def insert(model: type[models.Call], documents: list[dict[str, object]]) -> None:
        if not away.is_set():
            # It may have taken some before its answer was lost.
            insert_many(model, documents[:1])
            away.set()
            raise AutoReconnect("away")
        insert_many(model, documents)

    monkeypatch.setattr(calls, "insert_many", insert)
    recorder.put(LINE, call(1))
    recorder.put(LINE, call(2))
    assert recorder.flush()
    assert [one.attempts for one in kept()] == [["a1"], ["a2"]]
    assert "not in the lines' logs" not in caplog.text


def test_call_that_can_t_be_told_or_stored_harms_no_other(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> Exchange:
        raise ValueError("hush-hush")

    held = Held(monkeypatch)
    held.begin(recorder)
    recorder.put(LINE, Call(Purpose.SEND, fails))
    recorder.put(LINE, Call(Purpose.SEND, replace(TOLD, body="hush-hush \udcf1")))
    recorder.put(LINE, call(3))
    held.end()
    assert recorder.flush()
    assert [one.attempts for one in kept() if one.purpose == "send"] == [["a3"]]
    assert "2 calls between lines and their gateways are not in the lines' logs." in caplog.text
    assert "hush" not in caplog.text


def test_what_waits_at_the_end_of_a_process_is_stored(recorder: Recorder) -> None:
    for number in range(10):
        recorder.put(LINE, call(number))
    recorder.close()
    assert len(kept()) == 10


def stored(line: ObjectId, verdict: Verdict, *, seconds_ago: int) -> None:
    at = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    values = {"gateway": line, "purpose": "send", "verdict": verdict.value, "at": at, "attempts": [], "told": {}}
    collection(models.Call).insert_one(typed_values(models.Call, {**values, "more": 0}))


def test_oldest_of_each_verdict_go_when_a_line_has_too_many() -> None:
    line, other = (make_line(make_pool(name), "https://host/send") for name in ("A", "B"))
    for number in range(6):
        stored(line.pk, Verdict.ACCEPTED, seconds_ago=number)
        stored(line.pk, Verdict.REFUSED, seconds_ago=100 * number)
        stored(other.pk, Verdict.ACCEPTED, seconds_ago=number)
    first = min(one.at for one in models.Call.objects.filter(gateway=other.pk))
    assert calls.trim(kept=6) == 0
    stored(other.pk, Verdict.ACCEPTED, seconds_ago=0)
    assert calls.trim(kept=6) == 1
    assert first < min(one.at for one in models.Call.objects.filter(gateway=other.pk))
    assert models.Call.objects.filter(gateway=line.pk).count() == 12


def test_trimming_reads_no_more_of_a_line_than_it_keeps() -> None:
    line = make_line(make_pool(), "https://host/send")
    stored(line.pk, Verdict.ACCEPTED, seconds_ago=1)
    asked = collection(models.Call).find({"gateway": line.pk, "verdict": "accepted"}, {"at": 1, "_id": 0})
    plan = str(asked.sort([("at", -1), ("_id", -1)]).skip(5).limit(1).hint("call_verdict").explain()["queryPlanner"])
    assert "'SORT'" not in plan
    assert "'FETCH'" not in plan


def kept_days() -> int:
    return int(collection(models.Call).index_information()[calls.INDEX]["expireAfterSeconds"]) // calls.DAY


def test_calls_are_forgotten_after_the_days_that_staff_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_days() == 7
    monkeypatch.setattr(minding, "_looked_at", float("-inf"))
    preferences.change("log", {"calls_days": 3}, actor=None)
    minding.mind_logs()
    assert kept_days() == 3
    preferences.change("log", {"calls_days": 7}, actor=None)
    minding.mind_logs()
    assert kept_days() == 3  # it looks once a minute
    monkeypatch.setattr(minding, "_looked_at", float("-inf"))
    minding.mind_logs()
    assert kept_days() == 7
