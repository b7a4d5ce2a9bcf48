"""Refuses a request whose body is too large as soon as that is known: by its headers, or while it comes in.

Daphne writes the whole body to a file before it calls the application, and Django copies it once more: by then a file
of gigabytes has filled the disk. So this stands in Twisted's own request, before the first byte of the body is kept.
"""

from http.cookies import CookieError, SimpleCookie
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from twisted.internet import reactor as chosen_reactor

reactor: Any = chosen_reactor  # a module that is one only at run time
FORM_BYTES = 1024 * 1024
"""What a form may have around its file."""
LINGER_SECONDS = 30.0
"""How long what still comes in is thrown away: a browser reads the answer once it has sent everything, and would show
a broken connection in its place if this end were simply closed."""


def limit() -> int:
    """Bytes of the largest body."""
    return int(settings.UPLOAD_MAX_BYTES) + FORM_BYTES


class LimitedRequest(WebRequest):
    """A request that is answered with 413 at once when its body is, or grows, too large."""

    _received = 0
    _refused = False

    def gotLength(self, length: int | None) -> None:  # noqa: N802  # Twisted's name
        """The headers are in; the length is None where they don't say it."""
        super().gotLength(None if length is None else min(length, limit()))
        if length is not None and length > limit():
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        """A part of the body came in."""
        if self._refused:
            return
        self._received += len(data)
        if self._received > limit():
            self._refuse()
            self.content.truncate(0)
        else:
            super().handleContentChunk(data)

    def requestReceived(self, *arguments: Any) -> None:  # noqa: N802
        """The whole request is in."""
        if not self._refused:
            super().requestReceived(*arguments)

    def _refuse(self) -> None:
        self._refused = True
        self.requestHeaders.removeHeader(b"Expect")  # or Twisted would ask for the body all the same
        transport = self.channel.transport
        transport.write(self._answer())
        transport.loseWriteConnection()
        reactor.callLater(LINGER_SECONDS, transport.abortConnection)

    def _answer(self) -> bytes:
        """The whole answer: Twisted's own way to send one works only when the request is complete."""
        with translation.override(self._language()):
            if self.requestHeaders.hasHeader(b"HX-Request"):
                kind, page = "text/plain", too_large()
            else:
                kind, page = "text/html", render_to_string("413.html", {"sentence": too_large()})
        body = page.encode()
        head = (
            "HTTP/1.1 413 Content Too Large\r\n"
            f"Content-Type: {kind}; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Cache-Control: no-store\r\n"
            "Connection: close\r\n\r\n"
        )
        return head.encode() + body

    def _language(self) -> str:
        sent = b"; ".join(self.requestHeaders.getRawHeaders(b"Cookie") or [])
        try:
            cookie = SimpleCookie(sent.decode("latin-1")).get(settings.LANGUAGE_COOKIE_NAME)
        except CookieError:
            cookie = None
        chosen = cookie.value if cookie else ""
        return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def too_large() -> str:
    """The sentence that says the limit."""
    most = int(settings.UPLOAD_MAX_BYTES) // 1024**2
    return _("What you sent is too large: a file may have %(most)s MB. Split it into several files.") % {"most": most}


class LimitedFactory(HTTPFactory):
    """Makes the connections of the web process."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = LimitedRequest
        return protocol
