"""Messages and what the far side said, to look at: only messaging.claims writes their state."""

from django.contrib import admin

from messaging.models import Conversation, DayTally, InboxItem, IncomingText, Message, Review, SlotTally, Tally
from systemlog.lean_admin import LeanAdmin


@admin.register(Message)
class MessageAdmin(LeanAdmin):
    list_display = ("phone", "name", "channel", "status", "reason", "updated_at")
    ids = ("campaign",)


@admin.register(Tally)
class TallyAdmin(LeanAdmin):
    list_display = ("campaign", "lane", "pending", "sent", "delivered", "read", "failed", "skipped", "uncertain")
    ids = ("campaign",)


@admin.register(InboxItem)
class InboxItemAdmin(LeanAdmin):
    list_display = ("gateway", "state", "code", "received_at", "due_at")


@admin.register(IncomingText)
class IncomingTextAdmin(LeanAdmin):
    """A text can be taken away, where a person asks for that."""

    list_display = ("phone", "text", "media", "at")
    prefixes = ("phone",)
    can_delete = True


@admin.register(Conversation)
class ConversationAdmin(LeanAdmin):
    list_display = ("phone", "name", "last_text", "last_at", "unread")
    prefixes = ("key",)


@admin.register(Review)
class ReviewAdmin(LeanAdmin):
    list_display = ("phone", "said", "state", "rule", "at", "decided_by")
    list_filter = ("state",)


@admin.register(DayTally)
class DayTallyAdmin(LeanAdmin):
    list_display = ("__str__",)


@admin.register(SlotTally)
class SlotTallyAdmin(LeanAdmin):
    list_display = ("__str__",)
