"""Analyse: findings, stories and incidents out of posts, and what becomes of a worker that is killed."""

import json
import multiprocessing
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.cli import app
from crisisflow.inference import Findings
from crisisflow.ingest.analyse import BATCH, TRIES, Step, Worker, run
from crisisflow.ingest.analysis.casualties import WORDS, numbers_of
from crisisflow.ingest.analysis.found import Found
from crisisflow.ingest.analysis.linking import ENOUGH, Candidate, Facts, choose, compared, opens
from crisisflow.ingest.analysis.stories import stories_of
from crisisflow.ingest.incident import Incident, Where
from crisisflow.ingest.routing.configuration import EXAMPLE
from crisisflow.ingest.routing.ontology import read_ontology
from crisisflow.ingest.routing.route import follow
from crisisflow.ingest.store.records import Deleted, Filed, Intake, Membership, Post, Query, Story
from crisisflow.ingest.store.sqlite import SqliteStore
from crisisflow.ingest.store.sqlite.upkeep import check
from crisisflow.studies import SHIPPED
from tests.unit.ingest.collecting import NOW, until

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models" / SHIPPED
ONTOLOGY = read_ontology(EXAMPLE / "ontology.yaml")
BELOW = ONTOLOGY.below()
HOUR = 3_600_000
KATHMANDU = Where(name="Kathmandu", kind="city", country="Nepal", latitude=27.70, longitude=85.32)
LALITPUR = Where(name="Lalitpur", kind="city", country="Nepal", latitude=27.67, longitude=85.32)
POKHARA = Where(name="Pokhara", kind="city", country="Nepal", latitude=28.27, longitude=83.97)
NEPAL = Where(name="Nepal", kind="country", country="Nepal", latitude=27.7, longitude=85.0)
PERU = Where(name="Peru", kind="country", country="Peru", latitude=-10.0, longitude=-76.0)

CLASS, OTHER = "injured_or_dead_people", "not_humanitarian"


def predict(texts):
    """A model that marks known words, and fails on a text that says so."""
    found = []
    for text in texts:
        if "poison" in text:
            raise ValueError(f"cannot read {text}")
        if "inundación" in text:
            found.append(Findings(None, None, False, "es"))
            continue
        spans = [
            FoundSpan(text.index(word), text.index(word) + len(word), label, 0.9)
            for word, label in (("Kathmandu", "LOCATION"), ("Pokhara", "LOCATION"), ("5 injured", "CASUALTY"))
            if word in text
        ]
        class_ = OTHER if "coffee" in text else CLASS
        found.append(Findings(spans, {CLASS: 0.1, OTHER: 0.1} | {class_: 0.9}, False))
    return found


@pytest.fixture
def store(tmp_path):
    with SqliteStore(tmp_path / "store") as own:
        own.set_sources({"s": "test"})
        own.set_watches({"flood": {}, "fire": {}}, NOW)
        yield own


@pytest.fixture
def worker(store):
    return Worker(store, predict, ONTOLOGY)


def take(store, *texts, watch="flood", first=1, **values):
    """Take posts, each of its own author; their numbers."""
    filed = [
        Filed(Post(f"n{at}", text, author=f"author {at}", **values), (Membership(watch),))
        for at, text in enumerate(texts, first)
    ]
    store.take([Intake("s", filed)], NOW)
    return [own.id for own in store.posts(Query(), len(texts))][::-1]


def incidents(store):
    return {own.id: Incident.model_validate(own.content) for own, _ in store.incidents(0)}


def found(store, number):
    return Found.model_validate(store.findings([number])[number].content)


# Findings


def test_a_post_gets_its_class_entities_type_place_and_numbers(store, worker):
    (number,) = take(store, "Bus overturned in Kathmandu, 5 injured")
    assert worker.step(NOW) == Step(1, 0, (), 1)
    own = found(store, number)
    assert (own.language, own.supported, own.class_, own.type) == ("en", True, CLASS, "traffic_accident")
    assert [(one.start, one.end, one.label) for one in own.entities] == [(18, 27, "LOCATION"), (29, 38, "CASUALTY")]
    assert [one.name for one in own.places] == ["Kathmandu"] and own.numbers == {"injured": 5}
    assert worker.step(NOW) == Step() and store.queue().posts == 0


