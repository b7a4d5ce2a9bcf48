"""The table of acts leaves none out."""

from pathlib import Path

from tests.access.table import PAGES
from tests.pages.walks.acts import BY_THE_CLIENT, WALKED, walked
from tests.pages.web import ROOT


def test_every_act_is_walked_or_says_where_it_is_tested() -> None:
    done = set().union(*map(walked, WALKED))
    left = {name for name, line in PAGES.items() if line.startswith("POST ")} - done
    assert left == set(BY_THE_CLIENT), "add it to a walk, or to BY_THE_CLIENT in tests/pages/walks/acts.py"
    assert done <= PAGES.keys()
    assert [path for path in BY_THE_CLIENT.values() if not (ROOT / path).is_file()] == []


def test_every_walk_of_the_table_is_there() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    assert [name for name in WALKED if f"def {name}(" not in source] == []
