"""What a service is: a command, how to see that it works, and what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runner.readiness import Readiness


@dataclass(frozen=True, slots=True)
class Service:
    """A process to keep running.

    `needs` names the services that must be ready before this one starts; `timeout` is how many seconds it may take to
    be ready, `grace` how many to end after TERM. With `once` it is a step instead: done when it has ended with 0.
    """

    name: str
    command: tuple[str, ...]
    readiness: Readiness
    needs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    timeout: float = 60.0
    grace: float = 15.0
    once: bool = False
