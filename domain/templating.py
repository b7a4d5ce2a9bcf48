"""Message templates that people write: parse, check and render `{name}` and `{name|fallback}`.

`{{` and `}}` stand for the braces themselves. This is not str.format: a placeholder only ever names a value, and what a
value holds is never interpreted.
"""

import difflib
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.core_fields import ALIASES, CORE_FIELDS
from domain.folding import fold
from domain.headers import recognise

MAX_TEMPLATE_CHARACTERS = 4096
MAX_NAME_CHARACTERS = 100
_SNIPPET_CHARACTERS = 24

_BRACE = re.compile(r"[{}]")
# Control characters other than tab and newline, and lone surrogates (bytes of a command line that were not UTF-8).
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_CONTROL_BUT_RETURN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class Fault(StrEnum):
    """What is wrong with a template. The comment names the parameters that come with it."""

    EMPTY = "empty"
    TOO_LONG = "too_long"  # length, limit (characters)
    UNBALANCED = "unbalanced"  # brace, snippet
    EMPTY_PLACEHOLDER = "empty_placeholder"  # snippet
    ILLEGAL_NAME = "illegal_name"  # name
    ILLEGAL_CHARACTER = "illegal_character"  # character (as U+XXXX)


class TemplateError(Exception):
    """The template can't be used; `position` counts characters from 0, `params` are the sentence's parameters."""

    def __init__(self, code: Fault, position: int = 0, **params: str | int) -> None:
        super().__init__(code, position, params)
        self.code = code
        self.position = position
        self.params: Mapping[str, str | int] = params

    def __str__(self) -> str:
        return f"{self.code} at {self.position}: {dict(self.params)}"


class MissingValue(Exception):
    """Placeholders have neither a value nor a fallback; `names` are their keys."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(names)
        self.names = names


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value's place: `key` is a core field or a folded column name, `position` counts characters from 0."""

    key: str
    fallback: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed template: literal texts and placeholders in their order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        return tuple(part for part in self.parts if isinstance(part, Placeholder))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the placeholders, each once, in order of appearance."""
        return tuple(dict.fromkeys(part.key for part in self.placeholders))


def resolve(name: str) -> str:
    """The key that a placeholder's name stands for: a core field's name, or the folded name of a column."""
    folded = fold(name)
    return ALIASES.get(folded, folded)


def parse(text: str) -> Template:
    """The template that the text writes. Raises TemplateError, and nothing else, when it can't be used."""
    if len(text) > MAX_TEMPLATE_CHARACTERS:
        raise TemplateError(Fault.TOO_LONG, MAX_TEMPLATE_CHARACTERS, length=len(text), limit=MAX_TEMPLATE_CHARACTERS)
    if not text.strip():
        raise TemplateError(Fault.EMPTY)
    illegal = _CONTROL_BUT_RETURN.search(text)
    if illegal:
        raise TemplateError(Fault.ILLEGAL_CHARACTER, illegal.start(), character=f"U+{ord(illegal[0]):04X}")
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    position = 0
    while brace := _BRACE.search(text, position):
        start = brace.start()
        literal.append(text[position:start])
        if text.startswith(brace[0] * 2, start):
            literal.append(brace[0])
            position = start + 2
            continue
        end = _BRACE.search(text, start + 1)
        if brace[0] == "}" or not end or end[0] == "{":
            raise TemplateError(Fault.UNBALANCED, start, brace=brace[0], snippet=_snippet(text, start))
        _close(literal, parts)
        parts.append(_placeholder(text, start, end.start()))
        position = end.end()
    literal.append(text[position:])
    _close(literal, parts)
    return Template(tuple(parts))


def _close(literal: list[str], parts: list[str | Placeholder]) -> None:
    """Move the literal text gathered so far to the parts, with newlines in the one form that phones know."""
    text = "".join(literal).replace("\r\n", "\n").replace("\r", "\n")
    literal.clear()
    if text:
        parts.append(text)


def _placeholder(text: str, start: int, end: int) -> Placeholder:
    name, bar, fallback = text[start + 1 : end].partition("|")
    name = name.strip()
    if not name:
        raise TemplateError(Fault.EMPTY_PLACEHOLDER, start, snippet=_snippet(text, start))
    key = resolve(name)
    if not key or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        shown = "".join(character if character.isprintable() else " " for character in name[:MAX_NAME_CHARACTERS])
        raise TemplateError(Fault.ILLEGAL_NAME, start, name=shown)
    return Placeholder(key, _clean(fallback).strip() if bar else None, start)


def _snippet(text: str, position: int) -> str:
    """A few characters of the text from the position on, on one line, to recognise the place by."""
    return " ".join(text[position : position + _SNIPPET_CHARACTERS].split())