def test_a_text_in_a_language_without_a_model_says_so_and_goes_by_its_words(store, worker):
    (number,) = take(store, "La inundación llegó a Kathmandu")
    worker.step(NOW)
    own = found(store, number)
    assert (own.supported, own.language, own.classes, own.entities) == (False, "es", {}, ())
    assert own.type == "flood" and [one.name for one in own.places] == ["Kathmandu"]
    (incident,) = incidents(store).values()
    assert (incident.type, incident.languages, incident.confidence) == ("flood", ("es",), 0.5)


def test_a_text_on_which_the_model_fails_three_times_is_poison_and_stops_nobody(store, worker):
    _, bad, _ = take(store, "Bus overturned in Kathmandu", "poison Xylokarp", "Flood in Pokhara")
    assert worker.step(NOW) == Step(2, 1, (), 2)
    assert [worker.step(NOW).failed for _ in range(TRIES - 2)] == [1] and store.queue().posts == 1
    (said,) = worker.step(NOW).poison
    assert said == f"post {bad}: the analysis failed: ValueError"  # and no word of the text
    assert worker.step(NOW) == Step() and store.queue().posts == 0
    (failure,) = store.failures()
    assert failure.poison and failure.failures == TRIES
    take(store, "Bridge closed in Pokhara", first=2)  # an edit
    assert worker.step(NOW).analysed == 1 and store.failures() == []


def test_a_post_that_is_deleted_or_revised_while_it_is_analysed_is_left_out(store):
    def meanwhile(texts):
        with SqliteStore(store.folder) as other:
            other.take([Intake("s", [Deleted("n1"), Filed(Post("n2", "Flood in Pokhara"), ())])], NOW)
        return predict(texts)

    numbers = take(store, "Bus overturned in Kathmandu", "Quake in Pokhara")
    assert Worker(store, meanwhile, ONTOLOGY).step(NOW) == Step()
    assert store.findings(numbers) == {} and incidents(store) == {}
    Worker(store, predict, ONTOLOGY).step(NOW)
    assert found(store, numbers[1]).type == "flood"


# Numbers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5 injured and 2 dead", {"injured": 5, "dead": 2}),
        ("At least 17 people were killed and 1,230 wounded", {"dead": 17, "injured": 1230}),
        ("Death toll rises to 45 as cyclone hits", {"dead": 45}),
        ("Three people are missing after the landslide", {"missing": 3}),
        ("2015 quake killed 500", {"dead": 500}),
        ("500 killed in 2015 quake", {"dead": 500}),
        ("2015 people were displaced", {"displaced": 2015}),
        ("7.8 quake, 3 hurt", {"injured": 3}),
        ("Nobody was killed. 12 boats came", {}),
        ("3 dead, now 5 dead", {"dead": 5}),
        ("99999999999 dead", {}),
    ],
)
def test_numbers_of_people_are_read_with_what_they_count(text, told):
    assert numbers_of(text, [(0, len(text), "CASUALTY")]) == told
    assert numbers_of(text, [(0, len(text), "LOCATION")]) == numbers_of(text, []) == {}


@given(st.text(st.sampled_from(list("dead injured missing 0123456789.,!")), max_size=60))
def test_numbers_of_any_text_are_those_that_stand_in_it(text):
    for people in numbers_of(text, [(0, len(text), "NUMBER")]).values():
        assert str(people) in text.replace(",", "") or people in WORDS.values()


# Stories

TEXT = st.lists(st.sampled_from(["water", "bridge", "road", "boat", "help", "now"]), min_size=1, max_size=6).map(
    " ".join
)


def test_copies_and_retweets_are_a_story_and_other_texts_are_not():
    window = [Story(3, "Bridge closed after the flood in Pokhara today", None)]
    posts = [
        (5, "RT @someone: Bridge closed after the flood in Pokhara today https://example.org/1"),
        (6, "Bus overturned near Kathmandu this morning"),
        (7, "Bus overturned near Kathmandu this morning!!"),
    ]
    assert stories_of(posts, window) == {5: 3, 6: 6, 7: 6}


