"""Keeps the catalogues of translations in locale/ in step with what the code says to people: bin/messages.

Extraction is Babel's, which needs no system package. New sentences come without a translation; those that the code no
longer has are dropped.
"""

import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract, extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from whatsmassive.settings.variables import ROOT

LOCALES = ("es", "en")
SILENT = frozenset({"tests", "simulators", "benchmarks", "runner"})
"""Packages that say nothing to the product's users."""

KEYWORDS: Mapping[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
WIDTH = 120

Found = Iterable[tuple[Any, ...]]


def catalogue_path(locale: str) -> Path:
    return ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"


def sources() -> list[Path]:
    """The modules and templates that speak to people, in the order of their paths."""
    packages = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in SILENT]
    modules = [path for package in packages for path in package.rglob("*.py") if "migrations" not in path.parts]
    templates = [path for folder in (*packages, ROOT / "templates") for path in folder.rglob("*.html")]
    return sorted([*modules, *templates])


def extract_template(file: BinaryIO, keywords: Any, comment_tags: Any, options: Any) -> Found:
    """Babel's extractor for Django's templates: Django turns them into calls of gettext and much blank."""
    python = templatize(file.read().decode())
    # Each line on its own: a template's indentation would be an error in Python.
    flat = "\n".join(line.strip() for line in python.splitlines())
    return extract_python(BytesIO(flat.encode()), keywords, comment_tags, {**options, "encoding": "utf-8"})


def extracted() -> Catalog:
    """Every sentence of the code, with the files that say it, without translations."""
    found = Catalog(project="WhatsMassive", charset="utf-8")
    for path in sources():
        method: Any = "python" if path.suffix == ".py" else extract_template
        with path.open("rb") as file:
            for _line, message, comments, context in extract(method, file, KEYWORDS, ("Translators:",)):
                where = [(path.relative_to(ROOT).as_posix(), 0)]
                found.add(message, locations=where, auto_comments=comments, context=context)
    return found


def read(locale: str) -> Catalog:
    """The catalogue as it is stored; an empty one where there is none."""
    path = catalogue_path(locale)
    if not path.exists():
        return Catalog(locale=locale, charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def updated(locale: str) -> Catalog:
    """The catalogue with the sentences that the code has now."""
    catalogue, found = read(locale), extracted()
    found.creation_date = catalogue.creation_date  # else every run would change the file
    catalogue.update(found, no_fuzzy_matching=True)
    catalogue.fuzzy = False
    catalogue.project, catalogue.version = "WhatsMassive", "1"
    catalogue.header_comment = "# What WhatsMassive says to people. Brought up to date by bin/messages."
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    return catalogue


def as_text(catalogue: Catalog) -> str:
    """The catalogue as a .po file. Without line numbers, which any edit would change."""
    out = BytesIO()
    write_po(out, catalogue, width=WIDTH, include_lineno=False, sort_by_file=True, ignore_obsolete=True)
    return out.getvalue().decode()


def texts(strings: Any) -> tuple[str, ...]:
    """A message's id or translation as its forms: one, or one for each plural."""
    return tuple(strings) if isinstance(strings, list | tuple) else (strings or "",)


def untranslated(catalogue: Catalog) -> list[str]:
    """The sentences without a translation, or with an unfinished one."""
    return [
        texts(message.id)[0]
        for message in catalogue
        if message.id and (message.fuzzy or not all(texts(message.string)))
    ]


def main() -> int:
    for locale in LOCALES:
        path = catalogue_path(locale)
        path.parent.mkdir(parents=True, exist_ok=True)
        catalogue = updated(locale)
        path.write_text(as_text(catalogue))
        missing = [] if locale == "en" else untranslated(catalogue)
        sys.stdout.write(f"{path.relative_to(ROOT)}: {len(catalogue)} sentences, {len(missing)} without translation\n")
        for sentence in missing:
            sys.stdout.write(f"  {sentence!r}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
