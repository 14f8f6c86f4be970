"""The page in a real browser: every view, by keyboard too, with texts that would like to be markup."""

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from crisisflow.serving.batcher import Overloaded
from crisisflow.serving.settings import Access
from tests.serving.conftest import ACCESS, PATIENCE, listening

XSS = '<img src=x onerror="document.title=1"><script>document.title=1</script> 17 dead in Kathmandu'


def analyse(page, address, text):
    page.goto(address)
    page.fill("#tweet-text", text)
    page.click("#tweet-form button")
    expect(page.locator("#rules-status")).to_contain_text("by the rules")


def replay(page, address, texts, rate=1000, pace="rate"):
    page.goto(f"{address}#live")
    expect(page.locator("#f-class input")).to_have_count(10)
    if not page.locator("#source-form").is_visible():
        page.click("#other")
    page.fill("#paste", "\n".join(texts))
    page.select_option("#pace", pace)
    page.fill("#rate", str(rate))
    page.click("#start")


def replay_file(page, address, lines):
    page.goto(f"{address}#live")
    page.check("[value=file]")
    page.set_input_files(
        "#file", {"name": "tweets.jsonl", "mimeType": "text/plain", "buffer": "\n".join(lines).encode()}
    )
    page.click("#start")


def choose(page, field, *values):
    page.click(f"{field}-open")
    for value in values:
        # On the words, as people do: the press gives the focus to what is around the box.
        words = page.locator(f"{field} label", has=page.locator(f"[value={value}]"))
        box = words.bounding_box()
        words.click(position={"x": box["width"] - 4, "y": box["height"] / 2})
        expect(words.locator("input")).to_be_checked()
    page.keyboard.press("Escape")


def ended(page, number):
    expect(page.locator("#live-status")).to_have_text(f"The feed has ended: {number} tweet{'s' * (number != 1)}.")
    expect(page.locator("#count-all")).to_have_text(str(number))


@pytest.mark.parametrize(
    "text", ["👩‍👩‍👧 17 dead 🔥🔥 near cafe\u0301 Kathmandu", "🇳🇵 flood शरणार्थी 40 families evacuated"]
)
def test_entities_are_marked_where_they_are_whatever_stands_before(page, address, client, text):
    analyse(page, address, text)
    expected = client.post("/v1/predict", json={"text": text}).json()
    marks = page.locator("#tweet-marked mark")
    assert [mark.evaluate("own => own.firstChild.data") for mark in marks.all()] == [
        own["text"] for own in expected["entities"]
    ]
    shown = page.locator("#tweet-marked").evaluate(
        "own => { const copy = own.cloneNode(true); copy.querySelectorAll('.label').forEach(one => one.remove());"
        " return copy.textContent }"
    )
    assert shown == text
    expect(page.locator("#tweet-class li")).to_have_count(10)
    expect(page.locator("#tweet-class li").first).to_contain_text(expected["class"]["label"].replace("_", " "))
    assert page.locator("#rules-marked mark").first.evaluate("own => own.firstChild.data") == text.split(" ")[0]


def test_markup_in_a_text_is_text_everywhere(page, address):
    analyse(page, address, XSS)
    expect(page.locator("#tweet-marked")).to_contain_text("<script>document.title=1</script>")
    assert page.locator("#tweet-result img, #tweet-result script").count() == 0
    replay(page, address, [XSS])
    ended(page, 1)
    expect(page.locator("#feed li")).to_contain_text("onerror")
    for kind in ("casualties", "places", "needs"):
        page.click(f"[data-facts={kind}]")
    assert page.locator("#view-live img, #view-live script").count() == 0
    page.click("#tab-study")
    expect(page.locator("#study td")).to_have_text("<b>0.5</b>")
    assert page.title() == "crisisflow: study"


@pytest.mark.parametrize("text", ["", "  \n ", "\u3000\x1c\x85\ufeff"])
def test_without_a_text_nothing_is_asked_and_a_hint_is_given(page, address, text):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.goto(address)
    page.fill("#tweet-text", text)
    page.click("#tweet-form button")
    expect(page.locator("#tweet-status")).to_have_text("There is nothing to analyse: type or paste a text.")
    expect(page.locator("#tweet-text")).to_be_focused()
    assert asked == []


def test_an_example_is_one_press_away(page, address):
    page.goto(address)
    page.get_by_role("button", name="17 people killed near Marawi").click()
    expect(page.locator("#tweet-status")).to_contain_text(re.compile("entit(y|ies);"))
    expect(page.locator("#tweet-text")).to_have_value(re.compile("17 people killed near Marawi, rescue teams"))


