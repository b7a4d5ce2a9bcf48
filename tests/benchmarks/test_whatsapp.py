"""The engine and Puppeteer really send every message of the WhatsApp benchmark once, and it prints what it measured."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
MESSAGES = 3


@pytest.mark.skipif(not shutil.which("npm"), reason="Puppeteer is installed by npm")
@pytest.mark.timeout(300)
def test_lane_and_puppeteer_send_each_message_once() -> None:
    size = ("--messages", str(MESSAGES), "--rounds", "2", "--sessions", "0")
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "whatsapp_lane.py", *size],
        cwd=ROOT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["benchmark"], set(told["lane"])) == ("whatsapp_lane", {"new", "known"})
    for figures in told["lane"].values():
        parts = figures["lane_parts_ms"]
        assert set(parts) == {"mongodb", "driver", "pauses", "program"}
        # A message's time is all of its parts, and what is left for the program is no less than nothing.
        assert min(parts.values()) > 0
        assert len(figures["lane_all_rounds"]) == len(figures["puppeteer_all_rounds"]) == 2
        assert figures["lane_to_puppeteer"] > 0
