"""manage.py after_restore: make a database that was restored from a backup safe to start on.

Since the backup, time has passed outside: messages went out that the database knows nothing of, and the pages of
WhatsApp have met higher epochs of their lines. So nothing may go out by itself, and the lines go on above those epochs.
"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns import commands as campaigns
from campaigns.models import Campaign
from domain.states import CampaignStatus
from gateways import commands as gateways
from gateways.models import Gateway, LaneState, Pool
from lib.mongo import collection, server_now

EPOCHS = 10_000_000
"""More than a line has had holders since any backup: one a second, for four months."""


class Command(BaseCommand):
    help = "After a restore, and before the workers start: pause campaigns, switch pools off, and free WhatsApp lines."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if Gateway.objects.filter(lane_state=LaneState.BUSY, lane_until__gt=server_now()).exists():
            raise CommandError(
                _("A worker is sending just now. Stop the workers first, and do this before they start.")
            )
        reason = _("the database was restored from a backup")
        paused = [campaigns.pause(name, reason=reason).name for name in _names(CampaignStatus.RUNNING)]
        drafts = [campaigns.unschedule(name).name for name in _names(CampaignStatus.SCHEDULED)]
        off = [gateways.set_pool_active(name=pool.name, active=False).name for pool in Pool.objects.filter(active=True)]
        raised = collection(Gateway).update_many({}, {"$inc": {"lane_epoch": EPOCHS}}).modified_count
        self._tell(ngettext("%(number)s campaign was paused", "%(number)s campaigns were paused", len(paused)), paused)
        self._tell(
            ngettext("%(number)s campaign is a draft again", "%(number)s campaigns are drafts again", len(drafts)),
            drafts,
        )
        self._tell(ngettext("%(number)s pool was switched off", "%(number)s pools were switched off", len(off)), off)
        sentence = ngettext("%(number)s line can send again.", "%(number)s lines can send again.", raised)
        self.stdout.write(sentence % {"number": raised})
        self.stdout.write(
            _(
                "What was sent after the backup counts as not sent: resuming a campaign sends it again. "
                "Look first, then switch the pools on and resume what is safe."
            )
        )

    def _tell(self, sentence: str, names: list[str]) -> None:
        told = sentence % {"number": len(names)}
        self.stdout.write(f"{told}: {', '.join(names)}." if names else f"{told}.")


def _names(status: CampaignStatus) -> list[str]:
    return list(Campaign.objects.filter(status=status.value).order_by("name").values_list("name", flat=True))
