"""manage.py new_seal_key: print a key for WHATSMASSIVE_SEAL_KEYS."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Print a new key for WHATSMASSIVE_SEAL_KEYS. To rotate, put it before the old ones and keep those."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
