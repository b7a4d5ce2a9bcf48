"""How long a change takes from the database to the page: on two browsers that look at a running campaign.

    .venv/bin/python benchmarks/live_pages.py [--changes 40]

Runs MongoDB, Redis and the web process of its own, and two headless Chromiums that are signed in. Each change is made
by the product's own claims: a message is claimed, started and settled as sent, then the engine's event is published.
Its moment is that of the stored change, right after its transaction. A MutationObserver in each page notes when the
figure of that change is in the DOM; both clocks are this machine's.

Prints one JSON object: milliseconds from the stored change to the figure, for each browser and for both together.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "whatsmassive.settings")

from send_sms import GIVEN, machine, services  # noqa: E402

BETWEEN = (0.5, 1.5)
"""Seconds between two changes: longer than what is gathered into one event, and out of step with it."""
MOST = 5.0
"""Seconds in which the last change must be seen."""
PASSWORD = "correct horse battery staple"
OBSERVER = """
    const figure = new RegExp("(\\\\d+) de " + arguments[0]);  // “12 de 40 mensajes”
    window.seen = {};
    new MutationObserver(() => {
      const now = Date.now();
      const found = figure.exec(document.querySelector("main").textContent);
      if (found && !(found[1] in seen)) seen[found[1]] = now;
    }).observe(document.querySelector("main"), {childList: true, subtree: true, characterData: true});
"""


def figures(milliseconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(milliseconds)
    return {
        "median_ms": round(statistics.median(ordered)),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]),
        "max_ms": round(ordered[-1]),
    }


def measured(changes: int) -> dict[str, object]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import User
    from accounts.roles import set_role
    from domain.delivery import Sent
    from domain.outcome import after_send
    from domain.roles import Role
    from live.events import CampaignChanged
    from live.publish import publish
    from messaging import claims
    from messaging.claims import Answered
    from tests.factories.sending import add_messages, make_campaign, make_line, make_pool
    from tests.pages.web import Browser, Web

    connection.get_database().client.drop_database(connection.settings_dict["NAME"])
    call_command("migrate", verbosity=0)
    set_role(User.objects.create_user("ana", password=PASSWORD), Role.SUPERVISOR)
    pool = make_pool()
    line = make_line(pool, "https://gateway.example/send")
    campaign = make_campaign(pool)
    add_messages(campaign, changes)
    holder = claims.Holder(line.pk, "token", 1)
    web = Web(str(connection.settings_dict["NAME"]))
    browsers: list[Browser] = []
    stored: list[float] = []
    try:
        for _ in range(2):
            browser = Browser(web.url)
            browsers.append(browser)
            browser.sign_in("ana", PASSWORD)
            browser.open(f"/campaigns/{campaign.pk}/")
            browser.live()
            browser.driver.execute_script(OBSERVER, changes)
        for number in range(1, changes + 1):
            claimed = claims.claim(holder, pool=pool.pk, campaign=campaign.pk, limit=1, shared=True)
            [(outbound, of)] = claims.start(holder, claims.new_attempts(claimed, epoch=1))
            answer = Sent(outbound.attempt_id, f"theirs-{number}")
            claims.settle(holder, [Answered(outbound, of, answer, after_send(answer, can_reconcile=False))])
            stored.append(time.time() * 1000)
            publish(CampaignChanged(str(campaign.pk)))
            time.sleep(random.uniform(*BETWEEN))
        time.sleep(MOST)
        found = [browser.driver.execute_script("return seen") for browser in browsers]
    finally:
        for browser in browsers:
            browser.close()
        web.stop()
    for place, seen in enumerate(found):
        missing = [number for number in range(1, changes + 1) if str(number) not in seen]
        if missing:
            raise SystemExit(f"browser {place + 1} never showed the changes {missing}")
    waits = [[seen[str(number)] - at for number, at in enumerate(stored, 1)] for seen in found]
    return {
        "browsers": [figures(one) for one in waits],
        "together": figures([wait for one in waits for wait in one]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=40)
    options = parser.parse_args()
    clean = {name: value for name, value in os.environ.items() if name not in GIVEN}
    with (
        tempfile.TemporaryDirectory(prefix="whatsmassive-benchmark-", ignore_cleanup_errors=True) as name,
        services(Path(name), clean) as environment,
    ):
        os.environ.update(environment, MONGODB_NAME="benchmark_live_pages", SYSTEM_LOG="no")
        print(json.dumps({"changes": options.changes, **measured(options.changes), "machine": machine(environment)}))


if __name__ == "__main__":
    main()
