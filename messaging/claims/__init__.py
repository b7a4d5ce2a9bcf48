"""The only writer of message state: every change is a compare-and-set, stored together with its count.

A change and its count are one short transaction, retried on conflict. The caller's lane is named by a Holder: its
token proves that a claim is still its own, its epoch tells its attempts from those of an earlier holder.
"""

from messaging.claims.answers import settle, settle_doubt, take_doubts
from messaging.claims.debtors import hand_over, messages_of, readdress, skip_debtors
from messaging.claims.directs import direct_lanes, follow, give_up
from messaging.claims.enrolling import add_direct, enroll
from messaging.claims.lanes import claim, new_attempts, release, start
from messaging.claims.recovery import doubted, holders, leave_to_people, recover_orphans, recover_strangers
from messaging.claims.reported import ReceiptMove, apply_receipts
from messaging.claims.rerouting import reroute
from messaging.claims.steps import Answered, Claimed, Holder
from messaging.claims.suppressed import OPTED_OUT, skip_suppressed
from messaging.claims.turns import deal, hand_back, waiting_at_lanes
from messaging.claims.whole_campaign import requeue_failed, resolve_uncertain, skip_pending, stop_looking

__all__ = [
    "OPTED_OUT",
    "Answered",
    "Claimed",
    "Holder",
    "ReceiptMove",
    "add_direct",
    "apply_receipts",
    "claim",
    "deal",
    "direct_lanes",
    "doubted",
    "enroll",
    "follow",
    "give_up",
    "hand_back",
    "hand_over",
    "holders",
    "leave_to_people",
    "messages_of",
    "new_attempts",
    "readdress",
    "recover_orphans",
    "recover_strangers",
    "release",
    "requeue_failed",
    "reroute",
    "resolve_uncertain",
    "settle",
    "settle_doubt",
    "skip_debtors",
    "skip_pending",
    "skip_suppressed",
    "start",
    "stop_looking",
    "take_doubts",
    "waiting_at_lanes",
]
