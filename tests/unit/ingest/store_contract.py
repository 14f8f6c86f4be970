"""What every store must do: a test module of an implementation inherits these tests and gives the fixture `store`."""

import json

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crisisflow.ingest.store.faults import StaleError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.records import (
    Alert,
    Deleted,
    Destination,
    Drop,
    Extent,
    Failure,
    Filed,
    Finding,
    Gap,
    Incident,
    Intake,
    Lease,
    Media,
    Membership,
    Person,
    Post,
    Query,
    Queue,
    Story,
    Taken,
)

NOW = 1_700_000_000_000
MINUTE = 60_000


def prepared(store: Store) -> Store:
    """A store with two sources and two watches."""
    store.set_sources({"wire": "push", "feed": "feed"})
    store.set_watches({"flood": {"terms": ["flood"]}, "fire": {"terms": ["fire"]}}, NOW)
    return store


def filed(number: int, text: str = "The river is over its banks", *watches: str, **values) -> Filed:
    return Filed(Post(f"n{number}", text, **values), tuple(map(Membership, watches or ("flood",))))


def take(store: Store, *events, source: str = "wire", cursor: str | None = None, now: int = NOW, **values) -> Taken:
    return store.take([Intake(source, events, cursor, **values)], now)[0]


def native(store: Store, limit: int = 100, **values) -> list[str]:
    return [own.native_id for own in store.posts(Query(**values), limit)]


def alert(number: str = "a1", version: int = 1, kind: str = "alert") -> Alert:
    return Alert(number, version, kind, "flood-rescue", "0" * 8, "high", {"place": "Riverton"})


def raised(store: Store, *channels: str, incident: str = "i1", version: int = 1, number: str = "a1", now: int = NOW):
    """A change of an incident that causes an alert to these channels of one receiver."""
    made = alert(number, version, "alert" if version == 1 else "update")
    to = [Destination("rescue", channel, now) for channel in channels]
    store.set_incident(Incident(incident, "flood", version, "open", {}), [], [(made, to)], now)


def claim(store: Store, worker: str = "w1", now: int = NOW, seconds: int = 60):
    return store.claim("rescue", worker, now, now + seconds * 1000)


def person(name: str, role: str = "operator") -> Person:
    return Person(name, role, name.encode() + bytes(13), b"hash of the token of " + name.encode(), NOW)


