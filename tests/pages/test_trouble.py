"""The page when something is wrong: a server that is gone, an id that is markup."""

import os
import subprocess

import pytest
from playwright.sync_api import Page, expect

from kg.workspace import Workspace
from tests.browsers import Watched, screenshot
from tests.pages.conftest import Shown
from tests.servers import COMMAND, Server, start

pytestmark = pytest.mark.browser
MARKUP = "<img src=x onerror=\"document.title='owned'\"><b>&amp;"


def start_again(home: Workspace, server: Server) -> Server:
    """The same server on the same port."""
    env = os.environ | {"KG_HOME": str(home.root), "KG_PORT": server.url.rpartition(":")[2], "KG_WORKERS": "1"}
    again = Server(server.url, subprocess.Popen(COMMAND, env=env | {"KG_DRAIN_EVERY": "3600"}, text=True))
    while again.process.poll() is None:
        try:
            again.ask("/readyz")
        except OSError:
            continue
        return again
    raise AssertionError("the server did not start again")


def test_a_server_that_is_gone_is_said_and_may_come_back(workspace: Workspace, page: Page, watched: Watched):
    server = start(workspace.root, workers=1)
    watched.host = server.url.removeprefix("http://")
    shown = Shown(page, server.url)
    shown.open("#user=13")
    before, liked = shown.ids(), shown.history.all_inner_texts()
    other = Shown(page.context.new_page(), server.url)
    watched.follow(other.page)
    other.open("#user=19")
    assert server.stop() == 0

    other.page.get_by_role("button", name="Show more").click()
    expect(other.problem).to_contain_text("The server does not answer")
    page.get_by_role("button", name="I like").first.click()
    expect(shown.problem).to_contain_text("The server does not answer")
    expect(shown.problem).to_contain_text("This starts it: kg serve")
    expect(shown.cards).to_have_count(0)
    expect(shown.history).to_have_text(liked)
    expect(page.get_by_role("status")).to_be_empty()  # nothing was kept, and nothing is said to be
    screenshot(page, "problem")
    again = page.get_by_role("button", name="Try again")
    again.click()
    expect(shown.list).not_to_have_attribute("aria-busy", "true")
    expect(shown.problem).to_be_visible()

    server = start_again(workspace, server)
    again.click()
    shown.settled()
    expect(shown.problem).to_be_hidden()
    expect(shown.list).to_be_focused()
    assert shown.ids() == before
    assert server.stop() == 0
    watched.expected("ERR_CONNECTION_REFUSED")


def test_markup_is_shown_as_text(shown: Shown, page: Page):
    shown.open()
    shown.user.fill(MARKUP)
    shown.user.press("Enter")
    expect(page.locator("#list-title")).to_have_text(f"Recommendations for user {MARKUP}")
    shown.settled()
    page.get_by_role("button", name="I like").first.click()  # now it is a user that can be found
    expect(shown.history).to_have_count(1)
    shown.user.fill("<img")
    expect(shown.options).to_have_text([MARKUP])
    shown.options.first.click()
    expect(shown.user).to_have_value(MARKUP)
    page.reload()
    shown.settled()
    expect(page.locator("#list-title")).to_have_text(f"Recommendations for user {MARKUP}")
    assert page.locator("main img").count() == page.locator("main b").count() == 0
    assert page.title() == "kgrec: recommendations with reasons"


def test_a_long_id_fits_a_narrow_page(shown: Shown, page: Page):
    page.set_viewport_size({"width": 375, "height": 800})
    shown.open(f"#user={'x' * 300}")
    assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_an_id_with_slashes_is_a_user_like_any_other(shown: Shown, server: Server, page: Page):
    shown.open("#user=https%3A%2F%2Fexample.org%2Fpeople%2F1%3Fa%3Db%23c")
    page.get_by_role("button", name="I like").first.click()
    expect(shown.history).to_have_count(1)
    assert "https://example.org/people/1?a=b#c" in server.ask("/v1/users?q=https&n=9")["users"]


def test_a_script_of_the_page_cannot_reach_another_host(shown: Shown, page: Page, watched: Watched):
    shown.open()
    said = page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')")
    assert said == "refused"
    assert watched.elsewhere() == []  # refused by the policy, before anything was sent
    watched.expected("Content Security Policy")
