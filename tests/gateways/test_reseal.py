"""manage.py reseal: every secret under the first key, whatever happens meanwhile, and what no key opens is named."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from gateways import commands
from gateways.models import Gateway
from lib import resealing
from lib.mongo import collection
from lib.sealed import opened_by
from tests.factories.sending import make_line, make_pool

pytestmark = pytest.mark.django_db

OLD, NEW, GONE = (Fernet.generate_key().decode() for _each in range(3))
ROOT = Path(__file__).parents[2]


@contextmanager
def keys(*given: str) -> Iterator[None]:
    with override_settings(SEAL_KEYS=list(given)):
        yield


def lines(number: int, *, key: str, name: str = "line") -> None:
    pool = make_pool()
    with keys(key):
        for place in range(number):
            make_line(
                pool, "https://host/send?key=s3cr3t", f"{name} {place}", auth="bearer", token=f"tok-{name}-{place}"
            )


def tokens() -> dict[str, str]:
    return {line.name: line.secrets["token"] for line in Gateway.objects.all()}


def told(*arguments: str) -> tuple[str, str]:
    """What it says, and the error that it ends with."""
    out = StringIO()
    try:
        call_command("reseal", *arguments, stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_everything_is_under_the_first_key_then() -> None:
    lines(3, key=OLD)
    lines(1, key=NEW, name="newer")
    with keys(NEW, OLD):
        before = tokens()
        said, error = told("--check")
        assert (error, opened_by(Gateway.objects.first().secrets.sealed)) == (
            "3 secrets are under older keys: run `manage.py reseal`.",
            1,
        )
        assert "1 under the first key\n3 under key 2\n" in said
        said, error = told()
        assert (error, "3 secrets sealed anew." in said) == ("", True)
        assert "the others may go" in told("--check")[0]
        assert tokens() == before
    with keys(NEW):
        assert tokens() == before
        again = json.loads(told("--json")[0])
        assert again == {"total": 4, "anew": 0, "by_key": [4], "lost": [], "changing": [], "done": True}


def test_what_no_key_opens_is_named_and_the_rest_is_done() -> None:
    lines(2, key=OLD)
    lines(1, key=GONE, name="lost")
    with keys(NEW, OLD):
        said, error = told()
    assert "2 secrets sealed anew." in said
    assert error.startswith("No key opens the secrets of: gateway “lost 0”.")
    assert "tok-" not in said + error
    assert "gAAAA" not in said + error
    with keys(NEW):
        assert opened_by(Gateway.objects.get(name="line 1").secrets.sealed) == 0


def test_change_of_a_line_meanwhile_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(2, key=OLD)
    replace = resealing.Value.replace
    changed: list[str] = []

    def late(value: resealing.Value, old: str, new: str) -> bool:
        if not changed:
            changed.append(value.name)
            with keys(OLD):  # by a process that was not started anew yet
                commands.change_gateway(name="line 0", fields={"token": "changed meanwhile"})
        return replace(value, old, new)

    monkeypatch.setattr(resealing.Value, "replace", late)
    with keys(NEW, OLD):
        assert told()[1] == ""
    with keys(NEW):
        assert tokens() == {"line 0": "changed meanwhile", "line 1": "tok-line-1"}


def test_value_that_never_stands_still_is_left_for_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(1, key=OLD)
    monkeypatch.setattr(resealing.Value, "replace", lambda *_given: False)
    with keys(NEW, OLD):
        assert told()[1] == "Others kept changing: gateway “line 0”. Run it again."


def test_stop_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    lines(2, key=OLD)
    replace = resealing.Value.replace

    def stopped(value: resealing.Value, old: str, new: str) -> bool:
        if value.name.endswith("1”"):
            raise KeyboardInterrupt
        return replace(value, old, new)

    monkeypatch.setattr(resealing.Value, "replace", stopped)
    with keys(NEW, OLD), pytest.raises(CommandError, match="1 sealed anew so far") as ended:
        call_command("reseal", stdout=StringIO())
    assert ended.value.returncode == 130


def test_kill_in_the_middle_loses_nothing() -> None:
    lines(1, key=OLD)
    [row] = collection(Gateway).find()
    copies: list[dict[str, Any]] = [{**row, "name": f"copy {number}"} for number in range(2_000)]
    for copy in copies:
        del copy["_id"]
    collection(Gateway).insert_many(copies)
    own = {
        "WHATSMASSIVE_SEAL_KEYS": f"{NEW},{OLD}", "MONGODB_NAME": str(connection.settings_dict["NAME"]),
        "MONGODB_URI": settings.DATABASES["default"]["HOST"],
    }  # fmt: skip
    asked = [sys.executable, "manage.py", "reseal"]
    with subprocess.Popen(asked, cwd=ROOT, env={**os.environ, **own}, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "50" in process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    with keys(NEW, OLD):
        stands = resealing.look()
        assert (stands.total, stands.lost) == (2_001, [])
        assert 0 < stands.by_key[1] < 2_001
        assert told()[1] == ""
    with keys(NEW):
        assert set(tokens().values()) == {"tok-line-0"}