class StoreContract:
    """The contract. Each test has a store of its own."""

    # Posts and cursors

    def test_a_post_comes_back_as_it_was_taken(self, store):
        prepared(store)
        own = Post(
            "at://a/1",
            "Überschwemmung: 17 people on roofs 🌊",
            NOW - 5_000,
            "Ana",
            "de",
            (7.1, 50.7),
            "https://example.org/1",
            (Media("https://example.org/1.jpg", "a street under water"),),
        )
        assert take(store, Filed(own, (Membership("flood", "coordinates"),)), cursor="c1") == Taken(new=1)
        (found,) = store.posts(Query(), 10)
        assert (found.source, found.native_id, found.text, found.revision) == ("wire", own.native_id, own.text, 1)
        assert (found.created, found.taken, found.language, found.url) == (NOW - 5_000, NOW, "de", own.url)
        assert (found.point, found.media) == (own.point, own.media)
        assert found.watches == (Membership("flood", "coordinates"),)
        assert store.cursor("wire") == "c1"

    def test_an_author_is_kept_as_a_hash_that_tells_who_wrote_twice(self, store):
        prepared(store)
        take(store, filed(1, author="Ana"), filed(2, author="Ana"), filed(3, author="Ben"), filed(4))
        fourth, third, second, first = (own.author for own in store.posts(Query(), 10))
        assert first == second != third and fourth is None
        assert len(first) == 64 and "Ana" not in first

    def test_the_cursor_is_written_with_the_posts_or_neither_is(self, store):
        prepared(store)
        take(store, filed(1), cursor="c1")
        with pytest.raises(Exception):  # noqa: B017 - whatever an implementation has for a watch that is not there
            take(store, filed(2), filed(3, "text", "no such watch"), cursor="c2", drops={Drop("flood", "terms"): 1})
        assert (native(store), store.cursor("wire")) == (["n1"], "c1")
        assert store.health(NOW)[1].drops == {}
        assert store.queue().posts == 1
        take(store, filed(2), cursor="c2")
        assert store.cursor("wire") == "c2"

    def test_an_intake_without_a_cursor_leaves_it(self, store):
        prepared(store)
        take(store, filed(1), cursor="c1")
        take(store, filed(2))
        assert store.cursor("wire") == "c1" and store.cursor("feed") is None

    def test_several_intakes_are_one_transaction(self, store):
        prepared(store)
        with pytest.raises(Exception):  # noqa: B017
            store.take([Intake("wire", [filed(1)], "c1"), Intake("feed", [filed(2, "x", "no such watch")])], NOW)
        assert native(store) == [] and store.cursor("wire") is None
        assert store.take([Intake("wire", [filed(1)], "c1"), Intake("feed", [filed(1)])], NOW) == [Taken(1), Taken(1)]

    def test_repeats_change_nothing_but_bring_further_watches(self, store):
        prepared(store)
        assert take(store, filed(1), filed(1)) == Taken(new=1, repeated=1)
        assert take(store, filed(1, "The river is over its banks", "fire")) == Taken(repeated=1)
        (found,) = store.posts(Query(), 10)
        assert [own.watch for own in found.watches] == ["fire", "flood"]
        assert found.revision == 1 and store.queue().posts == 1
        assert take(store, filed(1), source="feed") == Taken(new=1)  # the same id at another source is another post

    def test_another_text_is_a_revision_which_is_found_by_its_new_words_alone(self, store):
        prepared(store)
        take(store, filed(1, "bridge closed"))
        store.analysed([store.posts(Query(), 1)[0].id])
        assert take(store, filed(1, "bridge open again")) == Taken(revised=1)
        (found,) = store.posts(Query(words="open"), 10)
        assert (found.text, found.revision) == ("bridge open again", 2)
        assert store.revisions(found.id) == ["bridge closed"]
        assert native(store, words="closed") == []
        assert store.queue() == Queue(1, len("bridge open again"))  # it is to be analysed again

    def test_a_post_that_its_author_deletes_is_gone_and_does_not_come_back(self, store):
        prepared(store)
        take(store, filed(1, "a secret word"), filed(2))
        take(store, filed(1, "another secret"))
        assert take(store, Deleted("n1"), Deleted("n9")) == Taken(deleted=1)
        assert native(store) == ["n2"] and native(store, words="secret") == []
        assert store.queue().posts == 1
        assert take(store, filed(1)) == Taken(forgotten=1)
        said = [own for own in store.audit() if own.act == "delete"]
        assert [(own.actor, own.subject) for own in said] == [("source:wire", "post:1")]

    def test_in_one_intake_deletions_follow_what_comes_before_them(self, store):
        prepared(store)
        assert take(store, filed(1), Deleted("n1"), filed(1)) == Taken(new=1, deleted=1, forgotten=1)
        assert native(store) == []

    # Looking up

    def test_queries(self, store):
        prepared(store)
        take(store, filed(1, "Water in the cellar", point=(10.0, 50.0)), now=NOW)
        take(store, filed(2, "Fire in the mill", "fire", point=(11.0, 51.0)), now=NOW + 1)
        take(store, filed(3, "Water and fire at once", "fire", "flood"), source="feed", now=NOW + 2)
        take(store, filed(4, "Inundación en el río, cellars full", point=(179.9, -17.0)), now=NOW + 3)
        assert native(store) == ["n4", "n3", "n2", "n1"]
        assert native(store, limit=2) == ["n4", "n3"]
        assert native(store, before=3) == ["n2", "n1"]
        assert native(store, watch="fire") == ["n3", "n2"]
        assert native(store, source="feed") == ["n3"]
        assert native(store, words="FIRE water") == ["n3"]
        assert native(store, words="inundacion") == ["n4"]
        assert native(store, words="cellar*") == ["n4", "n1"]
        assert native(store, words="water", watch="flood", until=NOW + 2) == ["n1"]
        assert native(store, since=NOW + 1, until=NOW + 3) == ["n3", "n2"]
        assert native(store, box=(9, 49, 10.5, 50.5)) == ["n1"]
        assert native(store, box=(10, 50, 11, 51)) == ["n2", "n1"]
        assert native(store, box=(170, -20, -170, -10)) == ["n4"]  # across the date line
        assert native(store, box=(9, 49, 12, 52), words="fire", watch="fire") == ["n2"]

    @pytest.mark.parametrize("words", ['"', "'", "AND", "OR NOT", "a:b", "(", "*", "^x", "-x", "fire OR water", "{x}"])
    def test_no_word_is_an_order_to_the_index(self, store, words):
        prepared(store)
        take(store, filed(1, "fire"), filed(2, "water"))
        assert native(store, words=words) == []

    def test_places_are_compared_exactly(self, store):
        prepared(store)
        take(store, filed(1, point=(10.000000001, 50.0)))
        assert native(store, box=(9, 49, 10.0, 51)) == []
        assert native(store, box=(9, 49, 10.000000001, 51)) == ["n1"]

    # Health

    def test_health_of_a_source(self, store):
        prepared(store)
        store.connected("wire", NOW)
        take(store, filed(1, created=NOW - 2_000), filed(1), drops={Drop("flood", "area"): 2, Drop("", "no text"): 1})
        take(store, filed(1, "again"), drops={Drop("flood", "area"): 1}, now=NOW + 10)
        store.add_gap("wire", Gap(NOW - 9_000, NOW, "restart"))
        store.disconnected("wire", "the server closed the stream")
        feed, wire = store.health(NOW + MINUTE - 1)
        assert (wire.connected, wire.heard, wire.last_post, wire.lag) == (None, NOW + 10, NOW, 2_000)
        assert (wire.taken, wire.repeats, wire.revisions, wire.last_minute) == (1, 1, 1, 1)
        assert wire.drops == {Drop("flood", "area"): 3, Drop("", "no text"): 1}
        assert wire.gaps == (Gap(NOW - 9_000, NOW, "restart"),)
        assert (wire.trouble, wire.reconnects) == ("the server closed the stream", 0)
        store.connected("wire", NOW + 5)
        again = store.health(NOW + MINUTE)[1]
        assert (again.trouble, again.reconnects, again.connected, again.last_minute) == (None, 1, NOW + 5, 0)
        assert (feed.kind, feed.heard, feed.gaps) == ("feed", None, ())

    def test_the_usual_pause_of_a_source_is_a_running_mean_in_which_bursts_do_not_count(self, store):
        prepared(store)
        at = NOW
        for number, pause in enumerate((0, 100, MINUTE, 5, 10_000, MINUTE)):
            at += pause
            take(store, filed(number), now=at)
        assert store.health(at)[1].usual_pause == MINUTE
        take(store, filed(9), now=at + 17 * MINUTE)
        take(store, filed(9), now=at + 90 * MINUTE)  # a repeat is no new post
        assert store.health(at)[1].usual_pause == 2 * MINUTE

    def test_known_sources_keep_what_they_have(self, store):
        prepared(store)
        take(store, filed(1), cursor="c1")
        store.set_sources({"wire": "push"})
        assert store.cursor("wire") == "c1" and len(store.health(NOW)) == 2

    def test_a_changed_watch_is_in_the_audit(self, store):
        prepared(store)
        store.set_watches({"flood": {"terms": ["flood"]}}, NOW + 1)
        store.set_watches({"flood": {"terms": ["dam"]}}, NOW + 2)
        assert store.watches() == {"fire": {"terms": ["fire"]}, "flood": {"terms": ["dam"]}}
        said = [(own.at, own.subject, own.details) for own in store.audit()]
        assert said[2:] == [
            (NOW + 2, "watch:flood", {"before": {"terms": ["flood"]}, "after": {"terms": ["dam"]}}),
        ]

    # Forgetting

    def test_forget_leaves_an_entry_of_the_audit_and_no_text(self, store):
        prepared(store)
        take(store, filed(1, "a secret word"), filed(2))
        assert store.forget([1, 99], "ana", "asked by its author", NOW) == 1
        assert native(store) == ["n2"]
        assert take(store, filed(1)) == Taken(forgotten=1)
        said = [own for own in store.audit() if own.act == "forget"]
        assert [(own.actor, own.subject, own.details) for own in said] == [
            ("ana", "post:1", {"why": "asked by its author"}),
        ]
        assert "secret" not in json.dumps([own.details for own in store.audit()])

    def test_purge_removes_what_is_old_but_not_what_is_in_an_incident_or_in_another_watch(self, store):
        prepared(store)
        take(store, filed(1), filed(2), filed(3, "x", "flood", "fire"), now=NOW)
        take(store, filed(4), now=NOW + 10)
        store.set_incident(Incident("i1", "flood", 1, "open", {}), [2], [], NOW)
        assert store.purge(NOW + 10, "flood", "ana", NOW + 20) == 1
        assert native(store) == ["n4", "n3", "n2"]
        assert store.purge(NOW + 10, None, "ana", NOW + 20) == 1
        assert native(store) == ["n4", "n2"]
        assert store.queue().posts == 2
        assert [own.details["posts"] for own in store.audit() if own.act == "purge"] == [1, 1]

    # The queue of the analysis

    def test_posts_wait_until_they_are_analysed_or_set_aside(self, store):
        prepared(store)
        take(store, *(filed(number, "é" * number) for number in (1, 2, 3, 4)))
        assert store.queue() == Queue(4, 20)
        assert [own.native_id for own in store.waiting(3)] == ["n1", "n2", "n3"]
        store.analysed([2, 2])
        assert store.queue() == Queue(3, 16)
        assert store.set_aside(Queue(2, 100)) == 1
        assert [own.native_id for own in store.waiting(9)] == ["n3", "n4"]
        assert store.set_aside(Queue(100, 8)) == 1
        assert [own.native_id for own in store.waiting(9)] == ["n4"]
        assert store.set_aside(Queue(1, 8)) == 0
        assert store.queue() == Queue(1, 8, set_aside=2)
        assert len(native(store)) == 4  # all are still there

    # Findings and stories

    def test_findings_come_back_and_their_post_waits_no_longer(self, store):
        prepared(store)
        take(store, filed(1), filed(2))
        first, second = (own.id for own in store.waiting(10))
        found = Finding(first, 1, first, {"type": "flood", "places": ["Überlingen"]})
        assert store.set_findings([found], NOW) == [first]
        assert store.findings([first, second]) == {first: found}
        assert [own.id for own in store.waiting(10)] == [second] and store.queue().posts == 1
        again = found._replace(content={"type": "storm"})
        store.set_findings([again], NOW)
        assert store.findings([first]) == {first: again}

    def test_findings_of_an_earlier_revision_or_of_a_post_that_is_gone_are_not_written(self, store):
        prepared(store)
        take(store, filed(1, "bridge closed"), filed(2))
        first, second = (own.id for own in store.waiting(10))
        take(store, filed(1, "bridge open"), Deleted("n2"))
        assert store.set_findings([Finding(own, 1, own, {}) for own in (first, second)], NOW) == []
        assert store.findings([first, second]) == {}
        assert [own.id for own in store.waiting(10)] == [first]
        assert not store.note_failure(first, 1, "too early", 1, NOW)
        assert not store.note_failure(second, 1, "too late", 1, NOW)
        assert store.failures() == []

    def test_a_post_on_which_the_analysis_fails_often_enough_waits_no_longer(self, store):
        prepared(store)
        take(store, filed(1, "bridge closed"))
        (own,) = store.waiting(10)
        assert [store.note_failure(own.id, 1, f"reason {number}", 3, NOW) for number in (1, 2)] == [False, False]
        assert store.failures() == [Failure(own.id, 1, 2, "reason 2", False)] and store.queue().posts == 1
        assert store.note_failure(own.id, 1, "reason 3", 3, NOW)
        assert store.failures() == [Failure(own.id, 1, 3, "reason 3", True)]
        assert store.queue() == Queue(0, 0) and store.waiting(10) == []
        take(store, filed(1, "bridge open"))  # another text is tried anew
        assert store.failures() == [] and store.queue().posts == 1
        assert not store.note_failure(own.id, 2, "again", 2, NOW)
        assert store.failures() == [Failure(own.id, 2, 1, "again", False)]
        store.set_findings([Finding(own.id, 2, own.id, {})], NOW)
        assert store.failures() == [] and store.problems() == []

    def test_stories_are_told_by_their_first_posts_the_latest_first(self, store):
        prepared(store)
        take(store, filed(1, "one"), filed(2, "one again"), filed(3, "two"))
        first, second, third = (own.id for own in store.waiting(10))
        stories = ((first, first), (second, first), (third, third))
        store.set_findings([Finding(own, 1, story, {}) for own, story in stories], NOW)
        store.set_incident(Incident("i1", "flood", 1, "open", {}), [first, second], [], NOW)
        assert store.stories(10) == [Story(third, "two", None), Story(first, "one", "i1")]
        assert store.stories(1) == [Story(third, "two", None)]
        assert store.incidents_of([first, second, third]) == {first: "i1", second: "i1"}

    def test_the_posts_of_an_incident_are_told_with_their_extent(self, store):
        prepared(store)
        own = {"author": "Ana"}
        take(store, filed(1, created=NOW - 3, **own), filed(2, created=NOW - 9, **own), filed(3), filed(4))
        numbers = [own.id for own in store.waiting(10)]
        store.set_findings([Finding(own, 1, own, {"at": own}) for own in numbers], NOW)
        assert store.extent("i1") is None and store.analysed_posts("i1", 10) == []
        assert store.extent("i1", numbers[:2]) == Extent(2, 1, NOW - 9, NOW - 3)
        store.set_incident(Incident("i1", "flood", 1, "open", {}), numbers[:2], [], NOW)
        assert store.extent("i1") == Extent(2, 1, NOW - 9, NOW - 3)
        assert store.extent("i1", numbers[1:]) == Extent(4, 2, NOW - 9, NOW)  # those without an author count as one
        found = store.analysed_posts("i1", 10, numbers[2:3])
        assert [own.post.id for own in found] == [own.finding.content["at"] for own in found] == numbers[2::-1]
        assert [own.post.id for own in store.analysed_posts("i1", 1)] == numbers[1:2]

    def test_an_incident_that_lost_a_post_is_told_until_it_is_made_anew(self, store):
        prepared(store)
        take(store, filed(1), filed(2), filed(3))
        first, second, third = (own.id for own in store.waiting(10))
        store.set_findings([Finding(own, 1, own, {}) for own in (first, second, third)], NOW)
        store.set_incident(Incident("i1", "flood", 1, "open", {}), [first], [], NOW)
        store.set_incident(Incident("i2", "flood", 1, "open", {}), [second], [], NOW)
        store.forget([third], "ana", "asked", NOW)
        assert store.lost_posts() == []
        store.forget([first], "ana", "asked", NOW)
        take(store, Deleted("n2"))
        assert store.lost_posts() == ["i1", "i2"] and store.findings([first, second, third]) == {}
        store.made_anew("i1")
        assert store.lost_posts() == ["i2"]

    # Incidents and alerts

    def test_an_incident_its_alerts_and_their_deliveries_are_written_together_or_not_at_all(self, store):
        prepared(store)
        take(store, filed(1))
        with pytest.raises(Exception):  # noqa: B017
            store.set_incident(Incident("i1", "flood", 1, "open", {}), [1, 99], [(alert(), [])], NOW)
        assert store.incident("i1") is None and store.alerts("i1") == []
        state = Incident("i1", "flood", 1, "open", {"dead": [3, 17]})
        to = [Destination("rescue", "mail", NOW), Destination("rescue", "hook", NOW + 5)]
        store.set_incident(state, [1], [(alert(), to)], NOW)
        assert store.incident("i1") == state and store.alerts("i1") == [alert()]
        rows = [(own.receiver, own.channel, own.state, own.since, own.next) for own in store.deliveries()]
        assert rows == [("rescue", "mail", "due", NOW, NOW), ("rescue", "hook", "due", NOW, NOW + 5)]

    def test_a_stale_change_of_an_incident_is_refused(self, store):
        prepared(store)
        raised(store, "mail")
        for version in (1, 3):
            with pytest.raises(StaleError, match="i1 has version 1"):
                store.set_incident(Incident("i1", "flood", version, "closed", {}), [], [(alert("a2"), [])], NOW)
        assert store.incident("i1").state == "open" and store.alerts("i1") == [alert()]

    def test_incidents_are_found_by_the_time_of_their_last_change_and_by_watch(self, store):
        prepared(store)
        raised(store, incident="i1", number="a1", now=NOW)
        raised(store, incident="i2", number="a2", now=NOW + 5)
        assert [(own.id, at) for own, at in store.incidents(0)] == [("i1", NOW), ("i2", NOW + 5)]
        assert [own.id for own, _ in store.incidents(NOW + 1)] == ["i2"]
        raised(store, incident="i1", number="a1", version=2, now=NOW + 9)
        assert [(own.id, own.version) for own, _ in store.incidents(NOW + 1, "flood")] == [("i2", 1), ("i1", 2)]
        assert store.incidents(0, "fire") == []

    # Deliveries

    def test_deliveries_are_found_by_state_receiver_and_incident(self, store):
        prepared(store)
        raised(store, "mail")
        (row,) = store.deliveries(incident="i1")
        assert store.deliveries("due", "rescue", "i1") == [row]
        assert store.deliveries(incident="i2") == store.deliveries("dead", incident="i1") == []

    def test_the_acts_on_a_subject_are_found_the_latest_first(self, store):
        for number in range(3):
            store.note("ana", "note", "incident:i1", {"text": f"{number}"}, NOW + number)
        store.note("ben", "note", "incident:i2", {}, NOW + 9)
        every = list(store.audit())
        assert store.latest_acts(None, 2) == [every[3], every[2]]
        assert store.latest_acts("incident:i1", 9) == [every[2], every[1], every[0]]
        assert store.latest_acts("incident:i1", 1, every[2].number) == [every[1]]
        assert store.latest_acts("incident:none", 9) == []

    def test_a_delivery_is_claimed_by_one_worker_and_delivered(self, store):
        prepared(store)
        raised(store, "mail")
        own = claim(store)
        assert (own.alert, own.incident, own.channel, own.attempt) == (alert(), "i1", "mail", 1)
        assert claim(store, "w2") is None
        assert store.attempts(own.delivery)[0][1:] == ("w1", NOW, None, None, None)
        assert store.finish(own, "delivered", "202", NOW + 7, reference="their-17")
        (row,) = store.deliveries("delivered")
        assert (row.reference, row.attempts, row.claim) == ("their-17", 1, None)
        assert store.attempts(own.delivery)[0][3:] == (NOW + 7, "delivered", "202")
        assert claim(store, now=NOW + 10**9) is None

    def test_what_is_done_together_is_written_together_or_not_at_all(self, store, another):
        prepared(store)
        raised(store, "mail", "hook")
        with store.grouped():
            own = claim(store)
            store.finish(own, "delivered", "202", NOW)
            assert claim(store, "w2").channel != own.channel
            assert {row.state for row in another.deliveries()} == {"due"}
        assert {row.state for row in another.deliveries()} == {"delivered", "sending"}
        with pytest.raises(KeyError), store.grouped():
            store.redeliver(own.delivery, "ana", NOW)
            raise KeyError
        assert {row.state for row in another.deliveries()} == {"delivered", "sending"}
        assert store.redeliver(own.delivery, "ana", NOW)  # it goes on one by one

    def test_a_failed_delivery_is_due_again_when_its_time_has_come(self, store):
        prepared(store)
        raised(store, "mail")
        store.finish(claim(store), "failed", "503", NOW, retry=NOW + 5_000)
        assert claim(store, now=NOW + 4_999) is None
        again = claim(store, now=NOW + 5_000)
        assert again.attempt == 2
        store.finish(again, "dead", "gave up", NOW + 6_000)
        assert [own.state for own in store.deliveries()] == ["dead"]
        assert [own.outcome for own in store.attempts(again.delivery)] == ["failed", "dead"]

    def test_a_channel_is_ready_when_something_is_due_and_gets_only_its_own(self, store):
        prepared(store)
        assert store.ready(NOW) == []
        raised(store, "mail", "hook")
        assert store.ready(NOW - 1) == [] and store.ready(NOW) == [("rescue", "hook"), ("rescue", "mail")]
        own = store.claim("rescue", "w1", NOW, NOW + 60_000, "mail")
        assert own.channel == "mail"
        assert store.claim("rescue", "w1", NOW, NOW + 60_000, "mail") is None
        assert store.ready(NOW) == [("rescue", "hook")]
        assert store.ready(NOW + 60_000) == [("rescue", "hook"), ("rescue", "mail")]

    def test_failed_deliveries_to_a_channel_are_hastened_and_no_others(self, store):
        prepared(store)
        raised(store, "mail", "hook")
        for _ in range(2):
            store.finish(claim(store), "failed", "503", NOW, retry=NOW + 5_000)
        assert store.hasten("rescue", "mail", NOW + 1) == 1
        assert [(own.channel, own.next) for own in store.deliveries("failed")] == [
            ("mail", NOW + 1),
            ("hook", NOW + 5_000),
        ]
        assert store.hasten("rescue", "mail", NOW + 2) == 0

    def test_a_claim_that_ended_goes_to_another_worker_and_its_attempt_is_lost(self, store):
        prepared(store)
        raised(store, "mail")
        first = claim(store, seconds=60)
        assert claim(store, "w2", NOW + 59_999) is None
        assert store.renew(first, NOW + 90_000)
        assert claim(store, "w2", NOW + 60_000) is None
        second = claim(store, "w2", NOW + 90_000)
        assert second.attempt == 2 and not store.renew(first, NOW + 200_000)
        assert [own.outcome for own in store.attempts(first.delivery)] == ["lost", None]
        assert not store.finish(first, "failed", "late", NOW + 91_000, retry=NOW + 95_000)
        assert store.deliveries()[0].state == "sending"
        assert store.finish(second, "delivered", "200", NOW + 92_000)

    def test_a_late_success_of_a_lost_attempt_counts(self, store):
        prepared(store)
        raised(store, "mail")
        first = claim(store, seconds=1)
        second = claim(store, "w2", NOW + 2_000)
        assert not store.finish(first, "delivered", "200", NOW + 3_000)
        assert store.deliveries()[0].state == "delivered"
        assert not store.finish(second, "failed", "reset", NOW + 4_000, retry=NOW + 9_000)
        assert store.deliveries()[0].state == "delivered"

    def test_order_per_incident_receiver_and_channel(self, store):
        prepared(store)
        raised(store, "mail", "hook")
        raised(store, "mail", "hook", version=2)
        raised(store, "mail", incident="i2", number="b1")
        first, second, third = claim(store), claim(store), claim(store)
        assert [(own.alert.id, own.alert.version, own.channel) for own in (first, second, third)] == [
            ("a1", 1, "mail"),
            ("a1", 1, "hook"),
            ("b1", 1, "mail"),
        ]
        assert claim(store) is None  # version 2 waits for version 1 on each channel
        store.finish(first, "failed", "reset", NOW, retry=NOW + 5)
        assert claim(store) is None
        store.finish(second, "dead", "410", NOW)
        following = claim(store)
        assert (following.alert.version, following.channel) == (2, "hook")

    def test_withdrawn_versions_are_not_sent(self, store):
        prepared(store)
        raised(store, "mail")
        raised(store, "mail", version=2)
        assert store.withdraw("a1", 2, NOW) == 1
        assert claim(store).alert.version == 2
        assert [own.state for own in store.deliveries()] == ["withdrawn", "sending"]

    def test_redelivery_keeps_alert_version_and_number(self, store):
        prepared(store)
        raised(store, "mail")
        own = claim(store)
        assert not store.redeliver(own.delivery, "ana", NOW)
        store.finish(own, "dead", "410", NOW)
        assert store.redeliver(own.delivery, "ana", NOW + 5)
        again = claim(store, now=NOW + 5)
        assert (again.delivery, again.alert, again.attempt) == (own.delivery, own.alert, 2)
        assert again.since == NOW + 5  # gives up counted from now
        assert [own.subject for own in store.audit() if own.act == "redeliver"] == [f"delivery:{own.delivery}"]

    def test_a_receiver_is_given_its_own_deliveries_alone(self, store):
        prepared(store)
        raised(store, "mail")
        assert store.claim("fire-brigade", "w1", NOW, NOW + 1) is None
        assert [own.receiver for own in store.deliveries(receiver="rescue")] == ["rescue"]
        assert store.deliveries(receiver="fire-brigade") == []

    # People and leases

    def test_people_are_known_until_they_are_revoked_and_may_be_known_again(self, store):
        ana, other = person("ana", "lead"), person("ana", "viewer")
        assert store.add_person(ana, "root", NOW) and not store.add_person(other, "root", NOW + 1)
        assert store.add_person(person("ben"), "root", NOW)
        assert store.people() == [ana, person("ben")]
        assert store.revoke_person("ana", "ben", NOW + 2) and not store.revoke_person("ana", "ben", NOW + 3)
        assert not store.revoke_person("eve", "ben", NOW)
        assert store.people()[0] == ana._replace(revoked=NOW + 2)
        assert store.add_person(other, "root", NOW + 4)
        assert store.people() == [other, person("ben")]
        said = [(own.actor, own.act, own.subject, own.details) for own in store.audit()]
        assert said == [
            ("root", "add person", "person:ana", {"role": "lead"}),
            ("root", "add person", "person:ben", {"role": "operator"}),
            ("ben", "revoke person", "person:ana", {}),
            ("root", "add person", "person:ana", {"role": "viewer"}),
        ]

    def test_a_lease_is_one_persons_until_it_ends(self, store, another):
        for name in ("ana", "ben"):
            store.add_person(person(name), "root", NOW)
        assert store.lease("incident:i1", "ana", NOW, NOW + 10) == Lease("incident:i1", "ana", NOW + 10)
        assert another.lease("incident:i1", "ben", NOW + 9, NOW + 20).person == "ana"
        assert store.lease("incident:i1", "ana", NOW + 9, NOW + 19).ends == NOW + 19  # renewed
        assert another.leases(NOW + 18) == [Lease("incident:i1", "ana", NOW + 19)]
        assert store.leases(NOW + 19) == []
        assert another.lease("incident:i1", "ben", NOW + 19, NOW + 30).person == "ben"
        assert not store.end_lease("incident:i1", "ana")
        assert another.end_lease("incident:i1", "ben") and store.leases(NOW + 20) == []
        with pytest.raises(Exception):  # noqa: B017 - whatever an implementation has for somebody who is not there
            store.lease("incident:i1", "eve", NOW, NOW + 10)

    def test_a_broken_lease_is_in_the_audit(self, store):
        store.add_person(person("ana"), "root", NOW)
        assert store.break_lease("incident:i1", "ben", NOW) is None
        store.lease("incident:i1", "ana", NOW, NOW + 10)
        assert store.break_lease("incident:i1", "ben", NOW + 10) is None  # it has ended by itself
        assert store.break_lease("incident:i1", "ben", NOW + 9) == Lease("incident:i1", "ana", NOW + 10)
        assert store.leases(NOW) == []
        (said,) = (own for own in store.audit() if own.act == "break lease")
        assert (said.actor, said.subject, said.details) == ("ben", "incident:i1", {"person": "ana", "ends": NOW + 10})

    def test_the_leases_of_somebody_who_is_revoked_end(self, store):
        store.add_person(person("ana"), "root", NOW)
        store.lease("incident:i1", "ana", NOW, NOW + 10)
        store.revoke_person("ana", "root", NOW)
        assert store.leases(NOW) == []

    # The audit

    def test_the_audit_keeps_what_is_noted_in_order(self, store):
        store.note("ana", "acknowledge", "incident:i1", {"before": None}, NOW)
        store.note("ben", "close", "incident:i1", {}, NOW + 1)
        entries = list(store.audit())
        assert [(own.number, own.actor, own.act) for own in entries] == [(1, "ana", "acknowledge"), (2, "ben", "close")]
        assert len({own.hash for own in entries}) == 2

    def test_counts(self, store):
        prepared(store)
        empty = store.counts()
        assert empty.bytes > 0 and empty[:-1] == ({}, {}, {}, {}, {}, None)
        take(store, filed(1), now=NOW - 5)
        take(store, filed(2))
        store.analysed([1])
        store.add_gap("wire", Gap(NOW - 9, NOW, "restart"))
        raised(store, "mail", "hook")
        raised(store, "mail", version=2, now=NOW + 5)
        store.finish(claim(store), "delivered", "202", NOW)
        assert store.counts()[:-1] == (
            {"wire": 1},
            {"open": 1},
            {("flood-rescue", "alert"): 1, ("flood-rescue", "update"): 1},
            {("rescue", "hook", "due"): 1, ("rescue", "mail", "delivered"): 1, ("rescue", "mail", "due"): 1},
            {("rescue", "hook"): NOW, ("rescue", "mail"): NOW + 5},
            NOW,
        )

    def test_a_store_in_use_has_no_problem(self, store):
        prepared(store)
        take(store, filed(1, "é"), filed(2), Deleted("n2"))
        raised(store, "mail")
        store.analysed([1])
        assert store.problems() == []

    def test_two_connections_see_what_the_other_wrote(self, store, another):
        prepared(store)
        take(store, filed(1), cursor="c1")
        assert native(another) == ["n1"] and another.cursor("wire") == "c1"
        take(another, filed(2))
        raised(another, "mail")
        assert native(store) == ["n2", "n1"] and claim(store) is not None and claim(another) is None

    def test_the_outbox_in_any_order_of_events(self, make_store):
        """See OutboxMachine."""

        class Machine(OutboxMachine):
            make = staticmethod(make_store)

        case = Machine.TestCase
        case.settings = settings(
            max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        )
        case("runTest").runTest()


