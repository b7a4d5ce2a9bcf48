"""Who receives a campaign, with which text: read page by page, the same way to check it and to enroll it."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from campaigns.audience_reading import Cursor, Page, Recipient, read_page, sources
from campaigns.models import AudienceCheck, AudienceKind, Campaign
from debtors import queries as debtors
from debtors.queries import DebtorValues
from domain.core_fields import CORE_FIELDS
from domain.templating import (
    Placeholder,
    Rotation,
    Template,
    bind,
    choose_variant,
    digest,
    missing,
    parse,
    pieces,
    render,
    unknown,
    unknown_with_fallback,
)
from domain.values import display_values
from lib.mongo import collection, to_document

__all__ = ["Cursor", "Page", "Recipient", "Texts", "check", "keep", "kept", "pages", "read_page", "version"]

LISTED_MAX = 1000
"""How many rows with a missing value are listed with their numbers; all of them are counted."""


def pages(campaign: Campaign) -> Iterator[list[Recipient]]:
    """The whole audience, page by page."""
    cursor: Cursor | None = {}
    while cursor is not None:
        page = read_page(campaign, cursor)
        yield page.recipients
        cursor = page.cursor


class Texts:
    """A campaign's texts, parsed once, to be filled for each recipient.

    `columns` are the names, beside the core fields, that placeholders may use; `known` are those that a person would
    write for this audience, the headers that became core fields too. `plain`: as an SMS they go without accents.
    """

    def __init__(self, campaign: Campaign) -> None:
        imports = sources(campaign)
        self.columns = debtors.metadata_columns(imports)
        headers = debtors.field_aliases(imports)
        self.known = list(dict.fromkeys([*headers, *self.columns]))
        self.templates: list[Template] = [_bind(parse(text), self.columns, headers) for text in campaign.texts]
        self._written = {
            part.key: _name_at(text, part.position)
            for text, template in zip(campaign.texts, self.templates, strict=True)
            for part in template.placeholders
        }
        self.rotation = Rotation(campaign.rotation)
        self.plain = campaign.transliterate
        # Money and dates are written as the campaign's country does, wherever a debtor's phone is from.
        self.country = campaign.country
        # A variant that rotation never chooses must not make a row incomplete.
        self.used = self.templates if self.rotation is not Rotation.NONE else self.templates[:1]

    def values(self, debtor: DebtorValues) -> dict[str, str]:
        """What placeholders stand for."""
        return display_values(
            name=debtor.name,
            phone=debtor.phone,
            country=self.country,
            debt=debtor.debt,
            rut=debtor.rut,
            external_id=debtor.external_id,
            due_date=debtor.due_date,
            metadata=debtor.metadata,
        )

    def missing(self, values: dict[str, str]) -> tuple[str, ...]:
        """The placeholders that a recipient has no value for, in whichever text it may get, as they were written."""
        keys = dict.fromkeys(key for template in self.used for key in missing(template, values))
        return tuple(self._written[key] for key in keys)

    def unknown(self) -> list[str]:
        """The placeholders that name no column and have no fallback, as they were written: the texts can't be used."""
        keys = dict.fromkeys(key for template in self.templates for key in unknown(template, self.columns))
        return [self._written[key] for key in keys]

    def always_fallback(self) -> list[str]:
        """The placeholders that will always read as their fallback, because the audience has no such column."""
        keys = dict.fromkeys(key for template in self.used for key in unknown_with_fallback(template, self.columns))
        return [self._written[key] for key in keys]

    def text(self, values: dict[str, str], *, index: int, draw: float) -> tuple[int, str]:
        """Which text the recipient gets, and how it reads. Raises MissingValue."""
        chosen = choose_variant(self.rotation, len(self.templates), index, draw)
        return chosen, render(self.templates[chosen], values)

    def pieces(self, values: dict[str, str], chosen: int) -> list[tuple[str, bool]]:
        """The text of that number in pieces, each with whether it is a value. Raises MissingValue."""
        return pieces(self.templates[chosen], values)


def _bind(template: Template, columns: Collection[str], headers: Mapping[str, str]) -> Template:
    """The template for these columns and headers: `{saldo_final}` is the debt where the import was told so."""

    def bound(part: str | Placeholder) -> str | Placeholder:
        if isinstance(part, str) or part.key in CORE_FIELDS or part.key in columns:
            return part
        return replace(part, key=headers.get(part.key, part.key))

    return bind(Template(tuple(bound(part) for part in template.parts)), columns)


def _name_at(text: str, position: int) -> str:
    """The name in the placeholder that begins at this position of a text."""
    return text[position + 1 : text.index("}", position)].partition("|")[0].strip()


def version(campaign: Campaign) -> str:
    """What a check of the audience holds for: these texts, this rotation and this audience."""
    audience = [campaign.audience, *(str(i) for i in campaign.audience_imports)]
    if spec := campaign.audience_spec.get(campaign.audience):
        audience.append(json.dumps(spec, sort_keys=True))
    return f"{digest([*campaign.texts, campaign.rotation])}-{digest(audience)}"


def check(campaign: Campaign, texts: Texts, *, progress: Callable[[int], None] | None = None) -> AudienceCheck:
    """Look at every row for the values that the texts need; `keep` stores the result.

    What was kept for this version is returned as it is where the audience is files; any other one is looked at anew
    each time, because debtors change. `progress` is told how many rows were read.
    """
    if campaign.audience == AudienceKind.IMPORTS and (before := kept(campaign)):
        return before
    found = AudienceCheck(campaign=campaign.pk, version=version(campaign), columns=texts.columns, listed=[])
    for page in pages(campaign):
        found.rows += len(page)
        found.incomplete += _look(page, texts, found.listed)
        if progress:
            progress(len(page))
    return found


def kept(campaign: Campaign) -> AudienceCheck | None:
    """What the audience was last found to be with these texts."""
    return AudienceCheck.objects.filter(campaign=campaign.pk, version=version(campaign)).first()


def keep(found: AudienceCheck) -> None:
    """Store a check in the place of an earlier one of the same version."""
    fields = to_document(found)
    key = {"campaign": fields.pop("campaign"), "version": fields.pop("version")}
    fields.pop("_id", None)
    collection(AudienceCheck).update_one(key, {"$set": fields}, upsert=True)


def _look(page: Sequence[Recipient], texts: Texts, listed: list[dict[str, Any]]) -> int:
    """How many of the page's rows lack a value; the first ones go to the list."""
    found = 0
    for recipient in page:
        names = texts.missing(texts.values(recipient.debtor))
        if not names:
            continue
        found += 1
        if len(listed) < LISTED_MAX:
            listed.append({"row": recipient.row, "name": recipient.debtor.name, "missing": list(names)})
    return found
