"""How a kind of gateway declares its settings as data: validation, forms, masking and sealing derive from it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from gateways.errors import GatewayError
from lib.redaction import MASK

if TYPE_CHECKING:  # a type of the checker's, which production does not install
    from django_stubs_ext import StrPromise
else:
    from django.utils.functional import Promise as StrPromise


class FieldType(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    MAPPING = "mapping"


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a kind.

    A `secret` one is sealed in the database and never shown again; `shown` makes what is shown in its place (the mask
    alone when there is none). Forms show those of a `section` together under that heading, the ones without any first;
    a `multiline` one is a text of several lines; `labels` say in words what `choices` mean. `check` looks at the
    cleaned value, gives it back (normalised) and raises ValueError with a translated sentence.
    """

    name: str
    label: str | StrPromise
    type: FieldType = FieldType.TEXT
    secret: bool = False
    required: bool = False
    default: Any = ""
    help: str | StrPromise = ""
    choices: tuple[str, ...] = ()
    labels: Mapping[str, str | StrPromise] = field(default_factory=dict)
    minimum: float | None = None
    maximum: float | None = None
    check: Callable[[Any], Any] | None = None
    shown: Callable[[Any], str] | None = None
    section: str | StrPromise = ""
    multiline: bool = False

    def clean(self, value: Any) -> Any:
        """The value in its type, from text or from what JSON gives. Raises GatewayError."""
        try:
            cleaned = _PARSERS[self.type](self, value)
            if cleaned in ("", None, {}) and self.required:
                raise ValueError(_("is needed"))
            if self.check is not None and cleaned not in ("", None, {}):
                cleaned = self.check(cleaned)
        except ValueError as error:
            raise GatewayError(f"{self.name}: {error}") from None
        return cleaned

    def masked(self, value: Any) -> Any:
        """The value as it may be shown."""
        if not self.secret or value in ("", None, {}):
            return value
        return self.shown(value) if self.shown is not None else MASK


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise ValueError(_("takes a text"))
    text = str(value).strip()
    if len(text) > 10_000:
        raise ValueError(_("is longer than 10,000 characters"))
    return text


def _within(field: Field, number: float | Decimal) -> None:
    if (field.minimum is not None and number < field.minimum) or (field.maximum is not None and number > field.maximum):
        raise ValueError(
            _("takes a number from %(minimum)s to %(maximum)s")
            % {"minimum": f"{field.minimum:g}", "maximum": f"{field.maximum:g}"}
        )


def _integer(field: Field, value: Any) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        raise ValueError(_("takes a whole number, not “%(value)s”") % {"value": str(value)[:40]}) from None
    _within(field, number)
    return number


def _decimal(field: Field, value: Any) -> float:
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValueError(_("takes a number, not “%(value)s”") % {"value": str(value)[:40]}) from None
    if not number.is_finite():
        raise ValueError(_("takes a number, not “%(value)s”") % {"value": str(value)[:40]})
    _within(field, number)
    return float(number)


def _boolean(field: Field, value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("true", "yes", "on", "1", "si", "sí"):
        return True
    if text in ("false", "no", "off", "0", ""):
        return False
    raise ValueError(_("takes yes or no, not “%(value)s”") % {"value": text[:40]})


def _choice(field: Field, value: Any) -> str:
    by_lower = {choice.lower(): choice for choice in field.choices}
    try:
        return by_lower[str(value).strip().lower()]
    except KeyError:
        raise ValueError(
            _("takes one of %(choices)s, not “%(value)s”")
            % {"choices": ", ".join(field.choices), "value": str(value)[:40]}
        ) from None


def _mapping(field: Field, value: Any) -> dict[str, str]:
    """A mapping of texts: a JSON object, or lines of `name: value`."""
    if isinstance(value, str):
        value = value.strip()
        if not value:
            return {}
        if value.startswith("{"):
            try:
                value = json.loads(value)
            except ValueError:
                raise ValueError(_("isn't a valid JSON object")) from None
        else:
            lines = [line.partition(":") for line in value.splitlines() if line.strip()]
            if any(not name.strip() or not colon for name, colon, rest in lines):
                raise ValueError(_("takes a JSON object, or one “name: value” a line"))
            value = {name.strip(): rest.strip() for name, colon, rest in lines}
    if not isinstance(value, Mapping) or not all(isinstance(one, str | int | float) for one in value.values()):
        raise ValueError(_("takes a JSON object of texts, or one “name: value” a line"))
    return {str(name): str(one) for name, one in value.items()}


_PARSERS: Mapping[FieldType, Callable[[Field, Any], Any]] = {
    FieldType.TEXT: _text,
    FieldType.INTEGER: _integer,
    FieldType.DECIMAL: _decimal,
    FieldType.BOOLEAN: _boolean,
    FieldType.CHOICE: _choice,
    FieldType.MAPPING: _mapping,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of gateway.

    `provider` is the dotted path of its class, called with a Line; `deliver_task` is the name of the Celery task that
    works through its messages; `check` looks at all cleaned values together and raises GatewayError. `queue` is where
    that task goes, and may name fields: `whatsapp.{host}`. A kind that `needs_session` sends through a WhatsApp
    session. A URL template with one of its `schemes` describes a line of this kind: `from_url` reads it into fields,
    and raises UrlTemplateError.

    Whoever makes a line chooses by its `label`, `icon` and what it is `about`, and sees `examples` of its templates.
    `callback_notes` tells, by a line's fields, what to do with its callback address.
    """

    name: str
    label: str | StrPromise
    channel: str
    provider: str
    deliver_task: str
    fields: tuple[Field, ...]
    check: Callable[[Mapping[str, Any]], None] | None = None
    queue: str = "sms"
    needs_session: bool = False
    schemes: tuple[str, ...] = ()
    from_url: Callable[[str], dict[str, Any]] | None = None
    about: str | StrPromise = ""
    icon: str = "message-square"
    examples: tuple[str, ...] = ()
    callback_notes: Callable[[Mapping[str, Any]], list[str]] | None = None

    def queue_of(self, config: Mapping[str, Any]) -> str:
        """The queue of a gateway's deliver task: `queue` with the gateway's fields put in."""
        defaults = {field.name: field.default for field in self.fields}
        return self.queue.format_map({**defaults, **config})

    def clean(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Every field's value, defaults where none is given. Raises GatewayError."""
        unknown = sorted(set(given) - {field.name for field in self.fields})
        if unknown:
            raise GatewayError(
                _("A gateway of kind %(kind)s has no field %(unknown)s. Its fields are: %(fields)s.")
                % {
                    "kind": self.name,
                    "unknown": ", ".join(unknown),
                    "fields": ", ".join(field.name for field in self.fields),
                }
            )
        values = {field.name: field.clean(given.get(field.name, field.default)) for field in self.fields}
        if self.check is not None:
            self.check(values)
        return values

    def split(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The cleaned values as (plain ones, secret ones)."""
        secret = {field.name for field in self.fields if field.secret}
        return (
            {name: value for name, value in values.items() if name not in secret},
            {name: value for name, value in values.items() if name in secret},
        )

    def masked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as they may be shown, by field; what no field declares is left out."""
        return {field.name: field.masked(values[field.name]) for field in self.fields if field.name in values}