def test_a_replay_is_filtered_counted_and_exported(page, address, client):
    texts = [
        *(f"{at} dead in Kathmandu, flood water rescue, ask @helper_{at}" for at in range(20)),
        "＝SUM(0) sympathy for Nepal",
        *(f"=SUM({at}) sympathy for Nepal" for at in range(1, 20)),
    ]
    replay(page, address, texts)
    ended(page, 40)
    expect(page.locator("#feed li")).to_have_count(40)
    expect(page.locator("#feed li").first).to_contain_text("#40")
    page.fill("#f-text", "sympathy")
    expect(page.locator("#count-shown")).to_have_text("20")
    page.fill("#f-text", "#7")
    expect(page.locator("#feed li")).to_contain_text("6 dead in Kathmandu")
    page.click("#filters button")
    expect(page.locator("#count-shown")).to_have_text("40")
    predictions = client.post("/v1/predict/batch", json={"texts": texts}).json()["predictions"]
    label = predictions[0]["class"]["label"]
    own = [one for one in predictions if one["class"]["label"] == label]
    choose(page, "#f-class", label)
    expect(page.locator("#count-shown")).to_have_text(str(len(own)))
    page.click("#filters button")
    found = {entity["label"] for one in predictions for entity in one["entities"]}
    assert found
    for kind in sorted(found):
        page.click("#filters button")
        choose(page, "#f-type", kind)
        number = sum(any(entity["label"] == kind for entity in one["entities"]) for one in predictions)
        expect(page.locator("#count-shown")).to_have_text(str(number))
    page.click("#filters button")

    with page.expect_download() as download:
        page.click("#export-csv")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert len(rows) == 40
    assert "@helper" not in str(rows)
    assert rows[20]["text"].startswith("'＝SUM(0)")
    assert rows[21]["text"].startswith("'=SUM(1)")
    page.check("#unmasked")
    with page.expect_download() as download:
        page.click("#export-csv")
    assert "@helper_7" in Path(download.value.path()).read_text(encoding="utf-8")


def test_places_are_on_the_map_in_the_table_and_in_the_export(page, address):
    page.goto(f"{address}#live")
    expect(page.locator("#f-class input")).to_have_count(10)
    place = {"name": "Kathmandu", "country": "Nepal", "kind": "city", "latitude": 27.7, "longitude": 85.3}
    entity = {"start": 0, "end": 9, "text": "Kathmandu", "label": "LOCATION", "score": 0.9, "place": place}
    tweet = {"number": 1, "id": "@x", "at": "2026-01-01T00:00:00Z", "text": "Kathmandu shakes, ask @x", "class": None}
    tweet |= {"masked": "Kathmandu shakes, ask ••", "entities": [entity], "truncated": False}
    stream = f"id: 1\nevent: tweet\ndata: {json.dumps(tweet)}\n\nevent: end\ndata: \n\n"
    page.route("**/events", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
    page.fill("#paste", "anything")
    page.click("#start")
    ended(page, 1)
    expect(page.locator("#map circle")).to_have_attribute("cx", "85.3")
    page.click("[data-facts=places]")
    page.get_by_role("button", name="Tweet #1").click()
    expect(page.locator("#tweet-1")).to_be_focused()
    page.fill("#f-place", "nepal")
    expect(page.locator("#count-shown")).to_have_text("1")
    page.fill("#f-place", "peru")
    expect(page.locator("#count-shown")).to_have_text("0")
    page.fill("#f-place", "")
    with page.expect_download() as download:
        page.click("#export-geojson")
    features = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))["features"]
    assert [own["geometry"]["coordinates"] for own in features] == [[85.3, 27.7]]
    assert features[0]["properties"]["text"] == "Kathmandu shakes, ask ••"
    assert features[0]["properties"]["id"] is None


def test_people_and_streets_are_covered_in_feed_and_exports_on_request(page, address):
    page.goto(f"{address}#live")
    expect(page.locator("#covered")).to_have_count(1)
    text = "🔥 Jane Doe at 12 Elm St, Houston, ask @x"
    place = {"name": "Houston", "country": "United States", "kind": "city", "latitude": 29.8, "longitude": -95.4}
    entities = [
        {"start": 2, "end": 10, "text": "Jane Doe", "label": "PERSON", "score": 0.9, "place": None, "private": True},
        {
            "start": 17,  # the model marks a part of what the rules find
            "end": 20,
            "text": "Elm",
            "label": "LOCATION",
            "score": 0.9,
            "place": place,
            "private": True,
        },
        {
            "start": 25,
            "end": 32,
            "text": "Houston",
            "label": "LOCATION",
            "score": 0.9,
            "place": place,
            "private": False,
        },
    ]
    tweet = {"number": 1, "id": "7", "at": "2026-01-01T00:00:00Z", "text": text, "class": None, "author": "jane"}
    tweet |= {"masked": text[:-2] + "••", "entities": entities, "truncated": False, "hidden": [[2, 10], [14, 23]]}
    stream = f"id: 1\nevent: tweet\ndata: {json.dumps(tweet)}\n\nevent: end\ndata: \n\n"
    page.route("**/events", lambda route: route.fulfill(body=stream, content_type="text/event-stream"))
    page.fill("#paste", "anything")
    page.click("#start")
    ended(page, 1)
    expect(page.locator("#feed")).to_contain_text("Jane Doe")
    page.check("#covered")
    expect(page.locator("#feed")).not_to_contain_text("Jane Doe")
    expect(page.locator("#feed")).to_contain_text("Houston")
    for unmasked in (False, True):
        page.set_checked("#unmasked", unmasked)
        for button in ("#export-csv", "#export-geojson"):
            with page.expect_download() as download:
                page.click(button)
            content = Path(download.value.path()).read_text(encoding="utf-8")
            assert f"🔥 {'•' * 8} at {'•' * 9}, Houston, ask {'@x' if unmasked else '••'}" in content
            assert not re.search("Jane|Elm|jane", content)
    assert len(json.loads(content)["features"]) == 1
    page.uncheck("#covered")
    expect(page.locator("#feed")).to_contain_text("Jane Doe")


