"""What must come from the operating system: the libraries of the embedded MongoDB, and a browser for WhatsApp lines."""

import ctypes
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from runner.provision.steps import BUILD, PYTHON, Step, StepError, call, hash_of

LIBRARIES = {"libcurl.so.4": "libcurl4"}
BROWSERS = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")
BROWSER_PACKAGES = ("chromium", "chromium-driver")
BROWSER_PATH = BUILD / "setup" / "browser-path"
MACHINE = f"{platform.node()} {sys.platform} {platform.machine()}"
# Asks Selenium's own finder, which also knows the places outside PATH, without going out to download one.
FIND_BROWSER = """
from selenium.webdriver.common.selenium_manager import SeleniumManager
print(SeleniumManager().binary_paths(["--browser", "chrome", "--offline"])["browser_path"])
"""


def missing_libraries() -> list[str]:
    """The Debian packages of the libraries that the embedded servers need and this machine lacks."""
    if sys.platform != "linux" or os.environ.get("MONGODB_URI") or shutil.which("mongod"):
        return []
    missing = []
    for library, package in LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def install_libraries() -> str:
    missing = missing_libraries()
    if not missing:
        return "all are there"
    apt_install(missing, what_for="The embedded MongoDB needs a library that this machine lacks.")
    return f"installed {', '.join(missing)}"


def apt_install(packages: list[str], *, what_for: str) -> None:
    """Install Debian packages where this is possible. Raises StepError with the line to run where it isn't."""
    line = f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise StepError(f"{what_for} As root, on Debian or Ubuntu: {line}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    advice = f"{what_for} Run it by hand, then bin/setup again: {line}"
    call(["apt-get", "update", "-q"], advice=advice, environment=environment)
    install = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    call(install, advice=advice, environment=environment)


def find_browser() -> str | None:
    """The path of a Chrome or Chromium of this machine."""
    on_path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if on_path:
        return on_path
    environment = {**os.environ, "SE_OFFLINE": "true", "SE_AVOID_STATS": "true"}
    asked = subprocess.run(
        [str(PYTHON), "-c", FIND_BROWSER],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    path = asked.stdout.strip()
    return path if asked.returncode == 0 and path and Path(path).exists() else None


def driver_is_there() -> bool:
    """Whether the browser's WebDriver server is on PATH, or another machine's is used."""
    return bool(os.environ.get("SELENIUM_URL") or shutil.which("chromedriver"))


def browser_is_there() -> bool:
    try:
        return Path(BROWSER_PATH.read_text()).exists() and driver_is_there()
    except OSError:
        return False


def provide_browser() -> str:
    found, done = find_browser(), "found"
    if not found or not driver_is_there():
        apt_install(
            list(BROWSER_PACKAGES),
            what_for="WhatsApp lines need Chrome or Chromium and its chromedriver on PATH (SMS lines work without).",
        )
        found, done = find_browser(), "installed"
    if not found or not driver_is_there():
        raise StepError("A browser was installed and yet is not found. Put Chromium and chromedriver on PATH.")
    BROWSER_PATH.parent.mkdir(parents=True, exist_ok=True)
    BROWSER_PATH.write_text(found)
    return f"{done} {found}"


def machine_fingerprint() -> str:
    return hash_of(MACHINE, *LIBRARIES)


LIBRARY_STEP = Step("System libraries", machine_fingerprint, lambda: not missing_libraries(), install_libraries)
BROWSER_STEP = Step("Browser", lambda: hash_of(MACHINE), browser_is_there, provide_browser, optional=True)
