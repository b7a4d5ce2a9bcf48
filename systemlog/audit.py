"""Who did what: every act of a person is kept, by whatever way it came."""

import logging
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from live.events import LogAdded
from live.publish import publish
from systemlog.models import Level, SystemLog

logger = logging.getLogger(__name__)


def record(
    actor: Any, action: str, *, kind: str = "", id: object = "", name: str = "", data: Mapping[str, Any] | None = None
) -> None:
    """Keep that `actor` (a user) did `action` (`campaign.start`) to the object of that kind and id, called `name`.

    `data` tells more, in plain JSON values and without secrets. Called after the act was stored; a failure to keep it
    is logged and does not undo the act.
    """
    username = actor.get_username() if actor is not None else ""
    try:
        SystemLog.objects.create(
            at=timezone.now(),
            level=Level.INFO,
            source=action[:60],
            message=name,
            act=True,
            actor=username,
            kind=kind,
            object_id=str(id)[:24],
            data=dict(data or {}),
        )
    except Exception:
        logger.exception("%s by %s on %s %s was done, and could not be recorded.", action, username, kind, id)
        return
    publish(LogAdded(""))
