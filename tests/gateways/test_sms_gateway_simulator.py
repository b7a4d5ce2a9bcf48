"""The stand-in of SMS gateways, over real HTTP."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from simulators.sms_gateway.behaviour import Behaviour, Control
from tests.gateways.simulated import RunningGateway

SECONDS = 60


@pytest.fixture(scope="module")
def running() -> Iterator[RunningGateway]:
    with RunningGateway() as gateway:
        yield gateway


@pytest.fixture
def gateway(running: RunningGateway) -> RunningGateway:
    running.control(
        default={"faults": {}, "duplicates": "accept", "callbacks": [], "refuse_first": 0, "refuse_every": 0,
                 "max_per_second": 0, "latency_ms": 0, "callback_duplicate": 0, "callback_url": "",
                 "callback_format": "json", "retry_after": "1"},
        lines={}, recipients={}, drop_connections=0, seed=1,
    )  # fmt: skip
    running.reset()
    return running


@pytest.fixture
def customer() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that takes callbacks, and what it took; it fails the first one."""
    taken: list[dict[str, Any]] = []
    failed: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not failed:
                failed.append(True)
                self.send_response(500)
            else:
                taken.append(json.loads(body))
                self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", taken
    server.shutdown()
    thread.join()
    server.server_close()


def send(gateway: RunningGateway, line: str = "", *, to: str = "+56911111111", id: str = "a1") -> requests.Response:
    return requests.post(f"{gateway.url}/send{line}", json={"to": to, "text": "Hola", "id": id}, timeout=SECONDS)


def test_send_is_journaled_whatever_its_form(gateway: RunningGateway) -> None:
    requests.get(f"{gateway.url}/send/a", params={"phone": "+561", "message": "uno", "id": "1"}, timeout=SECONDS)
    requests.post(f"{gateway.url}/send/b", data={"number": "+562", "text": "dos ñ", "ref": "2"}, timeout=SECONDS)
    requests.post(f"{gateway.url}/send", json={"to": "+563", "body": "tres", "messageId": "3"}, timeout=SECONDS)
    found = [
        {name: arrival[name] for name in ("seq", "line", "to", "text", "id", "method", "outcome")}
        for arrival in gateway.arrivals()
    ]
    assert found == [
        {"seq": 1, "line": "/send/a", "to": "+561", "text": "uno", "id": "1", "method": "GET", "outcome": "accepted"},
        {"seq": 2, "line": "/send/b", "to": "+562", "text": "dos ñ", "id": "2", "method": "POST",
         "outcome": "accepted"},
        {"seq": 3, "line": "/send", "to": "+563", "text": "tres", "id": "3", "method": "POST", "outcome": "accepted"},
    ]  # fmt: skip
    assert [arrival["seq"] for arrival in gateway.arrivals(after=2)] == [3]


def test_journal_holds_header_names_and_no_values(gateway: RunningGateway) -> None:
    requests.post(
        f"{gateway.url}/send", json={"to": "1", "text": "x"}, headers={"Authorization": "Bearer hush"}, timeout=SECONDS
    )
    arrival = gateway.arrivals()[0]
    assert "Authorization" in arrival["headers"]
    assert "hush" not in json.dumps(arrival)


def test_stats_count_what_was_accepted_twice(gateway: RunningGateway) -> None:
    send(gateway, to="+561", id="a")
    send(gateway, to="+561", id="b")
    send(gateway, to="+562", id="c")
    stats = gateway.stats(full=True)
    assert {name: stats[name] for name in ("arrivals", "accepted", "recipients", "duplicated_recipients")} == {
        "arrivals": 3, "accepted": 3, "recipients": 2, "duplicated_recipients": 1,
    }  # fmt: skip
    assert stats["repeated_recipients"] == {"+561": 2}


@pytest.mark.parametrize(("mode", "status"), [("ignore", 200), ("409", 409)])
def test_duplicate_is_not_accepted_again_when_detected(gateway: RunningGateway, mode: str, status: int) -> None:
    gateway.control(default={"duplicates": mode})
    first, second = send(gateway, id="same"), send(gateway, id="same")
    assert (first.status_code, second.status_code) == (200, status)
    assert second.json()["id"] == first.json()["id"]
    stats = gateway.stats()
    assert (stats["arrivals"], stats["accepted"], stats["deduplicated"]) == (2, 1, 1)
    assert (stats["duplicates_by_id"], stats["duplicated_recipients"]) == (1, 0)


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [("429", 429, 0), ("500", 500, 0), ("500_after", 500, 1), ("reject", 400, 0), ("html", 200, 0),
     ("html_after", 200, 1), ("error_body", 200, 0)],
)  # fmt: skip
def test_fault_answers_as_it_says(gateway: RunningGateway, fault: str, status: int, accepted: int) -> None:
    gateway.control(default={"faults": {fault: 1}})
    answer = send(gateway)
    assert answer.status_code == status
    stats = gateway.stats()
    assert (stats["arrivals"], stats["accepted"], stats["refused"]) == (1, accepted, 1 - accepted)
    assert answer.headers.get("Retry-After") == ("1" if fault == "429" else None)


