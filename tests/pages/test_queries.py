"""How many commands each page sends to MongoDB: as many as the baseline says, and no more for a longer list.

A page that asks for more or less on purpose renews the baseline, tests/pages/queries.json, and its change is reviewed:

    RENEW=1 bin/test tests/pages/test_queries.py
"""

import json
import os
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from lib import remembered
from tests.pages.commands import COMMANDS
from tests.pages.scene import Scene

pytestmark = pytest.mark.django_db
BASELINE = Path(__file__).with_name("queries.json")
LISTS = (
    "desk:panel", "desk:conversations", "desk:conversation: a debtor", "desk:sessions", "desk:session: " + "Con QR",
    "debtors:list", "debtors:debtor", "debtors:imports", "debtors:upload", "campaigns:list", "campaigns:new",
    "campaigns:campaign: running", "campaigns:messages: all", "gateways:pools", "gateways:pool: Normal",
    "systemlog:list", "users:list", "outreach:contacts", "outreach:digests", "outreach:checks", "outreach:check: done",
)  # fmt: skip


class Clock:
    """In the place of the clock by which answers are remembered: it stands still."""

    now = 0.0

    @classmethod
    def monotonic(cls) -> float:
        return cls.now


@pytest.fixture(autouse=True)
def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered for a moment stays so, however slow the machine: pages are counted as in production."""
    monkeypatch.setattr(remembered, "time", Clock)
    Clock.now = 0.0


@pytest.fixture
def scene(staff: User, tmp_path: Path) -> Scene:
    return Scene(staff, tmp_path)


@pytest.fixture
def client(client: Client, staff: User) -> Client:
    client.force_login(staff)
    return client


def sent(client: Client, path: str) -> dict[str, int]:
    """The commands of the page by their names, when it was shown before."""
    if path.startswith("/accounts/login/"):
        client = Client()  # for whoever is not signed in
    client.get(path)
    with COMMANDS.counting() as counts:
        answer = client.get(path)
    assert answer.status_code == 200, path
    return dict(sorted(counts.items()))


def test_every_page_asks_as_often_as_the_baseline_says(client: Client, scene: Scene) -> None:
    found = {name: sent(client, path) for name, path in scene.pages().items()}
    assert found["desk:panel"], "nobody tells of MongoDB's commands"
    if os.environ.get("RENEW"):
        BASELINE.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    wanted = json.loads(BASELINE.read_text())
    changed = [
        f"{name}: {wanted.get(name)} before, {found.get(name)} now"
        for name in [*wanted, *(name for name in found if name not in wanted)]
        if wanted.get(name) != found.get(name)
    ]
    assert not changed, "\n".join([*changed, "", "On purpose? RENEW=1 bin/test tests/pages/test_queries.py"])


def test_no_page_asks_more_often_for_more_rows(client: Client, scene: Scene) -> None:
    paths = scene.pages()
    scene.more(10)  # as many as the panel shows at most
    few = {name: sent(client, paths[name]) for name in LISTS}
    Clock.now = 1e9  # what is remembered of few rows is old
    scene.more(30, start=10)
    many = {name: sent(client, paths[name]) for name in LISTS}
    grown = [f"{name}: {few[name]} for few rows, {many[name]} for many" for name in LISTS if few[name] != many[name]]
    assert not grown, "\n".join(grown)
