"""What is put into WhatsApp Web's page: wa-js with its leaks off, and the bridge over it."""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

BUNDLE = Path(__file__).resolve().parents[2] / "build" / "vendor" / "wa-js" / "wppconnect-wa.js"
BRIDGE = Path(__file__).with_name("bridge")
# One job a file, all in one scope: no name is declared twice, and what a `let` holds is changed by its own file alone.
# While it loads, a part needs only what stands before it; main comes last and sets the others to work. Not modules: the
# page's policy would refuse to import them, and a bundler would stand between what is read here and what runs there.
PARTS = (
    "tools", "memory", "notices", "login", "codes", "keys", "events", "acks", "people", "hearing", "lookback", "fence",
    "files", "calls", "send", "look", "kinds", "jobs", "state", "main",
)  # fmt: skip

# By default wa-js reports to an analytics service, and sends the first link of a text to preview servers of others.
CONFIG = {"disableGoogleAnalytics": True, "linkPreviewApiServers": []}


@cache
def bridge() -> str:
    """All of bridge/ as one script; the page sees nothing of it but `whatsmassive`."""
    parts = "\n".join((BRIDGE / f"{part}.js").read_text() for part in PARTS)
    return f'globalThis.whatsmassive = (() => {{\n"use strict";\n{parts}\nreturn bridge;\n}})();\n'


@cache
def code() -> str:
    """Which version of the scripts this is: a page keeps those that it was loaded with."""
    return sha256(BUNDLE.read_bytes() + bridge().encode()).hexdigest()[:12]


@cache
def page_scripts(url: str = "") -> str:
    """The script for the page at `url`; without one, for the page that the settings name.

    It does nothing in frames, on other hosts, and where it has run already: wa-js would silently take its own place.
    """
    host = urlsplit(url or settings.WHATSAPP_WEB_URL).netloc
    return "".join(
        (
            f"if (window.top === window && location.host === {json.dumps(host)} && !window.WPP) {{",
            f"window.WPPConfig = {json.dumps(CONFIG)}; window.whatsmassiveCode = {json.dumps(code())};\n",
            BUNDLE.read_text(),
            "\n;",
            bridge(),
            "}",
        )
    )
