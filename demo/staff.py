"""The demo's people: an executive with debtors, conversations and a campaign of her own, a supervisor, and an executive
who is no user, whom the book of contacts knows."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from accounts import commands
from accounts.models import User
from accounts.roles import ROLE_LABELS
from campaigns import owning
from campaigns.models import Campaign
from debtors.models import Debtor, DebtorAct, DebtorWork, WorkStatus
from desk.debtors import work
from domain.roles import Role
from outreach.commands import add_contact
from preferences import commands as preferences

EXECUTIVE = {"username": "andrea", "first_name": "Andrea", "last_name": "Rojas", "phone": "+56962000001"}
"""Named as in the spreadsheet's column of executives: its rows are what she gets."""
SUPERVISOR = {"username": "paula", "first_name": "Paula", "last_name": "Vera"}
CONTACT = ("Marcelo Díaz", "+56962000002")
IN_THE_BOOK = 12
ENDED = (WorkStatus.DONE, WorkStatus.STOPPED, WorkStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Hired:
    """Somebody to sign in as."""

    role: str
    username: str
    password: str


def hire(campaign: str, wait: Callable[[str, Callable[[], bool]], None]) -> list[Hired]:
    """Make them, and give the executive what is hers, as an administrator does it from the list of debtors."""
    executive, password = _made(EXECUTIVE, Role.EXECUTIVE)
    _supervisor, other = _made(SUPERVISOR, Role.SUPERVISOR)
    hers = {"key": "ejecutivo", "value": executive.get_full_name()}
    boss = User.objects.filter(is_superuser=True).first()
    given = work.begin(DebtorAct.OWNER, boss, filter=urlencode(hers), owner=executive.pk)
    wait("her debtors to be counted", lambda: _status(given) != WorkStatus.LOOKING)
    work.confirm(given)
    wait("her debtors to be given to her", lambda: _status(given) in ENDED)
    _keep_the_book()
    owning.give(Campaign.objects.get(name=campaign), to=executive.pk, seen=None)
    return [
        Hired(str(ROLE_LABELS[role]), each["username"], word)
        for role, each, word in ((Role.EXECUTIVE, EXECUTIVE, password), (Role.SUPERVISOR, SUPERVISOR, other))
    ]


def _keep_the_book() -> None:
    """Whoever has these debtors is told of their replies on WhatsApp, and need not be a user."""
    name, phone = CONTACT
    for debtor in Debtor.objects.filter(metadata__ejecutivo=name).order_by("pk")[:IN_THE_BOOK]:
        add_contact(rut=debtor.rut, name=name, phone=phone)
    preferences.change("digests", {"active": True}, actor=None)


def _made(values: dict[str, str], role: Role) -> tuple[User, str]:
    user, password = commands.create(**values, role=role, actor=None)
    # Made for the demo, it need not be changed before one looks at anything.
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    return user, password


def _status(given: DebtorWork) -> str:
    return str(DebtorWork.objects.values_list("status", flat=True).get(pk=given.pk))
