"""Normalise: what the words of each post are, step by step, and what each step changed."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from crisisflow.artifacts import read_json, read_parquet, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.language import TRAINED_ON, decided_language
from crisisflow.progress import Progress, say
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.normalisation import Normaliser, Step, tokens
from crisisflow.studies.analytics.params import NormaliseParams
from crisisflow.studies.analytics.posts import POSTS, query_of
from crisisflow.studies.analytics.protection import NOTHING, Protected, names, protected

# The posts that are left, in their order.
NORMALISED = pa.schema([("post_id", pa.string()), ("words", pa.list_(pa.string()))])

LISTED = ("query", "vocabulary", "acronyms")  # of the protected words; the names come from the lexicons


class Draft(NamedTuple):
    """A post within the steps."""

    post_id: str
    words: list[str]


class Counts:
    """What each step did: posts that it changed, posts that it dropped, and words before and behind it."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._changed: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self.undecided = 0

    def drop(self, step: Step) -> None:
        """Count a dropped post."""
        self._dropped[step] += 1

    def watch(
        self, traced: Iterable[tuple[Step, str | list[str] | None]], last: str | list[str]
    ) -> Iterator[str | list[str] | None]:
        """What each step left of a post (None: dropped), while it is counted; `last` is what the first one gets."""
        changed = set()
        for step, own in traced:
            if own is None:
                self.drop(step)
                yield None
                break
            if own != last and step != "tokens":
                changed.add(step)
            if isinstance(last, list):
                self._lost[step] += len(last) - len(own)
            last = own
            yield own
        self._changed.update(changed)

    def facts(self) -> list[dict[str, Any]]:
        """By step, in their order; `words` are those that it took away, less those that it added."""
        return [
            {
                "step": step,
                "changed": self._changed[step],
                "dropped": self._dropped[step],
                "words": self._lost[step],
            }
            for step in self._steps
        ]


def kept(row: Mapping[str, Any], params: NormaliseParams, counts: Counts) -> bool:
    """Whether the steps `duplicates` and `language` keep a post. The set's own word on its language counts first."""
    for step in params.steps:
        if step == "duplicates" and row["same_words"] is not None:
            counts.drop(step)
            return False
        if step == "language":
            language = row["language"] or decided_language(row["text"])
            counts.undecided += language is None
            if (language or TRAINED_ON) not in params.languages:
                counts.drop(step)
                return False
    return True


def run(
    posts: InputFile,
    manifest: InputFile,
    corpus: str,
    params: NormaliseParams,
    out: Path,
    protected_words: Path,
    counts: Path,
) -> None:
    """Write the words of each post, in the order of the posts.

    Args:
        posts, manifest: of the step posts
        corpus: its name
        params: section analytics.normalise
        protected_words: JSON, the words that no step changes, by why
        counts: JSON, per step the posts that it changed and dropped, and the words that it took away

    Raises:
        CrisisflowError: no post is left, or the manifest is of another corpus.
    """
    terms = query_of(manifest, corpus)
    rows = read_parquet(posts, POSTS).select(["post_id", "text", "language", "same_words"]).to_pylist()
    counted = Counts(params.steps)
    drafts = list(_begun(rows, Normaliser(params, ()), params, counted))
    own = protected((draft.words for draft in drafts), terms, params.protect_above, params.stop_words)
    normaliser = Normaliser(params, own.words)
    left: list[dict[str, Any]] = []
    for draft in drafts:
        *_, words = (draft.words, *counted.watch(normaliser.trace_words(draft.words), draft.words))
        if words is not None:
            left.append({"post_id": draft.post_id, "words": words})
    if not left:
        raise CrisisflowError(
            f"corpus {corpus}: no post is left of {len(rows):,} once they are normalised; "
            "see analytics.normalise.steps and languages"
        )
    facts = {
        "study": STUDY,
        "corpus": corpus,
        "posts": {"read": len(rows), "kept": len(left)},
        "steps": counted.facts(),
        "undecided_language": counted.undecided,
        "words": sum(len(row["words"]) for row in left),
        "protected": {kind: len(words) for kind, words in own._asdict().items()},
    }
    write_parquet(out, left, NORMALISED)
    write_json(protected_words, {kind: sorted(getattr(own, kind)) for kind in LISTED} | {"names": bool(own.names)})
    write_json(counts, facts)
    say(f"normalise: {len(left):,} of {len(rows):,} posts of {corpus}, {facts['words']:,} words")


def _begun(
    rows: Sequence[Mapping[str, Any]], normaliser: Normaliser, params: NormaliseParams, counts: Counts
) -> Iterator[Draft]:
    """The posts that are kept, each up to the step `tokens`."""
    progress = Progress("normalise", len(rows), "posts")
    for row in rows:
        if kept(row, params, counts):
            *_, text = (row["text"], *counts.watch(normaliser.trace_text(row["text"]), row["text"]))
            yield Draft(row["post_id"], tokens(text))
        progress.advance(1)
    progress.close()


def read_protected(path: Path) -> Protected:
    """The protected words that `run` wrote.

    Raises:
        CrisisflowError: what `read_json` raises.
    """
    own = read_json(path, *LISTED, "names")
    listed = {kind: frozenset(own[kind]) for kind in LISTED}
    return NOTHING._replace(**listed, names=names() if own["names"] else frozenset())
