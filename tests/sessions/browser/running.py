"""A session's browser as the product starts it, and what tests do with it."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessions_app.browser import driver
from sessions_app.browser.driver import AttachedRemote, Browser, page_scripts
from sessions_app.browser.page import Page, PageEvent, PageState
from tests.whatsapp_web.browser import Driver, wait_for
from tests.whatsapp_web.simulated import RunningWhatsApp


def new_key() -> str:
    """The hex part of a message's id, as `reserve` makes it."""
    return f"3EB0{secrets.token_hex(9).upper()}"


@dataclass
class Running:
    """A browser with its page. `told` is what it has told so far, over all loads of the page."""

    browser: Browser
    remote: AttachedRemote
    whatsapp: RunningWhatsApp
    told: list[PageEvent] = field(default_factory=list)

    @property
    def page(self) -> Page:
        return Page(self.remote)

    @property
    def profile(self) -> Path:
        return Path(self.browser.profile)

    def open(self) -> None:
        self.page.open(self.whatsapp.url)

    def wait(self, **wanted: Any) -> PageState:
        """Wait until the state has these values; a value that is `...` only has to be there."""

        def seen() -> PageState | None:
            state = self.page.state()
            found = [
                getattr(state, name) if value is ... else getattr(state, name) == value
                for name, value in wanted.items()
            ]
            return state if all(found) else None

        found = wait_for(seen, what=str(wanted))
        assert found is not None
        return found

    def wait_connected(self, **more: Any) -> PageState:
        return self.wait(mode="MAIN", info="NORMAL", phase="full", **more)

    def link(self, number: str) -> PageState:
        """Scan the code that it shows."""
        self.whatsapp.phone("scan", qr=self.wait(qr=...).qr, number=number)
        return self.wait_connected()

    def reload(self) -> PageState:
        """Load the page again; its state once it is connected."""
        before = self.page.state().epoch
        self.page.reload()
        wait_for(lambda: self.page.state().epoch not in ("", before), what="another load of the page")
        return self.wait_connected()

    def start(self, person: str, key: str, **more: Any) -> str:
        """Start to send to a person; the job's id."""
        job_id = secrets.token_hex(8)
        given = {"chat": "", "candidates": [f"{person}@c.us"], "text": "hola", "media": None, "ack_wait_ms": 40_000}
        deadline = self.page.state().now + 60_000
        self.page.start({**given, "key": key, "epoch": 0, "deadline": deadline, "id": job_id, "kind": "send", **more})
        return job_id

    def send(self, person: str, key: str, **more: Any) -> dict[str, Any]:
        """The value of a send job that is over."""
        job_id = self.start(person, key, **more)
        wait_for(lambda: self.page.result(job_id).state != "running", what="the end of the job")
        found = self.page.result(job_id)
        assert found.state == "done", found
        value: dict[str, Any] = found.value
        return value

    def events(self) -> list[PageEvent]:
        """Drain, acknowledge, and return all that it has told."""
        epoch, events = self.page.drain()
        self.told += events
        if events:
            self.page.acknowledge(epoch, events[-1].sequence)
        return self.told

    def acks(self, key: str) -> list[int]:
        return [one.data["ack"] for one in self.events() if one.name == "ack" and key in one.data["ids"]]

    def wait_ack(self, key: str, ack: int) -> None:
        wait_for(lambda: ack in self.acks(key), what=f"ack {ack}")

    def news(self, chat: str) -> list[dict[str, Any]]:
        """The messages of a chat that it has told."""
        return [one.data for one in self.events() if one.name == "message" and one.data["chat"] == chat]


def start_browser(server: Driver, whatsapp: RunningWhatsApp, profile: str, *, flags: tuple[str, ...] = ()) -> Running:
    scripts = page_scripts(whatsapp.url)
    browser, remote = driver.launch(server.url, profile=server.profiles / profile, page_scripts=scripts, flags=flags)
    return Running(browser, remote, whatsapp)
