"""Whose a campaign is: an executive sees those that are theirs."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from django.utils.translation import gettext as _

from accounts.models import User
from campaigns.errors import CampaignError
from campaigns.models import Campaign
from lib.mongo import compare_and_set
from live.events import CampaignChanged
from live.publish import publish


def people() -> Sequence[tuple[str, str]]:
    """Who may be given a campaign: whoever works here, each as (id, name), by name."""
    found = User.objects.filter(is_active=True).only("username", "first_name", "last_name")
    return sorted(((str(user.pk), shown_name(user)) for user in found), key=lambda each: each[1].casefold())


def shown_name(user: User | None) -> str:
    """A person as pages name them."""
    return (user.get_full_name() or user.get_username()) if user is not None else _("nobody")


def give(campaign: Campaign, *, to: ObjectId | None, seen: ObjectId | None) -> tuple[User | None, User]:
    """Make a campaign somebody's; whose it was, and whose it is now.

    `seen` is whose it was when that was asked for: what another person has given away meanwhile is not given back.
    Raises CampaignError.
    """
    owner = User.objects.filter(pk=to, is_active=True).first() if to is not None else None
    if owner is None:
        raise CampaignError(_("Choose somebody who works here."))
    before: Any = User.objects.filter(pk=seen).first() if seen is not None else None
    if not compare_and_set(Campaign, campaign.pk, {"owner": seen}, {"owner": owner}):
        raise CampaignError(_("Somebody else gave this campaign away meanwhile: look at whose it is now."))
    publish(CampaignChanged(str(campaign.pk)))
    return before, owner