def test_places_of_one_name_are_kept_apart(page, address):
    parts = []
    for number, latitude in enumerate((39.9, 39.8, 39.9), 1):
        place = {"name": "Springfield", "country": "United States", "kind": "city"}
        place |= {"latitude": latitude, "longitude": -83.8}
        entities = [found("Springfield", "LOCATION", place=place)]
        parts.append(tweet_event(number, number, "Springfield", entities=entities))
    body = "".join(parts) + "event: end\ndata: \n\n"
    page.route("**/events", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    replay(page, address, ["anything"])
    ended(page, 3)
    expect(page.locator("#map circle title")).to_have_text(
        ["Springfield, United States: 2", "Springfield, United States: 1"]
    )
    page.click("[data-facts=places]")
    expect(page.locator("#facts tbody tr td.number")).to_have_text(["2", "1"])


def test_a_stream_shows_what_programs_send(page, address):
    page.goto(f"{address}#live")
    page.check("[value=stream]")
    page.click("#start")
    command = page.locator("#stream-command")
    expect(command).to_contain_text("/v1/live/")
    path = re.search(r"/v1/live/\S+/tweets", command.text_content())[0]
    page.request.post(address + path[1:], data={"tweets": [{"text": "from a program"}]})
    expect(page.locator("#feed li")).to_contain_text("from a program")
    page.click("#pause")
    page.request.post(address + path[1:], data={"tweets": [{"text": "while held"}]})
    expect(page.locator("#held")).to_have_text("1 new, show")
    expect(page.locator("#pause")).to_have_text("Pause")
    expect(page.locator("#feed li")).to_have_count(1)
    page.click("#held")
    expect(page.locator("#feed li")).to_have_count(2)


END = "event: end\ndata: \n\n"


def class_of(name):
    return {"label": name, "score": 0.9, "scores": {}}


def tweet_event(number, event_id, text, best=None, **facts):
    """A tweet as the server tells of it; `best` is its class."""
    tweet = {"number": number, "id": None, "at": "2026-01-01T00:00:00Z", "text": text, "masked": text, "class": best}
    tweet |= {"entities": [], "truncated": False, **facts}
    return f"id: {event_id}\nevent: tweet\ndata: {json.dumps(tweet)}\n\n"


def kept_feeds(page, address):
    return [feed["id"] for feed in page.request.get(f"{address}v1/live").json()]


def open_stream(page, address):
    """The path to which tweets of a new stream are sent."""
    page.goto(f"{address}#live")
    page.check("[value=stream]")
    page.click("#start")
    expect(page.locator("#stream-command")).to_contain_text("/v1/live/")
    return re.search(r"v1/live/\S+/tweets", page.locator("#stream-command").text_content())[0]


def test_a_feed_belongs_to_the_server_and_ends_only_when_it_is_ended(page, address):
    path = open_stream(page, address)
    feed = path.split("/")[2]
    expect(page.locator("#live-status")).to_have_text("Waiting for the first tweet.")

    def send(text):
        return page.request.post(address + path, data={"tweets": [{"text": text}]}).status

    assert send("first") == 202
    expect(page.locator("#live-status")).to_have_text("Tweets are coming in.")
    page.reload()
    expect(page.locator("#tweet-1")).to_contain_text("first")
    assert feed in page.url
    other = page.context.new_page()
    other.goto(f"{address}#live")
    other.get_by_role("listitem").filter(has_text="Stream of").get_by_role("button", name="Watch").last.click()
    expect(other.locator("#tweet-1")).to_contain_text("first")
    page.goto("about:blank")
    assert send("second") == 202
    expect(other.locator("#tweet-2")).to_contain_text("second")
    page.go_back()
    expect(page.locator("#tweet-2")).to_contain_text("second")
    other.click("#stop")
    expect(other.locator("#live-status")).to_have_text("The feed was ended: 2 tweets.")
    assert feed not in other.url
    expect(page.locator("#live-status")).to_have_text("The feed has ended: 2 tweets.")
    assert send("third") == 404
    page.reload()
    expect(page.locator("#live-status")).to_contain_text("This feed is gone")
    expect(page.locator("#source-form")).to_be_visible()


def test_what_was_dropped_is_told_and_all_that_is_kept_is_reached(page, address):
    body = "event: gap\ndata: 1000\n\n"
    body += "".join(tweet_event(at, at, "water" if at % 5 else "tents") for at in range(1001, 1301))
    page.route("**/events", lambda route: route.fulfill(body=body + END, content_type="text/event-stream"))
    replay(page, address, ["anything"])
    expect(page.locator("#live-status")).to_have_text("The feed has ended: 1,300 tweets.")
    expect(page.locator("#dropped")).to_have_text(
        "1,000 of 1,300 tweets, the oldest, were dropped: the latest 300 are kept here."
    )
    page.fill("#f-text", "water")
    expect(page.locator("#count-shown")).to_have_text("240")
    more = page.locator("#more")
    expect(more).to_have_text("Show 100 more of 140 earlier tweets")
    more.click()
    expect(more).to_have_text("Show 40 more of 40 earlier tweets")
    more.click()
    expect(page.locator("#feed li")).to_have_count(240)
    expect(page.locator("#feed li").last).to_contain_text("#1001")
    expect(more).to_be_hidden()


def test_the_time_of_a_tweet_is_its_own(page, address):
    lines = [
        {"text": "early", "tweet_id": 12345678901234567890, "created_at": "Wed Oct 10 20:19:24 +0000 2018"},
        {"text": "later", "id": "b", "date": "2018-10-10", "time": "20:30:00", "user": {"screen_name": "@somebody"}},
        {"text": "never", "created_at": "10/10/2018"},
    ]
    replay(page, address, map(json.dumps, lines), rate=100_000, pace="speed")
    ended(page, 3)
    expect(page.locator("#left-out")).to_contain_text("a time that cannot be read, which show when they came: 1.")
    expect(page.locator("#tweet-1 time")).to_have_text("2018-10-10 20:19:24")
    page.fill("#f-until", "2018-10-10T20:30:00")
    expect(page.locator("#count-shown")).to_have_text("2")
    page.fill("#f-since", "2018-10-10T20:19:25")
    expect(page.locator("#count-shown")).to_have_text("1")
    page.click("#filters button")
    with page.expect_download() as download:
        page.click("#export-csv")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [row["id"] for row in rows] == ["12345678901234567890", "b", ""]
    assert [row["author"] for row in rows] == ["", "•••", ""]
    assert [row["created_at"] for row in rows] == [
        "2018-10-10T20:19:24.000+00:00",
        "2018-10-10T20:30:00.000+00:00",
        "",
    ]
    assert all(row["at"] > "2026" for row in rows)
    page.check("#unmasked")
    with page.expect_download() as download:
        page.click("#export-geojson")
    with page.expect_download() as download:
        page.click("#export-csv")
    assert "@somebody" in Path(download.value.path()).read_text(encoding="utf-8")
    replay(page, address, ["no time"], pace="speed")
    expect(page.locator("#live-status")).to_have_text("No tweet has a time: choose tweets a second.")


def test_bars_cover_the_times_of_old_tweets(page, address):
    times = ["2018-10-10T08:00:00Z", *["2018-10-10T19:59:30Z"] * 3, "2018-10-10T20:00:00Z"]
    body = "".join(tweet_event(at, at, "a", created_at=time) for at, time in enumerate(times, 1))
    page.route("**/events", lambda route: route.fulfill(body=body + END, content_type="text/event-stream"))
    replay(page, address, ["anything"])
    ended(page, 5)
    expect(page.locator("#spark-of")).to_have_text("per 15 minutes, 2018-10-10 05:00 to 2018-10-10 20:00 UTC")
    expect(page.locator("#spark")).to_have_attribute("aria-label", re.compile("first: 4, 0, 0, 0, 0; in 15 hours 5,"))
    expect(page.locator("#count-minute")).to_have_text("4")
    expect(page.locator("#count-minute-of")).to_have_text("in the minute to 2018-10-10 20:00 UTC")


def test_filters_are_in_the_address_and_go_back(page, address):
    kathmandu = {"name": "Kathmandu", "country": "Nepal", "kind": "city", "latitude": 27.7, "longitude": 85.3}
    lima = {"name": "Lima", "country": "Peru", "kind": "city", "latitude": -12, "longitude": -77}
    tweets = [
        ("Kathmandu", "caution_and_advice", kathmandu),
        ("Lima", "sympathy_and_support", lima),
        ("Lima", "not_humanitarian", lima),
    ]
    body = "".join(
        tweet_event(at, at, name, entities=[found(name, "LOCATION", place=place)], best=class_of(label))
        for at, (name, label, place) in enumerate(tweets, 1)
    )
    page.route("**/events", lambda route: route.fulfill(body=body + END, content_type="text/event-stream"))
    replay(page, address, ["anything"])
    ended(page, 3)
    shown = page.locator("#count-shown")
    world = page.locator("#map").get_attribute("viewBox")
    choose(page, "#f-class", "caution_and_advice")
    expect(shown).to_have_text("1")
    assert page.locator("#map").get_attribute("viewBox") != world
    choose(page, "#f-class", "sympathy_and_support")
    expect(shown).to_have_text("2")
    expect(page.locator("#f-class-open b")).to_have_text("2 chosen")
    page.locator("#f-place").press_sequentially("nepal; peru")
    kept = page.url
    assert re.search("class=caution_and_advice&class=sympathy_and_support&place=nepal&place=peru", kept)
    page.fill("#f-text", "lima")
    expect(shown).to_have_text("1")
    page.go_back()
    expect(shown).to_have_text("2")
    expect(page.locator("#f-text")).to_have_value("")
    page.go_back()  # what was typed in one field is one step
    expect(page.locator("#f-place")).to_have_value("")
    page.go_back()
    expect(shown).to_have_text("1")
    page.go_forward()
    expect(shown).to_have_text("2")
    page.click("#tab-tweet")
    page.click("#tab-live")
    expect(shown).to_have_text("2")
    page.goto("about:blank")
    page.goto(kept)
    expect(shown).to_have_text("2")
    expect(page.locator("#f-place")).to_have_value("nepal; peru")
    assert page.locator("#map").get_attribute("viewBox") != world
    page.click("#filters button")
    expect(shown).to_have_text("3")
    assert "place" not in page.url


def test_counters_bars_map_and_feed_are_on_one_screen(page, address):
    page.set_viewport_size({"width": 1400, "height": 900})
    replay(page, address, ["17 dead in Kathmandu"] * 20)
    ended(page, 20)
    expect(page.locator("#source-form")).to_be_hidden()
    for part in ("#count-all", "#spark", "#map", "#tweet-20", "#tweet-16"):
        box = page.locator(part).bounding_box()
        assert box["y"] + box["height"] <= 900, part
    page.click("#other")
    expect(page.locator("#source-form")).to_be_visible()


def test_the_page_says_while_the_server_is_starting(page, address):
    ready = []
    page.route("**/readyz", lambda route: route.fulfill(status=200 if ready else 503, json={"status": "starting"}))
    page.goto(address)
    expect(page.locator("#starting")).to_be_visible()
    ready.append(True)
    expect(page.locator("#starting")).to_be_hidden()


def test_an_event_id_is_only_the_servers_to_read_and_a_reset_begins_anew(page, address):
    answers = [
        tweet_event(1, "one-1", "first") + tweet_event(2, "one-2", "second"),
        "event: reset\ndata: \n\n" + tweet_event(1, "two-1", "anew") + "id: two-1\nevent: end\ndata: \n\n",
    ]
    asked = []

    def answer(route):
        asked.append(route.request.headers.get("last-event-id"))
        route.fulfill(body=answers[len(asked) - 1], content_type="text/event-stream")

    page.route("**/events", answer)
    replay(page, address, ["first", "second"])
    ended(page, 1)
    expect(page.locator("#feed li")).to_have_count(1)
    expect(page.locator("#feed li")).to_contain_text("anew")
    assert asked == [None, "one-2"]


def test_redrawing_leaves_focus_and_pointer_alone_and_a_hold_stops_it(page, address):
    path = open_stream(page, address)

    def send(*texts):
        page.request.post(address + path, data={"tweets": [{"text": text} for text in texts]})

    send("Kathmandu flood", "17 dead in Kerala")
    expect(page.locator("#count-all")).to_have_text("2")
    kinds = page.locator("#classes button")
    kinds.first.focus()
    pressed = kinds.first.element_handle()
    send("a third")
    expect(page.locator("#count-all")).to_have_text("3")
    expect(kinds.first).to_be_focused()
    assert pressed.evaluate("own => own.isConnected")  # the same element: a press that has begun arrives
    page.click("#pause")
    page.evaluate(
        "seen = []; for (const id of ['classes', 'facts', 'map', 'feed', 'spark'])"
        " new MutationObserver((all) => seen.push(id, ...all.map(one => one.attributeName))).observe("
        "document.getElementById(id), { childList: true, subtree: true, characterData: true })"
    )
    send("a fourth")
    expect(page.locator("#held")).to_have_text("1 new, show")
    assert page.evaluate("seen") == []
    expect(page.locator("#count-all")).to_have_text("3")
    page.fill("#f-text", "#4")  # only a tweet that came since
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#feed li")).to_contain_text("a fourth")


def found(text, label, **facts):
    return {"start": 0, "end": len(text), "text": text, "label": label, "score": 0.9, "place": None, **facts}


def test_rows_of_what_was_extracted_stay_under_pointer_and_focus_and_filter(page, address):
    water, tents = found("water", "RESOURCE"), found("tents", "RESOURCE")
    best = {"label": "rescue_volunteering_or_donation_effort", "score": 0.873, "scores": {}}
    first = "".join(tweet_event(at, at, "water", entities=[water], best=best) for at in (1, 2, 3, 4))
    parts = [
        first + tweet_event(5, 5, "tents", entities=[tents]),
        "".join(tweet_event(at, at, "tents", entities=[tents]) for at in range(6, 12)) + "event: end\ndata: \n\n",
    ]
    waiting = []
    page.route("**/events", lambda route: waiting.append(route))
    replay(page, address, ["one"])

    def answer():
        until = time.monotonic() + PATIENCE / 1000
        while not waiting:
            page.evaluate("0")  # the asking comes in meanwhile
            assert time.monotonic() < until, "the page does not ask again"
        waiting.pop().fulfill(body=parts.pop(0), content_type="text/event-stream")

    answer()
    rows = page.locator("#facts tbody tr")
    expect(rows.first).to_contain_text("#4 #3 #2")
    expect(page.locator("#tweet-4 .meta")).to_contain_text("87 %")
    rows.first.locator("button").first.hover()
    rows.first.locator("button").last.focus()
    answer()
    ended(page, 11)
    expect(rows.first).to_contain_text("water")  # under the pointer, though tents are more frequent by now
    expect(rows.first.locator("button").last).to_be_focused()
    page.mouse.move(0, 0)
    page.fill("#f-place", "nowhere")
    page.click("#filters button")
    expect(rows.first).to_contain_text("tents")
    rows.last.locator("button").first.click()  # all four, not only the last three
    expect(page.locator("#count-shown")).to_have_text("4")
    expect(page.locator("#f-fact")).to_contain_text("“water”")
    page.click("#f-fact")
    expect(page.locator("#count-shown")).to_have_text("11")


def test_minutes_are_told_in_words(page, address):
    replay(page, address, ["one", "two", "three"])
    ended(page, 3)
    expect(page.locator("#spark")).to_have_attribute(
        "aria-label", re.compile("per minute, the latest first: [1-3], .* in hour 3,")
    )


def test_the_map_moves_by_keys(page, address):
    page.goto(f"{address}#live")
    expect(page.locator("#f-class input")).to_have_count(10)
    place = page.locator("#map")
    expect(place).to_have_attribute("viewBox", "-180 -84 360 144")
    place.focus()
    page.keyboard.press("+")
    expect(place).to_have_attribute("viewBox", "-90 -48 180 72")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(place).to_have_attribute("viewBox", "-67.5 -57 180 72")
    page.keyboard.press("0")
    expect(place).to_have_attribute("viewBox", "-180 -84 360 144")


def test_what_a_replay_leaves_out_is_told(page, address):
    sent = []

    def answer(route):
        if route.request.method == "POST":
            sent.append(route.request.post_data_json)
        route.abort()

    page.route("**/v1/live", answer)
    lines = [
        json.dumps({"text": "half \ud83d", "id": "x" * 65}),
        json.dumps({"id": "7"}),
        json.dumps({"text": "🔥" * 10_001}),
    ]
    replay_file(page, address, lines + ["bare"] * 60_000)
    told = page.locator("#left-out")
    expect(told).to_contain_text("The last 40,002 of 60,002 tweets are left out")
    expect(told).to_contain_text("without a text, which are left out: 1.")
    expect(told).to_contain_text("cut to 10,000 characters: 1.")
    tweets = sent[0]["tweets"]
    assert len(tweets) == 20_000
    assert tweets[0] == {"text": "half \ufffd"}
    assert tweets[1]["text"] == "🔥" * 10_000


def test_a_replay_fits_into_a_request(page, address):
    with page.expect_response(lambda own: own.request.method == "POST") as opened:
        replay_file(page, address, ["é" * 900] * 3000)
    assert opened.value.status == 201
    expect(page.locator("#left-out")).to_contain_text("4 MB")
    page.click("#stop")


def test_a_replay_outlives_the_server(page, app, served, served_shipped):
    """The first server analyses some of it, and refuses all others until it ends. It has a shipped model."""
    texts = [f"tweet number {at} of a long replay" for at in range(20)]
    asked = []

    def some(own):
        if own[0].startswith("tweet number"):
            asked.append(own)
            if len(asked) > 1:
                raise Overloaded(1)
        return served.predict(own)

    facts = served_shipped.version.model_copy(update={"trained_on": "7 tweets", "generated": False})
    with listening(app(served=served_shipped._replace(predict=some, version=facts))) as port:
        replay(page, f"http://127.0.0.1:{port}/", texts)
        expect(page.locator("#tweet-1")).to_be_visible()
        note = page.locator("#model-note")
        expect(note).to_have_text("Model: tiny, trained on 7 tweets. Its answers are guesses: a person decides.")
        expect(page.locator("#served")).to_contain_text("tiny · preset sample · onnx-int8")
    expect(page.locator("#live-status")).to_contain_text("trying again")
    with listening(app(), port):
        ended(page, 20)
    shown = [own.text_content() for own in page.locator("#feed li .number").all()]
    assert shown == [f"#{number}" for number in range(20, 0, -1)]
    for number in (1, 10, 20):
        expect(page.locator(f"#tweet-{number}")).to_contain_text(f"tweet number {number - 1} of")


def test_all_of_it_goes_by_keyboard(page, address):
    page.goto(address)
    expect(page.locator("#served")).to_contain_text("row both")
    expect(page.locator("#model-note.notice")).to_contain_text("generated tweets. Its answers mean nothing about real")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#tab-tweet")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#tweet-text")).to_be_focused()
    page.keyboard.type("17 dead")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#tweet-status")).to_contain_text(re.compile("entit(y|ies);"))
    page.locator("#tab-tweet").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-live")).to_be_focused()
    expect(page.locator("#view-live")).to_be_visible()
    for _ in ("API", "source", "paste"):
        page.keyboard.press("Tab")
    expect(page.locator("#paste")).to_be_focused()
    page.keyboard.type("a flood")
    for _ in ("pace", "rate", "start"):
        page.keyboard.press("Tab")
    expect(page.locator("#start")).to_be_focused()
    page.keyboard.press("Enter")
    ended(page, 1)
    page.locator("#tab-live").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#study figure img")).to_be_visible()


FOCUS = "() => { const own = document.activeElement; return own.id || own.dataset.facts || own.firstChild?.data }"


def tab_to(page, wanted, key="Tab"):
    """Press the key until what is wanted has the focus; what had it on the way."""
    passed = []
    while not passed or passed[-1] != wanted:
        page.keyboard.press(key)
        passed.append(page.evaluate(FOCUS))
        # A field of a date takes several presses.
        assert passed.index(passed[-1]) >= len(passed) - 9, f"{wanted} is not reached: {passed}"
    return passed


def test_a_replay_is_run_filtered_and_exported_by_keyboard(page, address):
    page.goto(address)
    expect(page.locator("#served")).to_contain_text("row both")
    tab_to(page, "tab-tweet")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#view-live")).to_be_visible()
    tab_to(page, "paste")
    page.keyboard.insert_text("17 dead in Kathmandu\nwater needed\n" + "a flood\n" * 500)
    tab_to(page, "rate")
    page.keyboard.press("Control+a")
    page.keyboard.type("2")
    tab_to(page, "start")
    page.keyboard.press("Enter")
    expect(page.locator("#tweet-2")).to_be_visible()
    expect(page.locator("#pause")).to_be_focused()  # the form with the focus is folded
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    tab_to(page, "stop")
    page.keyboard.press("Enter")
    expect(page.locator("#live-status")).to_contain_text("The feed was ended")
    expect(page.locator("#stop")).to_be_disabled()

    for key, field, typed, number in (
        ("Tab", "f-text", "water", "1"),
        ("Shift+Tab", "f-place", "nowhere", "0"),
        ("Tab", "Clear", None, None),
    ):
        tab_to(page, field, key)
        page.keyboard.type(typed) if typed else page.keyboard.press("Enter")
        expect(page.locator("#count-shown")).to_have_text(number or re.compile("[1-9]"))
    tab_to(page, "f-class-open", "Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#f-class input").first).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#f-class-open")).to_be_focused()
    passed = tab_to(page, "casualties")
    assert {"f-type-open", "f-place", "f-text", "f-since", "f-until", "Clear", "feed", "map", "zoom-in"} <= set(passed)
    page.keyboard.press("Space")
    expect(page.locator("[data-facts=casualties]")).to_have_attribute("aria-pressed", "true")
    for name, file in (("export-csv", "tweets.csv"), ("export-geojson", "places.geojson")):
        tab_to(page, name)
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == file
    tab_to(page, "unmasked")
    page.keyboard.press("Space")
    expect(page.locator("#unmasked")).to_be_checked()


