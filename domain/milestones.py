"""What a message's step from state to state adds to the figures of the day."""

from domain.states import MessageStatus

S = MessageStatus
_LEFT = frozenset({S.SENT, S.DELIVERED, S.READ})
_ARRIVED = frozenset({S.DELIVERED, S.READ})

MILESTONES = ("sent", "delivered", "read", "failed")


def milestones(origin: MessageStatus | None, target: MessageStatus) -> tuple[str, ...]:
    """Which of MILESTONES the message passes. A receipt may be faster than the answer: one step can pass several."""
    passed = []
    if target in _LEFT and origin not in _LEFT:
        passed.append("sent")
    if target in _ARRIVED and origin not in _ARRIVED:
        passed.append("delivered")
    if target is S.READ and origin is not S.READ:
        passed.append("read")
    if target is S.FAILED and origin is not S.FAILED:
        passed.append("failed")
    return tuple(passed)
