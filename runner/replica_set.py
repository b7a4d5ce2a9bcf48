"""Makes a mongod that was just started usable: a program of its own, run with pymongo: replica_set.py PORT

Initiates the one-node replica set at the first start, points it to the port when that has changed, and ends with 0 once
the server takes writes. The addresses in the set's configuration are what drivers connect to.
"""

import sys
import time
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure

NAME = "rs0"
NOT_YET_INITIALIZED = 94
PATIENCE = 30.0


def configure(client: MongoClient[dict[str, Any]], host: str) -> None:
    """Bring the stored configuration to exactly one member, at this host."""
    try:
        stored = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        members = [{"_id": 0, "host": host}]
        client.admin.command("replSetInitiate", {"_id": NAME, "members": members})
        return
    if [member["host"] for member in stored["members"]] != [host]:
        members = [{**stored["members"][0], "host": host}]
        # By force, because under its old address the server is no member and so nobody's primary.
        changed = {**stored, "members": members, "version": stored["version"] + 1}
        client.admin.command("replSetReconfig", changed, force=True)


def wait_for_writes(client: MongoClient[dict[str, Any]], host: str) -> bool:
    """Whether the server became the primary under this address in time."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        hello = client.admin.command("hello")
        if hello.get("isWritablePrimary") and hello.get("me") == host:
            return True
        time.sleep(0.02)
    return False


def main() -> int:
    host = f"127.0.0.1:{int(sys.argv[1])}"
    address = f"mongodb://{host}/?directConnection=true"
    with MongoClient[dict[str, Any]](address, serverSelectionTimeoutMS=20_000) as client:
        configure(client, host)
        return 0 if wait_for_writes(client, host) else 1


if __name__ == "__main__":
    sys.exit(main())
