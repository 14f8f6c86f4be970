"""Requests and offers in the live view, in a real browser. All texts are invented."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.serving.conftest import listening
from tests.serving.test_page import choose, ended, replay, tweet_event

HOSTILE = '<img src=x onerror="document.title=1">'


def placed(name, country, kind="city", latitude=27.7):
    return {"name": name, "country": country, "kind": kind, "latitude": latitude, "longitude": 85.3}


def events(page, tweets):
    """Shows tweets, each with its label and places, as if the server had sent them."""
    shares = {"request": 0.6, "offer": 0.2, "request_and_offer": 0.1, "irrelevant": 0.1}
    body = ""
    for number, (label, places) in enumerate(tweets, 1):
        entities = [
            {"start": 0, "end": 1, "text": "x", "label": "LOCATION", "score": 0.9, "place": place, "private": False}
            for place in places
        ]
        told = label and {"label": label, "probabilities": shares, "resources": ["water"]}
        body += tweet_event(number, number, f"x {label} {number}", entities=entities, help=told)
    body += "event: end\ndata: \n\n"
    page.route("**/events", lambda route: route.fulfill(body=body, content_type="text/event-stream"))


def lines(page):
    rows = page.locator("#help-table tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


KATHMANDU, PATAN = placed("Kathmandu", "Nepal"), placed("Patan", "Nepal", latitude=27.6)
CHILE, ANDES = placed("Chile", "Chile", "country"), placed("Andes", "", "region")


def test_requests_and_offers_are_counted_by_place_with_their_ratio(page, address):
    tweets = [("request", [KATHMANDU, PATAN])] * 6 + [("offer", [PATAN])] * 3 + [("request_and_offer", [KATHMANDU])]
    events(page, [*tweets, ("request", [CHILE]), ("request", [ANDES]), ("irrelevant", [CHILE]), (None, [CHILE])])
    replay(page, address, ["anything"])
    ended(page, 14)
    assert lines(page) == [["All tweets", "9", "4", "2.25"], ["Nepal", "7", "4", "1.75"], ["Chile", "1", "0", "–"]]
    page.fill("#help-least", "12")
    assert [line[3] for line in lines(page)] == ["2.25", "–", "–"]
    page.fill("#help-least", "1")
    assert [line[3] for line in lines(page)] == ["2.25", "1.75", "–"]  # none without an offer
    page.select_option("#help-by", "place")
    assert lines(page)[1:] == [
        ["Patan, Nepal", "6", "3", "2.00"],
        ["Kathmandu, Nepal", "7", "1", "7.00"],
        ["Andes", "1", "0", "–"],
        ["Chile", "1", "0", "–"],
    ]


def test_the_view_of_a_tweet_tells_its_request_or_offer(page, address):
    page.goto(address)
    page.fill("#tweet-text", "I offer food")
    page.click("#tweet-form button.main")
    expect(page.locator("#tweet-help li").first).to_contain_text(re.compile(r"offer.*70\s%"))
    expect(page.locator("#tweet-help p")).to_have_text("Resources: food.")
    page.fill("#tweet-text", "Necesitamos agua y comida para las familias de aquí")
    page.click("#tweet-form button.main")
    expect(page.locator("#tweet-status")).to_contain_text("not judged")
    expect(page.locator("#tweet-help")).to_be_hidden()
    assert not Axe().run(page).response["violations"]


def test_the_filter_is_in_the_address_and_leaves_the_counts_of_the_table(page, address):
    replay(page, address, ["we need water in Kathmandu", "I offer food", "need and offer", "a bridge is closed"])
    ended(page, 4)
    expect(page.locator("#help-table tbody tr").first).to_contain_text("All tweets")
    choose(page, "#f-help", "offer", "request_and_offer")
    expect(page.locator("#count-shown")).to_have_text("2")
    assert re.search("help=offer&help=request_and_offer", page.url)
    assert lines(page)[0][:3] == ["All tweets", "2", "2"]
    page.reload()
    expect(page.locator("#count-shown")).to_have_text("2")
    expect(page.locator("#f-help-open b")).to_have_text("2 chosen")
    expect(page.locator("#feed > li").last).to_contain_text(re.compile(r"offer: food 70\s%"))
    page.click("#filters button[type=reset]")
    expect(page.locator("#count-shown")).to_have_text("4")


def test_a_place_of_the_table_filters_by_keyboard_and_stays_in_focus(page, address):
    events(page, [("request", [KATHMANDU])] * 2 + [("offer", [CHILE])])
    replay(page, address, ["anything"])
    ended(page, 3)
    button = page.get_by_role("button", name="Nepal: show only its tweets")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#count-shown")).to_have_text("2")
    expect(page.locator("#f-place")).to_have_value("Nepal")
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Enter")
    expect(page.locator("#count-shown")).to_have_text("3")
    assert "place" not in page.url


def test_an_offer_lists_the_requests_that_it_fits(page, address):
    replay(page, address, [f"we need food {HOSTILE}", "we need water", "I offer food", "a bridge is closed"])
    ended(page, 4)
    buttons = page.get_by_role("button", name="Requests that fit")
    expect(buttons).to_have_count(1)
    buttons.focus()
    page.keyboard.press("Enter")
    listed = page.locator("#tweet-3 .nearest li")
    expect(listed).to_have_count(2)
    expect(listed.first).to_contain_text(f"#1 food; 13 km apart; within a day we need food {HOSTILE}")
    expect(buttons).to_have_attribute("aria-expanded", "true")
    assert page.locator("#feed img").count() == 0
    listed.first.get_by_role("button").click()
    expect(page.locator("#tweet-1")).to_be_focused()
    buttons.click()
    expect(listed.first).to_be_hidden()


def test_without_a_model_the_view_has_none_of_it(page, app, served):
    other = served._replace(help=None, version=served.version.model_copy(update={"help": None}))
    with listening(app(served=other)) as port:
        address = f"http://127.0.0.1:{port}/"
        replay(page, address, ["we need water", "I offer food"])
        ended(page, 2)
        for part in ("#help", "#f-help", "#feed .nearest"):
            expect(page.locator(part)).to_be_hidden()
        expect(page.locator("#model-note")).not_to_contain_text("Requests and offers")
        page.goto(f"{page.url}&help=offer")
        expect(page.locator("#count-shown")).to_have_text("2")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_has_no_barrier_and_fits_a_narrow_screen(page, address, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    replay(page, address, ["we need food in Kathmandu", "I offer food in Kathmandu"])
    ended(page, 2)
    expect(page.locator("#model-note")).to_contain_text("Requests and offers: row words, seed 1")
    page.get_by_role("button", name="Requests that fit").click()
    expect(page.locator(".nearest li")).to_have_count(1)
    page.click("#f-help-open")
    violations = Axe().run(page).response["violations"]
    assert [(own["id"], [node["target"] for node in own["nodes"]]) for own in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    box = page.locator(".box", has=page.locator("#help-table"))
    assert box.evaluate("own => own.scrollWidth - own.clientWidth") <= 0
