"""What is put into WhatsApp Web's page: wa-js with its leaks off, and the bridge over it."""

import json
from functools import cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

BRIDGE = Path(__file__).with_name("bridge.js")
BUNDLE = Path(__file__).resolve().parents[2] / "build" / "vendor" / "wa-js" / "wppconnect-wa.js"

# By default wa-js reports to an analytics service, and sends the first link of a text to preview servers of others.
CONFIG = {"disableGoogleAnalytics": True, "linkPreviewApiServers": []}


@cache
def code() -> str:
    """Which version of the scripts this is: a page keeps those that it was loaded with."""
    return sha256(BUNDLE.read_bytes() + BRIDGE.read_bytes()).hexdigest()[:12]


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
            BRIDGE.read_text(),
            "}",
        )
    )
