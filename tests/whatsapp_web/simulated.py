"""Runs the stand-in of WhatsApp Web as its own process, plays the phone on it and asks it what arrived."""

from typing import Any

import requests

from tests.simulated_process import SimulatedProcess

# What a test may have changed, as a new process has it, only faster.
CALM: dict[str, Any] = {
    "default": {
        "on_whatsapp": True, "check": "answer", "ack": "server", "ack_ms": 10, "delivered_ms": 30, "read_ms": 60,
        "lid": "", "lid_known": True, "reply": "", "reply_ms": 100, "name": "",
    },
    "account_default": {"mode": "", "info": "", "loader_ms": 0, "start_ms": 300, "refuses_scan": False},
    "people": {},
    "accounts": {},
    "duplicates": "refuse",
    "qr_refresh_s": 20,
    "qr_refreshes": 6,
}  # fmt: skip


class RunningWhatsApp(SimulatedProcess):
    """`python -m simulators.whatsapp_web` with the given arguments; a context manager that ends it."""

    module = "simulators.whatsapp_web"

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of an answer; anything but 200 fails the test with the stand-in's own words."""
        answer = requests.request(method, self.url + path, timeout=30, **more)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    def control(self, **sections: Any) -> None:
        """Change its behaviour: default=, account_default=, people=, accounts=, duplicates=, qr_refresh_s=…"""
        self.ask("PUT", "/control", json=sections)

    def phone(self, action: str, **given: Any) -> Any:
        """Do what a phone does: scan, refuse, link, logout, message, typing, receipt, reload, event."""
        return self.ask("POST", f"/phone/{action}", json=given)

    def devices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/devices")["devices"]
        return found

    def messages(self, number: str, person: str = "") -> list[dict[str, Any]]:
        answer = self.ask("GET", "/messages", params={"number": number, "person": person})
        found: list[dict[str, Any]] = answer["messages"]
        return found

    def stats(self, *, full: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", "/stats", params={"full": int(full)})
        return found

    def arrivals(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Raw arrivals with a greater sequence number, oldest first."""
        found: list[dict[str, Any]] = self.ask("GET", "/journal", params={"after": after, "limit": 10_000_000})[
            "arrivals"
        ]
        return found

    def reset(self) -> None:
        self.ask("POST", "/reset")
