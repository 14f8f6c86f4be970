"""Terms: words and pairs of neighbours, how rare each is, and its weight in each post (Khatoon et al. 2021, Eq. 1-3).

Sources: Tf(t,d) = 1 + log10(count of t in d), 0 where it does not occur (Eq. 1); IDF(t) = log10(N / df_t) (Eq. 2); the
weight is their product (Eq. 3, a picture in the paper; the product follows from the sentence around it).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from math import log10
from pathlib import Path

import numpy as np
import pyarrow as pa

from crisisflow.artifacts import parquet_writer, read_in_parts, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.normalise import NORMALISED
from crisisflow.studies.analytics.params import TermsParams

# In the order of the alphabet, by which a term has its number. `words`: 1 or 2. `df`: posts that have it; `count`: its
# occurrences.
TERMS = pa.schema(
    [
        ("term", pa.string()),
        ("words", pa.int8()),
        ("df", pa.int32()),
        ("count", pa.int64()),
        ("idf", pa.float64()),
    ]
)
# The terms of each post by their numbers, each once, rising; how often each occurs, and its weight (Eq. 3). `length`:
# the occurrences of all of them. Posts without a term are there too.
DOCUMENTS = pa.schema(
    [
        ("post_id", pa.string()),
        ("terms", pa.list_(pa.int32())),
        ("counts", pa.list_(pa.int32())),
        ("weights", pa.list_(pa.float64())),
        ("length", pa.int32()),
    ]
)


def terms_of(words: Sequence[str], ngrams: Sequence[int]) -> Iterator[str]:
    """The terms of a post, each as often as it occurs: words, and neighbours with a blank between them."""
    singles = words if 1 in ngrams else ()
    pairs = (" ".join(pair) for pair in pairwise(words)) if 2 in ngrams else ()
    return chain(singles, pairs)


def frequency(count: int) -> float:
    """Eq. 1, of a term that occurs."""
    return 1 + log10(count)


def rarity(posts: int, df: int) -> float:
    """Eq. 2."""
    return log10(posts / df)


def run(normalised: InputFile, corpus: str, params: TermsParams, out: Path, documents: Path, counts: Path) -> None:
    """Write the terms of a corpus, and those of each post, post by post.

    Args:
        corpus: its name, for messages
        params: section analytics.terms
        out: the terms, with df and idf
        documents: the terms of each post with their weights, in the order of the posts
        counts: JSON

    Raises:
        CrisisflowError: no term is in as many posts as min_df and max_df ask for.
    """
    posts = 0
    df: Counter[str] = Counter()
    occurrences: Counter[str] = Counter()
    for words in _words(normalised):
        posts += 1
        own = Counter(terms_of(words, params.ngrams))
        df.update(own.keys())
        occurrences.update(own)
    chosen = sorted(term for term, own in df.items() if params.min_df <= own <= params.max_df * posts)
    if not chosen:
        raise CrisisflowError(
            f"corpus {corpus}: none of its {len(df):,} terms is in at least {params.min_df} and at most "
            f"{params.max_df:.0%} of {posts:,} posts; lower analytics.terms.min_df"
        )
    rows = [
        {
            "term": term,
            "words": 1 + term.count(" "),
            "df": df[term],
            "count": occurrences[term],
            "idf": rarity(posts, df[term]),
        }
        for term in chosen
    ]
    number = {term: at for at, term in enumerate(chosen)}
    idf = np.array([row["idf"] for row in rows])
    empty = 0
    with parquet_writer(documents, DOCUMENTS) as append:
        for table in read_in_parts(normalised, NORMALISED):
            part = [document(row["post_id"], row["words"], params, number, idf) for row in table.to_pylist()]
            empty += sum(not row["terms"] for row in part)
            append(pa.Table.from_pylist(part, schema=DOCUMENTS))
    write_parquet(out, rows, TERMS)
    facts = {
        "study": STUDY,
        "corpus": corpus,
        "posts": posts,
        "terms": {str(size): sum(row["words"] == size for row in rows) for size in sorted(params.ngrams)},
        "terms_before": len(df),
        "posts_without_terms": empty,
    }
    write_json(counts, facts)
    say(f"terms: {len(rows):,} of {len(df):,} of {corpus}; {empty:,} of {posts:,} posts have none")


def _words(normalised: Path) -> Iterator[list[str]]:
    for table in read_in_parts(normalised, NORMALISED):
        yield from table["words"].to_pylist()


def document(
    post_id: str, words: Sequence[str], params: TermsParams, number: dict[str, int], idf: np.ndarray
) -> dict[str, object]:
    """A post as a line of DOCUMENTS.

    Args:
        words: of the post. number: of each term of the corpus. idf: of each term, by number.
    """
    own = Counter(number[term] for term in terms_of(words, params.ngrams) if term in number)
    terms = sorted(own)
    return {
        "post_id": post_id,
        "terms": terms,
        "counts": [own[term] for term in terms],
        "weights": [frequency(own[term]) * idf[term] for term in terms],
        "length": own.total(),
    }
