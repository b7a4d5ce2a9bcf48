"""wa-js reports to an analytics service and sends links to preview servers; the browsers that we start do neither."""

import socketserver
import threading
from collections.abc import Iterator

import pytest

from sessions_app.browser import driver
from sessions_app.browser.scripts import BUNDLE, bridge
from tests.sessions.browser.running import Running, new_key, start_browser
from tests.whatsapp_web.browser import Driver, wait_for
from tests.whatsapp_web.simulated import RunningWhatsApp

# What Chromium itself asks, with any page or none: updates, its start page, hints. Nothing of ours is in it.
OF_CHROMIUM = ("accounts.google.com", "clients2.google.com", "googleapis.com", "gvt1.com", "duckduckgo.com")
OF_WA_JS = {
    "analytics.google.com",
    "cobrancas.uppermesh.com.br",
    "wajsapi.titanchat.com.br",
    "wppc-linkpreview.cloudtrix.com.br",
}
LINK = "https://pagos.example.com/deuda/123"


class Proxy(socketserver.ThreadingTCPServer):
    """Takes whatever a browser wants of hosts other than this one, notes which, and answers that it can't be had."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    def others(self) -> set[str]:
        """The hosts that the page wanted."""
        return {host for host in self.asked if not host.endswith(OF_CHROMIUM)}


class Handler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        words = self.rfile.readline().decode(errors="replace").split()
        if len(words) > 1:
            self.server.asked.append(words[1].removeprefix("http://").partition("/")[0].partition(":")[0])
        self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


def send_with_preview(running: Running, person: str) -> None:
    """As a caller would who forgets to say that no preview is wanted."""
    running.remote.execute_async_script(
        "WPP.chat.sendTextMessage(arguments[0], arguments[1]).then(arguments[2], arguments[2])",
        f"{person}@c.us",
        f"otra vez {LINK}",
    )


def test_page_asks_nobody_but_whatsapp(
    proxy: Proxy, whatsapp: RunningWhatsApp, server: Driver, profile: str, person: str
) -> None:
    flags = (f"--proxy-server=http://127.0.0.1:{proxy.server_address[1]}",)
    running = start_browser(server, whatsapp, profile, flags=flags)
    try:
        running.open()
        running.link("5491150000051")
        assert running.send(person, new_key(), text=f"pague en {LINK}")["outcome"] == "acked"
        send_with_preview(running, person)
        assert [LINK in one["text"] for one in whatsapp.arrivals()] == [True, True]
        # The analytics service is told a second after something happened.
        wait_for(lambda: running.remote.execute_script("return performance.now() > 3000"), what="an older page")
        assert proxy.others() == set()

        # The same without our guard, in a page where our scripts stay out: so the proxy does see it.
        running.page.open(whatsapp.url.replace("127.0.0.1", "localhost"))
        wait_for(lambda: running.remote.execute_script("return location.hostname === 'localhost'"), what="that page")
        running.remote.execute_script(f"{BUNDLE.read_text()};{bridge()}")
        running.link("5491150000052")
        send_with_preview(running, person)
        wait_for(lambda: proxy.others() == OF_WA_JS, what="all of the leaks")
    finally:
        assert driver.end(running.browser, grace=10)
