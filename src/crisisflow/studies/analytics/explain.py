"""What explains a result to a person: a text behind each step of normalisation, and a topic with its evidence."""

from collections.abc import Iterator
from pathlib import Path

from crisisflow.artifacts import read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.masking import mask
from crisisflow.studies.analytics.labels import LABELS
from crisisflow.studies.analytics.normalisation import Normaliser
from crisisflow.studies.analytics.normalise import read_protected
from crisisflow.studies.analytics.params import NormaliseParams
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.protection import NOTHING, names


def normalised(text: str, params: NormaliseParams, protected: Path | None) -> Iterator[str]:
    """A line for each step that changed something, and what is left; each masked.

    The steps `duplicates` and `language` drop posts of a corpus, and are not shown.

    Args:
        protected: the protected words of a corpus, which the step normalise wrote; None for the names of the lexicons.

    Raises:
        CrisisflowError: what `read_protected` raises.
    """
    if protected is not None:
        own = read_protected(protected)
    else:
        own = NOTHING if params.protect_above is None else NOTHING._replace(names=names())
    before: str | list[str] | None = text
    yield _line("text", text)
    for step, found in Normaliser(params, own.words).trace(text):
        if found != before:
            yield _line(step, found)
            before = found
    yield _line("left", before)


def _line(step: str, found: str | list[str] | None) -> str:
    if found is None:
        return f"{step:<16} too few words: the post is dropped"
    return f"{step:<16} {mask(found if isinstance(found, str) else ' '.join(found))}"


def topic_lines(folder: Path, corpus: str, topic: int, number: int) -> Iterator[str]:
    """The terms and labels of a topic, and its heaviest posts, masked.

    Args:
        folder: of a run's data. number: posts that are shown.

    Raises:
        CrisisflowError: the run has not got so far, or there is no such topic.
    """
    own = folder / "corpora" / corpus
    chosen = read_json(own / "k.json", "k", "seed")
    if topic >= chosen["k"]:
        raise CrisisflowError(f"corpus {corpus} has the topics 0 to {chosen['k'] - 1}, and no topic {topic}")
    name = f"k{chosen['k']}-seed{chosen['seed']}.json"
    scores = read_json(folder / "coherence" / corpus / name, "topics")
    rows = [row for row in read_parquet(own / "labels.parquet", LABELS).to_pylist() if row["topic"] == topic]
    posts = read_parquet(own / "posts.parquet", POSTS).select(["post_id", "text"]).to_pylist()
    texts = {row["post_id"]: row["text"] for row in posts}
    yield f"topic {topic} of {chosen['k']} of {corpus}: {rows[0]['documents']:,} posts"
    yield f"terms: {', '.join(scores['topics'][topic])}"
    for row in rows:
        shares = ", ".join(f"{term} {share:.0%}" for term, share in zip(row["terms"], row["shares"], strict=True))
        yield f"{row['method']}: {row['label']} ({shares})" if shares else f"{row['method']}: no post, no label"
    for post_id, weight in list(zip(rows[0]["posts"], rows[0]["weights"], strict=True))[:number]:
        yield f"{weight:.3f} {post_id}: {mask(' '.join(texts[post_id].split()))}"