def test_the_study_is_read_and_saved_by_keyboard(page, address):
    page.goto(address)
    expect(page.locator("#served")).to_contain_text("row both")
    tab_to(page, "tab-tweet")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#study figure img")).to_be_visible()
    tab_to(page, "The whole report, in a new tab")
    tab_to(page, "figure4")
    page.keyboard.press("Enter")
    expect(page.locator("#study figure")).to_be_focused()
    for key, name in (("Tab", "figure4.svg"), ("Shift+Tab", "table3.csv")):
        tab_to(page, name, key)
        with page.expect_download() as download:
            page.keyboard.press("Enter")
        assert download.value.suggested_filename == name


@pytest.mark.parametrize(
    ("lost", "words"), [(1, "1 overlapping match discarded"), (2, "2 overlapping matches discarded")]
)
def test_matches_of_the_rules_that_were_discarded_are_counted_and_told(page, address, lost, words):
    spans = [{"start": 0, "end": end, "label": "LOCATION", "source": "ruler", "rule": str(end)} for end in (5, 6, 7)]
    conflicts = [{"loser": own, "winner": spans[2], "decided_by": "length"} for own in spans[:lost]]
    page.route("**/v1/explain", lambda route: route.fulfill(json={"entities": spans[2:], "conflicts": conflicts}))
    analyse(page, address, "Bristol floods")
    expect(page.locator("#conflicts summary")).to_have_text(words)
    expect(page.locator("#conflicts li")).to_have_count(lost)


