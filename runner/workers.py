"""The product's own processes: the database's migrations, then beat, the workers and the web process.

Beside them the WebDriver server, whose browsers are nobody's children but its own: they outlive it and every worker.
"""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from runner.ports import HOST
from runner.readiness import EndsWell, FileAppears, answers_http
from runner.service import Service

SMS_WORKERS = 2
DRIVER = "chromedriver"
# How many sessions of a browser host are looked after at once, and how many send at once.
SESSION_THREADS, WHATSAPP_THREADS = 8, 16
# A worker finishes what it has begun: the gateway's answers to the last requests, which may take a minute.
WORKER_GRACE = 75.0


def driver_wanted(environ: Mapping[str, str]) -> bool:
    """Whether to run a WebDriver server here: no other is given, and this machine has one. SMS needs none."""
    return not environ.get("SELENIUM_URL") and shutil.which(DRIVER) is not None


def driver_url(port: int) -> str:
    return f"http://{HOST}:{port}"


def chromedriver(port: int) -> Service:
    """The WebDriver server, reachable from this machine only. It says little: its log would hold what is sent."""
    return Service(DRIVER, (DRIVER, f"--port={port}", "--log-level=SEVERE"), answers_http(port), port=port)


def workers(
    data: Path, *, web_port: int, servers: list[str], browser_host: str = "main", driver_port: int | None = None
) -> list[Service]:
    """The services of `--workers`, in their order; `servers` are the names of the embedded ones they need.

    The browsers of `browser_host` are this machine's; their WebDriver server is one of them when it has a port.
    """
    migrate = Service(
        "migrate",
        (sys.executable, "manage.py", "migrate", "--noinput"),
        EndsWell(),
        needs=tuple(servers),
        timeout=300,
        once=True,
    )
    needs = (*servers, migrate.name)
    drivers = [chromedriver(driver_port)] if driver_port else []
    celery = (sys.executable, "-m", "celery", "-A", "whatsmassive")

    def process(name: str, *arguments: str, more_needs: tuple[str, ...] = ()) -> Service:
        ready = data / "ready" / name
        return Service(
            name,
            (*celery, *arguments),
            FileAppears(ready),
            needs=(*needs, *more_needs),
            environment={"WHATSMASSIVE_READY_FILE": str(ready)},
            grace=WORKER_GRACE,
        )

    def worker(name: str, queue: str, concurrency: int, *more_needs: str) -> Service:
        # Workers don't talk to each other here: what they share is in MongoDB.
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
        threads = ("--pool", "threads", "--concurrency", str(concurrency))
        return process(name, "worker", "-Q", queue, *threads, "-n", f"{name}@%h", *quiet, more_needs=more_needs)

    web = Service(
        "web",
        (sys.executable, "-m", "whatsmassive.web", "-b", HOST, "-p", str(web_port)),
        answers_http(web_port),
        needs=needs,
        port=web_port,
    )
    # At every start, because a schedule file holds when each entry ran last, and that is of no use to tick.
    beat = process("beat", "beat", "--pidfile", "", "-s", str(data / "beat-schedule"))
    names = [driver.name for driver in drivers]
    return [
        migrate,
        *drivers,
        beat,
        worker("engine", "engine", 4),
        worker("campaigns", "campaigns", 2),
        *(worker(f"sms{number}", "sms", 32) for number in range(1, SMS_WORKERS + 1)),
        worker("sessions", f"sessions.{browser_host}", SESSION_THREADS, *names),
        worker("whatsapp", f"whatsapp.{browser_host}", WHATSAPP_THREADS, *names),
        web,
    ]


def public_url(web_port: int) -> str:
    """Where gateways on this machine reach the web process."""
    return f"http://{HOST}:{web_port}"