def _clean(value: str) -> str:
    """The value without control characters but tab and newline."""
    return value if value.isprintable() else _CONTROL.sub("", value)


def bind(template: Template, columns: Collection[str]) -> Template:
    """The template for an audience with these columns: `{saldo}` is the debt if that is how its header was read.

    Import reads many more headers than ALIASES has, as core fields or, where two columns mean the same field, as a
    column of its own. Hence a placeholder of such a name means the column where there is one, and else the field.
    """
    own = {fold(column) for column in columns}

    def bound(part: str | Placeholder) -> str | Placeholder:
        if isinstance(part, str) or part.key in CORE_FIELDS or part.key in own:
            return part
        field = recognise(part.key)
        return replace(part, key=str(field)) if field else part

    return Template(tuple(bound(part) for part in template.parts))


def _fill(template: Template, values: Mapping[str, str]) -> str | None:
    """The rendered text, or None when a placeholder without fallback has no value."""
    texts: list[str] = []
    for part in template.parts:
        if isinstance(part, str):
            texts.append(part)
            continue
        value = _clean(values.get(part.key, ""))
        if value and not value.isspace():
            texts.append(value)
        elif part.fallback is not None:
            texts.append(part.fallback)
        else:
            return None
    return "".join(texts)


def missing(template: Template, values: Mapping[str, str]) -> tuple[str, ...]:
    """The keys that have neither a value (absent or blank) nor a fallback; empty when `render` would succeed.

    Where only empty fallbacks are left and the whole text would be blank, every key counts as missing.
    """
    text = _fill(template, values)
    if text is None:
        return tuple(
            dict.fromkeys(
                part.key
                for part in template.placeholders
                if part.fallback is None and not _clean(values.get(part.key, "")).strip()
            )
        )
    return () if text.strip() else template.keys


def render(template: Template, values: Mapping[str, str]) -> str:
    """The text for one debtor: `values` holds plain texts by core field name or folded column name.

    Values are inserted as they are, but for control characters other than tab and newline. Raises MissingValue exactly
    when `missing` names something.
    """
    text = _fill(template, values)
    if text is None or not text.strip():
        raise MissingValue(missing(template, values))
    return text


def pieces(template: Template, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    """What `render` gives, in pieces, each with whether it stands in a placeholder's place. Raises as `render` does."""
    render(template, values)
    found = []
    for part in template.parts:
        if isinstance(part, str):
            found.append((part, False))
            continue
        value = _clean(values.get(part.key, ""))
        found.append((value if value and not value.isspace() else part.fallback or "", True))
    return found


def unknown(template: Template, columns: Collection[str]) -> tuple[str, ...]:
    """The keys without fallback that are neither a core field nor one of the columns: the template can't be used."""
    return _not_among(columns, (part.key for part in template.placeholders if part.fallback is None))


def unknown_with_fallback(template: Template, columns: Collection[str]) -> tuple[str, ...]:
    """The keys that always take their fallback, because no such column exists: worth a warning."""
    strict = {part.key for part in template.placeholders if part.fallback is None}
    return _not_among(columns, (key for key in template.keys if key not in strict))


def _not_among(columns: Collection[str], keys: Iterable[str]) -> tuple[str, ...]:
    known = CORE_FIELDS | {fold(column) for column in columns}
    return tuple(dict.fromkeys(key for key in keys if key not in known))


def suggest(name: str, columns: Collection[str]) -> str | None:
    """The core field's alias or column that the unknown name was probably meant to be."""
    known = [*ALIASES, *(fold(column) for column in columns)]
    matches = difflib.get_close_matches(fold(name)[:MAX_NAME_CHARACTERS], known, n=1, cutoff=0.7)
    return matches[0] if matches else None


class Rotation(StrEnum):
    """How the message and its variants take turns."""

    NONE = "none"
    ROUND_ROBIN = "round_robin"
    RANDOM = "random"


def choose_variant(rotation: Rotation, count: int, index: int, draw: float) -> int:
    """Which of `count` texts (0 is the message itself) the recipient gets.

    `index` is the recipient's number in the audience, from 0; `draw` lies in [0, 1). Raises ValueError when count < 1.
    """
    if count < 1:
        raise ValueError("There is no text to choose from.")
    match rotation:
        case Rotation.NONE:
            return 0
        case Rotation.ROUND_ROBIN:
            return index % count
        case Rotation.RANDOM:
            return min(int(draw * count), count - 1)


def digest(texts: Sequence[str]) -> str:
    """A stable id of a version of a message and its variants: 16 hexadecimal digits."""
    hashed = hashlib.sha256()
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        # The length goes first, so that moving text from one variant to the next makes another version.
        hashed.update(len(encoded).to_bytes(8, "big"))
        hashed.update(encoded)
    return hashed.hexdigest()[:16]
