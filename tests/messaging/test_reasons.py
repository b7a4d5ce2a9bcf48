"""Every reason has words, and an advice on what to do."""

import pytest
from django.utils.translation import override

from messaging.reasons import ADVICE, HOPELESS, REASONS, advice, reason_sentence, retry_helps


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("reason", [*REASONS, "http_422", "something_of_the_gateways_own", ""])
def test_every_reason_says_what_can_be_done(reason: str, language: str) -> None:
    with override(language):
        assert reason_sentence(reason)
        said = advice("failed", reason)
        assert said.endswith(".")
        assert len(said) > 20
    with override("en"):
        if language == "es":
            assert advice("failed", reason) != said


def test_no_advice_is_for_a_reason_that_there_is_not() -> None:
    assert set(ADVICE) == set(REASONS)
    assert set(REASONS) >= HOPELESS


@pytest.mark.parametrize(
    ("reason", "helps"),
    [
        ("timeout", True),
        ("", True),
        ("http_503", True),
        ("http_429", True),
        ("http_401", True),
        ("http_404", True),
        ("http_422", False),
        ("not_on_whatsapp", False),
        ("decided", False),
    ],
)
def test_retry_is_offered_where_it_may_end_better(reason: str, helps: bool) -> None:
    assert retry_helps(reason) is helps


def test_a_doubt_is_for_a_person_whatever_its_reason() -> None:
    with override("en"):
        assert advice("uncertain", "timeout").endswith("then decide.")
