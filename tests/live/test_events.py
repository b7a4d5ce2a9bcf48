"""Events: their groups and payloads."""

import json
import re

import pytest

from live.events import CampaignChanged, Event, GatewayChanged, ImportChanged, MessageChanged, SessionChanged

ID = "65f0c0ffee0123456789abcd"


@pytest.mark.parametrize(
    ("event", "group", "payload"),
    [
        (CampaignChanged(ID), f"campaign.{ID}", {"kind": "campaign", "id": ID}),
        (GatewayChanged(ID), f"gateway.{ID}", {"kind": "gateway", "id": ID}),
        (ImportChanged(ID), f"import.{ID}", {"kind": "import", "id": ID}),
        (SessionChanged(ID), f"session.{ID}", {"kind": "session", "id": ID}),
        (MessageChanged(ID), f"message.{ID}", {"kind": "message", "id": ID, "campaign": None}),
        (MessageChanged(ID, ID[::-1]), f"message.{ID}", {"kind": "message", "id": ID, "campaign": ID[::-1]}),
    ],
)
def test_event_has_a_group_and_a_plain_payload(event: Event, group: str, payload: dict[str, str]) -> None:
    assert event.groups == (group, event.kind)
    # What Channels takes for a group's name.
    assert re.fullmatch(r"[a-zA-Z\d\-_.]{1,99}", event.groups[0])
    assert event.payload() == {"type": "live.event", "groups": [group, event.kind], **payload}
    assert json.loads(json.dumps(event.payload())) == event.payload()
