"""What all tests of gateways share."""

from collections.abc import Iterator

import pytest
from django.utils import translation


@pytest.fixture(scope="module", autouse=True)
def in_english() -> Iterator[None]:
    """Sentences are compared as the source has them, whatever the site's language is."""
    with translation.override("en"):
        yield
