"""The scripts of the pages stay small, and the parts of the bridge fit together."""

import re
from pathlib import Path

from sessions_app.browser.scripts import BRIDGE, PARTS
from whatsmassive.settings.variables import ROOT

MOST_LINES = 100
MOST_COLUMNS = 120
NOT_OURS = {"build", "node_modules"}
DECLARED = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
CHANGEABLE = re.compile(r"^let (\w+)", re.MULTILINE)


def scripts() -> list[Path]:
    """Every JavaScript file that was written by hand."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and path.name[0] != "." and path.name not in NOT_OURS]
    found = [path for folder in folders for path in folder.rglob("*") if path.suffix in (".js", ".mjs", ".cjs")]
    return sorted(path for path in found if NOT_OURS.isdisjoint(path.parts[len(ROOT.parts) :]))


def test_no_script_is_long_or_wide() -> None:
    found = {str(path.relative_to(ROOT)): path.read_text().splitlines() for path in scripts()}
    assert {"static/js/live.js", "sessions_app/browser/bridge/send.js"} <= set(found)
    assert {name: len(lines) for name, lines in found.items() if len(lines) > MOST_LINES} == {}
    assert [
        f"{name}:{n}" for name, lines in found.items() for n, line in enumerate(lines, 1) if len(line) > MOST_COLUMNS
    ] == []


def test_every_part_of_the_bridge_is_in_it_once_and_main_is_the_last() -> None:
    assert sorted(PARTS) == sorted(path.stem for path in BRIDGE.glob("*.js"))
    assert PARTS[-1] == "main"


def test_parts_of_the_bridge_share_no_name_and_change_only_what_is_theirs() -> None:
    # All are in one scope: a function that is declared twice would silently take the other's place.
    texts = {part: (BRIDGE / f"{part}.js").read_text() for part in PARTS}
    names = [name for text in texts.values() for name in DECLARED.findall(text)]
    assert sorted(names) == sorted(set(names))
    changed = [
        f"{name} of {owner} in {part}"
        for owner, theirs in texts.items()
        for name in CHANGEABLE.findall(theirs)
        for part, text in texts.items()
        if part != owner and re.search(rf"(?<![\w.]){name} (?:[-+*/|&?]{{0,2}}=)(?!=|>)", text)
    ]
    assert changed == []
