"""Writes the tables of docs/configuration.md from the code: `python -m whatsmassive.settings.documentation`."""

import re
from collections.abc import Iterable

from whatsmassive.settings.variables import ROOT, VARIABLES, Variable

DOCUMENT = ROOT / "docs" / "configuration.md"


def documented(text: str) -> str:
    """The document with the tables between its markers, `<!-- variables -->` … `<!-- end -->`, as the code has them."""
    for name, table in (("variables", _variables()), ("checks", _checks())):
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- end -->)",
            lambda match, table=table: f"{match[1]}{table}{match[2]}",  # type: ignore[misc]  # its default's type
            text,
            flags=re.DOTALL,
        )
    return text


def _variables() -> str:
    rows = ((f"`{item.name}`", _default(item), "yes" if item.secret else "", item.doc) for item in VARIABLES)
    return _table(("Variable", "Default", "Secret", "Meaning"), rows)


def _default(variable: Variable) -> str:
    default = variable.default.replace(f"{ROOT}/", "")
    return f"`{default}`" if default else ""


def _checks() -> str:
    from whatsmassive.checks import RULES  # needs Django's settings

    return _table(("Check", "Problem", "What to do"), ((f"`{rule.id}`", rule.problem, rule.hint) for rule in RULES))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = (head, tuple("---" for _ in head), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text()))
