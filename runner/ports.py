"""Ports on the loopback address: chosen when first needed, then kept in the data directory."""

import json
import random
import socket
from pathlib import Path

HOST = "127.0.0.1"
# Below the ranges from which systems pick the ports of outgoing connections: a client that keeps trying to reach a
# service that is down could otherwise be given that very port, connect to itself, and keep the service from returning.
FIRST, LAST = 20_000, 29_999
FILE = "ports.json"


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def kept_ports(data: Path, names: list[str]) -> dict[str, int]:
    """A free port for each name: the one of the last time unless somebody else has taken it.

    Raises OSError when none of many tries is free.
    """
    path = data / FILE
    try:
        kept = {str(name): int(port) for name, port in json.loads(path.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        kept = {}
    ports: dict[str, int] = {}
    for name in names:
        port = kept.get(name)
        ports[name] = port if port and is_free(port) else _choose(taken={*kept.values(), *ports.values()})
    path.write_text(json.dumps({**kept, **ports}))
    return ports


def _choose(*, taken: set[int]) -> int:
    for _ in range(200):
        port = random.randint(FIRST, LAST)
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port between {FIRST} and {LAST} on {HOST}")
