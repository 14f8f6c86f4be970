"""What the analysis found in posts: findings, failures, stories, and the posts of incidents."""

import json
from collections.abc import Sequence

from crisisflow.ingest.store.records import Analysed, Extent, Failure, Finding, Story
from crisisflow.ingest.store.tables.audit import as_json
from crisisflow.ingest.store.tables.posts import COLUMNS, PostTables


class FindingTables(PostTables):
    """The tables findings, failures and lost_posts."""

    def set_findings(self, findings: Sequence[Finding], now: int) -> list[int]:
        """As in Store."""
        with self._writing():
            written = [own for own in findings if self._is_latest(own.post, own.revision)]
            self._change_each(
                "INSERT INTO findings VALUES (?, ?, ?, ?, ?) ON CONFLICT (post) DO UPDATE SET "
                "revision = excluded.revision, story = excluded.story, content = excluded.content, at = excluded.at",
                [(own.post, own.revision, own.story, as_json(own.content), now) for own in written],
            )
            numbers = [own.post for own in written]
            self._change_each("DELETE FROM failures WHERE post = ?", [(own,) for own in numbers])
            self._set_queue(numbers, "analysed")
            return numbers

    def note_failure(self, post: int, revision: int, reason: str, most: int, now: int) -> bool:
        """As in Store."""
        with self._writing():
            if not self._is_latest(post, revision):
                return False
            self._change(
                "INSERT INTO failures VALUES (?, ?, 1, ?, ?) ON CONFLICT (post) DO UPDATE SET "
                "failures = CASE WHEN failures.revision = excluded.revision THEN failures.failures + 1 ELSE 1 END, "
                "revision = excluded.revision, reason = excluded.reason, at = excluded.at",
                post,
                revision,
                reason,
                now,
            )
            poison = self._number("SELECT failures FROM failures WHERE post = ?", post) >= most
            if poison:
                self._set_queue([post], "set_aside")
            return poison

    def _is_latest(self, post: int, revision: int) -> bool:
        return bool(self._rows("SELECT 1 FROM posts WHERE id = ? AND revision = ?", post, revision))

    def failures(self) -> list[Failure]:
        """As in Store."""
        with self._reading():
            return [
                Failure(post, revision, failures, reason, queue == "set_aside")
                for post, revision, failures, reason, queue in self._rows(
                    "SELECT f.post, f.revision, f.failures, f.reason, p.queue FROM failures f "
                    "JOIN posts p ON p.id = f.post AND p.revision = f.revision ORDER BY f.post"
                )
            ]

    def findings(self, posts: Sequence[int]) -> dict[int, Finding]:
        """As in Store."""
        with self._reading():
            return self._findings(posts)

    def _findings(self, posts: Sequence[int]) -> dict[int, Finding]:
        return {
            own: Finding(own, revision, story, json.loads(content))
            for post in posts
            for own, revision, story, content in self._rows(
                "SELECT post, revision, story, content FROM findings WHERE post = ?", post
            )
        }

    def stories(self, limit: int) -> list[Story]:
        """As in Store."""
        with self._reading():
            return [
                Story(*own)
                for own in self._rows(
                    "SELECT f.story, p.text, m.incident FROM findings f JOIN posts p ON p.id = f.post "
                    "LEFT JOIN incident_posts m ON m.post = f.post WHERE f.story = f.post ORDER BY f.post DESC LIMIT ?",
                    limit,
                )
            ]

    def incidents_of(self, posts: Sequence[int]) -> dict[int, str]:
        """As in Store."""
        with self._reading():
            return {
                post: incident
                for post in posts
                for (incident,) in self._rows("SELECT incident FROM incident_posts WHERE post = ?", post)
            }

    def extent(self, incident: str, further: Sequence[int] = ()) -> Extent | None:
        """As in Store."""
        which, values = _posts_of(incident, further)
        with self._reading():
            posts, authors, unknown, since, until = self._rows(
                "SELECT count(*), count(DISTINCT p.author), count(*) - count(p.author), "
                f"min(coalesce(p.created, p.taken)), max(coalesce(p.created, p.taken)) FROM posts p WHERE {which}",
                *values,
            )[0]
        return Extent(posts, authors + (1 if unknown else 0), since, until) if posts else None

    def analysed_posts(self, incident: str, limit: int, further: Sequence[int] = ()) -> list[Analysed]:
        """As in Store."""
        which, values = _posts_of(incident, further)
        with self._reading():
            posts = self._stored(
                f"SELECT {COLUMNS} FROM posts p JOIN findings f ON f.post = p.id WHERE {which} "
                "ORDER BY p.id DESC LIMIT ?",
                *values,
                limit,
            )
            found = self._findings([own.id for own in posts])
            return [Analysed(own, found[own.id]) for own in posts]

    def lost_posts(self) -> list[str]:
        """As in Store."""
        with self._reading():
            return [own for (own,) in self._rows("SELECT incident FROM lost_posts ORDER BY incident")]

    def made_anew(self, incident: str) -> None:
        """As in Store."""
        with self._writing():
            self._change("DELETE FROM lost_posts WHERE incident = ?", incident)


def _posts_of(incident: str, further: Sequence[int]) -> tuple[str, tuple[str | int, ...]]:
    """The condition on posts `p` that are of an incident or among further ones, and its values."""
    marks = ", ".join("?" * len(further)) or "NULL"
    return f"(p.id IN (SELECT post FROM incident_posts WHERE incident = ?) OR p.id IN ({marks}))", (incident, *further)