@given(st.lists(TEXT, max_size=12), st.integers(0, 12))
def test_a_story_is_named_by_its_first_post_however_posts_come_in_batches(texts, cut):
    posts = list(enumerate(texts, 1))
    first = stories_of(posts[:cut], [])
    window = [Story(own, text, None) for own, text in posts[:cut] if first[own] == own]
    both = first | stories_of(posts[cut:], window)
    assert all(story <= own and both[story] == story for own, story in both.items())
    known = {}
    for own, text in posts:
        assert both[own] == known.setdefault(frozenset(text.split()), both[own])  # equal words are never parted


# Linking

PLACES = st.sampled_from([None, KATHMANDU, LALITPUR, POKHARA, NEPAL, PERU])
FACTS = st.builds(
    lambda at, length, place, kind: Facts(at, at + length, place, kind),
    st.integers(0, 12 * HOUR),
    st.integers(0, HOUR),
    PLACES,
    st.sampled_from([None, "flood", "earthquake", "natural", "attack"]),
)


@pytest.mark.parametrize(
    ("own", "other", "linked"),
    [
        (Facts(0, 0, KATHMANDU, "flood"), Facts(0, 0, KATHMANDU, "flood"), True),
        (Facts(0, 0, LALITPUR, "flood"), Facts(0, 0, KATHMANDU, "flood"), True),
        (Facts(0, 0, POKHARA, "flood"), Facts(0, 0, KATHMANDU, "flood"), False),
        (Facts(0, 0, KATHMANDU, "flood"), Facts(0, 0, NEPAL, "flood"), True),
        (Facts(0, 0, KATHMANDU, "flood"), Facts(0, 0, PERU, "flood"), False),
        (Facts(0, 0, KATHMANDU, "attack"), Facts(0, 0, KATHMANDU, "flood"), False),
        (Facts(0, 0, KATHMANDU, "natural"), Facts(0, 0, KATHMANDU, "flood"), True),
        (Facts(0, 0, KATHMANDU, None), Facts(0, 0, KATHMANDU, "flood"), True),
        (Facts(0, 0, None, "flood"), Facts(0, 0, KATHMANDU, "flood"), True),
        (Facts(0, 0, None, "flood"), Facts(3 * HOUR, 3 * HOUR, KATHMANDU, "flood"), False),
        (Facts(0, 0, None, None), Facts(0, 0, KATHMANDU, "flood"), False),
        (Facts(0, 0, KATHMANDU, "flood"), Facts(7 * HOUR, 8 * HOUR, KATHMANDU, "flood"), False),
        (Facts(0, 0, KATHMANDU, "flood"), Facts(5 * HOUR, 8 * HOUR, KATHMANDU, "flood"), True),
    ],
)
def test_a_post_is_linked_by_place_type_and_time(own, other, linked):
    assert (choose(own, [Candidate("i", other)], BELOW) is not None) is linked


def test_a_post_without_a_place_is_linked_only_where_one_incident_fits():
    own = Facts(0, 0, None, "flood")
    one, two = Candidate("a", Facts(0, 0, KATHMANDU, "flood")), Candidate("b", Facts(0, 0, POKHARA, "flood"))
    assert choose(own, [one], BELOW).incident == "a"
    assert choose(own, [one, two], BELOW) is None
    assert choose(own, [one, two, Candidate("c", own)], BELOW).incident == "c"
    assert choose(own._replace(place=POKHARA), [one, two], BELOW).incident == "b"


@given(FACTS, FACTS)
def test_a_comparison_is_the_same_both_ways_and_its_parts_are_shares(own, other):
    parts = compared(own, other, BELOW)
    assert parts == compared(other, own, BELOW)
    if parts is not None:
        assert all(0 <= part <= 1 for part in parts) and 0 <= parts.score <= 1
    same = compared(own, own, BELOW)
    assert same is not None and (same.score >= ENOUGH or None in (own.place, own.type))


