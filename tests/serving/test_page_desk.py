"""The inbox and an incident in a real browser, by keyboard. All texts are invented."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from crisisflow.ingest.store.sqlite import SqliteStore
from tests.serving.desks import desk_served, filled


@pytest.fixture
def desk(served, results, tmp_path):
    """The address of a server with a store, the tokens of its people, and the folder."""
    tokens = filled(tmp_path / "store")
    with desk_served(served, results, tmp_path / "store") as port:
        yield f"http://127.0.0.1:{port}/", tokens, tmp_path / "store"


def enter(page, desk, who="operator", at=""):
    address, tokens, _ = desk
    page.goto(address + at)
    page.fill("#token", tokens[who])
    page.keyboard.press("Enter")
    expect(page.locator("#inbox li")).to_have_count(2)
    expect(page.locator("#desk-status")).to_contain_text("Connected")


def test_the_most_urgent_alert_is_acknowledged_by_two_keys_and_undone_by_one(page, desk):
    enter(page, desk)
    expect(page.locator("#inbox li").first).to_contain_text(re.compile(r"urgent.*\d+ min"))
    page.locator("#inbox .head").first.focus()
    page.keyboard.press("a")
    expect(page.locator("#inbox li")).to_have_count(1)
    expect(page.locator("#desk-status")).to_contain_text("Acknowledged")
    expect(page.locator("#inbox .head").first).to_be_focused()
    page.keyboard.press("u")
    expect(page.locator("#inbox li")).to_have_count(2)
    page.locator("#inbox .head").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#inbox .head").nth(1)).to_be_focused()
    page.keyboard.press("n")
    page.keyboard.type("Called the hospital")
    page.keyboard.press("Enter")
    expect(page.locator("#desk-status")).to_contain_text("Noted")
    with SqliteStore(desk[2]) as store:
        assert [own.act for own in store.audit() if own.actor == "operator"] == ["acknowledge", "open", "note"]


def test_an_incident_shows_its_posts_covered_and_uncovers_one(page, desk):
    enter(page, desk)
    page.locator("#inbox .head").nth(1).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#incident-content")).to_contain_text("Verified")
    posts = page.locator("#incident-content ol").first
    expect(posts).not_to_contain_text("somebody_there")
    assert "incident=i2" in page.url
    page.get_by_role("button", name="Uncover post 1").click()
    expect(posts).to_contain_text('onerror="document.title=1"> ask @somebody_there')
    expect(page.locator("#incident-content")).to_contain_text("operator: uncover")
    assert page.locator("#incident img").count() == 0


def test_what_another_process_changes_is_shown_without_a_reload(page, desk):
    enter(page, desk)
    with SqliteStore(desk[2]) as store:
        own = store.incident("i1")
        content = dict(own.content) | {"state": "closed"}
        store.set_incident(own._replace(version=own.version + 1, state="closed", content=content), [], [], 10**14)
    expect(page.locator("#inbox li")).to_have_count(1)


def test_a_viewer_looks_and_changes_nothing(page, desk):
    enter(page, desk, "viewer")
    expect(page.get_by_role("button", name="Acknowledge").first).to_be_disabled()
    page.locator("#inbox .head").first.focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator("#incident")).to_be_visible()
    expect(page.locator("#inbox li")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_barrier_and_fits_a_narrow_screen(page, desk, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    enter(page, desk, at="#inbox?incident=i1")
    expect(page.locator("#incident-content")).to_contain_text("Deliveries")
    violations = Axe().run(page).response["violations"]
    assert [(own["id"], [node["target"] for node in own["nodes"]]) for own in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
