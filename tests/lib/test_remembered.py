"""Answers that are kept for a moment."""

import pytest

from lib import remembered
from lib.remembered import Remembered


def test_answer_is_kept_for_its_time_and_longer_where_it_was_dear(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    cost = [0.0]
    asked: list[str] = []
    monkeypatch.setattr(remembered.time, "monotonic", lambda: now[0])

    def ask(key: str) -> int:
        asked.append(key)
        now[0] += cost[0]
        return len(asked)

    question = Remembered(ask, seconds=2)
    assert (question("a"), question("a"), question("b")) == (1, 1, 2)
    now[0] += 2.1
    cost[0] = 1.0
    assert question("a") == 3
    now[0] += 19
    assert question("a") == 3
    now[0] += 2
    assert question("a") == 4
    question.forget()
    assert question("a") == 5


def test_only_the_latest_answers_are_kept() -> None:
    asked: list[int] = []
    question = Remembered(asked.append, seconds=60, most=2)
    for key in (1, 2, 3, 3, 2, 1):
        question(key)
    assert asked == [1, 2, 3, 1]


def test_error_is_not_kept() -> None:
    answers = iter([ValueError("no"), 7])

    def ask(key: str) -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    question = Remembered(ask, seconds=60)
    with pytest.raises(ValueError, match="no"):
        question("a")
    assert question("a") == 7
