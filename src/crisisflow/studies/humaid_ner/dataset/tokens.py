"""Tokens: the tweets as spaCy's blank English tokenizer splits them, their spans laid on the tokens.

CoNLL and DocBin know only spans of whole tokens. A span takes the tokens whose first character it covers, as it takes
words in alignment/bio.py: a tokenizer that knew the spans would tell a model where they begin.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.alignment.bio import Word, decode, encode, fates_of
from crisisflow.artifacts import batched
from crisisflow.studies.humaid_ner.dataset.tweets import Tweet
from crisisflow.taxonomy import CLASSES

if TYPE_CHECKING:  # a heavy import
    from spacy.tokens import Doc

BATCH = 1000


class Tokenised(NamedTuple):
    """A tweet, its tokens with the spans as entities and the class as category, and what became of each span."""

    tweet: Tweet
    doc: "Doc"
    fates: list[tuple[str, str]]


def tokenise(tweets: Iterable[Tweet]) -> Iterator[list[Tokenised]]:
    """Yield the tweets in batches; a batch's docs are to be used before the next batch is asked for."""
    import spacy

    nlp = spacy.blank("en")
    for batch in batched(tweets, BATCH):
        # Words that were met within it are forgotten at its end, so that memory does not grow with the tweets.
        with nlp.memory_zone():
            yield [_lay(tweet, nlp.make_doc(tweet.text)) for tweet in batch]


def _lay(tweet: Tweet, doc: "Doc") -> Tokenised:
    # White space that is a token of its own is no word: a span can go across it, but not begin with it.
    words = [Word(token.idx, token.idx + len(token), token.i) for token in doc if not token.is_space]
    found = decode(words, encode(words, tweet.spans))
    doc.ents = [doc.char_span(*span) for span in found]
    doc.cats = {label: float(label == tweet.class_label) for label in CLASSES}
    return Tokenised(tweet, doc, fates_of(tweet.spans, found, len(tweet.text)))
