"""The page as people see it: in a real browser, from a real server."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from kg.workspace import Workspace
from tests.servers import Server, start


@pytest.fixture(scope="package")
def home(films: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace that serves the films; what the tests of the page like is in its journal."""
    copy = Workspace(tmp_path_factory.mktemp("pages") / "kg")
    shutil.copytree(films.models, copy.models, symlinks=True)
    shutil.copy(films.ontology, copy.ontology)
    return copy


@pytest.fixture(scope="package")
def server(home: Workspace) -> Iterator[Server]:
    """One server for all tests of the page: each test has a user of its own."""
    server = start(home.root, workers=1)
    yield server
    assert server.stop() == 0


class Shown:
    """The page by what is on it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.user = page.get_by_role("combobox", name="User")
        self.search = page.get_by_role("combobox", name="Search: film")
        self.options = page.get_by_role("option")
        self.list = page.locator("#list")
        self.cards = page.locator("#cards > li")
        self.names = self.cards.locator(".name")
        self.history = page.locator("#history > li")
        self.note = page.locator("#note")
        self.problem = page.get_by_role("alert")

    def open(self, address: str = "") -> None:
        """Go to an address of the page, and wait for its answer."""
        self.page.goto("about:blank")  # where only what is after the # differs, nothing would be loaded
        self.page.goto(f"{self.url}/{address}")
        self.settled()

    def settled(self, n: int = 10) -> None:
        """Wait until the list is answered."""
        expect(self.cards).to_have_count(n)
        expect(self.list).not_to_have_attribute("aria-busy", "true")

    def ids(self) -> list[str]:
        """The recommended items."""
        return self.cards.evaluate_all("cards => cards.map((card) => card.dataset.id)")

    def choose(self, name: str) -> None:
        """Search an item by its name and take it."""
        self.search.fill(name)
        self.page.get_by_role("option", name=name, exact=True).click()
        expect(self.chip(name)).to_be_visible()

    def chip(self, name: str) -> Locator:
        return self.history.filter(has_text=name)


@pytest.fixture
def shown(page: Page, server: Server) -> Shown:
    return Shown(page, server.url)
