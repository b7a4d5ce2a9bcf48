"""The transition tables hold together."""

import pytest

from domain.states import (
    CAMPAIGN,
    IMPORT,
    MESSAGE,
    CampaignStatus,
    InvalidTransition,
    MessageStatus,
    check_message,
    origins_of,
)

M = MessageStatus


@pytest.mark.parametrize("table", [MESSAGE, CAMPAIGN, IMPORT])
def test_tables_name_every_state_and_no_other(table) -> None:
    states = set(type(next(iter(table))))
    assert set(table) == states
    assert {target for targets in table.values() for target in targets} <= states


def test_sent_again_only_after_a_sure_refusal_or_a_final_failure() -> None:
    """What was accepted never becomes pending again."""
    assert {origin for origin, targets in MESSAGE.items() if M.PENDING in targets} == {
        M.CLAIMED,
        M.SENDING,
        M.UNCERTAIN,
        M.FAILED,
    }


def test_check_message_with_a_step_that_is_not_allowed() -> None:
    with pytest.raises(InvalidTransition) as refused:
        check_message(M.SENT, M.PENDING)
    assert (refused.value.origin, refused.value.target) == (M.SENT, M.PENDING)


def test_origins_of_running() -> None:
    assert set(origins_of(CampaignStatus.RUNNING)) == {
        CampaignStatus.DRAFT,
        CampaignStatus.SCHEDULED,
        CampaignStatus.PAUSED,
        CampaignStatus.COMPLETED,
    }
