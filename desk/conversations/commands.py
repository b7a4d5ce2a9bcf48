"""Answering a person: a message of no campaign that goes out by one line, before those of campaigns."""

from bson import ObjectId
from django.utils.translation import gettext as _
from pymongo.errors import DuplicateKeyError

from campaigns.models import Attachment
from desk.conversations.people import Person, ways
from gateways.models import Channel
from lib.mongo import run_tx, server_now
from live.events import ConversationChanged
from live.publish import publish
from messaging import claims, conversations
from messaging.models import Kind, Message

LONGEST = 4_096


class ReplyError(Exception):
    """The reply can't be taken; the message is translated and says what to do."""


class FileRefusedError(ReplyError):
    """The file can't go by that line."""


class OptedOutError(ReplyError):
    """The person asked not to be written to, and whoever answers has not said that they know."""


def reply(
    to: Person,
    *,
    gateway: ObjectId,
    text: str,
    id: ObjectId,
    attachment: Attachment | None = None,
    although_opted_out: bool = False,
) -> bool:
    """Store a reply, which the line sends as soon as it can; False where this one was stored before.

    `id` is the message's, chosen when the form was shown: sent twice, the form makes one message. Raises ReplyError.
    """
    text = text.replace("\r\n", "\n").strip()
    if not text and attachment is None:
        raise ReplyError(_("The message is empty."))
    if len(text) > LONGEST:
        raise ReplyError(_("The message has %(length)s characters; at most %(most)s are sent.")
                         % {"length": len(text), "most": LONGEST})  # fmt: skip
    if not to.writable:
        raise ReplyError(_("There is no number to answer to."))
    way = next((one for one in ways(to) if one.gateway.pk == gateway), None)
    if way is None:
        raise ReplyError(_("That line can't send any more: choose another one."))
    if attachment is not None and way.gateway.channel != Channel.WHATSAPP:
        raise FileRefusedError(_("An SMS carries no file: choose a WhatsApp line, or take the file away."))
    if to.opted_out and not although_opted_out:
        raise OptedOutError(
            _("This person asked not to be written to. Send it again only if it answers what they asked for.")
        )

    def work() -> None:
        claims.add_direct(
            kind=Kind.REPLY,
            gateway=way.gateway.pk,
            pool=way.gateway.pool_id,
            channel=way.gateway.channel,
            phone=to.phone,
            text=text,
            attachment=attachment.pk if attachment is not None else None,
            debtor=to.debtor.pk if to.debtor is not None else None,
            name=to.name,
            id=id,
        )
        shown = text or (attachment.filename if attachment is not None else "")
        conversations.note_reply(phone=to.phone, text=shown, gateway=way.gateway.pk, at=server_now())

    try:
        run_tx(work)
    except DuplicateKeyError:
        if Message.objects.filter(pk=id, kind=Kind.REPLY, phone=to.phone).exists():
            return False
        raise ReplyError(_("Something else was sent in the meantime: send it again.")) from None
    publish(ConversationChanged(to.key))
    return True
