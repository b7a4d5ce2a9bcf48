"""Fixtures of the debtors' tests."""

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """The sentences are checked as they are written in the source."""
    with translation.override("en"):
        yield
