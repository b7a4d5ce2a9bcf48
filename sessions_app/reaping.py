"""Ends browsers that no session claims: a worker died between starting one and storing it, or something failed."""

import logging
from collections.abc import Collection
from pathlib import Path

from django.conf import settings

from lib.mongo import server_now
from sessions_app import ownership
from sessions_app.browser import driver, processes
from sessions_app.models import Session

logger = logging.getLogger(__name__)


def profile_of(session: Session) -> Path:
    return Path(settings.PROFILES) / str(session.pk)


def reap_in_turn(host: str) -> list[Path]:
    """Look for orphans, once a minute and only where the host's browsers are; the profiles they had."""
    if host != settings.BROWSER_HOST or not ownership.take_reaping(host):
        return []
    return reap(host)


def reap(host: str) -> list[Path]:
    """End every browser in the profiles' folder that no session of the host has, or is just being given."""
    running = set(processes.browsers_under(settings.PROFILES))
    elsewhere = driver.running_elsewhere(settings.SELENIUM_URL, settings.PROFILES)
    if not running and not elsewhere:
        return []
    # Asked for afterwards: a browser that runs by now was stored by now, or its starter still has its lease.
    now = server_now()
    claiming = [
        session
        for session in Session.objects.all()
        if session.browser or (session.owner_until is not None and session.owner_until > now)
    ]
    here = {profile_of(session) for session in claiming if session.host == host}
    # A Selenium server may run the browsers of several hosts, in folders of the same name.
    anywhere = {profile_of(session) for session in claiming}
    ended = _end(running - here, elsewhere - anywhere)
    for profile in ended:
        logger.warning("ended a browser that no session had, of the profile %s", profile.name)
    return ended


def end_browsers(profiles: Collection[Path]) -> list[Path]:
    """End the browsers of these profiles and no others; those that had one."""
    return _end(profiles, profiles)


def is_running(profile: Path) -> bool:
    """Whether a browser has that profile, on this machine or at the Selenium server."""
    return bool(driver.processes_of(profile)) or profile in driver.running_elsewhere(
        settings.SELENIUM_URL, settings.PROFILES
    )


def _end(here: Collection[Path], elsewhere: Collection[Path]) -> list[Path]:
    ended = set(driver.reap_elsewhere(settings.SELENIUM_URL, elsewhere)) if elsewhere else set()
    if here:
        others = {path for path in processes.browsers_under(settings.PROFILES) if path not in here}
        ended |= set(driver.reap(settings.PROFILES, others))
    return sorted(ended)
