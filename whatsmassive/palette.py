"""One colour for each state, in badges, bars, charts and filters alike.

`waiting` is neutral, `working` blue, `done` green, `soon` amber (needs somebody soon), `now` red (needs somebody now),
`doubt` violet (nobody knows). static/css/app.css says what they look like.
"""

from collections.abc import Mapping
from typing import Any

from campaigns.models import STATUS_LABELS as CAMPAIGN_LABELS
from debtors.models import ROW_LABELS, Outcome, UploadStatus, WorkStatus
from debtors.models import STATUS_LABELS as IMPORT_LABELS
from domain.delivery import Verdict
from domain.states import CampaignStatus, ImportStatus, MessageStatus, SessionStatus
from gateways.models import VERDICT_LABELS, LaneHealth
from messaging.models import STATUS_LABELS as MESSAGE_LABELS
from sessions_app.models import STATUS_LABELS as SESSION_LABELS
from systemlog.models import Level

COLOURS: Mapping[str, Mapping[str, str]] = {
    "message": {
        MessageStatus.PENDING: "waiting",
        MessageStatus.CLAIMED: "waiting",
        MessageStatus.SENDING: "working",
        MessageStatus.SENT: "working",
        MessageStatus.DELIVERED: "done",
        MessageStatus.READ: "done",
        MessageStatus.FAILED: "now",
        MessageStatus.SKIPPED: "waiting",
        MessageStatus.UNCERTAIN: "doubt",
    },
    "campaign": {
        CampaignStatus.DRAFT: "waiting",
        CampaignStatus.SCHEDULED: "waiting",
        CampaignStatus.RUNNING: "working",
        CampaignStatus.PAUSED: "soon",
        CampaignStatus.COMPLETED: "done",
        CampaignStatus.CANCELLED: "waiting",
    },
    "call": {
        Verdict.ACCEPTED: "done",
        Verdict.REFUSED: "now",
        Verdict.UNCERTAIN: "doubt",
    },
    "session": {
        SessionStatus.STOPPED: "waiting",
        SessionStatus.STARTING: "working",
        SessionStatus.PAIRING: "soon",
        SessionStatus.SYNCING: "working",
        SessionStatus.CONNECTED: "done",
        SessionStatus.OFFLINE: "soon",
        SessionStatus.CONFLICT: "now",
        SessionStatus.BLOCKED: "now",
        SessionStatus.FAILED: "now",
    },
    "import": {
        ImportStatus.WAITING: "waiting",
        ImportStatus.RUNNING: "working",
        ImportStatus.DONE: "done",
        ImportStatus.STOPPED: "soon",
        ImportStatus.FAILED: "now",
    },
    "upload": {
        UploadStatus.LOOKING: "working",
        UploadStatus.READY: "soon",
        UploadStatus.REFUSED: "now",
        UploadStatus.IMPORTED: "done",
    },
    "work": {
        WorkStatus.LOOKING: "working",
        WorkStatus.READY: "soon",
        WorkStatus.RUNNING: "working",
        WorkStatus.DONE: "done",
        WorkStatus.STOPPED: "soon",
        WorkStatus.FAILED: "now",
    },
    "row": {
        Outcome.CREATED: "done",
        Outcome.UPDATED: "done",
        Outcome.UNCHANGED: "waiting",
        Outcome.DUPLICATE: "soon",
        Outcome.REJECTED: "now",
    },
    "lane": {LaneHealth.OK: "done", LaneHealth.SLOWED: "soon", LaneHealth.DOWN: "now"},
    "level": {Level.INFO: "waiting", Level.WARNING: "soon", Level.ERROR: "now"},
}
LABELS: Mapping[str, Mapping[Any, Any]] = {
    "message": MESSAGE_LABELS,
    "campaign": CAMPAIGN_LABELS,
    "session": SESSION_LABELS,
    "import": IMPORT_LABELS,
    "upload": dict(UploadStatus.choices),
    "work": dict(WorkStatus.choices),
    "row": ROW_LABELS,
    "lane": dict(LaneHealth.choices),
    "level": dict(Level.choices),
    "call": VERDICT_LABELS,
}
