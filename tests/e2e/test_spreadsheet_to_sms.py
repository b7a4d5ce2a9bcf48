"""The whole way by the README's commands: services, an import, a line, a campaign, and what arrived at the far side."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.sheets import spreadsheet
from tests.gateways.simulated import RunningGateway

pytestmark = pytest.mark.timeout(1500)


@pytest.fixture
def far_side() -> Iterator[RunningGateway]:
    with RunningGateway() as running:
        yield running


def moves(far_side: RunningGateway) -> tuple[int, int]:
    """What grows while a campaign goes on: what arrived, and what was accepted of it."""
    stats = far_side.stats()
    return stats["arrivals"], stats["accepted"]


def test_spreadsheet_becomes_delivered_messages(
    installation: Installation, far_side: RunningGateway, tmp_path: Path
) -> None:
    """Also with a gateway that reports deliveries: the callbacks come in through the web process."""
    far_side.control(default={"callbacks": ["delivered"]})
    book = spreadsheet(tmp_path / "deudores.xlsx", 300)
    installation.manage("pool", "add", "Mensajes", "--channel", "sms")
    body = '{"to": "{phone}", "text": "{message}", "id": "{id}", "callback": "{callback_url}"}'
    installation.manage(
        "gateway", "add", "Línea 1", "--kind", "http_generic", "--pool", "Mensajes",
        "--set", f"url={far_side.url}/send/a", "--set", "method=POST", "--set", f"body={body}",
    )  # fmt: skip
    created = installation.json(
        "campaign", "create", "Noviembre", "--channel", "sms", "--sms-pool", "Mensajes", "--window", "none",
        "--message", "Hola {nombre}, su deuda es {deuda}. {ejecutivo|Nuestro equipo} le ayuda.",
        "--audience", str(book),
    )  # fmt: skip
    assert created["recipients"] == 301
    assert [row["missing"] for row in created["incomplete_rows"]] == [["deuda"]]
    installation.manage_while("campaign", "start", "Noviembre", "--wait", moved=lambda: moves(far_side))
    reports: list[int] = []

    def delivered() -> bool:
        reports.append(installation.json("campaign", "status", "Noviembre")["delivered"])
        return reports[-1] == 300

    installation.until(delivered, moved=lambda: max(reports, default=0))
    status = installation.json("campaign", "status", "Noviembre")
    assert {key: value for key, value in status.items() if value and isinstance(value, int)} == {
        "total": 301, "delivered": 300, "skipped": 1, "enrolled": True,
    }  # fmt: skip
    texts = {arrival["to"]: arrival["text"] for arrival in far_side.arrivals()}
    assert len(texts) == far_side.stats()["arrivals"] == 300
    assert texts["+56940000007"] == "Hola María Núñez 7, su deuda es $1.007. Ejecutivo 2 le ayuda."
    again = installation.json("import_debtors", str(book))
    assert (again["created"], again["updated"], again["unchanged"]) == (0, 0, 301)
    out = tmp_path / "resultado.xlsx"
    installation.manage("export_campaign", "Noviembre", str(out))
    assert out.stat().st_size > 10_000


def test_campaign_survives_the_death_of_every_service(
    installation: Installation, far_side: RunningGateway, tmp_path: Path
) -> None:
    """MongoDB, Redis, beat and the workers are killed while it runs: doubled 0, lost 0, and it goes on by itself."""
    far_side.control(default={"latency_ms": 40, "duplicates": "409"})
    book = spreadsheet(tmp_path / "muchos.xlsx", 1200, first=10_000)
    installation.manage("pool", "add", "Firme", "--channel", "sms")
    for name in ("Firme 1", "Firme 2"):
        installation.manage(
            "gateway", "add", name, "--kind", "http_generic", "--pool", "Firme", "--set", "deduplicates=yes",
            "--set", "timeout_s=5", "--set", "concurrency=4",
            "--url-template", f"{far_side.url}/send/b?to={{phone}}&text={{message}}&id={{id}}",
        )  # fmt: skip
    installation.json(
        "campaign", "create", "Resistente", "--channel", "sms", "--sms-pool", "Firme", "--window", "none",
        "--message", "Hola {nombre}", "--audience", str(book),
    )  # fmt: skip
    installation.manage("campaign", "start", "Resistente")
    for number, service in enumerate(("mongod", "redis", "sms1", "beat", "engine", "sms2"), start=1):
        installation.until(
            lambda reached=number * 120: far_side.stats()["arrivals"] >= reached, moved=lambda: moves(far_side)
        )
        installation.kill(service)
    installation.manage_while("campaign", "status", "Resistente", "--wait", moved=lambda: moves(far_side))
    status = installation.json("campaign", "status", "Resistente")
    assert (status["status"], status["total"], status["sent"]) == ("completed", 1201, 1201)
    stats = far_side.stats()
    assert (stats["accepted"], stats["recipients"], stats["duplicated_recipients"]) == (1201, 1201, 0)
