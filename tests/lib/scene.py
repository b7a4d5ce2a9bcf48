"""What the tests of lib.mongo begin with: a person, and many threads at once."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.lib.sample import Person, Team


def person(**values: Any) -> Person:
    team = Team.objects.create(name="team")
    return Person.objects.create(**{"name": "Ana", "email": "ana@example.test", "team": team, **values})


def in_threads(number: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work(0..number-1)` at the same moment, each on a Django connection of its own thread."""
    gate = threading.Barrier(number)

    def run(place: int) -> Any:
        gate.wait()
        return work(place)

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))
