#!/usr/bin/env python3
"""Run a management command, inside the project's virtual environment."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def enter_virtual_environment() -> None:
    """Start again under `.venv` when called with another interpreter, so that `./manage.py` simply works."""
    python = ROOT / ".venv" / "bin" / "python"
    inside = Path(sys.prefix).resolve() == (ROOT / ".venv").resolve()
    try:
        import django_mongodb_backend  # noqa: F401  # whether it can be imported is the question
    except ImportError:
        if inside or not python.exists():
            sys.exit("Django is not installed. Run bin/setup first.")
        os.execv(python, [str(python), *sys.argv])  # noqa: S606  # no shell is wanted


def main() -> None:
    enter_virtual_environment()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has enough of it (`| head`): that is no error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
