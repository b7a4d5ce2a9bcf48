"""Messages and what the far side said, to look at: only messaging.claims writes their state."""

from django.contrib import admin

from messaging.models import (
    Conversation,
    DayTally,
    Followed,
    InboxItem,
    IncomingText,
    QuickReply,
    Review,
    SlotTally,
    Tally,
)
from systemlog.lean_admin import LeanAdmin


class MessageAdmin(LeanAdmin):
    """Registered where campaigns are known, whose commands send a message again (desk/admin.py)."""

    list_display = ("phone", "name", "kind", "channel", "status", "reason", "updated_at")
    list_filter = ("kind", "channel", "status")
    prefixes = ("phone",)
    ids = ("campaign",)
    hidden = ("claim_token",)


@admin.register(Tally)
class TallyAdmin(LeanAdmin):
    list_display = ("campaign", "lane", "pending", "sent", "delivered", "read", "failed", "skipped", "uncertain")
    ids = ("campaign",)


@admin.register(InboxItem)
class InboxItemAdmin(LeanAdmin):
    list_display = ("gateway", "state", "code", "received_at", "due_at")
    list_filter = ("state",)
    ids = ("gateway",)


@admin.register(IncomingText)
class IncomingTextAdmin(LeanAdmin):
    """A text can be taken away, where a person asks for that."""

    list_display = ("phone", "text", "media", "at")
    prefixes = ("phone",)
    can_delete = True


@admin.register(Conversation)
class ConversationAdmin(LeanAdmin):
    list_display = ("phone", "name", "last_text", "last_at", "unread")
    list_filter = ("is_unread", "last_direction")
    prefixes = ("key",)


@admin.register(Followed)
class FollowedAdmin(LeanAdmin):
    list_display = ("name", "at")


@admin.register(QuickReply)
class QuickReplyAdmin(LeanAdmin):
    list_display = ("name", "text", "updated_at")
    prefixes = ("folded_name",)


@admin.register(Review)
class ReviewAdmin(LeanAdmin):
    list_display = ("phone", "said", "state", "rule", "at", "decided_by")
    list_filter = ("state",)


@admin.register(DayTally)
class DayTallyAdmin(LeanAdmin):
    list_display = ("day", "lane", "sent", "delivered", "read", "failed", "wrote")
    prefixes = ("day",)


@admin.register(SlotTally)
class SlotTallyAdmin(LeanAdmin):
    list_display = ("at", "lane", "sent", "delivered", "read", "failed", "wrote")
    prefixes = ("lane",)