def test_a_call_for_help_opens_an_incident_without_a_place_and_chatter_opens_none():
    nothing, both = Facts(0, 0, None, None), Facts(0, 0, KATHMANDU, "flood")
    assert opens(nothing, "requests_or_urgent_needs") and not opens(both, "not_humanitarian")
    for class_ in ("sympathy_and_support", None):
        assert opens(both, class_) and not opens(nothing, class_) and not opens(both._replace(place=None), class_)


# Incidents


def test_posts_about_one_happening_are_one_incident_and_its_parts_are_stored(store, worker):
    numbers = take(
        store,
        "Flood in Kathmandu, 5 injured",
        "Whole streets of Kathmandu under flood water now",
        "RT @a: Flood in Kathmandu, 5 injured",
        "Flood reached Pokhara this evening",
        "A coffee in Kathmandu",
    )
    worker.step(NOW)
    first, other = f"post-{numbers[0]}", f"post-{numbers[3]}"
    assert store.incidents_of(numbers) == dict(zip(numbers, (first, first, first, other), strict=False))
    links = [found(store, own).link for own in numbers]
    assert [own and own.by for own in links] == ["first", "score", "story", "first", None]
    assert (links[1].place, links[1].type, links[1].time, links[1].score) == (1, 1, 1, 1)
    told = incidents(store)[first]
    assert (told.type, told.place.name, told.posts, told.authors) == ("flood", "Kathmandu", 3, 3)
    assert told.numbers == {"injured": (5, 5)} and told.entities == {"CASUALTY": 2, "LOCATION": 3}
    assert [own.id for own in told.examples] == [str(numbers[0]), str(numbers[1])]  # a story shows its first post


def test_later_posts_come_to_their_incident_and_what_people_did_stays(store, worker):
    (first,) = take(store, "Flood in Kathmandu", created=NOW - HOUR)
    worker.step(NOW)
    ((stored, _),) = store.incidents(0)
    content = dict(stored.content, state="acknowledged", verified_by="ana")
    store.set_incident(stored._replace(version=2, state="acknowledged", content=content), [], [], NOW)
    take(store, "Kathmandu flood gets worse", first=2, created=NOW)
    Worker(store, predict, ONTOLOGY).step(NOW)  # another process
    own = incidents(store)[f"post-{first}"]
    assert (own.state, own.verified_by, own.posts) == ("acknowledged", "ana", 2)
    assert (own.until - own.since).total_seconds() == 3600


def test_a_closed_incident_gets_repeats_of_its_posts_and_no_others(store, worker):
    (first,) = take(store, "Flood in Kathmandu")
    worker.step(NOW)
    ((stored, _),) = store.incidents(0)
    closed = stored._replace(version=2, state="closed", content=dict(stored.content, state="closed"))
    store.set_incident(closed, [], [], NOW)
    repeat, other, more = take(store, "flood in kathmandu!", "Kathmandu flood is back", "More flood Kathmandu", first=2)
    worker.step(NOW)
    assert store.incidents_of([repeat, other, more]) == {
        repeat: f"post-{first}",
        other: f"post-{other}",
        more: f"post-{other}",
    }
    assert {own.state for own in incidents(store).values()} == {"closed", "open"}


def test_incidents_of_two_watches_are_apart_and_posts_that_fail_a_filter_are_in_none(store, worker):
    (one,) = take(store, "Flood in Kathmandu")
    (two,) = take(store, "Flood in Kathmandu", watch="fire", first=2)
    kept = Filed(Post("n3", "Flood in Kathmandu"), (Membership("flood", None, "terms"),))
    store.take([Intake("s", [kept])], NOW)
    worker.step(NOW)
    assert {own.watch for own in incidents(store).values()} == {"flood", "fire"}
    assert store.incidents_of([one, two]).keys() == {one, two} and len(incidents(store)) == 2


