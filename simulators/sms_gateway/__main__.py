"""The command line of the stand-in."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from simulators.sms_gateway.behaviour import DUPLICATES, FAULTS, NAMES, Control, InvalidControl
from simulators.sms_gateway.server import SmsGateway


def fault(text: str) -> tuple[str, float]:
    name, _, probability = text.partition("=")
    if name not in FAULTS:
        raise argparse.ArgumentTypeError(f"there is no fault {name!r}; there are: {', '.join(FAULTS)}")
    return name, float(probability or 1)


def parser(name: str = "simulators.sms_gateway") -> argparse.ArgumentParser:
    """What a stand-in takes; one of another gateway adds its own."""
    takes = argparse.ArgumentParser(prog=f"python -m {name}", description=__doc__)
    takes.add_argument("--host", default="127.0.0.1")
    takes.add_argument("--port", type=int, default=0, help="0 takes a free one")
    takes.add_argument("--journal", type=Path, help="file that each arrival is appended to, and read back from")
    takes.add_argument("--seed", type=int, default=1, help="of the probabilities")
    takes.add_argument("--control", type=json.loads, default={}, help="JSON as PUT /control takes it")
    takes.add_argument("--duplicates", choices=DUPLICATES)
    takes.add_argument("--latency-ms", type=float)
    takes.add_argument("--jitter-ms", type=float)
    takes.add_argument("--late-s", type=float)
    takes.add_argument("--fault", type=fault, action="append", default=[], metavar="NAME=PROBABILITY")
    takes.add_argument("--refuse-first", type=int)
    takes.add_argument("--refuse-every", type=int)
    takes.add_argument("--max-per-second", type=float)
    takes.add_argument("--retry-after")
    takes.add_argument("--callbacks", help="states by commas, such as sent,delivered")
    takes.add_argument("--callback-url")
    takes.add_argument("--callback-format", choices=("json", "form", "query"))
    takes.add_argument("--callback-delay-ms", type=float)
    takes.add_argument("--callback-jitter-ms", type=float)
    takes.add_argument("--callback-duplicate", type=float)
    takes.add_argument("--callback-shuffle", type=float)
    return takes


def control_of(given: argparse.Namespace) -> Control:
    """Raises InvalidControl."""
    default: dict[str, Any] = {
        name: value for name, value in vars(given).items() if name in NAMES and value is not None
    }
    if given.callbacks:
        default["callbacks"] = given.callbacks.split(",")
    if given.fault:
        default["faults"] = dict(given.fault)
    control = Control(seed=given.seed)
    control.update({"default": default})
    control.update(given.control)
    return control


async def serve(gateway: SmsGateway, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"url": await gateway.start(host=host, port=port)}), flush=True)
    await stop.wait()
    await gateway.stop()


def main() -> int:
    takes = parser()
    given = takes.parse_args()
    try:
        control = control_of(given)
    except InvalidControl as error:
        takes.error(str(error))
    asyncio.run(serve(SmsGateway(control, journal=given.journal), host=given.host, port=given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
