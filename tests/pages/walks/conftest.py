"""Which acts a walk does, by what its browsers sent: told by the access log of the tests' web process."""

import re
from collections.abc import Iterator

import pytest
from django.urls import resolve

from tests.pages.walks.acts import walked
from tests.pages.web import Web

SENT = re.compile(r'"POST (/[^" ?]*)[^"]*" [23][0-9]{2} ')


@pytest.fixture(autouse=True)
def acts(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold a walk to the table of acts."""
    wanted = walked(request.node.originalname)
    if not wanted:
        yield
        return
    web: Web = request.getfixturevalue("web")
    before = len(web.said())
    yield
    done = {resolve(path).view_name for path in SENT.findall(web.said()[before:])}
    assert wanted <= done, f"it does no longer: {', '.join(sorted(wanted - done))} (tests/pages/walks/acts.py)"
