"""Users and their browsers in words."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.roles import ROLE_LABELS
from domain.devices import device_of
from domain.roles import Role

register = template.Library()


@register.filter
def device(agent: str) -> str:
    """`Chrome on Windows`, `Safari on an iPhone`."""
    found = device_of(agent)
    if found.browser and found.system:
        return _("%(browser)s on %(system)s") % {"browser": found.browser, "system": found.system}
    return found.browser or found.system or _("An unknown browser")


@register.filter
def in_hand(agent: str) -> bool:
    """Whether that is a phone or a tablet."""
    return device_of(agent).in_hand


@register.filter
def role_label(role: Any) -> str:
    return str(ROLE_LABELS[Role(role)])


@register.filter
def called(user: Any) -> str:
    """A user's name, else what they sign in with."""
    return str(user.get_full_name() or user.get_username())


ABOUT = {
    Role.EXECUTIVE: gettext_lazy("Sees and answers their own debtors, and looks at campaigns that are theirs."),
    Role.SUPERVISOR: gettext_lazy("Runs everything: debtors, campaigns, sessions, conversations of all."),
    Role.ADMINISTRATOR: gettext_lazy("Does that too, and sets up users, lines' credentials and the installation."),
}


@register.filter
def role_about(role: Any) -> str:
    """What the role opens, in a sentence."""
    return str(ABOUT[Role(role)])
