"""The command line of the stand-in."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from simulators.whatsapp_web.behaviour import DUPLICATES, Control, InvalidControl
from simulators.whatsapp_web.server import WhatsAppWeb


def parser() -> argparse.ArgumentParser:
    takes = argparse.ArgumentParser(prog="python -m simulators.whatsapp_web", description=__doc__)
    takes.add_argument("--host", default="127.0.0.1")
    takes.add_argument("--port", type=int, default=0, help="0 takes a free one")
    takes.add_argument("--journal", type=Path, help="file that each arrival is appended to, and read back from")
    takes.add_argument("--state", type=Path, help="file that keeps browsers, chats and messages over a restart")
    takes.add_argument("--control", type=json.loads, default={}, help="JSON as PUT /control takes it")
    takes.add_argument("--duplicates", choices=DUPLICATES)
    takes.add_argument("--qr-refresh-s", type=float)
    takes.add_argument("--qr-refreshes", type=int)
    return takes


def control_of(given: argparse.Namespace) -> Control:
    """Raises InvalidControl."""
    control = Control()
    named = ("duplicates", "qr_refresh_s", "qr_refreshes")
    control.update({name: value for name in named if (value := getattr(given, name)) is not None})
    control.update(given.control)
    return control


async def serve(stand_in: WhatsAppWeb, *, host: str, port: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"url": await stand_in.start(host=host, port=port)}), flush=True)
    await stop.wait()
    await stand_in.stop()


async def run(control: Control, given: argparse.Namespace) -> None:
    await serve(WhatsAppWeb(control, journal=given.journal, state=given.state), host=given.host, port=given.port)


def main() -> int:
    takes = parser()
    given = takes.parse_args()
    try:
        control = control_of(given)
    except InvalidControl as error:
        takes.error(str(error))
    asyncio.run(run(control, given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
