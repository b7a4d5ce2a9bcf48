"""Runs the simulated SMS gateways as their own processes and asks them what arrived."""

from typing import Any

import requests

from tests.simulated_process import SimulatedProcess


class RunningGateway(SimulatedProcess):
    """`python -m simulators.sms_gateway` with the given arguments; a context manager that ends it."""

    module = "simulators.sms_gateway"

    def control(self, **sections: Any) -> None:
        """Change its behaviour: default=, lines=, recipients=, drop_connections=, seed=."""
        answer = self._ask("PUT", "/control", json=sections)
        assert answer.status_code == 200, answer.text

    def stats(self, *, full: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = self._ask("GET", "/stats", params={"full": int(full)}).json()
        return found

    def arrivals(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Raw arrivals with a greater sequence number, oldest first."""
        answer = self._ask("GET", "/journal", params={"after": after, "limit": 10_000_000})
        found: list[dict[str, Any]] = answer.json()["arrivals"]
        return found

    def reset(self) -> None:
        self._ask("POST", "/reset").raise_for_status()

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """Ask again while it drops connections: it can't tell our questions from sends before it reads them."""
        for _ in range(50):
            try:
                return requests.request(method, self.url + path, timeout=90, **more)
            except requests.ConnectionError:
                if self._process.poll() is not None:
                    raise
        raise AssertionError("the simulator drops every connection")


class RunningSmsGate(RunningGateway):
    """`python -m simulators.sms_gate`, controlled and asked in the same way."""

    module = "simulators.sms_gate"

    def inbound(self, **given: str) -> int:
        """Have somebody write to a phone: phone=, text=, device=; returns how many webhooks were told."""
        told: int = self._ask("POST", "/inbound", json=given).json()["told"]
        return told


class RunningInfobip(RunningGateway):
    """`python -m simulators.infobip`, in the same way."""

    module = "simulators.infobip"

    def account(self, *, balance: float, key: str = "") -> None:
        """What is left of it, and the one credential that is taken."""
        self._ask("PUT", "/account", json={"balance": balance, "key": key}).raise_for_status()

    def write(self, phone: str, text: str, *, url: str = "") -> None:
        """A person writes; Infobip posts it to the url, or keeps it until it is asked for."""
        self._ask("POST", "/inbound", json={"from": phone, "text": text, "url": url}).raise_for_status()
