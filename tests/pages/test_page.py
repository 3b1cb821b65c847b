"""The page in a real browser: somebody picks, looks, likes, and comes back."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import Watched, screenshot
from tests.pages.conftest import Shown
from tests.servers import Server

pytestmark = pytest.mark.browser


def test_it_opens_with_a_user_and_a_reason_for_each_recommendation(shown: Shown, server: Server, watched: Watched):
    shown.open()
    (user,) = server.ask("/v1/users?n=1")["users"]
    answer = server.ask(f"/v1/users/{user}/recommendations?n=10")["items"]
    expect(shown.page.get_by_role("heading", name=f"Recommendations for user {user}", exact=True)).to_be_visible()
    expect(shown.names).to_have_text([r["name"] for r in answer])
    expect(shown.page.locator("#facts")).to_have_text("200 × film, 60 × user")
    for card, recommendation in zip(shown.cards.all(), answer, strict=True):
        text = recommendation["explanation"]["text"]
        if recommendation["explanation"]["path"]:
            expect(card.get_by_role("img", name=text, exact=True)).to_be_visible()
        else:
            expect(card.locator("figcaption")).to_have_text(text)
    assert any(r["explanation"]["path"] for r in answer)
    assert len(watched.requests) > 5


def test_the_drawing_says_the_path(shown: Shown, server: Server):
    shown.open()
    words = server.ask("/v1/catalog")
    answer = server.ask(f"/v1/users/{server.ask('/v1/users?n=1')['users'][0]}/recommendations?n=10")["items"]
    number, path = next((i, p) for i, r in enumerate(answer) if (p := r["explanation"]["path"]))
    drawing = shown.cards.nth(number).locator("svg")
    entities = [path[0]["start"], *(step["end"] for step in path)]
    titles = [f"{words['classes'][e['class']]}: {e['name']}" for e in entities]
    assert drawing.locator("title").all_text_contents() == titles
    assert drawing.locator(".step text").all_text_contents() == [words["relations"][s["relation"]] for s in path]
    for step, line in zip(path, drawing.locator(".step").all(), strict=True):
        tip = float(line.locator("polygon").get_attribute("points").split(",")[0])
        ends = [float(line.locator("line").get_attribute(name)) for name in ("x1", "x2")]
        assert tip == ends[not step["inverse"]]  # the arrow points from head to tail


def test_the_query_behind_an_explanation_can_be_read(shown: Shown):
    shown.open()
    card = shown.cards.filter(has=shown.page.locator("svg")).first
    card.get_by_text("How it was found").click()
    expect(card.locator(".cypher")).to_contain_text("MATCH")
    expect(card.locator(".found")).to_have_text(re.compile(r"^Score \d\.\d{3}\. Sources: [a-z, ]+\.$"))


def test_a_user_is_picked_with_the_arrow_keys(shown: Shown):
    shown.open()
    before = shown.ids()
    shown.user.fill("2")
    expect(shown.options.first).to_have_text(re.compile("^2"))
    second = shown.options.nth(1).inner_text()
    shown.user.press("ArrowDown")
    shown.user.press("ArrowDown")
    expect(shown.options.nth(1)).to_have_attribute("aria-selected", "true")
    shown.user.press("Enter")
    expect(shown.page.locator("#list-title")).to_have_text(f"Recommendations for user {second}")
    expect(shown.user).to_have_value(second)
    expect(shown.options).to_have_count(0)  # nothing is open any more
    shown.settled()
    assert shown.ids() != before
    assert shown.page.url.endswith(f"#user={second}")


def test_a_click_into_the_field_offers_everybody_and_typing_begins_anew(shown: Shown):
    shown.open("#user=13")
    shown.user.click()
    expect(shown.options).to_have_count(8)
    shown.page.keyboard.type("20")
    expect(shown.user).to_have_value("20")
    shown.page.keyboard.press("Enter")
    expect(shown.page.locator("#list-title")).to_have_text("Recommendations for user 20")


def test_what_was_typed_and_not_picked_is_taken_back(shown: Shown):
    shown.open()
    user = shown.user.input_value()
    shown.user.fill("somebody else")
    shown.user.blur()
    expect(shown.user).to_have_value(user)


def test_an_own_taste_changes_with_each_pick(shown: Shown):
    shown.open()
    shown.page.get_by_label("My own taste").check()
    expect(shown.note).to_have_text("This is what is popular with everybody. Pick something to make it yours.")
    shown.settled()
    lists = [shown.ids()]
    for name in ("Toy Story", "The Incredibles"):
        shown.choose(name)
        shown.settled()
        lists.append(shown.ids())
    assert len({*map(tuple, lists)}) == 3
    assert "1" not in lists[2]  # Toy Story is not recommended to who likes it
    expect(shown.note).to_be_hidden()
    shown.page.get_by_role("button", name="Remove The Incredibles").click()
    expect(shown.history).to_have_count(1)
    shown.settled()
    assert shown.ids() == lists[1]


def test_nothing_found_is_said(shown: Shown):
    shown.open("#like=1")
    shown.search.fill("no film has this name")
    expect(shown.options).to_have_text(["Nothing has this name"])
    shown.search.press("Enter")
    expect(shown.history).to_have_count(1)


def test_a_like_counts_at_once_and_is_there_after_a_reload(shown: Shown, server: Server):
    shown.open("#user=22")
    name, before = shown.names.first.inner_text(), shown.ids()
    liked = server.ask("/v1/users/22/history?liked=true")["n_items"]
    shown.page.get_by_role("button", name=f"I like {name}", exact=True).click()
    expect(shown.history.first).to_have_text(name)
    shown.settled()
    expect(shown.page.get_by_role("status")).to_have_text(f"Liked {name}. The list is new.")
    after = shown.ids()
    assert before[0] not in after
    new = shown.cards.filter(has=shown.page.locator(".fresh:visible"))
    assert new.evaluate_all("cards => cards.map((card) => card.dataset.id)") == [i for i in after if i not in before]
    shown.page.reload()
    expect(shown.history.first).to_have_text(name)
    shown.settled()
    assert shown.ids() == after
    assert server.ask("/v1/users/22/history?liked=true")["n_items"] == liked + 1


def test_more_is_shown_below_and_is_not_called_new(shown: Shown):
    shown.open("#user=21")
    before = shown.ids()
    more = shown.page.get_by_role("button", name="Show more")
    more.click()
    shown.settled(20)
    assert shown.ids()[:10] == before
    expect(shown.page.locator(".fresh:visible")).to_have_count(0)
    expect(more).to_be_visible()


def test_a_user_who_knows_nearly_all_gets_what_is_left(shown: Shown, server: Server):
    left = 200 - server.ask("/v1/users/15/history")["n_items"]
    assert 0 < left < 10
    shown.page.goto(f"{server.url}/#user=15")
    shown.settled(left)
    expect(shown.page.get_by_role("button", name="Show more")).to_be_hidden()


def test_a_new_user_is_told_that_this_is_what_is_popular(shown: Shown, page: Page):
    shown.open()
    shown.user.fill("somebody-new")
    shown.user.press("Enter")
    expect(shown.note).to_have_text("This user likes nothing yet, so this is what is popular with everybody.")
    expect(page.locator("#history-rest")).to_have_text("Nothing yet.")
    shown.settled()
    expect(page.locator("figcaption")).to_have_count(10)  # the honest sentence, no invented reasons


def test_the_api_is_documented_without_the_network(page: Page, server: Server):
    page.goto(f"{server.url}/")
    page.get_by_role("link", name="API").click()
    operations = sum(len(path) for path in server.ask("/openapi.json")["paths"].values())
    expect(page.locator(".opblock")).to_have_count(operations)
    expect(page.get_by_role("heading", name="kgrec")).to_be_visible()
    screenshot(page, "docs")
    block = page.locator("#operations-operations-readyz")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    expect(block.locator(".live-responses-table")).to_contain_text('"status": "ready"')
