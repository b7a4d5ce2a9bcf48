"""A Selenium server as the product meets it: the status that Selenium 4 gives, in front of a real chromedriver.

It stands in another container: its host has another name, and none of its processes is visible here. Tests of the real
one need Java, and are run by hand (docs/operations.md).
"""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import requests

HOST = "browsers"


class SeleniumServer:
    """Forwards to the driver and keeps account of its sessions; a context manager that ends them."""

    def __init__(self, driver: str) -> None:
        self.driver = driver
        self.sessions: dict[str, dict[str, Any]] = {}
        self.ready = True
        self.asked: list[dict[str, Any]] = []
        """The capabilities that new sessions were asked for with."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_all()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def end_all(self) -> None:
        """End every browser in good order, as it does when it is stopped: one that starts afresh knows none."""
        for session in list(self.sessions):
            requests.delete(f"{self.driver}/session/{session}", timeout=30)
            del self.sessions[session]

    def status(self) -> dict[str, Any]:
        stereotype = {
            "browserName": "chrome", "browserVersion": "99.0", "platformName": "Linux", "container:hostname": HOST,
        }  # fmt: skip
        slots: list[dict[str, Any]] = [
            {"session": {"sessionId": name, "capabilities": caps}, "stereotype": stereotype}
            for name, caps in self.sessions.items()
        ]
        free = {"session": None, "stereotype": stereotype}
        return {"value": {"ready": self.ready, "message": "", "nodes": [{"slots": [*slots, free]}]}}

    def forward(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/status":
            return 200, json.dumps(self.status()).encode()
        session = path.split("/")[2] if path.count("/") >= 2 else ""
        if session and session not in self.sessions:
            value = {"error": "invalid session id", "message": f"Unable to find session {session}", "stacktrace": ""}
            return 404, json.dumps({"value": value}).encode()
        answer = requests.request(method, self.driver + path, data=body or None, timeout=60)
        if answer.ok and (method, path) == ("POST", "/session"):
            self.asked.append(json.loads(body)["capabilities"])
            made = answer.json()["value"]
            self.sessions[made["sessionId"]] = made["capabilities"]
        elif (method, path) == ("DELETE", f"/session/{session}"):
            self.sessions.pop(session, None)
        return answer.status_code, answer.content


def _handler(server: SeleniumServer) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, content = server.forward(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815  # the names that the base class calls

        def log_message(self, format: str, *args: object) -> None:
            return

    return Handler
