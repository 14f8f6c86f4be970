"""Analyse: find what posts of a store tell, and write the incidents that they tell of."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from crisisflow.ingest import process
from crisisflow.ingest.analysis.found import Analyser, Found, Link, Predict
from crisisflow.ingest.analysis.linking import NOTHING, Candidate, Facts, choose, opens
from crisisflow.ingest.analysis.stories import WINDOW, stories_of
from crisisflow.ingest.analysis.summary import READ, emptied, incident_of, member_of, place_of
from crisisflow.ingest.incident import Incident
from crisisflow.ingest.routing.configuration import ONTOLOGY
from crisisflow.ingest.routing.ontology import Ontology, read_ontology
from crisisflow.ingest.store.faults import FullError
from crisisflow.ingest.store.interface import Store
from crisisflow.ingest.store.opening import Where, alone, open_store
from crisisflow.ingest.store.records import Finding, StoredPost
from crisisflow.ingest.store.records import Incident as Stored
from crisisflow.progress import say

BATCH = 64  # posts that are analysed together
TRIES = 3  # failures of the model on a text, after which it is tried no more
PAUSE, FULL = 0.2, 1.0  # seconds between looks into the store; and until a full one is tried again
LATELY = 24 * 3_600_000  # ms since an incident changed last, within which posts come to it
OWN = "post-"  # ids of incidents that come of posts begin so, with the number of the first one behind


class Step(NamedTuple):
    """What became of the posts that waited: counts, and the reasons of those that are poison now."""

    analysed: int = 0
    failed: int = 0
    poison: tuple[str, ...] = ()
    incidents: int = 0


class Worker:
    """Analyses the posts of a store, the first taken first, and writes all that comes of a batch in one transaction.

    What is not written is analysed again: findings, the mark of the post, its story and its incident belong together.
    """

    def __init__(self, store: Store, predict: Predict, ontology: Ontology) -> None:
        self.store = store
        self._analyse, self._below = Analyser(predict, ontology), ontology.below()

    def step(self, now: int) -> Step:
        """Analyse a batch."""
        posts = self.store.waiting(BATCH)
        lost = self.store.lost_posts()
        if not posts and not lost:
            return Step()
        found, failures = self._found(posts)
        with self.store.grouped():
            poison = tuple(
                f"post {own.id}: {reason}"
                for own, reason in failures
                if self.store.note_failure(own.id, own.revision, reason, TRIES, now)
            )
            written = self._write([own for own in posts if own.id in found], found, now)
            changed = self._link([own for own in posts if own.id in written], found, written, now)
            for incident in lost:
                changed.setdefault(incident, ("", []))
                self.store.made_anew(incident)
            for incident, (watch, further) in changed.items():
                self._set_incident(incident, watch, further, now)
        return Step(len(written), len(failures), poison, len(changed))

    def _found(self, posts: Sequence[StoredPost]) -> tuple[dict[int, Found], list[tuple[StoredPost, str]]]:
        """What is found in each post; and those on which the analysis failed, alone as well, each with the reason."""
        try:
            found = self._analyse([own.text for own in posts])
            return {own.id: one for own, one in zip(posts, found, strict=True)}, []
        except Exception:  # of whatever the model calls: one of them is at fault
            known, failures = {}, []
            for own in posts:
                try:
                    (known[own.id],) = self._analyse([own.text])
                except Exception as error:
                    # Its message may hold words of the text.
                    failures.append((own, f"the analysis failed: {type(error).__name__}"))
            return known, failures

    def _write(self, posts: Sequence[StoredPost], found: Mapping[int, Found], now: int) -> dict[int, Finding]:
        """Write findings with their stories; those of posts that are gone or were revised meanwhile are left out.

        A post that has a story keeps it.
        """
        before = self.store.findings([own.id for own in posts])
        fresh = [(own.id, own.text) for own in posts if own.id not in before]
        stories = {post: own.story for post, own in before.items()}
        if fresh:
            stories |= stories_of(fresh, self.store.stories(WINDOW))
        findings = {
            own.id: Finding(own.id, own.revision, stories[own.id], found[own.id].model_dump(mode="json"))
            for own in posts
        }
        return {own: findings[own] for own in self.store.set_findings(list(findings.values()), now)}

    def _link(
        self, posts: Sequence[StoredPost], found: Mapping[int, Found], findings: Mapping[int, Finding], now: int
    ) -> dict[str, tuple[str, list[int]]]:
        """Choose the incidents of posts, and write how. Returns those that change, with watch and further posts."""
        changed: dict[str, tuple[str, list[int]]] = {}
        incidents = self.store.incidents_of([own.id for own in posts])
        stories = {findings[own.id].story for own in posts}
        of_story = self.store.incidents_of(sorted(stories))
        watches = {own: known.watch for own in {*of_story.values()} if (known := self.store.incident(own))}
        candidates: dict[str, dict[str, Candidate]] = {}
        for post in posts:
            if post.id in incidents:  # a revision: it stays where it is
                changed.setdefault(incidents[post.id], ("", []))
                continue
            watch = next((own.watch for own in post.watches if own.reason is None), None)
            if watch is None:
                continue
            own, story = found[post.id], findings[post.id].story
            known = candidates.get(watch)
            if known is None:
                known = candidates[watch] = self._candidates(watch, now)
            repeated = of_story.get(story)
            if repeated is not None and watches[repeated] == watch:
                link = Link(incident=repeated, by="story")
            else:
                link = self._chosen(post, own, known.values())
            if link is None:
                continue
            watches[link.incident] = watch
            of_story.setdefault(story, link.incident)
            if link.by != "story" or link.incident in known:  # a closed one gets only its near-repeats
                known[link.incident] = _with(known.get(link.incident), link.incident, facts_of(post, own))
            changed.setdefault(link.incident, (watch, []))[1].append(post.id)
            said = own.model_copy(update={"link": link}).model_dump(mode="json")
            self.store.set_findings([findings[post.id]._replace(content=said)], now)
        return changed

    def _chosen(self, post: StoredPost, found: Found, candidates: Iterable[Candidate]) -> Link | None:
        own = facts_of(post, found)
        if found.class_ != NOTHING and (choice := choose(own, candidates, self._below)):
            parts = {name: round(value, 4) for name, value in choice.parts._asdict().items()}
            return Link(incident=choice.incident, by="score", score=round(choice.parts.score, 4), **parts)
        return Link(incident=f"{OWN}{post.id}", by="first") if opens(own, found.class_) else None

    def _candidates(self, watch: str, now: int) -> dict[str, Candidate]:
        """The incidents of a watch that posts made and that are not closed."""
        found = {}
        for stored, _ in self.store.incidents(now - LATELY, watch):
            if stored.id.startswith(OWN) and stored.state != "closed":
                own = Incident.model_validate(stored.content)
                since, until = (round(at.timestamp() * 1000) for at in (own.since, own.until))
                found[own.id] = Candidate(own.id, Facts(since, until, own.place, own.type))
        return found

    def _set_incident(self, number: str, watch: str, further: Sequence[int], now: int) -> None:
        """Write what an incident says by its posts and further ones; nothing where that is as it was."""
        stored = self.store.incident(number)
        known = Incident.model_validate(stored.content) if stored else None
        extent = self.store.extent(number, further)
        members = [member_of(own) for own in self.store.analysed_posts(number, READ, further)]
        if extent is not None and members:
            said = incident_of(number, known.watch if known else watch, members, extent, known)
        elif known is not None:
            said = emptied(known)
        else:
            return
        content = said.model_dump(mode="json")
        if stored is None or further or content != stored.content:
            version = stored.version + 1 if stored else 1
            self.store.set_incident(Stored(number, said.watch, version, said.state, content), further, [], now)


def facts_of(post: StoredPost, found: Found) -> Facts:
    """What of a post is compared with incidents."""
    at = post.taken if post.created is None else post.created
    return Facts(at, at, place_of(post, found), found.type)


def _with(known: Candidate | None, incident: str, own: Facts) -> Candidate:
    """A candidate with one more post: what was not known of it before, the post tells."""
    if known is None:
        return Candidate(incident, own)
    facts = known.facts
    since, until = min(facts.since, own.since), max(facts.until, own.until)
    return Candidate(incident, Facts(since, until, facts.place or own.place, facts.type or own.type))


def run(
    store: Where,
    open_model: Callable[[], Predict],
    rules: Path,
    once: bool = False,
    end: threading.Event | None = None,
) -> None:
    """Analyse the posts of a store until a signal or `end`, or with `once` until none waits.

    Args:
        open_model: opens the model; it takes some seconds. rules: the folder with the ontology.

    Raises:
        CrisisflowError: the ontology or the model cannot be used, or another process analyses this store.
    """
    ontology = read_ontology(rules / ONTOLOGY)
    with alone(store, "analyse"), open_store(store, make=True) as own, process.stopping(end) as stop:
        worker = Worker(own, open_model(), ontology)
        say(f"analyse: posts of {store}  (Ctrl-C ends it)")
        while not stop.is_set():
            try:
                step = worker.step(process.now())
            except FullError as error:
                say(f"analyse: {error}")
                stop.wait(FULL)
                continue
            for reason in step.poison:
                say(f"analyse: {reason}, {TRIES} times; it is set aside")
            if step == Step():
                if once:
                    break
                stop.wait(PAUSE)
        say("analyse: ended")
