"""What a reply says of whether its writer may be written to: an opt-out, something for a person to decide, or neither.

A text is an opt-out when the whole of it is one of WORDS, whatever case, accents, signs and blanks it is written with.
Nothing else is: whatever comes near goes to review, where a person decides. Each decision names its rule, and all rules
have one version, both of which are stored with what was decided: a later change of the rules explains no earlier act.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

VERSION = 1
"""Of all rules below; one more whenever a text may be judged otherwise than before."""

WORDS = ("baja", "stop", "no mas", "parar", "sair", "cancelar", "alto", "unsubscribe")

PHRASES = (
    *("de baja", "la baja", "mi baja", "dejen de", "deje de", "deja de", "dejar de", "no quiero recibir"),
    *("no quiero mas", "no mas mensajes", "no envien", "no manden", "no escriban", "no escribir", "no llamen"),
    *("no contacten", "no molesten", "no moleste", "no molestar", "no insistan", "no autorizo"),
    *("no me escriba", "no me escriban", "no me escribas", "no me envie", "no me envien", "no me envies"),
    *("no me manden", "no me mande", "no me mandes", "no me llamen", "no me llame", "no me llames"),
    *("no me contacten", "no me contacte", "no me contactes", "no me molesten", "no me moleste", "no me molestes"),
    *("no me hablen", "no me hable", "no me vuelvan", "no me vuelva", "no vuelvan a", "no vuelva a"),
    *("borrenme", "borrarme", "borren mi", "borre mi", "saquenme", "saqueme", "sacame", "sacarme", "eliminenme"),
    *("elimineme", "eliminarme", "eliminen mi", "elimine mi", "desuscribir", "desuscribirme", "desuscribanme"),
    *("basta de", "ya basta", "paren de", "pare de", "parem de", "nao quero receber", "nao me mande", "nao me envie"),
    *("nao mande mais", "nao envie mais", "me tire da lista", "me tirem da lista", "sair da lista", "descadastrar"),
    *("opt out", "remove me", "do not contact", "don t contact", "do not text", "don t text", "do not message"),
    *("don t message", "leave me alone", "no more messages", "no more texts", "stop texting", "stop messaging"),
)
"""Words in this order anywhere in a text: as `normalise` gives them."""

LOUD = frozenset({"baja", "stop", "unsubscribe"})
"""Words that come near an opt-out at the end of a text too: “por favor stop”."""

LONGEST = 4_000
"""Characters that are looked at: what is longer is no word, and what matters of it stands at its beginning."""

_NOT_LETTERS = re.compile(r"[\W_]+")
_RUNS = re.compile(r"(.)\1+")


class Verdict(StrEnum):
    NONE = "none"
    REVIEW = "review"  # it comes near: a person decides
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Decision:
    verdict: Verdict
    rule: str = ""
    """Which rule decided, and by which word: `word:baja`, `near:bajo`; empty for none."""
    version: int = VERSION


NOTHING = Decision(Verdict.NONE)


def examine(text: str) -> Decision:
    """What a reply means."""
    plain = normalise(text[:LONGEST])
    if not plain:
        return NOTHING
    if plain in WORDS and len(text) <= LONGEST:
        return Decision(Verdict.OPT_OUT, f"word:{plain}")
    rule = _near(plain)
    return Decision(Verdict.REVIEW, rule) if rule else NOTHING


def normalise(text: str) -> str:
    """Its words in small letters without accents, one blank between them; signs, emoji and what is not seen are gone.

    Doing it twice changes nothing.
    """
    seen = "".join(each for each in _plain(text) if unicodedata.category(each) not in ("Cf", "Mn", "Me", "Mc"))
    return " ".join(_NOT_LETTERS.sub(" ", _plain(seen.casefold())).split())


def _plain(text: str) -> str:
    """Full-width letters and the like as plain ones, accents apart from their letters and gone."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(each for each in decomposed if not unicodedata.combining(each))


def _near(plain: str) -> str:
    """The rule by which a text that is no opt-out comes near one; empty where it does not."""
    for word in WORDS:
        if plain.startswith(f"{word} "):
            return f"begins:{word}"
    words = plain.split()
    if words[-1] in LOUD:
        return f"ends:{words[-1]}"
    around = f" {plain} "
    for phrase in PHRASES:
        if f" {phrase} " in around:
            return f"phrase:{phrase}"
    # Letter by letter, or with letters that a finger held: “S T O P”, “stoooop”, “nomas”.
    joined = "".join(words) if all(len(each) == 1 for each in words) or len(words) == 1 else plain
    for word in WORDS:
        if _RUNS.sub(r"\1", joined.replace(" ", "")) == _RUNS.sub(r"\1", word.replace(" ", "")):
            return f"spelt:{word}"
    for word in WORDS:
        if one_edit_apart(plain, word):
            return f"near:{word}"
    return ""


def one_edit_apart(one: str, other: str) -> bool:
    """Whether one letter more, less or another one makes the one text of the other, or two neighbours that changed."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), None)
    if start is None:  # the one begins with the whole of the other
        return True
    a, b = one[start:], other[start:]
    if len(a) == len(b):
        return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])
    return a[1:] == b or a == b[1:]
