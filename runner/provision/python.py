"""The virtual environment and the Python packages in it, each checked against its locked hash."""

import os
import shutil
import sys
from pathlib import Path

from runner.provision.steps import PYTHON, ROOT, VENV, Step, StepError, call, hash_of

REQUIREMENTS = ROOT / "requirements-dev.txt"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def environment_fingerprint() -> str:
    """The place counts, because a virtual environment can't be moved."""
    return hash_of(str(VENV))


def works_here() -> bool:
    """Whether .venv has a pip that starts at this place: not after the checkout or its Python was moved."""
    pip = VENV / "bin" / "pip"
    try:
        call([str(pip), "--version"], advice="")
        return str(VENV) in pip.read_text().partition("\n")[0]
    except (StepError, OSError):
        return False


def make_environment() -> str:
    if works_here():
        return "found a working one"
    # Not the interpreter of the very environment that is removed here.
    outer = Path(sys.base_prefix) / "bin" / f"python{VERSION}"
    shutil.rmtree(VENV, ignore_errors=True)
    advice = f"Install Python's venv module (on Debian: apt-get install python{VERSION}-venv) and run bin/setup again."
    try:
        call([str(outer if outer.exists() else sys.executable), "-m", "venv", str(VENV)], advice=advice)
    except StepError:
        shutil.rmtree(VENV, ignore_errors=True)
        raise
    return f"made .venv with Python {VERSION}"


def packages_fingerprint() -> str:
    return hash_of(str(VENV), REQUIREMENTS)


def install_packages() -> str:
    call(
        [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(REQUIREMENTS)],
        advice="See whether this machine reaches its package index, then run bin/setup again.",
        environment={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )
    return "installed the locked packages"


STEPS = (
    Step("Virtual environment", environment_fingerprint, PYTHON.exists, make_environment),
    Step("Python packages", packages_fingerprint, (VENV / "bin" / "pytest").exists, install_packages),
)
