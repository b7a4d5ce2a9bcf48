"""How a campaign's message reads for real rows of its audience, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.audience import Texts
from campaigns.audience_look import first_rows
from campaigns.audience_reading import Recipient, sources
from campaigns.models import AudienceKind, Campaign, CampaignChannel
from campaigns.sentences import unknown_placeholder
from campaigns.template_errors import template_error_sentence
from debtors import queries as debtors
from domain.sms_text import Encoding, SmsSize, costly, measure, transliterate, transliterated
from domain.templating import TemplateError
from domain.whatsapp_text import Run, plain_runs, runs

SAMPLES = 3
MOST_SAMPLES = 6
TURNED = 200
"""Rows that a person can turn through."""
CORE = ("nombre", "deuda", "rut", "telefono", "vencimiento", "id_externo")
"""What placeholders are offered while no file says how its columns are called."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The message as one recipient gets it; `missing` are the placeholders that it has no value for, and then no text.

    `variant` counts from 0, the message itself; `size` is that of the SMS as it will be sent. `runs` are the text as
    WhatsApp or a phone shows it.
    """

    row: int | None
    name: str
    phone: str
    variant: int
    text: str
    size: SmsSize | None
    missing: Sequence[str] = ()
    runs: Sequence[Run] = ()
    costly: Sequence[str] = ()
    """The characters for which an SMS holds less than half as many."""
    saved: int = 0
    """How many parts less it takes because it is written without accents."""
    spared: int = 0
    """How many less it would take, were it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """`errors` are sentences on texts that can't be used; `fallbacks` are placeholders that no column answers."""

    samples: Sequence[Sample]
    columns: Sequence[str]
    errors: Sequence[str] = ()
    fallbacks: Sequence[str] = ()
    plain: Sequence[str] = field(default=())
    """The texts as they were written, where there is nobody to fill them for."""
    at: int = 0
    """Which row is shown, from 0, of the `of` first ones."""
    of: int = 0
    lacking: int | None = None
    """The next row, from the one that is shown, that lacks a value."""

    @property
    def longest(self) -> SmsSize | None:
        """The size of the longest SMS among the samples."""
        sizes = [sample.size for sample in self.samples if sample.size is not None]
        return max(sizes, key=lambda size: (size.parts, size.units), default=None)


def preview(campaign: Campaign) -> Preview:
    """The first recipients' messages; the campaign need not be stored, nor its texts be sound."""
    texts, found = _begin(campaign)
    if texts is None:
        return found
    number = min(MOST_SAMPLES, max(SAMPLES, len(texts.used)))
    rows, _whole = first_rows(campaign, number)
    samples = [_sample(campaign, texts, recipient, turns=number) for recipient in rows]
    return Preview(samples, found.columns, fallbacks=texts.always_fallback())


def preview_of_row(campaign: Campaign, at: int) -> Preview:
    """The message of one row, counted from 0, among those that a person can turn through."""
    texts, found = _begin(campaign)
    if texts is None:
        return found
    rows, _whole = first_rows(campaign, TURNED)
    if not rows:
        return Preview([], found.columns)
    place = at % len(rows)
    order = [*range(place + 1, len(rows)), *range(place + 1)]
    lacking = next((n for n in order if texts.missing(texts.values(rows[n].debtor))), None)
    sample = _sample(campaign, texts, rows[place], turns=max(1, len(texts.used)))
    return Preview([sample], found.columns, fallbacks=texts.always_fallback(), at=place, of=len(rows), lacking=lacking)


def _begin(campaign: Campaign) -> tuple[Texts | None, Preview]:
    """The texts that can be filled, or else what is shown in place of a filled one."""
    columns = columns_of(campaign)
    try:
        texts = Texts(campaign)
    except TemplateError as error:
        errors = [template_error_sentence(error)] if any(text.strip() for text in campaign.texts) else []
        return None, Preview([], columns, errors)
    errors = [unknown_placeholder(name, texts.known) for name in texts.unknown()]
    if campaign.audience == AudienceKind.NONE:
        return None, Preview([], columns, plain=[text.strip() for text in campaign.texts])
    if errors:
        return None, Preview([], columns, errors)
    return texts, Preview([], columns)


def _sample(campaign: Campaign, texts: Texts, recipient: Recipient, *, turns: int) -> Sample:
    values = texts.values(recipient.debtor)
    person = (recipient.row, recipient.debtor.name, recipient.debtor.phone)
    if missing := texts.missing(values):
        return Sample(*person, 0, "", None, missing)
    # A draw can't be foreseen: those of the samples are spread over the texts.
    variant, text = texts.text(values, index=recipient.index, draw=(recipient.index % turns) / turns)
    pieces = texts.pieces(values, variant)
    if campaign.channel == CampaignChannel.WHATSAPP:
        return Sample(*person, variant, text, None, runs=runs(pieces))
    plain = transliterate(text)
    written, shorter = measure(text), measure(plain)
    less = written.parts - shorter.parts
    sms, size = (plain, shorter) if texts.plain else (text, written)
    by_sms = campaign.channel == CampaignChannel.SMS
    if by_sms and texts.plain:
        pieces = transliterated(pieces)
    return Sample(
        *person,
        variant,
        sms if by_sms else text,
        size,
        runs=plain_runs(pieces) if by_sms else runs(pieces),
        costly=costly(sms) if size.encoding is Encoding.UCS_2 else [],
        saved=less if texts.plain else 0,
        spared=0 if texts.plain else less,
    )


def columns_of(campaign: Campaign) -> list[str]:
    """The placeholders that a person would write for this audience."""
    imports = sources(campaign)
    headers = [header for header in debtors.field_aliases(imports) if header] if imports else []
    return list(dict.fromkeys([*(headers or CORE), *debtors.metadata_columns(imports)]))
