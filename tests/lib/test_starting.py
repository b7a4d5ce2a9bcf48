"""What every process does before its work: each start of a worker, a command or a test pays for it."""

import subprocess
import sys

from tests.e2e.installation import ROOT

STORY = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "whatsmassive.settings"
started = []
sys.addaudithook(lambda event, given: event == "subprocess.Popen" and started.append(given[1]))
import django
django.setup()
from django.db import connection
connection.ops, connection.features
print(started, sorted({"twisted", "selenium"} & set(sys.modules)))
"""


def test_start_runs_no_programs_and_loads_neither_a_server_nor_a_browser() -> None:
    done = subprocess.run([sys.executable, "-c", STORY], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[] []\n", "")
