"""How a text looks in WhatsApp: *bold*, _italic_, ~struck~ and ```monospace```, and where placeholders' values are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKS = {"*": "bold", "_": "italic", "~": "struck"}
_MONO = re.compile(r"```(?!```)(.+?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text in one dress. `value` is whether it came from a debtor, not from whoever wrote the message."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    mono: bool = False
    value: bool = False


def runs(pieces: Sequence[tuple[str, bool]]) -> list[Run]:
    """The runs of a text that is given in pieces, each with whether it is a value; the marks themselves go."""
    text = "".join(piece for piece, _value in pieces)
    values = [value for piece, value in pieces for _ in piece]
    styles: list[set[str]] = [set() for _ in text]
    hidden: set[int] = set()
    closed = bytearray(len(text))  # what is inside ``` means itself
    for found in _MONO.finditer(text):
        hidden.update((*range(found.start(), found.start() + 3), *range(found.end() - 3, found.end())))
        for place in range(found.start(), found.end()):
            closed[place] = 1
            styles[place].add("mono")
    for mark, style in _MARKS.items():
        for start, end in _pairs(text, mark, closed):
            hidden.update((start, end))
            for place in range(start + 1, end):
                styles[place].add(style)
    result: list[Run] = []
    dress: tuple[frozenset[str], bool] | None = None
    letters: list[str] = []
    for place, letter in enumerate(text):
        if place in hidden:
            continue
        now = (frozenset(styles[place]), values[place])
        if now != dress:
            _close(letters, dress, result)
            dress = now
        letters.append(letter)
    _close(letters, dress, result)
    return result


def plain_runs(pieces: Sequence[tuple[str, bool]]) -> list[Run]:
    """The same for an SMS, in which marks mean themselves."""
    return [Run(text, value=value) for text, value in pieces if text]


def _close(letters: list[str], dress: tuple[frozenset[str], bool] | None, result: list[Run]) -> None:
    if letters and dress is not None:
        result.append(Run("".join(letters), **dict.fromkeys(dress[0], True), value=dress[1]))
    letters.clear()


def _pairs(text: str, mark: str, closed: bytearray) -> list[tuple[int, int]]:
    """The places of marks that belong together: on one line, tight around a text, and not inside of a word."""
    found = []
    opened: int | None = None
    for place, letter in enumerate(text):
        if letter == "\n" or closed[place]:
            opened = None
        elif letter == mark:
            before, after = text[place - 1 : place], text[place + 1 : place + 2]
            if opened is not None and place > opened + 1 and not before.isspace() and not after.isalnum():
                found.append((opened, place))
                opened = None
            elif opened is None and after and not after.isspace() and after != mark and not before.isalnum():
                opened = place
    return found