class OutboxMachine(RuleBasedStateMachine):
    """Alerts, claims, crashes, answers, time-outs and redeliveries in any order.

    Never lost, never under another id, in order per incident and channel.
    """

    make = None

    def __init__(self):
        super().__init__()
        self.store = prepared(self.make())
        self.now = NOW
        self.claims = []
        self.versions = {"i1": 0, "i2": 0}
        self.made = set()
        self.received = []

    @rule(incident=st.sampled_from(["i1", "i2"]), channels=st.sampled_from([("mail",), ("mail", "hook")]))
    def alert(self, incident, channels):
        self.versions[incident] += 1
        version = self.versions[incident]
        raised(self.store, *channels, incident=incident, version=version, number=f"a-{incident}", now=self.now)
        self.made |= {(incident, version, channel) for channel in channels}

    @rule(worker=st.sampled_from(["w1", "w2"]))
    def claim(self, worker):
        own = claim(self.store, worker, self.now, 10)
        if own:
            assert own.alert.id == f"a-{own.incident}"
            self.claims.append(own)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), outcome=st.sampled_from(["delivered", "failed", "crash", "answer lost"]))
    def answer(self, data, outcome):
        own = self.claims.pop(data.draw(st.integers(0, len(self.claims) - 1)))
        if outcome in ("delivered", "answer lost"):
            self.received.append((own.incident, own.alert.version, own.channel))
        if outcome == "delivered":
            self.store.finish(own, "delivered", "200", self.now)
        elif outcome == "failed":
            self.store.finish(own, "failed", "503", self.now, retry=self.now + 5_000)

    @rule(seconds=st.sampled_from([1, 6, 11]))
    def time_passes(self, seconds):
        self.now += seconds * 1000

    @precondition(lambda self: self.store.deliveries("delivered"))
    @rule(data=st.data())
    def redeliver(self, data):
        self.store.redeliver(data.draw(st.sampled_from(self.store.deliveries("delivered"))).id, "ana", self.now)

    @invariant()
    def every_alert_has_one_row_for_each_channel(self):
        rows = [(own.incident, own.version, own.channel) for own in self.store.deliveries()]
        assert len(rows) == len(set(rows)) and set(rows) == self.made

    @invariant()
    def nothing_is_first_received_before_what_came_before_it(self):
        first = list(dict.fromkeys(self.received))
        for incident in self.versions:
            for channel in ("mail", "hook"):
                own = [version for at, version, by in first if (at, by) == (incident, channel)]
                assert own == sorted(own)

    def teardown(self):
        # In the end everything is received, whatever happened before.
        for _ in range(4 * len(self.made) + 4):
            self.now += 11_000
            while own := claim(self.store, "w3", self.now, 10):
                self.received.append((own.incident, own.alert.version, own.channel))
                self.store.finish(own, "delivered", "200", self.now)
        assert set(self.received) >= self.made
        assert {own.state for own in self.store.deliveries()} <= {"delivered"}
        self.store.close()
