"""The log in MongoDB: what is kept, what is not, and that nothing of it stands in anybody's way."""

import logging
import os
import threading
from collections.abc import Iterator

import pytest
from django.db.models import Model
from pymongo import MongoClient

from lib.mongo import collection, insert_many
from systemlog import handler as module
from systemlog.handler import SystemLogHandler, process_label, wanted
from systemlog.models import SystemLog
from tests.whatsapp_web.browser import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(clean_database: None) -> Iterator[logging.Logger]:
    """A logger of ours whose records go to MongoDB alone."""
    logger = logging.getLogger("engine.of_a_test")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    handler = SystemLogHandler()
    logger.addHandler(handler)
    yield logger
    handler.flush_and_stop()
    logger.removeHandler(handler)
    logger.propagate = True


def kept(number: int) -> list[SystemLog]:
    wait_for(lambda: SystemLog.objects.count() >= number, seconds=60, what=f"{number} entries")
    return list(SystemLog.objects.order_by("at", "pk"))


def test_record_is_kept_with_what_it_is_about_and_without_secrets(log: logging.Logger) -> None:
    log.warning("line %s rests, token=%s", "Norte", "abc123", extra={"kind": "gateway", "object_id": "65f0"})
    [entry] = kept(1)
    assert (entry.level, entry.source, entry.kind, entry.object_id) == ("warning", log.name, "gateway", "65f0")
    assert entry.message == "line Norte rests, token=•••"
    assert str(os.getpid()) in entry.process


def test_what_happened_is_kept_as_a_code_and_facts(log: logging.Logger) -> None:
    log.warning("line down", extra={"code": "line.down", "facts": {"reason": "token=abc123", "times": 3}})
    [entry] = kept(1)
    assert entry.data == {"code": "line.down", "reason": "token=•••", "times": 3}


def test_traceback_of_an_error_is_kept_redacted(log: logging.Logger) -> None:
    try:
        raise ValueError("https://user:secret@host/path")
    except ValueError:
        log.exception("it failed")
    [entry] = kept(1)
    assert "ValueError" in entry.data["traceback"]
    assert "secret" not in entry.data["traceback"]


def test_entries_wait_while_mongodb_is_away_and_the_lost_ones_are_counted(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    monkeypatch.setattr(module, "RETRY_AFTER", 0.05)
    nobody = MongoClient("mongodb://127.0.0.1:1", serverSelectionTimeoutMS=20)
    away = True

    def found(model: type[Model]) -> object:
        return nobody["away"]["away"] if away else collection(model)

    monkeypatch.setattr("lib.mongo.collection", found)
    for number in range(10):
        log.info("entry %d", number)
    wait_for(lambda: getattr(log.handlers[0], "_dropped", 0) >= 7, seconds=60)
    away = False
    messages = [entry.message for entry in kept(4)]
    assert [message for message in messages if message.startswith("entry")] == ["entry 7", "entry 8", "entry 9"]
    assert any("7 entries were lost" in message for message in messages)
    nobody.close()


def test_entry_whose_answer_was_lost_or_that_cannot_be_stored_holds_up_no_other(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = log.handlers[0]
    assert isinstance(handler, SystemLogHandler)
    record = logging.LogRecord("engine.of_a_test", logging.INFO, __file__, 0, "entry", None, None)
    stored, other, never = (handler._document(record) for _ in range(3))
    never["data"] = {"far": "x" * 17_000_000}  # more than a document may have
    insert_many(SystemLog, [stored])
    assert module._store([stored, never, other]) == 1
    assert SystemLog.objects.filter(message="entry").count() == 2


def test_entry_that_comes_during_the_last_write_but_one_is_kept_too(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = log.handlers[0]
    assert isinstance(handler, SystemLogHandler)
    writing, go_on = threading.Event(), threading.Event()
    written: list[object] = []

    def insert_many(_model: type[SystemLog], documents: list[dict[str, object]]) -> None:
        writing.set()
        assert go_on.wait(30)
        written.extend(document["message"] for document in documents)

    monkeypatch.setattr("lib.mongo.insert_many", insert_many)
    monkeypatch.setattr(module, "EXIT_TIMEOUT", 30.0)
    log.info("begun")
    assert writing.wait(30)
    log.info("the last words")
    end = threading.Thread(target=handler.flush_and_stop)
    end.start()
    wait_for(handler._closing.is_set, seconds=30)
    go_on.set()
    end.join(30)
    assert written == ["begun", "the last words"]


@pytest.mark.parametrize(
    ("name", "level", "is_wanted"),
    [
        ("engine.tick", logging.INFO, True),
        ("engine.tick", logging.DEBUG, False),
        ("celery.worker", logging.INFO, False),
        ("celery.worker", logging.WARNING, True),
        ("pymongo.topology", logging.ERROR, False),
    ],
)
def test_wanted_is_what_concerns_the_people_who_run_it(name: str, level: int, is_wanted: bool) -> None:
    record = logging.LogRecord(name, level, __file__, 1, "text", (), None)
    assert wanted(record) is is_wanted


@pytest.mark.parametrize(
    ("arguments", "label"),
    [
        (["celery", "-A", "whatsmassive", "worker", "-n", "sms1@%h"], "sms1"),
        (["celery", "-A", "whatsmassive", "beat"], "beat"),
        (["daphne", "whatsmassive.asgi:application"], "web"),
        (["manage.py", "campaign", "start"], "campaign"),
    ],
)
def test_process_label_names_the_process(arguments: list[str], label: str) -> None:
    assert process_label(arguments) == label
