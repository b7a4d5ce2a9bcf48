"""The catalogues in locale/ hold what the code says, all of it in Spanish."""

import ast
import re
from io import BytesIO

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract
from django.conf import settings
from django.utils.translation import override

from domain.states import MessageStatus
from messaging.models import STATUS_LABELS
from whatsmassive.catalogues import KEYWORDS, LOCALES, extract_template, read, sources, texts, untranslated, updated

PLACEHOLDER = re.compile(r"%\((\w+)\)([sd])|%%")


def said(message: Message) -> tuple[str | None, tuple[str, ...]]:
    return message.context, texts(message.id)


def named(text: str) -> list[tuple[str, str]]:
    """The placeholders of a text, in the order of their names."""
    return sorted(set(PLACEHOLDER.findall(text)))


@pytest.mark.parametrize("locale", LOCALES)
def test_catalogue_holds_exactly_what_the_code_says(locale: str) -> None:
    stored, wanted = read(locale), updated(locale)
    missing = {said(message) for message in wanted} - {said(message) for message in stored}
    stale = {said(message) for message in stored} - {said(message) for message in wanted}
    assert (missing, stale) == (set(), set()), "run bin/messages, and translate what it names"
    assert dict(stored.obsolete) == {}


def test_spanish_catalogue_is_complete() -> None:
    assert untranslated(read("es")) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_catalogue_keeps_every_placeholder(locale: str) -> None:
    wrong = [
        message.id
        for message in read(locale)
        if message.id
        for form, said in zip(texts(message.string), texts(message.id), strict=False)  # one of many may name no number
        if form and named(form) != named(said)
    ]
    assert wrong == []


def test_extract_template_finds_what_django_templates_say() -> None:
    template = """
        {% load i18n %}<p title="{% translate 'Pause' %}">
          {% blocktranslate count n=rows|length %}One row{% plural %}{{ n }} rows{% endblocktranslate %}
            {% translate "Read" context "verb" %} it's</p>
    """
    found = extract(extract_template, BytesIO(template.encode()), KEYWORDS)
    assert [(message, context) for _line, message, _comments, context in found] == [
        ("Pause", None),
        (("One row", "%(n)s rows"), None),
        ("Read", "verb"),
    ]


def test_no_sentence_hides_in_an_f_string() -> None:
    # Babel does not look into them: such a sentence would never reach a catalogue.
    hidden = [
        f"{path.name}:{call.lineno}"
        for path in sources()
        if path.suffix == ".py"
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for call in ast.walk(text)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in {"_", *KEYWORDS}
    ]
    assert hidden == []


def test_states_of_messages_are_called_by_the_words_of_the_product() -> None:
    assert settings.LANGUAGE_CODE == "es"
    with override(settings.LANGUAGE_CODE):
        words = [str(STATUS_LABELS[status]) for status in MessageStatus]
    assert words == [
        *("pendiente", "reservado", "enviando", "enviado", "entregado", "leído", "fallido", "omitido", "incierto")
    ]
