"""Secrets at rest: values are sealed with Fernet (AES-128-CBC and HMAC-SHA256) under the keys of settings.SEAL_KEYS.

Keys rotate: the first seals, all of them open.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from lib.redaction import MASK


class CannotUnseal(Exception):
    """No key of settings.SEAL_KEYS opens the value: the key it was sealed with is gone."""


def _fernet(keys: Sequence[str] | None = None) -> MultiFernet:
    keys = settings.SEAL_KEYS if keys is None else keys
    if not keys:
        raise ImproperlyConfigured("WHATSMASSIVE_SEAL_KEYS is empty: secrets can't be sealed.")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        # From None: the keys are secrets themselves.
        raise ImproperlyConfigured("WHATSMASSIVE_SEAL_KEYS holds a key that is not a Fernet key.") from None


def seal(value: Any) -> str:
    """The JSON-serialisable value as sealed text."""
    return _fernet().encrypt(json.dumps(value, ensure_ascii=False).encode()).decode()


def unseal(text: str) -> Any:
    """The value that `seal` was given. Raises CannotUnseal."""
    try:
        return json.loads(_fernet().decrypt(text.encode()))
    except InvalidToken:
        raise CannotUnseal(
            "A secret can't be opened with the present WHATSMASSIVE_SEAL_KEYS. Add the key it was sealed with."
        ) from None


def opened_by(text: str) -> int | None:
    """The place of the key that opens the sealed text among settings.SEAL_KEYS; None for none.

    An empty text holds nothing: any key opens it.
    """
    if not text:
        return 0
    for place in range(len(settings.SEAL_KEYS)):
        try:
            _fernet(settings.SEAL_KEYS[place : place + 1]).decrypt(text.encode())
        except InvalidToken:
            continue
        return place
    return None


def resealed(text: str) -> str:
    """The same under the first key. Raises CannotUnseal."""
    return seal(unseal(text))


class Secrets(Mapping[str, Any]):
    """Sealed names and values, opened when first looked into: a lost key hurts whoever needs the secret, no one else.

    Looking into it raises CannotUnseal when no key opens it. What is shown of it (repr, str) is a mask.
    """

    __slots__ = ("_plain", "sealed")

    def __init__(self, sealed: str) -> None:
        self.sealed = sealed
        self._plain: dict[str, Any] | None = None

    def _open(self) -> dict[str, Any]:
        if self._plain is None:
            self._plain = dict(unseal(self.sealed)) if self.sealed else {}
        return self._plain

    def __getitem__(self, name: str) -> Any:
        return self._open()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._open())

    def __len__(self) -> int:
        return len(self._open())

    def __repr__(self) -> str:
        return f"<Secrets {MASK}>"

    def __reduce__(self) -> tuple[type["Secrets"], tuple[str]]:
        # Copies and pickles carry the sealed text alone.
        return Secrets, (self.sealed,)


class SealedJSONField(models.TextField):
    """A mapping of secrets: sealed text in the database, a mapping on the instance.

    What was read from the database is a Secrets, written back as it is unless it is replaced by another mapping. The
    field can't be searched and shows in no form; `dumpdata` prints the sealed text and `loaddata` takes it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "editable": False})

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        del kwargs["editable"]
        return name, path, args, kwargs

    def get_lookup(self, lookup_name: str) -> Any:
        """None but for isnull: the same value is sealed to another text each time, so comparing finds nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_prep_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return value.sealed or seal({}) if isinstance(value, Secrets) else seal(dict(value))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secrets | None:
        return None if value is None else Secrets(value)

    def to_python(self, value: Any) -> Any:
        return Secrets(value) if isinstance(value, str) else value

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """The value itself: looking into it to validate it would need the key."""
        return self.to_python(value)

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""
