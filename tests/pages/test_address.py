"""The address holds what was picked: it can be kept, sent and opened again."""

import pytest
from playwright.sync_api import expect

from tests.browsers import Watched
from tests.pages.conftest import Shown
from tests.servers import Server

pytestmark = pytest.mark.browser


def test_a_user_in_the_address_is_shown(shown: Shown):
    shown.open("#user=19")
    expect(shown.user).to_have_value("19")
    expect(shown.page.locator("#list-title")).to_have_text("Recommendations for user 19")


def test_a_taste_in_the_address_is_shown_with_its_names(shown: Shown, server: Server):
    shown.open("#like=1&like=6")
    expect(shown.page.get_by_label("My own taste")).to_be_checked()
    expect(shown.history).to_have_text(["Toy Story×", "Heat×"])
    assert shown.ids() == [r["id"] for r in server.ask("/v1/recommendations", {"history": ["1", "6"]})["items"]]
    picked = shown.page.url
    shown.page.reload()
    expect(shown.history).to_have_count(2)
    assert shown.page.url == picked


def test_an_address_can_be_typed_over_the_open_page(shown: Shown):
    shown.open("#user=19")
    shown.page.evaluate("location.hash = '#like=6'")
    expect(shown.history).to_have_text(["Heat×"])
    shown.page.evaluate("location.hash = '#user=20'")
    expect(shown.page.locator("#list-title")).to_have_text("Recommendations for user 20")
    shown.page.evaluate("location.hash = ''")
    expect(shown.page.locator("#list-title")).to_have_text("Recommendations for user 13")
    shown.settled()


def test_an_item_that_is_gone_is_said_and_left_out(shown: Shown, watched: Watched):
    shown.open("#like=no-such-film&like=6")
    expect(shown.note).to_have_text("Not in this catalog: no-such-film.")
    expect(shown.history).to_have_text(["Heat×"])
    assert shown.page.url.endswith("#like=6")
    watched.expected("404")
