from typing import Any

from django.apps import AppConfig
from django.db import transaction
from django.db.models.signals import post_delete


class MessagingConfig(AppConfig):
    name = "messaging"

    def ready(self) -> None:
        post_delete.connect(_debtor_is_gone, sender="debtors.Debtor", dispatch_uid="messaging.following")


def _debtor_is_gone(instance: Any, **_: Any) -> None:
    """No cursor meets what is not there any more."""
    from messaging.following import follow

    gone = [instance.pk]
    transaction.on_commit(lambda: follow(gone))
