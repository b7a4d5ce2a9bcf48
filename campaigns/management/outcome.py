"""How a command on campaigns ends when it can't do its work: a sentence on stderr and an exit code, no traceback."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils.translation import gettext as _
from pymongo.errors import PyMongoError

from campaigns.errors import CampaignError
from gateways.errors import GatewayError
from lib.mongo import is_unavailable
from sessions_app.errors import SessionError

INTERRUPTED = 130
"""The exit code of what Ctrl-C ended, as shells have it."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C or SIGTERM, with a sentence for the user on what it left as it was."""


@contextmanager
def told_errors() -> Iterator[None]:
    """What refuses a command, and MongoDB being away, as a CommandError; Ctrl-C and SIGTERM as exit code 130."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except (CampaignError, GatewayError, SessionError) as error:
        raise CommandError(str(error)) from error
    except (DatabaseError, PyMongoError) as error:
        if not is_unavailable(error):
            raise
        raise CommandError(
            _("MongoDB does not answer, so it is not known whether this was done. Look at it once MongoDB runs.")
        ) from error
    except KeyboardInterrupt as interrupt:
        sentence = str(interrupt) or _("Interrupted.")
        sys.stderr.write(f"{sentence}\n")
        raise SystemExit(INTERRUPTED) from interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
