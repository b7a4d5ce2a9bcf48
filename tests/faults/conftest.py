"""A cluster of real workers and a far side, shared by a module's tests and healed between them."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.faults.cluster import Cluster
from tests.faults.progress import tell_logs
from tests.gateways.simulated import RunningGateway


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    given = item.funcargs
    running = [given[name] for name in ("running_cluster",) if name in given]
    running += [given["installed"].host] if "installed" in given else []
    return (yield from tell_logs([cluster.logs for cluster in running]))


@pytest.fixture(scope="module")
def running_cluster(
    django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    from django.conf import settings
    from django.db import connection

    logs: Path = tmp_path_factory.mktemp("cluster")
    keys = ",".join(settings.SEAL_KEYS)
    with Cluster(database=connection.settings_dict["NAME"], logs=logs, WHATSMASSIVE_SEAL_KEYS=keys) as running:
        yield running


@pytest.fixture
def cluster(clean_database: None, running_cluster: Cluster) -> Iterator[Cluster]:
    running_cluster.heal()
    yield running_cluster


@pytest.fixture
def far_side() -> Iterator[RunningGateway]:
    with RunningGateway() as running:
        yield running
