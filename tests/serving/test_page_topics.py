"""Topics in the live view, in a real browser. All texts are invented."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.serving.conftest import listening
from tests.serving.test_page import choose, ended, replay

TEXTS = ["the river is rising", "a fever", "the river again", "a bridge is closed", "none of them"]


@pytest.fixture
def address(app, served_topics):
    with listening(app(served=served_topics)) as port:
        yield f"http://127.0.0.1:{port}/"


def test_topics_are_counted_and_filter_by_the_list_and_by_the_field(page, address):
    replay(page, address, TEXTS)
    ended(page, 5)
    expect(page.locator("#model-note")).to_contain_text("Topics: 3 topics of words, seed 1, of no posts.")
    expect(page.locator("#topic-counts .figure")).to_have_text(["2", "1", "1"])
    expect(page.locator("#topic-counts .name")).to_have_text(["0: river water", "1: fever cough", "2: no label"])
    river = page.get_by_role("button", name="0: river water")
    river.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#count-shown")).to_have_text("2")
    expect(river).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#f-topic-open b")).to_have_text("0: river water")
    choose(page, "#f-topic", '"2"')
    expect(page.locator("#count-shown")).to_have_text("3")
    expect(page.locator("#topic-counts .figure")).to_have_text(["2", "1", "1"])  # of what passes the other filters
    assert "topic=0&topic=2" in page.url
    page.reload()
    expect(page.locator("#count-shown")).to_have_text("3")
    expect(page.locator("#f-topic-open b")).to_have_text("2 chosen")
    page.fill("#f-text", "river")
    expect(page.locator("#topic-counts .figure")).to_have_text(["2", "0", "0"])
    page.click("#filters button[type=reset]")
    expect(page.locator("#count-shown")).to_have_text("5")
    assert "topic" not in page.url


def test_without_a_model_the_view_has_none_of_it(page, app):
    with listening(app()) as port:
        replay(page, f"http://127.0.0.1:{port}/", TEXTS[:2])
        ended(page, 2)
        expect(page.locator("#topics")).to_be_hidden()
        expect(page.locator("#f-topic")).to_be_hidden()
        page.goto(f"{page.url}&topic=0")
        expect(page.locator("#count-shown")).to_have_text("2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_barrier_and_fits_a_narrow_screen(page, address, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    replay(page, address, TEXTS)
    ended(page, 5)
    page.click("#f-topic-open")
    violations = Axe().run(page).response["violations"]
    assert [(own["id"], [node["target"] for node in own["nodes"]]) for own in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
