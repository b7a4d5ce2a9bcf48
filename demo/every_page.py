"""Takes every kind of page of a running demo, for looking at: python -m demo.every_page URL USER PASSWORD DIRECTORY

Each on a screen of 1440 px and on a phone of 390 px, in light and in dark, in its full height. The pages are found by
following the links from the panel: two of each kind, that is of each address whose ids are left out. So a new page is
among them by itself. The README's pictures are another matter: demo/screenshots.py.
"""

import argparse
import base64
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from demo.screenshots import HEIGHT, WIDTH, Camera

PHONE = 390
OF_A_KIND = 2
LEFT_ALONE = re.compile(r"^/admin/|/(export|rejects)/|/attachment/|/static/|^/accounts/log")
"""Django's own pages, and addresses that answer with files."""
ID = re.compile(r"[0-9a-f]{24}|(?<=/messages/)[^/?]+")
MOST_HEIGHT = 4_000


def kind(path: str) -> str:
    """What the page is, whichever thing it is about: `/campaigns/-/messages/`."""
    return ID.sub("-", urlsplit(path).path)


def links(camera: Camera) -> list[str]:
    """The addresses of this product that the page leads to, without what narrows a list."""
    script = "return [...document.querySelectorAll('a[href]')].map((a) => a.href)"
    found = [str(address) for address in camera.driver.execute_script(script)]
    own = [urlsplit(address).path for address in found if address.startswith(camera.url + "/")]
    return [path for path in dict.fromkeys(own) if not LEFT_ALONE.search(path)]


def pages(camera: Camera) -> Iterator[str]:
    """The paths of all kinds of pages, in the order in which they are come upon; each is open when it is told."""
    waiting, known = ["/"], {"/"}
    seen: Counter[str] = Counter()
    while waiting:
        path = waiting.pop(0)
        if seen[kind(path)] >= OF_A_KIND:
            continue
        seen[kind(path)] += 1
        camera.open(path)
        yield path
        for other in links(camera):
            if other not in known:
                known.add(other)
                waiting.append(other)


def take(camera: Camera, file: Path) -> None:
    """The page in its full height, as it is after a moment."""
    camera.settle()
    height = camera.driver.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": camera.width, "height": min(height, MOST_HEIGHT), "scale": 1}
    taken = camera.driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    file.write_bytes(base64.b64decode(taken["data"]))


def main() -> None:
    parser = argparse.ArgumentParser(description="Takes every kind of page of a running demo, for looking at.")
    for name in ("url", "user", "password"):
        parser.add_argument(name)
    parser.add_argument("directory", type=Path)
    given = parser.parse_args()
    given.directory.mkdir(parents=True, exist_ok=True)
    camera = Camera(given.url, given.user, given.password)
    found = list(pages(camera))
    numbers: Counter[str] = Counter()
    for path in found:
        name = kind(path).strip("/").replace("/", "-") or "panel"
        numbers[name] += 1
        for width, height in ((WIDTH, HEIGHT), (PHONE, 844)):
            camera.size(width, height)
            for dark in (False, True):
                camera.theme(dark=dark)
                camera.open(path)
                take(camera, given.directory / f"{name}-{numbers[name]}-{width}-{'dark' if dark else 'light'}.png")
    camera.driver.quit()
    print(f"{len(found)} pages, each four times, in {given.directory}")


if __name__ == "__main__":
    main()
