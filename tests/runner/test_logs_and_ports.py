"""What a run keeps in its directory: capped logs and the ports of the last time."""

import socket
from pathlib import Path

from runner.logs import CappedLog
from runner.ports import FIRST, LAST, kept_ports


def test_log_past_its_cap_begins_anew_and_keeps_one_older(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "a.log", cap=20)
    for number in range(5):
        log.write(f"line {number} 89\n".encode())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log", "a.log.1"]
    assert (tmp_path / "a.log.1").read_text() == "line 2 89\nline 3 89\n"
    assert log.tail() == "line 4 89"


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "a.log")
    log.write(b"one\ntwo\nthree\n")
    assert log.tail(2) == "two\nthree"


def test_tail_of_no_log_is_empty(tmp_path: Path) -> None:
    assert CappedLog(tmp_path / "none.log").tail() == ""


def test_ports_stay_the_same_over_starts(tmp_path: Path) -> None:
    first = kept_ports(tmp_path, ["mongod", "redis"])
    assert kept_ports(tmp_path, ["mongod", "redis"]) == first
    assert all(FIRST <= port <= LAST for port in first.values())
    assert len(set(first.values())) == 2


def test_taken_port_is_replaced_and_the_new_one_kept(tmp_path: Path) -> None:
    first = kept_ports(tmp_path, ["mongod", "redis"])
    with socket.create_server(("127.0.0.1", first["mongod"])):
        second = kept_ports(tmp_path, ["mongod", "redis"])
    assert second["redis"] == first["redis"]
    assert second["mongod"] != first["mongod"]
    assert kept_ports(tmp_path, ["mongod", "redis"]) == second


def test_damaged_file_of_ports_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text("[1, 2")
    ports = kept_ports(tmp_path, ["mongod"])
    assert kept_ports(tmp_path, ["mongod"]) == ports
