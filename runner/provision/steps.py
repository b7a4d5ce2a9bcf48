"""What a step of the set-up is, and how steps are run: told with their time, and left out when nothing has changed."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = ROOT / "build"


FAILED = "failed: "


class StepError(Exception):
    """A step could not be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `fingerprint` tells what it depends on, `present` whether its product is there.

    Without an `optional` one the product works but for some part; its failure is told once, not at every command.
    """

    title: str
    fingerprint: Callable[[], str]
    present: Callable[[], bool]
    carry_out: Callable[[], str]  # returns what was done, in a few words
    optional: bool = False

    @property
    def stamp(self) -> Path:
        name = "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())
        return BUILD / "setup" / name

    def needed(self, fingerprint: str, *, quiet: bool) -> bool:
        try:
            stamped = self.stamp.read_text()
        except OSError:
            return True
        if quiet and stamped == FAILED + fingerprint:
            return False
        return stamped != fingerprint or not self.present()

    def mark(self, text: str) -> None:
        self.stamp.parent.mkdir(parents=True, exist_ok=True)
        self.stamp.write_text(text)


def run_steps(steps: Iterable[Step], *, quiet: bool) -> int:
    """Carry out the steps that are needed, in order. Returns the exit code: 1 at the first that fails."""
    started, done = time.monotonic(), 0
    for step in steps:
        fingerprint = step.fingerprint()
        if not step.needed(fingerprint, quiet=quiet):
            if not quiet:
                print(f"{step.title}: nothing to do")
            continue
        print(f"{step.title} ...", flush=True)
        began = time.monotonic()
        try:
            what = step.carry_out()
        except StepError as error:
            if step.optional:
                print(f"  left out: {error}", file=sys.stderr)
                step.mark(FAILED + fingerprint)
                continue
            print(f"\nbin/setup: {step.title} failed.\n{error}", file=sys.stderr)
            return 1
        step.mark(fingerprint)
        print(f"  {what} in {time.monotonic() - began:.1f} s", flush=True)
        done += 1
    if done or not quiet:
        print(f"Set up in {time.monotonic() - started:.1f} s")
    return 0


def hash_of(*parts: str | Path) -> str:
    """A hash of texts and of files' contents; a missing file counts as such."""
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            data = part.read_bytes() if part.is_file() else b"missing"
            whole.update(f"{part.relative_to(ROOT)}:{len(data)}:".encode() + data)
        else:
            whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()


def call(command: Sequence[str], *, advice: str, environment: Mapping[str, str] | None = None) -> None:
    """Run a program quietly. Raises StepError with the end of its output and the advice when it fails."""
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise StepError(f"{command[0]}: {error.strerror}\n{advice}") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise StepError(f"{tail}\n\n`{' '.join(command)}` ended with {done.returncode}.\n{advice}")
