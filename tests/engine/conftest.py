"""The far side for the engine's tests: one simulated SMS gateway a module, forgotten between tests."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest
from django.utils import translation

from gateways.kinds import KINDS
from simulators.sms_gateway.behaviour import Behaviour
from tests.engine import session_lines
from tests.gateways.simulated import RunningGateway


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """What is told is compared in the source language, whatever the catalogues say."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def running_gateway() -> Iterator[RunningGateway]:
    with RunningGateway() as running:
        yield running


@pytest.fixture
def far_side(running_gateway: RunningGateway) -> RunningGateway:
    running_gateway.reset()
    running_gateway.control(default=asdict(Behaviour()), lines={}, recipients={}, seed=1)
    return running_gateway


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kind of line that needs a session (session_lines.py) is there."""
    monkeypatch.setitem(KINDS, session_lines.KIND.name, session_lines.KIND)
    session_lines.SessionOverHttp.given.clear()
