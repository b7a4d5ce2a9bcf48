"""Sentences about faulty templates."""

import pytest
from django.utils.translation import override

from campaigns.template_errors import template_error_sentence
from domain.templating import TemplateError, parse


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The message is empty. Write the text to send."),
        ("x" * 5000, "The message has 5000 characters; at most 4096 are allowed. Shorten it."),
        (
            "Hola {nombre",
            "The brace at character 6 (“{nombre”) opens a placeholder that is not closed. "
            "Write {name}, or {{ for a brace in the text.",
        ),
        (
            "100%d} a",
            "The brace at character 6 (“} a”) closes nothing. Remove it, or write }} for a brace in the text.",
        ),
        ("{} 5%", "The placeholder at character 1 (“{} 5%”) has no name. Write {name}."),
        (
            "a {%(x)s} {??}",
            "“??”, at character 11, can't name a placeholder. "
            "Use letters and digits, at most 100 characters, on one line.",
        ),
        ("a\x07", "Character 2 of the message (U+0007) can't be sent. Remove it or write it again."),
    ],
)
def test_template_error_sentence_says_what_to_do(text: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    with override("en"):
        assert template_error_sentence(caught.value) == sentence
