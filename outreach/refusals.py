"""What executives write who have had enough of digests: they get no more, and nobody takes them for a debtor.

A phone that a debtor has too is a debtor's: a wrong book of contacts must not keep anybody's opt-out from counting.
"""

import logging
from collections.abc import Collection, Mapping
from functools import partial

from django_mongodb_backend import transaction

from accounts.models import User
from debtors.models import Debtor
from lib.mongo import collection, server_now, session
from messaging.claims.steps import naive
from outreach.models import Contact, Digest, DigestSetting
from outreach.queries import executives

logger = logging.getLogger(__name__)


def heard(said: Mapping[str, bool]) -> Collection[str]:
    """Which of these phones are executives' alone. Those who answered a digest by a clear opt-out get no more of them.

    In the transaction that stores what they wrote (messaging.optouts.asks_first).
    """
    staff = executives(said)
    if not staff:
        return ()
    owed = collection(Debtor).find({"phone": {"$in": list(staff)}}, {"phone": 1}, session=session())
    alone = set(staff) - {row["phone"] for row in owed}
    refused = [phone for phone in alone if said[phone]]
    if refused:
        told = set(Digest.objects.filter(phone__in=refused).values_list("phone", flat=True))
        for phone in sorted(told):
            _switch_off(phone, staff[phone])
    return alone


def _switch_off(phone: str, name: str) -> None:
    for user in User.objects.filter(phone=phone):
        DigestSetting.objects.update_or_create(user=user, defaults={"active": False})
    # Also of who is no user any more, and of who becomes one: the book's entries are of the phone.
    off = {"$set": {"digests": False, "updated_at": naive(server_now())}}
    collection(Contact).update_many({"phone": phone, "digests": True}, off, session=session())
    transaction.on_commit(
        partial(logger.info, "%s (%s) answered a digest with an opt-out and gets no more.", name, phone)
    )
