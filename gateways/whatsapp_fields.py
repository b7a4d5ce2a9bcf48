"""What is set for a WhatsApp session's gateway: where its browser lives, and how much it may send."""

import re
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateways.fields import Field, FieldType


def _host(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,60}", str(value)):
        raise ValueError(_("takes letters, digits, - and _"))
    return str(value)


FIELDS = (
    Field(
        "host",
        gettext_lazy("Browser host"),
        default="main",
        help=gettext_lazy("The machine whose workers keep the browser and its profile (BROWSER_HOST there)."),
        check=_host,
    ),
    # The original system's limits of a day and an hour; 0 is no limit.
    Field("per_minute", gettext_lazy("Messages a minute"), FieldType.INTEGER, default=0, minimum=0, maximum=1_000),
    Field("per_hour", gettext_lazy("Messages an hour"), FieldType.INTEGER, default=60, minimum=0, maximum=10_000),
    Field("per_day", gettext_lazy("Messages a day"), FieldType.INTEGER, default=200, minimum=0, maximum=100_000),
    Field(
        "first_contacts_per_day",
        gettext_lazy("First contacts a day"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=100_000,
        help=gettext_lazy("Messages to people who never had one from this account, nor wrote to it. 0 is no limit."),
    ),
)