def test_tables_fit_a_narrow_screen_with_their_words_whole(page, address):
    page.set_viewport_size({"width": 360, "height": 740})
    text = "Wilmington HurricaneFlorence"
    spans = [{"start": 0, "end": 10, "label": "LOCATION"}, {"start": 11, "end": 28, "label": "DISASTER_TYPE"}]
    model = {"entities": [{**own, "score": 0.5} for own in spans], "class": None, "truncated": False}
    rules = {"entities": [{**own, "source": "ruler", "rule": "disaster-hashtag"} for own in spans], "conflicts": []}
    page.route("**/v1/predict", lambda route: route.fulfill(json=model))
    page.route("**/v1/explain", lambda route: route.fulfill(json=rules))
    analyse(page, address, text)
    fits(page, "#compare", text.split())
    place = {"name": "Wilmington", "country": "United States", "kind": "city", "latitude": 34.2, "longitude": -77.9}
    entities = [found("Wilmington", "LOCATION", place=place)]
    parts = [tweet_event(number, number, "Wilmington", entities=entities) for number in (101, 102, 103)]
    body = "".join(parts) + "event: end\ndata: \n\n"
    page.route("**/events", lambda route: route.fulfill(body=body, content_type="text/event-stream"))
    replay(page, address, ["anything"])
    ended(page, 3)
    page.click("[data-facts=places]")
    fits(page, "#facts", ["Wilmington"])


