"""What a message's steps add to the figures of the day: each milestone once, however fast receipts are."""

import pytest

from domain.milestones import milestones
from domain.states import MESSAGE, MessageStatus

M = MessageStatus


@pytest.mark.parametrize(
    ("origin", "target", "passed"),
    [
        (None, M.PENDING, ()),
        (M.CLAIMED, M.SENDING, ()),
        (M.SENDING, M.SENT, ("sent",)),
        (M.SENDING, M.DELIVERED, ("sent", "delivered")),
        (M.UNCERTAIN, M.READ, ("sent", "delivered", "read")),
        (M.SENT, M.DELIVERED, ("delivered",)),
        (M.SENT, M.READ, ("delivered", "read")),
        (M.DELIVERED, M.READ, ("read",)),
        (M.SENT, M.FAILED, ("failed",)),
    ],
)
def test_step_passes_its_milestones(origin: MessageStatus | None, target: MessageStatus, passed: tuple[str]) -> None:
    assert milestones(origin, target) == passed


def test_way_that_begins_with_sending_passes_each_milestone_once() -> None:
    """Whatever states a message passes on its way to being read, it was sent, delivered and read once."""

    def ways(state: MessageStatus, passed: tuple[str, ...]) -> None:
        assert len(passed) == len(set(passed))
        for target in MESSAGE[state]:
            if target in (M.SENT, M.DELIVERED, M.READ):
                ways(target, passed + milestones(state, target))

    ways(M.SENDING, ())
