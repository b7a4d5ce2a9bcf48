"""The command line of the stand-in."""

import asyncio
import sys

from simulators import sms_gate
from simulators.sms_gate.server import DEVICES, LOGIN, SIGNING_KEY, SmsGate
from simulators.sms_gateway.__main__ import control_of, parser, serve
from simulators.sms_gateway.behaviour import InvalidControl


def main() -> int:
    takes = parser("simulators.sms_gate")
    takes.description = sms_gate.__doc__
    takes.add_argument("--device", action="append", help="a phone's id; several make a server choose among them")
    takes.add_argument("--login", default=LOGIN, help="user:password")
    takes.add_argument("--signing-key", default=SIGNING_KEY, help="of the webhooks")
    takes.add_argument("--hashed", action="store_true", help="hash numbers once a phone has the message")
    takes.set_defaults(duplicates="409")
    given = takes.parse_args()
    try:
        control = control_of(given)
    except InvalidControl as error:
        takes.error(str(error))
    gateway = SmsGate(
        control,
        journal=given.journal,
        devices=given.device or DEVICES,
        login=given.login,
        signing_key=given.signing_key,
        hashed=given.hashed,
    )
    asyncio.run(serve(gateway, host=given.host, port=given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