def fits(page, table, words):
    box = page.locator(".box", has=page.locator(table))
    assert box.evaluate("own => own.scrollWidth - own.clientWidth") <= 0
    for word in words:
        cell = page.locator(f"{table} tbody th", has_text=word)
        lines = "own => { const all = document.createRange(); all.selectNodeContents(own.querySelector('bdi') ?? own);"
        assert cell.evaluate(f"{lines} return all.getClientRects().length }}") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_barrier_or_is_too_wide(page, address, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 360, "height": 740})
    found = {}

    def check(view):
        violations = Axe().run(page).response["violations"]
        found[view] = [(own["id"], [node["target"] for node in own["nodes"][:3]]) for own in violations]
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, view

    analyse(page, address, "At least 17 dead near Kathmandu, flood, water needed, rescue teams")
    check("tweet")
    replay(page, address, ["17 dead near Kathmandu", "flood water rescue Kerala people dead"])
    ended(page, 2)
    check("live")
    page.click("#f-class-open")
    check("filters")
    page.click("#other")
    expect(page.locator("#feeds li").first).to_be_visible()
    check("sources")
    page.click("#tab-study")
    expect(page.locator("#study figure img")).to_be_visible()
    check("study")
    assert found == {view: [] for view in ("tweet", "live", "filters", "sources", "study")}


