"""Posts: a corpus to one table, whatever its source; repeats are marked and not removed."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_json, write_parquet
from crisisflow.checksums import file_sha256
from crisisflow.corpus.public_set import collect, digests
from crisisflow.corpus.sources.posts import Post, snowflake_time
from crisisflow.corpus.sources.sets import files_of, rows_of
from crisisflow.corpus.sources.texts import read_texts
from crisisflow.corpus.tweet_words import words
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.serving.times import moment
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.pandemic import CLASS, generate
from crisisflow.studies.analytics.params import JSONL, PANDEMIC, PUBLIC, CorpusParams
from crisisflow.studies.analytics.query import read_query

# `at` is UTC. `group`: event or disease. `same_text`, `same_words`: the id of the first post with the same text, or
# with the same words (case, URLs, handles and punctuation aside; corpus.tweet_words); null of a first one.
POSTS = pa.schema(
    [
        ("post_id", pa.string()),
        ("text", pa.string()),
        ("at", pa.timestamp("ms", tz="UTC")),
        ("language", pa.string()),
        ("label", pa.string()),
        ("group", pa.string()),
        ("split", pa.string()),
        ("same_text", pa.string()),
        ("same_words", pa.string()),
    ]
)

# The task of a set whose values are classes of information. Sentiment is none.
TASKS = {"crisisnlp": "class", "crisislex_t26": "information_type", PANDEMIC: CLASS}
NO_LABEL = {"crisislex_t26": ("Not labeled",)}
COLUMNS = ("id", "created_at", "language", "label", "group", "split")  # of a table of one's own, where they are there


class Source(NamedTuple):
    """What a source has: its posts, rows that are none by reason, and the sha256 of its files."""

    posts: list[Post]
    dropped: Counter[str]
    files: dict[str, str]


def _public(params: CorpusParams) -> Source:
    path, name = Path(params.source), PUBLIC[params.reader]
    layout, files = files_of(name, path)
    posts, dropped = collect(rows_of(name, path, layout, files))
    return Source(posts, dropped, digests(path, files))


def _of_study(tweets: Path | None) -> Source:
    """The corpus of all studies: its class is the label, and the id tells the time where it is Twitter's."""
    if tweets is None:
        raise CrisisflowError("the reader study needs the corpus; give it as --tweets")
    posts = [
        Post(
            row["tweet_id"],
            row["text"],
            ((CLASS, row["class_label"]),),
            None,
            row["event"],
            snowflake_time(row["tweet_id"]),
            row["split"],
        )
        for row in read_parquet(tweets, TWEETS).to_pylist()
    ]
    return Source(posts, Counter(), {})


def _table(name: str, path: Path) -> Source:
    """A table of one's own; rows without ids are numbered.

    Raises:
        CrisisflowError: what `read_texts` refuses, or an id stands there twice.
    """
    posts, seen = [], set()
    for number, row in enumerate(read_texts(path, COLUMNS), 1):
        own = row.values
        post_id = own.get("id") or f"{name}:{number}"
        if post_id in seen:
            raise CrisisflowError(f"{path}, post {number}: the id {post_id} was there before; give each post its own")
        seen.add(post_id)
        labels = ((CLASS, own["label"]),) if "label" in own else ()
        at = moment(own.get("created_at")) or snowflake_time(post_id)
        posts.append(Post(post_id, row.text, labels, own.get("language"), own.get("group"), at, own.get("split")))
    filled = [post for post in posts if post.text.strip()]
    return Source(filled, Counter({"empty text": len(posts) - len(filled)}), {path.name: file_sha256(path)})


def _read(name: str, params: CorpusParams, tweets: Path | None) -> Source:
    if params.reader == PANDEMIC:
        return Source(list(generate(params.size, params.seed)), Counter(), {})
    if params.reader == JSONL:
        return _table(name, Path(params.source))
    return _public(params) if params.reader in PUBLIC else _of_study(tweets)


def first_of_each(keys: Iterable[tuple[str, Any]]) -> list[str | None]:
    """Of each post (id, key) the id of the first one with the same key; None of a first one."""
    first: dict[Any, str] = {}
    before = [(post_id, first.setdefault(key, post_id)) for post_id, key in keys]
    return [None if own == post_id else own for post_id, own in before]


