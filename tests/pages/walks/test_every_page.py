"""Every page, on a screen and on a phone: accessible to all, no wider than the screen, with a clean console."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import User
from tests.pages.scene import OTHERS, PAGES, Scene
from tests.pages.web import ROOT, Browser

AXE = ROOT / "build" / "tests" / "axe.min.js"
SCREENS = {"a screen in light": (1440, "light"), "a phone in dark": (390, "dark")}
ON_BOTH = 1
"""So many pages of a view are looked at on both screens; its further ones on one of them, by turns, to save time."""


def views(resolver: URLResolver, namespace: str = "") -> Iterator[tuple[str, int]]:
    """Every view of the product by its name, with how many arguments its address takes."""
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield f"{namespace}{each.name}", len(each.pattern.converters)
        elif each.app_name != "admin":
            yield from views(each, f"{each.namespace}:" if each.namespace else namespace)


@pytest.mark.django_db
def test_every_view_that_shows_a_page_is_in_the_table_of_pages(client: Client, staff: User) -> None:
    """One that is not among them takes POST alone; so a new page is looked at, or its author is told to add it."""
    client.force_login(staff)
    known = {name for name, _arguments in views(get_resolver())}
    assert PAGES.keys() | OTHERS <= known
    for name, arguments in views(get_resolver()):
        if name not in PAGES.keys() | OTHERS:
            answer = client.get(reverse(name, args=["0" * 24, "reload"][:arguments]))
            assert answer.status_code == 405, f"{name} answers GET: add it to PAGES in tests/pages/scene.py"


def serious(browser: Browser, where: str = "html") -> list[str]:
    """What axe finds that keeps somebody from using the page, or that part of it: rule, element, and why."""
    script = """
        const [where, done] = arguments;
        const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
        axe.run(where, {resultTypes: ["violations"], runOnly}).then((found) => done(JSON.stringify(found.violations)));
    """
    found: list[dict[str, Any]] = json.loads(browser.driver.execute_async_script(script, where))
    return [
        f"{one['id']} ({one['impact']}): {node['target']}: {node['failureSummary']}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def looked_at(scene: Scene, screen: str) -> Iterator[tuple[str, str]]:
    """The pages that are looked at on that screen: (name, path)."""
    turn = list(SCREENS).index(screen)
    seen: Counter[str] = Counter()
    for name, path in scene.pages().items():
        view = name.partition(": ")[0]
        if seen[view] < ON_BOTH or seen[view] % len(SCREENS) == turn:
            yield name, path
        seen[view] += 1


@contextmanager
def signed_out(browser: Browser) -> Iterator[None]:
    """The page that is opened meanwhile sees nobody."""
    cookies = browser.driver.get_cookies()
    browser.driver.delete_all_cookies()
    yield
    for cookie in cookies:
        browser.driver.add_cookie(cookie)


def opened(browser: Browser) -> None:
    """Unfold whatever is folded, so that it is looked at too."""
    browser.driver.execute_script('for (const one of document.querySelectorAll("main details")) one.open = true;')


def dialogs(browser: Browser, known: set[str]) -> Iterator[str]:
    """Open the page's dialogs one after the other, each by its id; those that are known are the same on every page."""
    names: list[str] = browser.driver.execute_script(
        "return [...document.querySelectorAll('dialog[id]')].map(d => d.id)"
    )
    for name in names:
        if name in known:
            continue
        known.add(name)
        browser.driver.execute_script("document.getElementById(arguments[0]).showModal()", name)
        yield name
        browser.driver.execute_script("document.getElementById(arguments[0]).close('')", name)


@pytest.mark.whole_database
@pytest.mark.timeout(1_200)  # it walks through more than a hundred pages
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_accessible_and_fits_the_screen(
    browser: Browser, staff: User, tmp_path: Path, screen: str
) -> None:
    scene = Scene(staff, tmp_path)
    browser.driver.set_script_timeout(120)
    # The browser itself brings it in: the pages' policy lets no script in but their own.
    browser.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": AXE.read_text()})
    wrong: list[str] = []
    seen: set[str] = set()
    width, theme = SCREENS[screen]
    known: set[str] = set()
    browser.size(width)
    browser.driver.execute_script("localStorage.setItem('theme', arguments[0])", theme)
    for name, path in looked_at(scene, screen):
        with signed_out(browser) if name == "accounts:login" else nullcontext():
            browser.open(path)
        if name != "accounts:login":
            browser.live()  # whatever of it is live is heard of
        opened(browser)
        found = serious(browser)
        for dialog in dialogs(browser, known):
            found += [f"in #{dialog}: {one}" for one in serious(browser, f"#{dialog}")]
        # Of a phone's page that is too wide the window itself becomes wider.
        too_wide = browser.driver.execute_script("return document.documentElement.scrollWidth") - width
        if too_wide > 0:
            found.append(f"{too_wide} px wider than the screen")
        found += browser.complaints()
        for one in found:
            if one not in seen:  # the frame is on every page: once is enough
                seen.add(one)
                wrong.append(f"{name} ({path}) on {screen}: {one}")
    assert not wrong, "\n\n".join(wrong)
