"""The image: what gets into it, what its code imports, and a Dockerfile whose steps can all be run by hand."""

import ast
import re
from importlib.metadata import packages_distributions
from pathlib import Path

from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = {"benchmarks", "demo", "simulators", "tests"}
"""Packages that no process of the product imports."""


def packages() -> set[str]:
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - LEFT_OUT


def context() -> set[str]:
    """What the Docker build is given: everything else is ignored."""
    lines = (ROOT / ".dockerignore").read_text().split()
    assert "*" in lines
    return {line[1:] for line in lines if line.startswith("!")}


def test_image_has_every_package_and_nothing_that_is_not_there() -> None:
    assert packages() <= context()
    assert {"templates", "static", "locale", "manage.py", "assets"} <= context()
    assert not context() & (LEFT_OUT | {".env", ".git", "build", "docs"})
    missing = {name for name in context() if not (ROOT / name).exists()}
    assert not missing, "named in .dockerignore, and not there"
    apps = {name.partition(".")[0] for name in settings.INSTALLED_APPS}
    assert {name for name in apps if (ROOT / name).is_dir()} <= context()


def test_code_imports_only_what_production_installs() -> None:
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements-prod.txt").read_text(), re.MULTILINE)
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in locked}
    of = packages_distributions()
    absent = {}
    for package in packages() - {"runner"}:
        for path in (ROOT / package).rglob("*.py"):
            for module in imported(path):
                found = {re.sub(r"[-_.]+", "-", name).lower() for name in of.get(module, ())}
                if found and not found & names:
                    absent[module] = path.relative_to(ROOT).as_posix()
    assert not absent


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports when it runs: not what it imports for the type checker alone."""
    tree = ast.parse(path.read_text())
    typing = [
        node.body
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    ]
    unused = {id(node) for body in typing for one in body for node in ast.walk(one)}
    found: set[str] = set()
    for node in ast.walk(tree):
        if id(node) in unused:
            continue
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_dockerfile_runs_the_steps_of_its_script_and_knows_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()
    script = (ROOT / "bin" / "image").read_text()
    steps = re.findall(r"^RUN bin/image (\w+)$", text, re.MULTILINE)
    assert steps == re.findall(r"^    (\w+)\)$", script, re.MULTILINE) == ["packages", "assets", "files"]
    assert not re.search(r"SECRET|PASSWORD|SEAL_KEY|_URI|TOKEN", text)
    last = text.rpartition("\nFROM ")[2]
    assert "\nUSER 1200:1201\n" in last
    assert "apt-get" not in last
    assert "pip" not in last
