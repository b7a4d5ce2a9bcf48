"""The web process: `python -m whatsmassive.web -b HOST -p PORT` is Daphne with our limit on what is sent to it.

Without its access log ("-v 0"): it says every path, and those that gateways call hold their secret.
"""

import sys
from collections.abc import Sequence

from daphne import server  # first: it chooses Twisted's reactor
from daphne.cli import CommandLineInterface

APPLICATION = "whatsmassive.asgi:application"


def run(arguments: Sequence[str]) -> None:
    """Serve until it is stopped. Takes the arguments of daphne, without the application."""
    from whatsmassive.upload_limit import LimitedFactory

    server.HTTPFactory = LimitedFactory  # Daphne names it here, and offers no other way in
    CommandLineInterface().run(["-v", "0", *arguments, APPLICATION])


if __name__ == "__main__":
    run(sys.argv[1:])
