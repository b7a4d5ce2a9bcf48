"""A far side's host, as people write it into a line's address."""

import ipaddress
import re

from django.utils.translation import gettext as _


def check_host(host: str) -> None:
    """An IP address is one in its usual form: what else looks like one is read differently by each program.

    Raises ValueError with a translated sentence.
    """
    if re.fullmatch(r"[0-9.]+|0x[0-9a-fx.]+", host) and not _is_ip_address(host):
        raise ValueError(_("takes an IP address in its usual form, four numbers from 0 to 255"))


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
