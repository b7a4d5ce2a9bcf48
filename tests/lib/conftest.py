"""Two engines side by side on the same server: ours (`default`) and the stock one (`stock`)."""

from collections.abc import Generator
from typing import Any

import pytest
from django.db import connections

from tests.lib.sample import MODELS


@pytest.fixture(scope="package")
def engines(django_db_setup: None, django_db_blocker: Any) -> Generator[None]:
    """The sample models' collections in the test database, and in one of its own under the stock engine."""
    default = connections.databases["default"]
    connections.databases["stock"] = {
        **default,
        "ENGINE": "django_mongodb_backend",
        "NAME": f"{default['NAME']}_stock",
    }
    with django_db_blocker.unblock():
        connections["stock"].get_database().client.drop_database(f"{default['NAME']}_stock")
        for alias in ("stock", "default"):
            with connections[alias].schema_editor() as editor:
                for model in MODELS:
                    editor.create_model(model)
    yield
    with django_db_blocker.unblock():
        for model in MODELS:
            connections["default"].get_collection(model._meta.db_table).drop()
        connections["stock"].get_database().client.drop_database(f"{default['NAME']}_stock")
        connections["stock"].close_pool()
    del connections["stock"], connections.databases["stock"]
