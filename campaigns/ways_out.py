"""Whether a campaign has ways out: what is asked before it starts, goes on, or sends failed messages again."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.errors import CampaignError
from campaigns.models import Campaign, NoSessionPolicy
from gateways.models import Channel, Gateway, Pool


def check(campaign: Campaign) -> None:
    """Whether each pool of a campaign has something to send through. Raises CampaignError that says what to do."""
    for error in problems(campaign):
        raise error


def problems(campaign: Campaign) -> list[CampaignError]:
    """What each pool of a campaign lacks to send through; the errors' field is the pool's."""
    found = []
    for pool in (campaign.whatsapp_pool, campaign.sms_pool):
        if pool is None:
            continue
        try:
            _check(campaign, pool)
        except CampaignError as error:
            error.field = f"{pool.channel}_pool"
            found.append(error)
    return found


def _check(campaign: Campaign, pool: Pool) -> None:
    if not pool.active:
        raise CampaignError(
            _("The pool “%(pool)s” is switched off. Switch it on, or choose another one.") % {"pool": pool.name},
            hint=_("`manage.py pool activate NAME` switches it on."),
        )
    lines = Gateway.objects.filter(pool=pool, active=True).count()
    if pool.channel == Channel.WHATSAPP:
        _check_sessions(campaign, pool, lines)
    elif not lines:
        raise CampaignError(
            _("The pool “%(pool)s” has no active line to send through.") % {"pool": pool.name},
            hint=_("Add an SMS line with `manage.py gateway add`."),
        )


def _check_sessions(campaign: Campaign, pool: Pool, sessions: int) -> None:
    """A campaign may start before its sessions are connected, but not where there are too few to connect."""
    hint = _("Add one with `manage.py session add NAME --pool '%(pool)s'`, then connect it.") % {"pool": pool.name}
    if not sessions:
        raise CampaignError(
            _("The pool “%(pool)s” has no active WhatsApp session to send through.") % {"pool": pool.name}, hint=hint
        )
    if sessions < campaign.min_sessions and campaign.no_session_policy != NoSessionPolicy.BORROW:
        sentence = ngettext(
            "The pool “%(pool)s” has %(number)s active session, and “%(name)s” asks for %(least)s.",
            "The pool “%(pool)s” has %(number)s active sessions, and “%(name)s” asks for %(least)s.",
            sessions,
        )
        wanted = {"pool": pool.name, "number": sessions, "name": campaign.name, "least": campaign.min_sessions}
        raise CampaignError(sentence % wanted, hint=hint)
