"""How a campaign's message reads for real rows of its audience, before anything is sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.audience import Texts, read_page
from campaigns.models import AudienceKind, Campaign, CampaignChannel
from campaigns.sentences import unknown_placeholder
from campaigns.template_errors import template_error_sentence
from debtors import queries as debtors
from domain.sms_text import SmsSize, measure
from domain.templating import TemplateError

SAMPLES = 3
MOST_SAMPLES = 6
CORE = ("nombre", "deuda", "rut", "telefono", "vencimiento", "id_externo")
"""What placeholders are offered while no file says how its columns are called."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The message as one recipient gets it; `missing` are the placeholders that it has no value for, and then no text.

    `variant` counts from 0, the message itself; `size` is that of an SMS.
    """

    row: int | None
    name: str
    phone: str
    variant: int
    text: str
    size: SmsSize | None
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """`errors` are sentences on texts that can't be used; `fallbacks` are placeholders that no column answers."""

    samples: Sequence[Sample]
    columns: Sequence[str]
    errors: Sequence[str] = ()
    fallbacks: Sequence[str] = ()
    plain: Sequence[str] = field(default=())
    """The texts as they were written, where there is nobody to fill them for."""

    @property
    def longest(self) -> SmsSize | None:
        """The size of the longest SMS among the samples."""
        sizes = [sample.size for sample in self.samples if sample.size is not None]
        return max(sizes, key=lambda size: (size.parts, size.units), default=None)


def preview(campaign: Campaign) -> Preview:
    """The first recipients' messages; the campaign need not be stored, nor its texts be sound."""
    columns = columns_of(campaign)
    try:
        texts = Texts(campaign)
    except TemplateError as error:
        errors = [template_error_sentence(error)] if any(text.strip() for text in campaign.texts) else []
        return Preview([], columns, errors)
    errors = [unknown_placeholder(name, texts.known) for name in texts.unknown()]
    if campaign.audience == AudienceKind.NONE:
        return Preview([], columns, plain=[text.strip() for text in campaign.texts])
    if errors:
        return Preview([], columns, errors)
    by_sms = campaign.channel != CampaignChannel.WHATSAPP
    number = min(MOST_SAMPLES, max(SAMPLES, len(texts.used)))
    samples = []
    for recipient in read_page(campaign, {}, limit=number).recipients:
        values = texts.values(recipient.debtor)
        person = (recipient.row, recipient.debtor.name, recipient.debtor.phone)
        if missing := texts.missing(values):
            samples.append(Sample(*person, 0, "", None, missing))
            continue
        # A draw can't be foreseen: those of the samples are spread over the texts.
        variant, text = texts.text(values, index=recipient.index, draw=(recipient.index % number) / number)
        samples.append(Sample(*person, variant, text, measure(text) if by_sms else None))
    return Preview(samples, columns, fallbacks=texts.always_fallback())


def columns_of(campaign: Campaign) -> list[str]:
    """The placeholders that a person would write for this audience."""
    imports = list(campaign.audience_imports) if campaign.audience == AudienceKind.IMPORTS else None
    headers = [header for header in debtors.field_aliases(imports) if header] if imports else []
    return list(dict.fromkeys([*(headers or CORE), *debtors.metadata_columns(imports)]))
