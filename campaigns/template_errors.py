"""What is wrong with a template, as a translated sentence that says what to do."""

from django.utils.translation import gettext as _

from domain.templating import Fault, TemplateError


def template_error_sentence(error: TemplateError) -> str:  # noqa: PLR0911  # one return a fault
    """The sentence for a TemplateError of domain.templating; it counts characters from 1, as people do."""
    params = {**error.params, "position": error.position + 1}
    match error.code:
        case Fault.EMPTY:
            return _("The message is empty. Write the text to send.")
        case Fault.TOO_LONG:
            return _("The message has %(length)d characters; at most %(limit)d are allowed. Shorten it.") % params
        case Fault.UNBALANCED if params["brace"] == "{":
            return (
                _(
                    "The brace at character %(position)d (“%(snippet)s”) opens a placeholder that is not closed. "
                    "Write {name}, or {{ for a brace in the text."
                )
                % params
            )
        case Fault.UNBALANCED:
            return (
                _(
                    "The brace at character %(position)d (“%(snippet)s”) closes nothing. "
                    "Remove it, or write }} for a brace in the text."
                )
                % params
            )
        case Fault.EMPTY_PLACEHOLDER:
            return _("The placeholder at character %(position)d (“%(snippet)s”) has no name. Write {name}.") % params
        case Fault.ILLEGAL_NAME:
            return (
                _(
                    "“%(name)s”, at character %(position)d, can't name a placeholder. "
                    "Use letters and digits, at most 100 characters, on one line."
                )
                % params
            )
        case Fault.ILLEGAL_CHARACTER:
            return (
                _("Character %(position)d of the message (%(character)s) can't be sent. Remove it or write it again.")
                % params
            )
