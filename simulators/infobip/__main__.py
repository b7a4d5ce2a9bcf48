"""The command line of the stand-in: what simulators.sms_gateway takes, a balance, and the one key that is let in."""

import asyncio
import sys

from simulators.infobip.server import InfobipGateway
from simulators.sms_gateway.__main__ import control_of, parser, serve
from simulators.sms_gateway.behaviour import Control, InvalidControl


def main() -> int:
    takes = parser("simulators.infobip")
    takes.description = __doc__
    takes.add_argument("--key", default="", help="the credential that is taken; any, unless given")
    takes.add_argument("--balance", type=float, help="what is left of the account; a message takes one")
    takes.set_defaults(duplicates="409")
    given = takes.parse_args()
    try:
        control: Control = control_of(given)
    except InvalidControl as error:
        takes.error(str(error))
    gateway = InfobipGateway(control, journal=given.journal, key=given.key)
    if given.balance is not None:
        gateway.balance = given.balance
    asyncio.run(serve(gateway, host=given.host, port=given.port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
