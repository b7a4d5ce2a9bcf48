"""The bare limit of sending: an aiohttp client against the sink, nothing stored. Usage: send_limit.py URL N CONCURRENCY

Prints {"messages", "seconds"}.
"""

import asyncio
import json
import sys
import time

import aiohttp


async def send(url: str, messages: int, concurrency: int) -> float:
    numbers = iter(range(messages))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def work() -> None:
            for number in numbers:
                text = f"Hola n{number}, su deuda es {number}"
                body = {"phoneNumbers": [f"+569{40_000_000 + number}"], "textMessage": {"text": text}}
                async with session.post(f"{url}/messages", json=body) as response:
                    await response.read()

        started = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(concurrency)))
        return time.perf_counter() - started


if __name__ == "__main__":
    address, number, at_once = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({"messages": number, "seconds": asyncio.run(send(address, number, at_once))}))