@pytest.mark.parametrize(("fault", "accepted"), [("drop_before", 0), ("drop_after", 1)])
def test_drop_gives_no_answer(gateway: RunningGateway, fault: str, accepted: int) -> None:
    gateway.control(default={"faults": {fault: 1}})
    with pytest.raises(requests.ConnectionError):
        send(gateway)
    assert (gateway.stats()["arrivals"], gateway.stats()["accepted"]) == (1, accepted)


def test_dropped_connection_gives_no_answer() -> None:
    with RunningGateway("--control", '{"drop_connections": 1}') as gateway, pytest.raises(requests.ConnectionError):
        send(gateway)


def test_late_answer_comes_after_it_was_accepted(gateway: RunningGateway) -> None:
    gateway.control(default={"faults": {"late": 1}, "late_s": 0.6})
    assert send(gateway).status_code == 200
    answered_at = time.time()
    [arrival] = gateway.arrivals()
    assert gateway.stats()["accepted"] == 1
    assert answered_at - arrival["at"] >= 0.6


def test_rules_hold_for_their_line_and_recipient_alone(gateway: RunningGateway) -> None:
    gateway.control(
        lines={"/send/bad": {"faults": {"reject": 1}}},
        recipients={"*777": {"faults": {"500": 1}}, "+5610777": {"faults": {}}},
    )
    found = [
        send(gateway, "/good", to="+561").status_code,
        send(gateway, "/bad", to="+561").status_code,
        send(gateway, "/bad", to="+5699777").status_code,
        send(gateway, "/bad", to="+5610777").status_code,
    ]
    assert found == [200, 400, 500, 200]


def test_refusals_by_count_and_by_rate(gateway: RunningGateway) -> None:
    gateway.control(lines={"/send/first": {"refuse_first": 2}, "/send/nth": {"refuse_every": 2}})
    found = {line: [send(gateway, line).status_code for _ in range(4)] for line in ("/first", "/nth")}
    assert found == {"/first": [429, 429, 200, 200], "/nth": [200, 429, 200, 429]}


def test_refusals_by_rate_hold_for_any_second() -> None:
    """On a clock of the test's own: a machine may take longer than a second for these."""
    control = Control(Behaviour(max_per_second=3))
    arrivals = [0.0, 0.1, 0.2, 0.9, 1.05, 1.06, 1.11]
    found = [control.fault_for(control.default, "/send/slow", "+561", now) for now in arrivals]
    assert found == ["", "", "", "429", "", "429", ""]


def test_probabilities_repeat_with_their_seed(gateway: RunningGateway) -> None:
    def run() -> list[int]:
        gateway.control(default={"faults": {"reject": 0.5}}, seed=7)
        return [send(gateway).status_code for _ in range(20)]

    first = run()
    assert set(first) == {200, 400}
    assert run() == first


def test_callbacks_are_posted_in_order_and_again_after_a_failure(
    gateway: RunningGateway, customer: tuple[str, list[dict[str, Any]]]
) -> None:
    url, taken = customer
    gateway.control(default={"callbacks": ["sent", "delivered"], "callback_delay_ms": 1})
    answer = requests.post(
        f"{gateway.url}/send", json={"to": "+561", "text": "x", "id": "a", "callback": url}, timeout=SECONDS
    )
    deadline = time.monotonic() + SECONDS
    while len(taken) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    message = {"id": "a", "provider_id": answer.json()["id"], "to": "+561"}
    assert taken == [{**message, "status": "sent"}, {**message, "status": "delivered"}]
    status = requests.get(f"{gateway.url}/status/a", timeout=SECONDS)
    assert (status.status_code, status.json()["status"]) == (200, "delivered")


def test_status_of_an_unknown_id_is_404(gateway: RunningGateway) -> None:
    assert requests.get(f"{gateway.url}/status/nobody", timeout=SECONDS).status_code == 404


@pytest.mark.parametrize(
    "control", [{"default": {"speed": 1}}, {"default": {"faults": {"boom": 1}}}, {"other": {}}, [], {"lines": 3},
                {"default": {"duplicates": "maybe"}}, {"default": {"latency_ms": "slow"}}],
)  # fmt: skip
def test_wrong_control_is_refused_and_changes_nothing(gateway: RunningGateway, control: Any) -> None:
    before = requests.get(f"{gateway.url}/control", timeout=SECONDS).json()
    assert requests.put(f"{gateway.url}/control", json=control, timeout=SECONDS).status_code == 400
    assert requests.get(f"{gateway.url}/control", timeout=SECONDS).json() == before


def test_journal_on_file_outlives_a_kill(tmp_path: Path) -> None:
    arguments = ("--journal", str(tmp_path / "journal.jsonl"), "--duplicates", "ignore")
    gateway = RunningGateway(*arguments)
    send(gateway, id="a")
    gateway.kill()
    with RunningGateway(*arguments) as again:
        send(again, id="a")
        stats = again.stats()
    assert (stats["arrivals"], stats["accepted"], stats["deduplicated"]) == (2, 1, 1)
