"""Quick replies: texts that staff answer with again and again, as one debtor would read them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import IntegrityError
from django.utils import timezone

from debtors.models import Debtor
from domain.folding import fold
from domain.templating import MissingValue, TemplateError, parse, render
from domain.values import display_values
from messaging.models import QuickReply

MOST = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """A quick reply for one person. `lacks` are the placeholders that this person has no value for."""

    name: str
    text: str
    lacks: str


def all_replies() -> list[QuickReply]:
    return list(QuickReply.objects.order_by("folded_name")[:MOST])


def filled(debtor: Debtor | None) -> list[Filled]:
    """All of them with a debtor's values; of somebody who is none, only those that need no value are whole."""
    values = values_of(debtor)
    return [_filled(reply, values) for reply in all_replies()]


def _filled(reply: QuickReply, values: Mapping[str, str]) -> Filled:
    try:
        template = parse(reply.text)
    except TemplateError:  # somebody mended it by hand
        return Filled(reply.name, reply.text, "")
    try:
        return Filled(reply.name, render(template, values), "")
    except MissingValue as error:
        written = [reply.text[part.position :].partition("}")[0] + "}" for part in template.placeholders
                   if part.key in error.names]  # fmt: skip
        return Filled(reply.name, reply.text, ", ".join(dict.fromkeys(written)))


def values_of(debtor: Debtor | None) -> dict[str, str]:
    if debtor is None:
        return {}
    return display_values(
        name=debtor.name,
        phone=debtor.phone,
        country=debtor.country,
        debt=debtor.debt,
        rut=debtor.rut,
        external_id=debtor.external_id,
        due_date=debtor.due_date,
        metadata=debtor.metadata,
    )


def store(reply: QuickReply | None, *, name: str, text: str) -> QuickReply | None:
    """Keep a new one, or another text of one; None where somebody took the name meanwhile."""
    kept = reply or QuickReply()
    kept.name, kept.folded_name, kept.text, kept.updated_at = name, fold(name)[:60], text, timezone.now()
    try:
        kept.save()
    except IntegrityError:
        return None
    return kept