def test_a_token_is_asked_for_and_used(page, app):
    token = "a-token-of-some-length"
    with listening(app(Access(token=token, hosts=ACCESS.hosts))) as port:
        page.goto(f"http://127.0.0.1:{port}/#study")
        page.fill("#token", token)
        page.click("#token-form button")
        expect(page.locator("#served")).to_contain_text("row both")
        expect(page.locator("#study figure img")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("button", name="Save the report").click()
        assert "<h1>Report</h1>" in Path(download.value.path()).read_text(encoding="utf-8")
        page.click("#tab-live")
        page.check("[value=stream]")
        page.click("#start")
        expect(page.locator("#stream-command")).to_contain_text('-H "authorization: Bearer $TOKEN"')


def test_the_report_opens_with_its_styles_and_without_scripts(page, address):
    page.goto(f"{address}#study")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="The whole report").click()
    head = opened.value.locator("h1")
    expect(head).to_have_css("color", "rgb(1, 2, 3)")
    assert opened.value.title() == "report"
    assert opened.value.evaluate("origin") == "null"
    page.get_by_role("button", name="Table 3", exact=True).click()
    expect(page.locator(".study-table")).to_be_focused()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save table3.csv").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").startswith("Row,CLS")


def test_another_study_is_chosen_by_keyboard_and_stands_in_the_address(page, address, another_study):
    page.goto(f"{address}#study")
    expect(page.locator("#study .study-table")).to_contain_text("Table 3")
    tab_to(page, "study-name")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#study .study-table")).to_contain_text("Table 9. <i>Another</i>.")
    expect(page.get_by_role("link", name="The whole report")).to_have_count(0)
    assert page.evaluate("location.hash") == f"#study?name={another_study}"
    page.reload()
    expect(page.locator("#study-name")).to_have_value(another_study)
    expect(page.locator("#study .study-table")).to_contain_text("Table 9")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save table9.csv").click()
    assert Path(download.value.path()).read_text(encoding="utf-8") == "Row\nA\n"
    page.go_back()
    expect(page.locator("#study .study-table")).to_contain_text("Table 3")


