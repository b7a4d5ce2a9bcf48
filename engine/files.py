"""The files that go with messages, read once for a slice of a lane's work."""

from bson import ObjectId

from campaigns.models import Attachment
from domain.delivery import Media


class Files:
    """Attachments by their id. One that is not there raises Attachment.DoesNotExist: a campaign's can't be deleted."""

    def __init__(self) -> None:
        self._read: dict[ObjectId, Media] = {}

    def media(self, attachment: ObjectId) -> Media:
        if attachment not in self._read:
            found = Attachment.objects.get(pk=attachment)
            self._read[attachment] = Media(found.filename, found.mimetype, bytes(found.data))
        return self._read[attachment]
