"""An SMS gateway that accepts everything, as cheaply as Python can, so that it never is what a benchmark measures.

    python benchmarks/references/sink.py [--port 0] [--latency 0]

Prints {"url": ...} when it listens. POST /messages with a JSON body in the manner of SMS Gate: {"phoneNumbers": [...]}.
GET /stats tells how many requests came, to how many numbers, and the seconds from the first to the last; GET /reset
forgets them. `--latency` is the seconds it takes to answer. Pipelined requests are answered in their order only
without latency, and no client here pipelines.
"""

import argparse
import asyncio
import json
import time
from collections import Counter

HOST = "127.0.0.1"


class Counts:
    """What has arrived since the last reset."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.first = self.last = 0.0

    def take(self, body: bytes) -> None:
        [number] = json.loads(body)["phoneNumbers"]
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.numbers[number] += 1

    def told(self) -> dict[str, float]:
        return {
            "arrivals": self.numbers.total(),
            "recipients": len(self.numbers),
            "seconds": self.last - self.first,
        }


def response(status: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
    return head + body


ACCEPTED = response(b"202 Accepted", b'{"id":"x","state":"Pending"}')


class Connection(asyncio.Protocol):
    """One client's connection: enough of HTTP/1.1 for requests with a Content-Length, or with no body."""

    def __init__(self, counts: Counts, latency: float) -> None:
        self._counts = counts
        self._latency = latency
        self._read = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end]
            lower = head.lower()
            place = lower.find(b"content-length:")
            length = int(lower[place + 15 :].split(b"\r", 1)[0]) if place >= 0 else 0
            if len(self._read) < end + 4 + length:
                return
            body, self._read = self._read[end + 4 : end + 4 + length], self._read[end + 4 + length :]
            self._handle(head, body)

    def _handle(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /messages"):
            self._counts.take(body)
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._transport.write, ACCEPTED)
            else:
                self._transport.write(ACCEPTED)
            return
        if head.startswith(b"GET /reset"):
            self._counts.reset()
        self._transport.write(response(b"200 OK", json.dumps(self._counts.told()).encode()))


async def serve(port: int, latency: float) -> None:
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(counts, latency), HOST, port, backlog=1024
    )
    print(json.dumps({"url": f"http://{HOST}:{server.sockets[0].getsockname()[1]}"}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(serve(options.port, options.latency))
