"""One spelling for the names people give to columns and placeholders: `Razón Social` is `razon_social`."""

import re
import unicodedata

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")


def fold(text: str) -> str:
    """The text without accents, in lower case, with every run of other characters than letters and digits as `_`.

    Neither begins nor ends with `_`; empty when the text has no letter or digit. Folding twice changes nothing.
    """
    plain = _without_accents(_without_accents(text).casefold())
    return _NOT_ALPHANUMERIC.sub("_", plain).strip("_")


def _without_accents(text: str) -> str:
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
