"""What a pasted URL template says, in words, before a line is made of it."""

from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from gateways.errors import GatewayError
from gateways.fields import Kind
from gateways.kinds import read_url
from gateways.queries import fact


@dataclass(frozen=True, slots=True)
class Understood:
    """The kind of line that it describes, its settings (label, value) with secrets masked, and what is wrong.

    A template that can't be read has no kind.
    """

    kind: Kind | None = None
    facts: tuple[tuple[str, str], ...] = ()
    error: str = ""


def understood(template: str, *, token: str = "") -> Understood | None:
    """What the template says, and what it lacks beside the token that is given apart; None while there is none."""
    if not template.strip():
        return None
    try:
        kind, told = read_url(template)
    except GatewayError as error:
        return Understood(error=str(error))
    given = {**told, **({"token": token} if token else {})}
    lack = ""
    try:
        told = {name: value for name, value in kind.clean(given).items() if name in given}
    except GatewayError as wrong:
        lack = _labelled(kind, str(wrong))
    facts = tuple(
        (str(field.label), fact(field, field.masked(told[field.name]))) for field in kind.fields if field.name in told
    )
    return Understood(kind, facts, lack)


def _labelled(kind: Kind, sentence: str) -> str:
    """The sentence with the label of its field, which people see, in place of the name."""
    name, colon, rest = sentence.partition(": ")
    labels: dict[str, Any] = {field.name: field.label for field in kind.fields}
    return f"{labels[name]}: {rest}" if colon and name in labels else capfirst(sentence)
