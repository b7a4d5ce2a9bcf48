"""Third-party browser files: installed by npm from the lock file, the few that are used copied to build/vendor."""

import os
import re
import shutil
from pathlib import Path

from runner.provision.steps import BUILD, PYTHON, ROOT, Step, StepError, call, hash_of

ASSETS = ROOT / "assets"
MODULES = ASSETS / "node_modules"
VENDOR = BUILD / "vendor"
NODE = BUILD / "node"
NODE_REQUIREMENTS = ROOT / "requirements-node.txt"
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler/tabler.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph/idiomorph-ext.min.js",
    "uplot/dist/uPlot.min.css": "uplot/uPlot.min.css",
    "uplot/dist/uPlot.iife.min.js": "uplot/uPlot.iife.min.js",
    "@wppconnect/wa-js/dist/wppconnect-wa.js": "wa-js/wppconnect-wa.js",
}
# What the tests look at pages with. Kept apart, so that no web process serves it.
FOR_TESTS = BUILD / "tests"
TEST_FILES = {"axe-core/axe.min.js": "axe.min.js"}
# Maps aren't copied, and a comment that names a missing file breaks the manifest of static files.
SOURCE_MAP = re.compile(rb"(?://|/\*)[#@]\s*sourceMappingURL=[^\s*]+(?:\s*\*/)?")


def fingerprint() -> str:
    lock = [ASSETS / name for name in ("package.json", "package-lock.json", ".npmrc")]
    return hash_of(*lock, *(f"{source}>{target}" for source, target in {**FILES, **TEST_FILES}.items()))


def present() -> bool:
    return all(target.exists() for _source, target in files(tests=True))


def files(*, tests: bool) -> list[tuple[str, Path]]:
    """Each file in what npm installs, and where its copy goes."""
    found = [(source, VENDOR / target) for source, target in FILES.items()]
    return found + [(source, FOR_TESTS / target) for source, target in TEST_FILES.items() if tests]


def find_npm() -> tuple[str, dict[str, str]]:
    """npm and the environment to run it in: the machine's, else one from a wheel, installed beside the environment."""
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return found, dict(os.environ)
    folder = NODE / "bin"
    if not (folder / "npm").exists():
        advice = "Install Node.js 20 or newer with npm, then run bin/setup again."
        call([str(PYTHON), "-m", "venv", "--clear", str(NODE)], advice=advice)
        install = [str(folder / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
        call([*install, "--requirement", str(NODE_REQUIREMENTS)], advice=advice)
    return str(folder / "npm"), {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"}


def copy_stripped(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(SOURCE_MAP.sub(b"", source.read_bytes()))


def provide(*, tests: bool = True) -> str:
    """Install and copy them; an image leaves out what only `tests` need."""
    npm, environment = find_npm()
    omitted = () if tests else ("--omit=dev",)
    call(
        [npm, "ci", "--prefix", str(ASSETS), "--no-audit", "--no-fund", "--loglevel", "error", *omitted],
        advice="See whether this machine reaches its npm registry, then run bin/setup again.",
        environment=environment,
    )
    shutil.rmtree(VENDOR, ignore_errors=True)
    shutil.rmtree(FOR_TESTS, ignore_errors=True)
    (BUILD / "static").mkdir(parents=True, exist_ok=True)  # WhiteNoise warns at each start of one that is missing
    wanted = files(tests=tests)
    for source, target in wanted:
        if not (MODULES / source).is_file():
            raise StepError(f"{source} is not in what npm installed: correct runner/provision/assets.py.")
        copy_stripped(MODULES / source, target)
    return f"copied {len(wanted)} files to build"


STEP = Step("Assets", fingerprint, present, provide)
