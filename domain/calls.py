"""How a call between us and a far side ended: accepted, refused, or nobody can tell."""

from collections.abc import Iterable

from domain.delivery import ErrorKind, Exchange, NotSent, Reconciled, SendError, Unknown, Verdict

ACCEPTED_RULES = frozenset(
    {"success", "id", "status", "known_already", "state", "state_failed", "token", "answered", "callback"}
)
REFUSED_RULES = frozenset(
    {
        "failure",
        "no_success",
        "refused_status",
        "not_let_in",
        "refusal_status",
        "failed_state",
        "no_such_device",
        "no_token",
    }
)
UNCERTAIN_RULES = frozenset(
    {
        *(
            "redirect",
            "no_word_status",
            "page",
            "empty",
            "no_id",
            "no_state",
            "no_such_state",
            "unknown_id",
        ),
        *("timeout", "disconnected", "cut_answer", "unreadable", "lost"),
    }
)
"""Words of an exchange's `rule` (domain.delivery.Exchange) that tell it. A kind of gateway may have others."""


def verdict_of(answers: Iterable[Reconciled]) -> Verdict:
    """What a call's answers make of it, the worst of them where it carried several messages."""
    found = {_of_answer(answer) for answer in answers}
    return next((each for each in (Verdict.UNCERTAIN, Verdict.REFUSED) if each in found), Verdict.ACCEPTED)


def _of_answer(answer: Reconciled) -> Verdict:
    if isinstance(answer, SendError):
        return Verdict.UNCERTAIN if answer.kind is ErrorKind.UNKNOWN else Verdict.REFUSED
    if isinstance(answer, Unknown):
        return Verdict.UNCERTAIN
    if isinstance(answer, NotSent):
        return Verdict.REFUSED
    # A far side that says of an attempt that it failed has answered what it was asked.
    return Verdict.ACCEPTED


def verdict_by(told: Exchange) -> Verdict:
    """What an exchange's rule says, and its status where the rule is a word of a kind's own."""
    if told.rule in ACCEPTED_RULES:
        return Verdict.ACCEPTED
    if told.rule in UNCERTAIN_RULES:
        return Verdict.UNCERTAIN
    if told.rule in REFUSED_RULES or told.status is None:  # without an answer, and no doubt: it never went out
        return Verdict.REFUSED
    if 200 <= told.status < 300:
        return Verdict.ACCEPTED
    return Verdict.UNCERTAIN if told.status >= 500 else Verdict.REFUSED
