"""Posts: taking, looking up, and forgetting them."""

import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from crisisflow.ingest.store.records import (
    Deleted,
    Filed,
    Intake,
    Media,
    Membership,
    Post,
    Query,
    Queue,
    StoredPost,
    Taken,
)
from crisisflow.ingest.store.tables.audit import AuditTable
from crisisflow.ingest.store.tables.base import Box

COLUMNS = (
    "p.id, p.source, p.native_id, p.revision, p.text, p.created, p.taken, p.author, p.language, p.longitude, "
    "p.latitude, p.url, p.media"
)
BURST = 10_000  # ms: a shorter pause is none
IN_PARTS = 1_000  # rows that are looked up or removed by one statement


class PostTables(AuditTable):
    """The tables posts, revisions, post_watches, queue and forgotten, and the indexes of words and places."""

    def take(self, intakes: Sequence[Intake], now: int) -> list[Taken]:
        """As in Store."""
        with self._writing():
            return [self._take(intake, now) for intake in intakes]

    def _take(self, intake: Intake, now: int) -> Taken:
        counts = dict.fromkeys(Taken._fields, 0)
        latest: Post | None = None
        for event in intake.events:
            if isinstance(event, Deleted):
                counts["deleted"] += self._delete_native(intake.source, event.native_id, now)
                continue
            became = self._file(intake.source, event, now)
            counts[became] += 1
            if became == "new":
                latest = event.post
        taken = Taken(**counts)
        if latest:
            self._change(
                "UPDATE sources SET usual_pause = coalesce(usual_pause + (?1 - last_post - usual_pause) / 16, "
                "?1 - last_post) WHERE id = ?2 AND last_post < ?1 - ?3",
                now,
                intake.source,
                BURST,
            )
        # A source without a cursor of its own keeps what it has; so does one without a new post its last.
        self._change(
            "UPDATE sources SET cursor = coalesce(?, cursor), heard = ?, taken = taken + ?, repeats = repeats + ?, "
            "revisions = revisions + ?, deletions = deletions + ?, last_post = coalesce(?, last_post), "
            "lag = coalesce(?, lag) WHERE id = ?",
            intake.cursor,
            now,
            taken.new,
            taken.repeated,
            taken.revised,
            taken.deleted,
            now if latest else None,
            now - latest.created if latest and latest.created is not None else None,
            intake.source,
        )
        self._change_each(
            "INSERT INTO drops VALUES (?, ?, ?, ?) "
            "ON CONFLICT (source, watch, reason) DO UPDATE SET posts = drops.posts + excluded.posts",
            [(intake.source, *drop, posts) for drop, posts in intake.drops.items()],
        )
        return taken

    def _file(self, source: str, filed: Filed, now: int) -> Literal["new", "repeated", "revised", "forgotten"]:
        post = filed.post
        if self._rows("SELECT 1 FROM forgotten WHERE source = ? AND identity = ?", source, self._hash(post.native_id)):
            return "forgotten"
        longitude, latitude = post.point or (None, None)
        found = self._rows(
            "INSERT INTO posts (source, native_id, text, created, taken, author, language, longitude, latitude, url, "
            "media) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, native_id) DO NOTHING RETURNING id",
            source,
            post.native_id,
            post.text,
            post.created,
            now,
            None if post.author is None else self._hash(post.author),
            post.language,
            longitude,
            latitude,
            post.url,
            json.dumps(post.media, ensure_ascii=False) if post.media else "[]",
        )
        if found:
            number = found[0][0]
            self._more_waiting(1, len(post.text.encode()))
            became: Literal["new", "repeated", "revised"] = "new"
        else:
            number, before = self._rows(
                "SELECT id, text FROM posts WHERE source = ? AND native_id = ?", source, post.native_id
            )[0]
            became = "repeated"
            if before != post.text:
                self._revise(number, post, now)
                became = "revised"
        self._change_each(
            "INSERT INTO post_watches VALUES (?, ?, ?, ?) ON CONFLICT (post, watch) DO UPDATE SET "
            "basis = excluded.basis, reason = excluded.reason "
            "WHERE coalesce(post_watches.basis, '') <> coalesce(excluded.basis, '') "
            "OR coalesce(post_watches.reason, '') <> coalesce(excluded.reason, '')",
            [(number, own.watch, own.basis, own.reason) for own in filed.watches],
        )
        return became

    def _revise(self, number: int, post: Post, now: int) -> None:
        self._leave_queue("id = ?", number)
        self._change("INSERT INTO revisions SELECT id, revision, text, taken FROM posts WHERE id = ?", number)
        self._change(
            "UPDATE posts SET text = ?, revision = revision + 1, media = ?, queue = 'waiting' WHERE id = ?",
            post.text,
            json.dumps(post.media, ensure_ascii=False),
            number,
        )
        self._more_waiting(1, len(post.text.encode()))

    def posts(self, query: Query, limit: int) -> list[StoredPost]:
        """As in Store."""
        tables: tuple[str, ...] = ("posts p",)
        conditions: list[str] = []
        values: list[Any] = []

        def must(condition: str, *own: Any) -> None:
            conditions.append(condition)
            values.extend(own)

        # The narrowest index leads: CROSS JOIN keeps the order in SQLite.
        order = "p.id"
        if query.words is not None:
            tables, (condition, own), order = self._matching(query.words)
            must(condition, *own)
        elif query.watch is not None:
            tables, order = ("post_watches w", "posts p"), "w.post"
            must("p.id = w.post AND w.watch = ?", query.watch)
        if query.watch is not None and query.words is not None:
            must("EXISTS (SELECT 1 FROM post_watches w WHERE w.post = p.id AND w.watch = ?)", query.watch)
        if query.box is not None:
            boxes = parts_of(query.box)
            near, own = self._near(boxes)
            must(near, *own)
            exact = " OR ".join(["(p.longitude BETWEEN ? AND ? AND p.latitude BETWEEN ? AND ?)"] * len(boxes))
            must(f"({exact})", *(number for west, south, east, north in boxes for number in (west, east, south, north)))
        for condition, value in (
            ("p.source = ?", query.source),
            ("p.taken >= ?", query.since),
            ("p.taken < ?", query.until),
            ("p.id < ?", query.before),
        ):
            if value is not None:
                must(condition, value)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._reading():
            return self._stored(
                f"SELECT {COLUMNS} FROM {' CROSS JOIN '.join(tables)} {where} ORDER BY {order} DESC LIMIT ?",
                *values,
                limit,
            )

    def _stored(self, statement: str, *values: Any) -> list[StoredPost]:
        rows = self._rows(statement, *values)
        watches: dict[int, list[Membership]] = {row[0]: [] for row in rows}
        numbers = list(watches)
        for first in range(0, len(numbers), IN_PARTS):
            part = numbers[first : first + IN_PARTS]
            marks = ", ".join("?" * len(part))
            for post, *own in self._rows(
                f"SELECT post, watch, basis, reason FROM post_watches WHERE post IN ({marks}) ORDER BY post, watch",
                *part,
            ):
                watches[post].append(Membership(*own))
        return [
            StoredPost(
                *row[:7],
                author=row[7] and row[7].hex(),
                language=row[8],
                point=None if row[9] is None else (row[9], row[10]),
                url=row[11],
                media=tuple(Media(*own) for own in json.loads(row[12])),
                watches=tuple(watches[row[0]]),
            )
            for row in rows
        ]

    def revisions(self, post: int) -> list[str]:
        """As in Store."""
        with self._reading():
            return [text for (text,) in self._rows("SELECT text FROM revisions WHERE post = ? ORDER BY revision", post)]

    def forget(self, posts: Sequence[int], actor: str, why: str, now: int) -> int:
        """As in Store."""
        gone = 0
        with self._writing():
            for number in posts:
                if self._remove("id = ?", number, now=now):
                    self._note(actor, "forget", f"post:{number}", {"why": why}, now)
                    gone += 1
        if gone:
            self._scrub()
        return gone

    def purge(self, before: int, watch: str | None, actor: str, now: int) -> int:
        """As in Store."""
        only = ""
        values: list[Any] = [before]
        if watch is not None:
            only = (
                " AND EXISTS (SELECT 1 FROM post_watches w WHERE w.post = posts.id AND w.watch = ?)"
                " AND NOT EXISTS (SELECT 1 FROM post_watches w WHERE w.post = posts.id AND w.watch <> ?)"
            )
            values += [watch, watch]
        with self._writing():
            gone = self._remove(
                f"taken < ?{only} AND NOT EXISTS (SELECT 1 FROM incident_posts m WHERE m.post = posts.id)",
                *values,
                now=now,
            )
            if gone:
                subject = "posts" if watch is None else f"watch:{watch}"
                self._note(actor, "purge", subject, {"taken before": before, "posts": gone}, now)
        if gone:
            self._scrub()
        return gone

    def _delete_native(self, source: str, native_id: str, now: int) -> int:
        found = self._rows("SELECT id FROM posts WHERE source = ? AND native_id = ?", source, native_id)
        for (number,) in found:
            self._remove("id = ?", number, now=now)
            self._note(f"source:{source}", "delete", f"post:{number}", {"why": "its author deleted it"}, now)
        return len(found)

    def _remove(self, condition: str, *values: Any, now: int) -> int:
        """Remove the posts of a condition, and keep the hashes of their identities. Returns how many."""
        self._leave_queue(condition, *values)
        self._change(
            "INSERT INTO lost_posts SELECT DISTINCT incident FROM incident_posts "
            f"WHERE post IN (SELECT id FROM posts WHERE {condition}) ON CONFLICT DO NOTHING",
            *values,
        )
        found = self._rows(f"DELETE FROM posts WHERE {condition} RETURNING source, native_id", *values)
        self._change_each(
            "INSERT INTO forgotten VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(source, self._hash(native_id), now) for source, native_id in found],
        )
        return len(found)

    def queue(self) -> Queue:
        """As in Store."""
        with self._reading():
            return self._queue()

    def _queue(self) -> Queue:
        return Queue(*self._rows("SELECT posts, bytes, set_aside FROM queue")[0])

    def waiting(self, limit: int) -> list[StoredPost]:
        """As in Store."""
        with self._reading():
            return self._stored(f"SELECT {COLUMNS} FROM posts p WHERE p.queue = 'waiting' ORDER BY p.id LIMIT ?", limit)

    def analysed(self, posts: Sequence[int]) -> None:
        """As in Store."""
        with self._writing():
            self._set_queue(posts, "analysed")

    def set_aside(self, keep: Queue) -> int:
        """As in Store."""
        with self._writing():
            left = self._queue()
            oldest: list[int] = []
            while part := self._rows(
                f"SELECT id, {self.BYTES} FROM posts WHERE queue = 'waiting' AND id > ? ORDER BY id LIMIT ?",
                oldest[-1] if oldest else 0,
                IN_PARTS,
            ):
                for number, size in part:
                    if left.posts <= keep.posts and left.bytes <= keep.bytes:
                        break
                    left = left._replace(posts=left.posts - 1, bytes=left.bytes - size)
                    oldest.append(number)
                else:
                    continue
                break
            self._set_queue(oldest, "set_aside")
            self._change("UPDATE queue SET set_aside = set_aside + ?", len(oldest))
            return len(oldest)

    def _set_queue(self, posts: Iterable[int], state: str) -> None:
        for number in posts:
            self._leave_queue("id = ?", number)
            self._change("UPDATE posts SET queue = ? WHERE id = ?", state, number)

    def _more_waiting(self, posts: int, size: int) -> None:
        self._change("UPDATE queue SET posts = posts + ?, bytes = bytes + ?", posts, size)

    def _leave_queue(self, condition: str, *values: Any) -> None:
        """Count the posts of a condition that wait as waiting no longer."""
        posts, size = self._rows(
            f"SELECT count(*), coalesce(sum({self.BYTES}), 0) FROM posts WHERE queue = 'waiting' AND {condition}",
            *values,
        )[0]
        self._more_waiting(-posts, -size)

    def _hash(self, name: str) -> bytes:
        """The keyed hash of an author's name or of a native id."""
        return hmac.digest(self._key, name.encode(), "sha256")


def parts_of(box: Box) -> list[Box]:
    """A box, or the two parts of one that crosses the date line."""
    west, south, east, north = box
    return [box] if west <= east else [(west, south, 180.0, north), (-180.0, south, east, north)]
