"""Ids in URLs: `<oid:pk>` is an ObjectId as text; what can't be one is no page of ours."""

from bson import ObjectId
from django.urls import register_converter


class ObjectIdConverter:
    """24 hexadecimal digits, as an ObjectId."""

    regex = "[0-9a-f]{24}"

    def to_python(self, value: str) -> ObjectId:
        return ObjectId(value)

    def to_url(self, value: ObjectId | str) -> str:
        return str(value)


def object_id(text: str) -> ObjectId | None:
    """The id in a text that came from outside; None where it is none."""
    return ObjectId(text) if ObjectId.is_valid(text) else None


register_converter(ObjectIdConverter, "oid")
