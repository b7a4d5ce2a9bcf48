"""bin/services with the real servers: what it starts, what a kill does, what it leaves behind."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

from pymongo import MongoClient
from redis import Redis

from runner.processes import tagged
from tests.runner.conftest import Installation, processes_using, wait_until


def test_env_prints_lines_that_a_shell_can_use(running: Installation) -> None:
    command = 'set -eu; eval "$(cat)"; echo "$MONGODB_URI $REDIS_URL $WHATSMASSIVE_DATA"'
    lines = running.call("env").stdout
    shell = subprocess.run(["bash", "-c", command], input=lines, capture_output=True, text=True, check=True)
    uri, url, data = shell.stdout.split()
    assert {"MONGODB_URI": uri, "REDIS_URL": url, "WHATSMASSIVE_DATA": data} == running.env()
    with MongoClient(uri) as mongo:
        assert mongo.admin.command("hello")["setName"] == "rs0"
    assert Redis.from_url(url).ping() is True


def test_env_quotes_what_a_shell_would_read_otherwise(installation: Installation) -> None:
    address = "redis://user:p&ss;w$rd@127.0.0.1:1/0"
    installation.start(REDIS_URL=address)
    assert installation.env()["REDIS_URL"] == shlex.quote(address)


def test_start_when_running_says_so(running: Installation) -> None:
    before = running.told()
    done = running.call("start")
    assert (done.returncode, done.stdout) == (0, f"already running (pid {before['pid']})\n")
    assert running.told() == before


def test_second_runner_on_the_same_data_is_refused(running: Installation) -> None:
    done = running.call("run")
    assert done.returncode == 2
    assert "Another runner has" in done.stderr


def test_status_tells_each_service(running: Installation) -> None:
    assert running.call("status").returncode == 0
    assert {name: facts["state"] for name, facts in running.told()["services"].items()} == {
        "mongod": "ready",
        "redis": "ready",
    }


def test_killed_mongod_comes_back_with_its_data(running: Installation) -> None:
    uri, pid, restarts = running.env()["MONGODB_URI"], running.fact("mongod", "pid"), running.fact("mongod", "restarts")
    with MongoClient(uri, w="majority") as mongo:
        mongo.kept.rows.insert_one({"_id": "before"})
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: running.fact("mongod", "restarts") == restarts + 1)
        wait_until(lambda: running.fact("mongod", "state") == "ready")
        mongo.kept.rows.insert_one({"_id": "after"})
        assert sorted(row["_id"] for row in mongo.kept.rows.find()) == ["after", "before"]
    assert running.env()["MONGODB_URI"] == uri


def test_killed_redis_comes_back(running: Installation) -> None:
    url, pid, restarts = running.env()["REDIS_URL"], running.fact("redis", "pid"), running.fact("redis", "restarts")
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: running.fact("redis", "restarts") == restarts + 1)
    wait_until(lambda: running.fact("redis", "state") == "ready")
    assert Redis.from_url(url).ping() is True


def test_killed_runner_leaves_no_process_and_the_next_start_works(installation: Installation) -> None:
    installation.start()
    told = installation.told()
    with MongoClient(told["env"]["MONGODB_URI"], w="majority") as mongo:
        mongo.kept.rows.insert_one({"_id": "before"})
    assert len(tagged(told["run"])) == 3  # the runner and its two servers
    os.kill(told["pid"], signal.SIGKILL)
    wait_until(lambda: not processes_using(installation.data))
    assert tagged(told["run"]) == set()
    assert installation.told() == {}
    assert installation.call("status").returncode == 3

    installation.start()
    with MongoClient(installation.env()["MONGODB_URI"]) as mongo:
        assert mongo.kept.rows.count_documents({}) == 1


def test_stop_leaves_no_process_and_no_address(installation: Installation) -> None:
    installation.start()
    run_id = installation.told()["run"]
    assert installation.call("stop").returncode == 0
    assert tagged(run_id) == set()
    assert processes_using(installation.data) == []
    assert installation.told() == {}
    assert installation.call("env").returncode == 1
    assert installation.call("stop").stdout == "not running\n"


def test_replica_set_follows_when_its_port_was_taken(installation: Installation) -> None:
    installation.start()
    first = installation.env()["MONGODB_URI"]
    with MongoClient(first, w="majority") as mongo:
        mongo.kept.rows.insert_one({"_id": "before"})
    port = installation.fact("mongod", "port")
    installation.call("stop")
    taker = subprocess.Popen(
        ["python3", "-m", "http.server", "--bind", "127.0.0.1", str(port)], stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: b"LISTEN" in _listening(port))
        installation.start()
        second = installation.env()["MONGODB_URI"]
        assert second != first
        with MongoClient(second, w="majority") as mongo:
            mongo.kept.rows.insert_one({"_id": "after"})
            assert mongo.kept.rows.count_documents({}) == 2
    finally:
        taker.kill()
        taker.wait()


def _listening(port: int) -> bytes:
    import socket

    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return b""
    return b"LISTEN"


def test_given_addresses_start_no_server(installation: Installation) -> None:
    addresses = {"MONGODB_URI": "mongodb://127.0.0.1:1/?replicaSet=rs0", "REDIS_URL": "redis://127.0.0.1:1/0"}
    installation.start(**addresses)
    assert installation.told()["services"] == {}
    assert installation.env() == {**addresses, "WHATSMASSIVE_DATA": str(installation.data)}


def test_server_that_dies_at_its_start_is_reported_with_its_log(installation: Installation, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    broken = programs / "mongod"
    broken.write_text("#!/bin/sh\necho the disk is full of holes\nexit 3\n")
    broken.chmod(0o755)
    done = installation.call("start", PATH=f"{programs}:{os.environ['PATH']}")
    log = installation.data / "logs" / "mongod.log"
    expected = f"mongod exited with 3 before it was ready. The end of {log}:\nthe disk is full of holes\n"
    assert (done.returncode, done.stderr) == (1, expected)
    assert processes_using(installation.data) == []
    assert installation.told() == {}
