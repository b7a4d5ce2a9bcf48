"""docs/configuration.md says what the code does."""

from whatsmassive.checks import RULES
from whatsmassive.settings.documentation import DOCUMENT, documented
from whatsmassive.settings.variables import ROOT, VARIABLES


def test_configuration_document_agrees_with_the_code() -> None:
    text = DOCUMENT.read_text()
    assert text == documented(text), "run `python -m whatsmassive.settings.documentation`"


def test_documented_names_every_variable_and_check_and_no_path_of_this_machine() -> None:
    text = documented("<!-- variables -->\n<!-- end -->\n<!-- checks -->\nold\n<!-- end -->\n")
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert rows == [*(variable.name for variable in VARIABLES), *(rule.id for rule in RULES)]
    assert str(ROOT) not in text
