"""Fixtures: a real Chromium, and a page of it that is watched."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, Response, expect, sync_playwright

from tests import needs

SCREENSHOTS = needs.CACHE / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGE, FONTS = "chromium", "fonts-dejavu-core"
OFFLINE = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
)
"""The browser has nothing to look for outside, and could not find it."""
GLYPHS = """() => {
  const pen = new OffscreenCanvas(40, 40).getContext("2d", { willReadFrequently: true });
  const drawn = ["A", "g", "é", "→"].map((letter) => {
    pen.clearRect(0, 0, 40, 40);
    pen.font = "30px system-ui, sans-serif";
    pen.fillText(letter, 2, 32);
    return pen.getImageData(0, 0, 40, 40).data.join();
  });
  return new Set(drawn).size;
}"""
"""How many of four letters look different: without a font each is the same box."""


@dataclass
class Watched:
    """What a page asked for, and what the browser complained of: errors of scripts, of loading, of the policy."""

    host: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("response", self._check)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type in {"error", "warning"} else None)

    def _check(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")

    def expected(self, words: str) -> None:
        """Take the complaints out that a test brought about itself; there must be some."""
        rest = [c for c in self.complaints if words not in c]
        assert rest != self.complaints
        self.complaints[:] = rest

    def elsewhere(self) -> list[str]:
        """Requests that left the server; what is inside of a page (data:) did not."""
        return [url for url in self.requests if urlsplit(url).netloc != self.host and not url.startswith("data:")]


def _usable(path: str) -> bool:
    """Ubuntu has a program of that name which only says how to install a snap."""
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def _chromium() -> str:
    found = (path for name in NAMES if (path := shutil.which(name)) and _usable(path))
    return next(found, None) or needs.program(NAMES[0], PACKAGE, _usable)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium without a window, with an empty profile that is thrown away."""
    scratch = str(tmp_path_factory.mktemp("chromium"))  # for what it would write to the home folder
    env = {**os.environ, "XDG_CONFIG_HOME": scratch, "XDG_CACHE_HOME": scratch}
    with sync_playwright() as playwright:
        try:
            executable, sandbox = _chromium(), os.geteuid() != 0  # root cannot have the sandbox
            launch = playwright.chromium.launch
            browser = launch(executable_path=executable, chromium_sandbox=sandbox, args=OFFLINE, env=env)
        except (LookupError, OSError, Error) as error:
            needs.not_run("Chromium", str(error).splitlines()[0])
        page = browser.new_page()
        letters = page.evaluate(GLYPHS)
        page.close()
        if letters < 4:
            needs.not_run("Chromium", f"it has no font to write with; install {FONTS}")
        expect.set_options(timeout=20_000)  # generous: a busy machine is no failure
        yield browser
        browser.close()


@pytest.fixture
def watched(request: pytest.FixtureRequest) -> Watched:
    """What the test's page did."""
    return Watched(urlsplit(request.getfixturevalue("server").url).netloc)


@pytest.fixture
def page(browser: Browser, watched: Watched) -> Iterator[Page]:
    """A page in a profile of its own. Whatever a test does with it, it asks nobody else and nothing complains."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    watched.follow(page)
    yield page
    context.close()
    assert watched.elsewhere() == []
    assert watched.complaints == []


def screenshot(page: Page, name: str) -> Path:
    """Save what the page shows, for people to look at; `make clean` removes it."""
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path, animations="disabled")
    return path
