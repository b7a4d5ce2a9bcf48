"""Work on many debtors in words: what it is, whom it means, what will happen, what happened."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import User
from debtors.models import DebtorAct, DebtorWork
from desk.debtors import asked as asking
from domain.clean_up import CleanRules
from lib.figures import figure

WHAT_HAPPENS: Mapping[str, Any] = {
    DebtorAct.RELEASE: gettext_lazy(
        "What waits for these debtors in campaigns at work is skipped, and says so. What is being sent goes out, and "
        "campaigns that start later may write to them."
    ),
    DebtorAct.RESET: gettext_lazy(
        "WhatsApp is asked anew about these numbers at the next message, and what failed in campaigns at work is sent "
        "again, each with a new attempt."
    ),
    DebtorAct.OWNER: gettext_lazy("Whoever has them now sees neither them nor their conversations any more."),
    DebtorAct.DELETE: gettext_lazy(
        "They are deleted with their notes. What campaigns sent them stays in the campaigns. There is no way back, but "
        "a file that has them brings them anew."
    ),
    DebtorAct.CLEAN: gettext_lazy(
        "They are deleted with their notes. Only those go whom nobody wrote to and who never wrote. There is no way "
        "back, but a file that has them brings them anew."
    ),
}


def what_happens(work: DebtorWork) -> str:
    return str(WHAT_HAPPENS[DebtorAct(work.act)])


def title(work: DebtorWork, owner: User | None) -> str:
    if work.act == DebtorAct.OWNER:
        name = (owner.get_full_name() or owner.get_username()) if owner else _("nobody in particular")
        return _("Give to %(name)s") % {"name": name}
    return str(DebtorAct(work.act).label)


def whose(work: DebtorWork) -> str:
    """Which debtors are meant."""
    if work.chosen:
        number = len(work.chosen)
        return ngettext("%(number)s chosen debtor", "%(number)s chosen debtors", number) % {"number": figure(number)}
    if work.act == DebtorAct.CLEAN:
        return _rules(CleanRules.of_json(work.rules))
    parts = [words for _parameter, _value, words in asking.read_text(work.filter, work.user).words] if work.user else []
    return _("Debtors in the list: %(filter)s") % {"filter": ", ".join(parts)} if parts else _("All debtors")


def _rules(rules: CleanRules) -> str:
    parts = [
        ngettext("came more than %(days)s day ago", "came more than %(days)s days ago", rules.days)
        % {"days": figure(rules.days)},
        _("nobody was ever in contact with them"),
    ]
    parts += [_("they have no name")] * rules.without_name
    parts += [_("they owe nothing")] * rules.without_debt
    parts += [_("they have no executive")] * rules.without_owner
    return "; ".join(parts)


def counted(work: DebtorWork, counts: Mapping[str, int], owner: User | None, *, done: bool = False) -> list[str]:
    """The numbers as sentences."""
    of = {name: int(number) for name, number in counts.items()}
    debtors, messages = of.get("debtors", 0), of.get("messages", 0)
    lines: list[str] = []
    if work.act == DebtorAct.RELEASE:
        lines.append(_messages_of(messages, debtors, done=done))
    elif work.act == DebtorAct.RESET:
        lines += _reset(messages, of.get("numbers", 0), done=done)
    elif work.act == DebtorAct.OWNER:
        lines.append(
            ngettext("%(number)s debtor was given", "%(number)s debtors were given", debtors)
            if done
            else ngettext("%(number)s debtor is given", "%(number)s debtors are given", debtors)
        )
    else:
        lines.append(
            ngettext("%(number)s debtor was deleted", "%(number)s debtors were deleted", debtors)
            if done
            else ngettext("%(number)s debtor is deleted", "%(number)s debtors are deleted", debtors)
        )
        if left := of.get("left", 0):
            said = ngettext(
                "%(left)s is left: a campaign at work has a message for them",
                "%(left)s are left: campaigns at work have messages for them",
                left,
            )
            lines.append(said % {"left": figure(left)})
    return [line % {"number": figure(debtors)} if "%(number)s" in line else line for line in lines]


def _messages_of(messages: int, debtors: int, *, done: bool) -> str:
    said = (
        ngettext("%(messages)s message was skipped", "%(messages)s messages were skipped", messages)
        if done
        else ngettext("%(messages)s message is skipped", "%(messages)s messages are skipped", messages)
    )
    whose = ngettext("of %(debtors)s debtor", "of %(debtors)s debtors", debtors) % {"debtors": figure(debtors)}
    return f"{said % {'messages': figure(messages)}} {whose}"


def _reset(messages: int, numbers: int, *, done: bool) -> list[str]:
    asked = ngettext(
        "WhatsApp will be asked anew about %(n)s number", "WhatsApp will be asked anew about %(n)s numbers", numbers
    )
    again = (
        ngettext("%(n)s failed message waits to be sent again", "%(n)s failed messages wait to be sent again", messages)
        if done
        else ngettext("%(n)s failed message is sent again", "%(n)s failed messages are sent again", messages)
    )
    return [asked % {"n": figure(numbers)}, again % {"n": figure(messages)}]