def drawn(posts: Sequence[Post], size: int | str, seed: int, name: str) -> list[Post]:
    """As many of the posts, in their order.

    Raises:
        CrisisflowError: there are fewer.
    """
    if size == "all":
        return list(posts)
    if size > len(posts):
        raise CrisisflowError(
            f"analytics.corpora.{name}.size is {size:,}, but its source has {len(posts):,} posts; lower it, or all"
        )
    return [posts[at] for at in sorted(Random(seed).sample(range(len(posts)), size))]


def _count(values: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter("null" if value is None else value for value in values).items()))


def run(name: str, params: CorpusParams, out: Path, manifest: Path, tweets: InputFile | None = None) -> None:
    """Write the posts of a corpus, ordered as in its source, and what was read and dropped.

    Args:
        name: of the corpus in section analytics.corpora
        params: its section there
        manifest: JSON, with the search terms
        tweets: the corpus of all studies, for the reader study

    Raises:
        CrisisflowError: the search terms are not to be read; the source is absent, damaged, lacks a column, has a label
            that its set does not know or an id twice, has no such event, or fewer posts than asked for.
    """
    query = read_query(params.query)
    source = _read(name, params, tweets)
    groups = {post.event for post in source.posts}
    if missing := [own for own in params.events or () if own not in groups]:
        known = ", ".join(sorted(group for group in groups if group)) or "no groups"
        raise CrisisflowError(f"analytics.corpora.{name}.events: no posts of {', '.join(missing)}; there are {known}")
    chosen = [post for post in source.posts if params.events is None or post.event in params.events]
    posts = chosen if params.reader == PANDEMIC else drawn(chosen, params.size, params.seed, name)
    if not posts:
        raise CrisisflowError(f"analytics.corpora.{name}: its source has no posts; give another one")
    label_of = _label_of(params.reader)
    rows = [
        {
            "post_id": post.tweet_id,
            "text": post.text,
            "at": post.time,
            "language": post.language,
            "label": label_of(post),
            "group": post.event,
            "split": post.official_split,
            "same_text": same_text,
            "same_words": same_words,
        }
        for post, same_text, same_words in zip(
            posts,
            first_of_each((post.tweet_id, post.text) for post in posts),
            # A post without a word repeats nothing but its own text.
            first_of_each((post.tweet_id, " ".join(words(post.text)) or (post.text,)) for post in posts),
            strict=True,
        )
    ]
    facts = {
        "study": STUDY,
        "corpus": name,
        "reader": params.reader,
        "query": query,
        "files": source.files,
        "read": len(source.posts),
        "dropped": dict(sorted((+source.dropped).items())),
        "posts": len(rows),
        "labels": _count(row["label"] for row in rows),
        "groups": _count(row["group"] for row in rows),
        "languages": _count(row["language"] for row in rows),
        "splits": _count(row["split"] for row in rows),
        "with_time": sum(row["at"] is not None for row in rows),
        "repeats": {kind: sum(row[kind] is not None for row in rows) for kind in ("same_text", "same_words")},
    }
    write_parquet(out, rows, POSTS)
    write_json(manifest, facts)
    say(f"posts: {len(rows):,} of {name}, {facts['repeats']['same_words']:,} of them repeats")


def _label_of(reader: str) -> Callable[[Post], str | None]:
    task, none = TASKS.get(reader, None if reader in PUBLIC else CLASS), NO_LABEL.get(reader, ())

    def label(post: Post) -> str | None:
        return next((value for own, value in post.labels if own == task and value not in none), None)

    return label


def query_of(manifest: Path, corpus: str) -> list[str]:
    """The search terms in a manifest of this corpus.

    Raises:
        CrisisflowError: it is of another corpus, or what `read_json` raises.
    """
    facts = read_json(manifest, "corpus", "query")
    if facts["corpus"] != corpus:
        raise CrisisflowError(
            f"{manifest} is of the corpus {facts['corpus']}, not of {corpus}; give that corpus's file"
        )
    return facts["query"]
