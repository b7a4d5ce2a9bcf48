"""Fields that lines of several kinds have, and the sections of a line's form."""

from typing import Any

from django.utils.translation import gettext_lazy

from gateways.fields import Field, FieldType

ANSWERS = gettext_lazy("What the gateway's answers mean")
CALLS = gettext_lazy("What the gateway tells us later")
PACE = gettext_lazy("How fast it may go")
MORE = gettext_lazy("More about the request")
"""The sections, after what every line needs."""

VERIFY_TLS = Field(
    "verify_tls", gettext_lazy("Check the TLS certificate"), FieldType.BOOLEAN, default=True, section=MORE
)


def timeout(default: int) -> Field:
    """Seconds that a request may take."""
    label = gettext_lazy("Seconds to wait for an answer")
    return Field("timeout_s", label, FieldType.INTEGER, default=default, minimum=1, maximum=60, section=PACE)


def concurrency(default: int, *, most: int) -> Field:
    """Requests that are under way together."""
    label = gettext_lazy("Requests at once")
    return Field("concurrency", label, FieldType.INTEGER, default=default, minimum=1, maximum=most, section=PACE)


def rate(label: Any = "") -> Field:
    """A limit a second; of requests, unless the label (a translated text) says of what."""
    return Field(
        "rate_per_second",
        label or gettext_lazy("Requests per second, at most"),
        FieldType.INTEGER,
        default=0,
        minimum=0,
        maximum=1000,
        help=gettext_lazy("0 means no limit. For less than one a second use the pool's delay."),
        section=PACE,
    )
