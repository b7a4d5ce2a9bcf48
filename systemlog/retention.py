"""How long the log is kept: MongoDB forgets what is older, by a TTL index that is told another age when it changes."""

from typing import Any

from lib.mongo import collection, database
from systemlog.models import SystemLog

INDEX = "systemlog_kept"
USUAL_DAYS = 90


def keep_for(days: int) -> None:
    """Harmless to repeat. Entries that are too old by then go within minutes, and don't come back."""
    table = collection(SystemLog)
    wanted = days * 24 * 3600
    known: Any = table.index_information().get(INDEX, {})
    if known.get("expireAfterSeconds") != wanted:
        database.get_database().command("collMod", table.name, index={"name": INDEX, "expireAfterSeconds": wanted})


def kept_days() -> int:
    """For how many days entries are kept now."""
    known: Any = collection(SystemLog).index_information().get(INDEX, {})
    return int(known.get("expireAfterSeconds", USUAL_DAYS * 24 * 3600)) // (24 * 3600)
