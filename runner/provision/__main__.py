"""The command bin/setup: carries out what is missing, and is done in a moment when nothing is."""

import argparse
import fcntl
import sys

from runner.provision import assets, python, system, translations
from runner.provision.steps import BUILD, run_steps

STEPS = (*python.STEPS, system.LIBRARY_STEP, assets.STEP, translations.STEP, system.BROWSER_STEP)


def main() -> int:
    """Returns the exit code. Two commands at once wait for each other, because each calls bin/setup."""
    parser = argparse.ArgumentParser(prog="bin/setup", description="Set this checkout up. Safe to repeat.")
    parser.add_argument("--quiet", action="store_true", help="say nothing when there is nothing to do")
    arguments = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return run_steps(STEPS, quiet=arguments.quiet)


if __name__ == "__main__":
    sys.exit(main())
