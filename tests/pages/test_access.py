"""The page for everybody: with the keyboard alone, on a phone, in the dark, and read aloud."""

from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browsers import screenshot
from tests.pages.conftest import Shown

pytestmark = pytest.mark.browser
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
UNNAMED = """() => [...document.querySelectorAll("a, button, input, summary, svg, img")]
  .filter((e) => e.checkVisibility() && !e.closest("[aria-hidden=true]"))
  .filter((e) => ![e.getAttribute("aria-label"), e.getAttribute("alt"), e.labels?.[0]?.textContent, e.textContent]
    .some((name) => name?.trim()) && !e.hasAttribute("alt"))
  .map((e) => e.outerHTML)"""
OUTLINE = "() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]; }"


def test_everything_works_with_the_keyboard_alone(shown: Shown, page: Page):
    shown.open("#user=17")
    keyboard, focused = page.keyboard, page.locator(":focus")
    keyboard.press("Tab")
    expect(focused).to_have_text("Skip to the recommendations")
    expect(focused).to_be_in_viewport()
    keyboard.press("Enter")
    expect(shown.list).to_be_focused()
    assert page.url.endswith("#user=17")  # the skip is no place of its own
    keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", f"I like {shown.names.first.inner_text()}")
    assert page.evaluate(OUTLINE) == ["solid", "3px"]
    name = shown.names.first.inner_text()
    keyboard.press("Enter")
    expect(shown.history.first).to_have_text(name)
    expect(shown.list).to_be_focused()
    for _ in range(2):
        keyboard.press("Shift+Tab")  # past the field of the user, to the switch
    expect(focused).to_have_attribute("value", "user")
    keyboard.press("ArrowRight")
    expect(shown.search).to_be_visible()
    keyboard.press("Tab")
    expect(shown.search).to_be_focused()
    keyboard.type("toy st")
    expect(shown.options).to_have_text(["Toy Story", "Toy Story 2"])
    keyboard.press("ArrowDown")
    keyboard.press("Enter")
    expect(shown.chip("Toy Story")).to_be_visible()
    keyboard.press("Tab")
    expect(focused).to_have_attribute("aria-label", "Remove Toy Story")
    keyboard.press("Space")
    expect(shown.history).to_have_count(0)
    expect(shown.search).to_be_focused()


def test_the_suggestions_follow_the_combobox_pattern(shown: Shown):
    shown.open()
    expect(shown.user).to_have_attribute("aria-expanded", "false")
    shown.user.focus()
    expect(shown.user).to_have_attribute("aria-expanded", "true")
    expect(shown.options).to_have_count(8)
    shown.user.press("ArrowUp")
    last = shown.options.nth(7)
    expect(last).to_have_attribute("aria-selected", "true")
    expect(shown.user).to_have_attribute("aria-activedescendant", last.get_attribute("id"))
    shown.user.press("Escape")
    expect(shown.user).to_have_attribute("aria-expanded", "false")
    expect(shown.options).to_have_count(0)


def test_everything_has_a_name_and_a_place(shown: Shown, page: Page):
    for address in ("#user=13", "#like=1"):
        shown.open(address)
        assert page.evaluate(UNNAMED) == []
        assert page.locator("h1").count() == 1
        levels = page.evaluate("() => [...document.querySelectorAll('h1, h2, h3')].map((h) => +h.tagName[1])")
        assert all(after - before <= 1 for before, after in pairwise(levels))
        assert page.evaluate("() => new Set([...document.querySelectorAll('[id]')].map((e) => e.id)).size") == (
            page.locator("[id]").count()
        )
    for role in ("banner", "main", "navigation"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read(shown: Shown, page: Page, scheme: str):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    shown.open("#user=13")
    screenshot(page, scheme)
    page.get_by_text("How it was found").first.click()
    shown.user.focus()
    expect(shown.options).to_have_count(8)
    shown.user.press("ArrowDown")  # one of them is marked
    found = page.evaluate(CONTRAST)
    assert found["checked"] > 60
    assert found["weak"] == []
    background = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert (int(background.removeprefix("rgb(").split(",")[0]) < 128) == (scheme == "dark")


def test_a_phone_has_nothing_to_scroll_sideways(shown: Shown, page: Page):
    page.set_viewport_size({"width": 375, "height": 800})
    shown.open("#user=13")
    screenshot(page, "narrow")
    drawings = page.locator(".why svg")
    assert max(drawings.evaluate_all("drawings => drawings.map((svg) => +svg.getAttribute('width'))")) < 375
    for address in ("#user=13", "#like=4993&like=7153", "#user=nobody-yet"):
        shown.open(address)
        page.get_by_text("How it was found").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 375


def test_drawings_are_made_anew_for_another_room(shown: Shown, page: Page):
    shown.open("#user=13")
    drawing = page.locator(".why svg").first
    height = float(drawing.get_attribute("height"))
    page.set_viewport_size({"width": 375, "height": 800})
    page.wait_for_function("(h) => document.querySelector('.why svg').getAttribute('height') > h", arg=height)


def test_names_and_words_of_a_drawing_stay_inside(shown: Shown, page: Page):
    outside = """() => [...document.querySelectorAll(".why svg text")].filter((text) => {
      const [box, room] = [text, text.parentNode.querySelector("rect") ?? text.ownerSVGElement]
        .map((e) => e.getBoundingClientRect());
      return box.left < room.left || box.right > room.right || box.top < room.top || box.bottom > room.bottom + 1;
    }).map((text) => text.textContent)"""
    for width in (1280, 600, 375):
        page.set_viewport_size({"width": width, "height": 900})
        for address in ("#user=13", "#like=4993&like=7153"):
            shown.open(address)
            assert page.evaluate(outside) == []
