"""The whole way by the README's commands: three sessions paired by QR, and a campaign by each strategy."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.installation import Installation
from tests.e2e.sheets import spreadsheet
from tests.whatsapp_web.simulated import RunningWhatsApp

pytestmark = pytest.mark.timeout(1500)

ACCOUNTS = {"Ana": "56950000001", "Beto": "56950000002", "Carla": "56950000003"}
RECIPIENTS = 29
"""The sheet has a row more, whose debt is missing."""

UNLIMITED = ("--per-hour", "0", "--per-day", "0")


def sessions(installation: Installation) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in installation.json("session", "list")}


def scan(whatsapp: RunningWhatsApp, qr: str, number: str) -> bool:
    """False where the page has shown another code since."""
    answer = requests.post(f"{whatsapp.url}/phone/scan", json={"qr": qr, "number": number}, timeout=90)
    assert answer.status_code in (200, 404), answer.text
    return answer.ok


def pair(installation: Installation, whatsapp: RunningWhatsApp) -> None:
    """Three sessions, each scanned by a phone as its QR comes up."""
    installation.manage("pool", "add", "Cobranza", "--channel", "whatsapp", "--delay", "0")
    for name in ACCOUNTS:
        installation.manage("session", "add", name, "--pool", "Cobranza", *UNLIMITED)
        installation.manage("session", "connect", name, "--wait", "0")
    scanned: set[str] = set()
    rows: dict[str, dict[str, Any]] = {}

    def all_connected() -> bool:
        rows.update(sessions(installation))
        for name, number in ACCOUNTS.items():
            qr = rows[name]["qr"] if rows[name]["status"] == "pairing" and name not in scanned else ""
            if qr and scan(whatsapp, qr, number):
                scanned.add(name)
        return all(row["connected"] for row in rows.values())

    installation.until(all_connected, moved=lambda: [(row["status"], row["qr"]) for row in rows.values()])


def test_each_strategy_reaches_everybody_once_and_hears_them(
    installation: Installation, whatsapp: RunningWhatsApp, tmp_path: Path
) -> None:
    pair(installation, whatsapp)
    for number, strategy in enumerate(("competitive", "fixed_turns", "random_turns")):
        whatsapp.reset()
        first = 20_000 + number * 1_000
        answering = f"569{40_000_000 + first + 1}"
        whatsapp.control(people={answering: {"reply": "Pago el viernes"}})
        book = spreadsheet(tmp_path / f"{strategy}.xlsx", RECIPIENTS, first=first)
        installation.manage("pool", "set", "Cobranza", "--strategy", strategy)
        installation.manage(
            "campaign", "create", strategy, "--channel", "whatsapp", "--whatsapp-pool", "Cobranza",
            "--window", "none", "--message", "Hola {nombre}, su deuda es {deuda|—}", "--audience", str(book),
        )  # fmt: skip
        installation.manage("campaign", "start", strategy)

        def arrived() -> int:
            return int(whatsapp.stats()["arrivals"])

        found: dict[str, Any] = {}

        def told(into: dict[str, Any] = found, name: str = strategy) -> bool:
            into.update(installation.json("campaign", "status", name))
            return (into["status"], into["read"], into["replied"]) == ("completed", RECIPIENTS + 1, 1)

        # A command takes the workers' time: none is run while most of it is still to do.
        installation.until(lambda: arrived() >= RECIPIENTS + 1, moved=arrived)
        installation.until(told, moved=found.copy)
        assert found["total"] == RECIPIENTS + 1
        arrivals = whatsapp.arrivals()
        stats = whatsapp.stats()
        assert (len(arrivals), stats["accepted"], stats["recipients"]) == (RECIPIENTS + 1,) * 3
        [reply] = installation.json("campaign", "replies", strategy)
        assert (reply["phone"], reply["texts"], reply["last_text"]) == (f"+{answering}", 1, "Pago el viernes")
        by_account = [sum(a["account"] == account for a in arrivals) for account in ACCOUNTS.values()]
        if strategy != "competitive":
            # Where lanes pull, whoever is there first may have taken all before the others begin.
            assert all(by_account)
        if strategy == "fixed_turns":
            assert max(by_account) - min(by_account) <= 1
