"""One installation for all tests here, with every kind of worker, and the stand-in that its sessions open."""

from collections.abc import Generator, Iterator

import pytest

from tests.e2e.installation import Installation
from tests.faults.progress import tell_logs
from tests.whatsapp_web.simulated import RunningWhatsApp


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    own = item.funcargs.get("tmp_path")
    shared = item.funcargs.get("installation")
    folders = [*(own.glob("*/logs") if own else ()), *([shared.data / "logs"] if shared else ())]
    return (yield from tell_logs(folders))


@pytest.fixture(scope="package")
def whatsapp() -> Iterator[RunningWhatsApp]:
    with RunningWhatsApp() as running:
        yield running


@pytest.fixture(scope="package")
def installation(tmp_path_factory: pytest.TempPathFactory, whatsapp: RunningWhatsApp) -> Iterator[Installation]:
    installed = Installation(tmp_path_factory.mktemp("installation"), WHATSAPP_WEB_URL=whatsapp.url)
    installed.services("start", "--workers")
    try:
        yield installed
    finally:
        installed.services("stop")