def test_the_api_is_described_without_a_network(browser, address):
    page = browser.new_context().new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{address}docs")
    expect(page.locator("#operations-predict-predict_v1_predict_post")).to_be_visible()
    assert all(url.startswith((address, "data:")) for url in asked)
    page.context.close()


def test_figures_are_as_dark_as_the_page(page, address):
    white = '<rect width="90" height="90" fill="white"/>'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90">{white}</svg>'
    page.route("**/v1/studies/*/figures/*", lambda route: route.fulfill(body=drawing, content_type="image/svg+xml"))
    for scheme, light in (("light", True), ("dark", False)):
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{address}#study")
        page.reload()
        figure = page.locator("#study figure img")
        expect(figure).to_be_visible()
        page.wait_for_function("document.querySelector('#study figure img').complete")
        pixels = Image.open(io.BytesIO(figure.screenshot())).convert("L")
        middle = pixels.getpixel((pixels.width // 2, pixels.height // 2))
        assert (middle > 200) == light and (middle < 60) == (not light)


def test_the_map_is_zoomed_by_the_wheel_to_a_town_that_stays_under_the_pointer_and_has_its_name(page, address):
    page.goto(f"{address}#live")
    expect(page.locator("#map .land")).to_have_attribute("d", re.compile("M"))
    shown = [("Kathmandu", 27.7, 85.3, 5), ("Pokhara", 28.2, 84.0, 2)]
    places = [
        {"place": {"name": name, "country": "Nepal", "kind": "city", "latitude": north, "longitude": east}, "tweets": n}
        for name, north, east, n in shown
    ]
    page.evaluate(
        """async (places) => {
            const { WorldMap } = await import("/page/map.js");
            document.getElementById("map").replaceChildren();
            window.map = new WorldMap(() => {});
            window.map.show(places);
        }""",
        places,
    )
    names = page.locator("#map .names text")
    expect(names).to_have_text(["Kathmandu"])  # the other's would lie over it
    page.locator("#map").scroll_into_view_if_needed()
    centre = page.locator("#map circle[cx='85.3']").bounding_box()
    page.mouse.move(centre["x"] + centre["width"] / 2, centre["y"] + centre["height"] / 2)
    for width in (180, 90):
        page.mouse.wheel(0, -200)
        expect(page.locator("#map")).to_have_attribute("viewBox", re.compile(f" {width} "))
    after = page.locator("#map circle[cx='85.3']").bounding_box()
    for axis, size in (("x", "width"), ("y", "height")):  # a pointer stands on whole pixels, which the zoom makes wider
        assert after[axis] + after[size] / 2 == pytest.approx(centre[axis] + centre[size] / 2, abs=5)
    page.evaluate("window.map.fit()")
    expect(names).to_have_count(2)
    for _ in range(5):
        page.mouse.wheel(0, -200)
    expect(page.locator("#map")).to_have_attribute("viewBox", re.compile(r" 0\.25 "))


def test_a_text_in_another_language_is_said_not_to_be_judged(page, address):
    analyse(page, address, "Inundación deja cinco muertos en la ciudad y muchas casas destruidas")
    expect(page.locator("#tweet-status")).to_have_text("Not English (Spanish): not judged.")
    expect(page.locator("#tweet-class li")).to_have_count(0)