def test_an_incident_says_nothing_of_a_post_that_was_forgotten(store, worker):
    first, second = take(store, "Flood in Kathmandu, Xylokarp 5 injured", "Flood water all over Kathmandu")
    worker.step(NOW)
    store.forget([first], "ana", "asked", NOW)
    assert worker.step(NOW) == Step(incidents=1)
    own = incidents(store)[f"post-{first}"]
    assert "Xylokarp" not in own.model_dump_json() and (own.posts, own.numbers) == (1, {})
    store.forget([second], "ana", "asked", NOW)
    worker.step(NOW)
    own = incidents(store)[f"post-{first}"]
    assert (own.state, own.examples) == ("closed", ()) and worker.step(NOW) == Step()


def test_a_batch_is_written_whole_or_not_at_all(store, worker, monkeypatch):
    numbers = take(store, "Flood in Kathmandu", "Flood in Pokhara")
    monkeypatch.setattr(SqliteStore, "set_incident", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        worker.step(NOW)
    assert store.findings(numbers) == {} and store.queue().posts == 2 and incidents(store) == {}


def test_a_worker_that_is_killed_leaves_every_post_analysed_or_waiting(tmp_path):
    posts = 12 * BATCH
    with SqliteStore(tmp_path) as store:
        store.set_sources({"s": "test"})
        store.set_watches({"flood": {}}, NOW)
        numbers = take(store, *(f"Flood {number} in Kathmandu, 5 injured" for number in range(posts)))
    # A fork has all modules already; no store is open meanwhile, since SQLite's locks are not for two processes.
    own = multiprocessing.get_context("fork").Process(target=run, args=(tmp_path, lambda: predict, EXAMPLE, True))
    own.start()
    with SqliteStore(tmp_path) as store:
        until(lambda: store.queue().posts < posts)
        own.kill()
        own.join()
        waiting = {one.id for one in store.waiting(posts)}
        assert waiting  # it was killed before its end
        assert set(store.findings(numbers)) == set(numbers) - waiting
        assert sum(one.posts for one in incidents(store).values()) == posts - len(waiting)
        worker = Worker(store, predict, ONTOLOGY)
        while worker.step(NOW) != Step():
            pass
        assert sum(one.posts for one in incidents(store).values()) == posts
    assert check(tmp_path) == []


# From posts to alerts

CONFIG = """\
sources: [{id: lines, kind: jsonl, path: posts.jsonl, follow: false}]
watches: [{id: valley, sources: [lines], outside: keep}]
"""


@pytest.mark.skipif(not MODEL.is_dir(), reason="the shipped model is not here")
def test_collected_posts_become_incidents_and_alerts(tmp_path, monkeypatch, capsys):
    report = "Bus overturned near Kathmandu, 5 injured and 2 dead, need an ambulance"
    posts = [
        {"id": "1", "text": report, "author": "a"},
        {"id": "2", "text": f"RT @a: {report}", "author": "b"},
        {"id": "3", "text": "What a lovely morning for a coffee and a good book", "author": "c"},
    ]
    (tmp_path / "posts.jsonl").write_text("".join(json.dumps(own) + "\n" for own in posts))
    (tmp_path / "operations.yaml").write_text(CONFIG + f"analysis: {{model: {MODEL}}}\n")
    monkeypatch.chdir(tmp_path)
    for words in (["collect"], ["analyse", "--once"]):
        app([*words, "--config", "operations.yaml", "--store", "store"], standalone_mode=False)
    app(["analyse", "--store", "store", "--failures"], standalone_mode=False)
    assert capsys.readouterr().out == ""
    end = threading.Event()
    routing = threading.Thread(target=follow, args=(tmp_path / "store", EXAMPLE, end))
    with SqliteStore(tmp_path / "store") as store:
        (incident,) = incidents(store).values()
        assert (incident.type, incident.place.name, incident.posts) == ("traffic_accident", "Kathmandu", 2)
        assert incident.numbers == {"dead": (2, 2), "injured": (5, 5)}
        routing.start()
        try:
            alerts = until(lambda: store.alerts(incident.id))
        finally:
            end.set()
            routing.join()
    assert "traffic-accident" in {own.rule for own in alerts}
    assert alerts[0].content["facts"]["injured"] == [5, 5]
