"""manage.py reseal: seal every secret anew under the first of WHATSMASSIVE_SEAL_KEYS, so that an older key may go.

May run at any time, be stopped or killed, and run again.
"""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lib import resealing
from lib.resealing import Standing

EVERY = 50
"""Values after which it tells how far it came."""


class Command(BaseCommand):
    help = "Seal every secret anew under the first of WHATSMASSIVE_SEAL_KEYS. Then the older keys may go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing: tell what is still under older keys")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, check: bool, **options: Any) -> None:
        found = resealing.look() if check else self._reseal(quiet=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(_plain(found)))
        else:
            self._tell(found, checked=check)
        if not found.done:
            raise CommandError(_verdict(found), returncode=1)

    def _reseal(self, *, quiet: bool) -> Standing:
        found = Standing()
        try:
            for found in resealing.reseal():
                if not quiet and found.total % EVERY == 0:
                    self.stdout.write(_("%(done)s looked at, %(anew)s sealed anew …") % _numbers(found))
                    self.stdout.flush()
        except KeyboardInterrupt:
            raise CommandError(
                _("Stopped: %(anew)s sealed anew so far. Run it again to go on.") % _numbers(found), returncode=130
            ) from None
        return found

    def _tell(self, found: Standing, *, checked: bool) -> None:
        if not checked:
            sentence = ngettext("%(anew)s secret sealed anew.", "%(anew)s secrets sealed anew.", found.anew)
            self.stdout.write(sentence % _numbers(found))
        for place in range(len(settings.SEAL_KEYS)):
            number = found.by_key[place]
            named = _("the first key") if place == 0 else _("key %(place)s") % {"place": place + 1}
            self.stdout.write(
                ngettext("%(number)s under %(key)s", "%(number)s under %(key)s", number)
                % {"number": number, "key": named}
            )
        if found.done:
            self.stdout.write(_("Everything is under the first key: the others may go."))


def _numbers(found: Standing) -> dict[str, int]:
    return {"done": found.total, "anew": found.anew}


def _plain(found: Standing) -> dict[str, Any]:
    return {
        "total": found.total,
        "anew": found.anew,
        "by_key": [found.by_key[place] for place in range(len(settings.SEAL_KEYS))],
        "lost": found.lost,
        "changing": found.changing,
        "done": found.done,
    }


def _verdict(found: Standing) -> str:
    """What is not as it should be, and what to do about it. It names what the secrets belong to, never a value."""
    parts = []
    if found.lost:
        parts.append(
            _("No key opens the secrets of: %(names)s. Add the key they were sealed with, or enter them anew.")
            % {"names": ", ".join(found.lost)}
        )
    if found.changing:
        parts.append(_("Others kept changing: %(names)s. Run it again.") % {"names": ", ".join(found.changing)})
    left = found.total - found.by_key[0] - len(found.lost) - len(found.changing)
    if left:
        parts.append(
            ngettext(
                "%(number)s secret is under an older key: run `manage.py reseal`.",
                "%(number)s secrets are under older keys: run `manage.py reseal`.",
                left,
            )
            % {"number": left}
        )
    return " ".join(parts)
