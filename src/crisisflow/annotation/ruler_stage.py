"""Annotation stage 2: spaCy's entity ruler over the phrases, token patterns and gazetteers of the lexicons."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from crisisflow.annotation.lexicon import Ruler, Tag, load_ruler
from crisisflow.annotation.span import Span, read_texts, write_spans
from crisisflow.params import LexiconParams
from crisisflow.progress import tracked
from crisisflow.taxonomy import EntityType

if TYPE_CHECKING:  # a heavy import
    from spacy.language import Language

SOURCE = "ruler"
HASHTAG = re.compile(r"#(\w+)")


class _Ruler(NamedTuple):
    """The pipeline and what reads hashtags."""

    nlp: "Language"
    lexicons: Ruler
    hashtag: Callable[[str], tuple[int, Tag] | None]


@lru_cache(maxsize=1)
def _ruler(names: tuple[str, ...]) -> _Ruler:
    import spacy

    lexicons = load_ruler(names)
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"}).add_patterns(lexicons.patterns)
    # Second, so that an abbreviation loses against a phrase that holds it: "US Army".
    exact = nlp.add_pipe("entity_ruler", name="exact", config={"phrase_matcher_attr": "ORTH"})
    exact.add_patterns(lexicons.exact)
    return _Ruler(nlp, lexicons, _hashtag_reader(lexicons))


def _hashtag_reader(lexicons: Ruler) -> Callable[[str], tuple[int, Tag] | None]:
    """A function from a hashtag's word to what it stands for and where in the word that begins."""
    openers = re.compile("|".join(map(re.escape, lexicons.hashtag_openers)) or r"(?!)")

    # Hashtags repeat: some ten make up half of all.
    @lru_cache(maxsize=100_000)
    def read(word: str) -> tuple[int, Tag] | None:
        lower = word.lower()
        if tag := lexicons.tags.get(lower):
            return 0, tag
        for pattern, tag in lexicons.hashtags:
            if pattern.fullmatch(lower):
                return 0, tag
        if tag := lexicons.place_tags.get(lower):
            return 0, tag
        # A letter whose lower-case form is longer would shift what follows.
        if (opener := openers.match(lower)) and len(lower) == len(word):
            rest = lower[opener.end() :]
            tag = lexicons.tags.get(rest) or lexicons.place_tags.get(rest)
            if tag and tag.label == EntityType.LOCATION:
                return opener.end(), tag
        return None

    return read


def annotate(texts: Iterable[tuple[str, str]], params: LexiconParams) -> Iterator[Span]:
    """The ruler's spans of (tweet_id, text) pairs, tweet by tweet; those of one tweet do not overlap.

    Raises:
        CrisisflowError: a lexicon is unknown or broken.
    """
    ruler = _ruler(tuple(params.lexicons))
    pairs = ((text, tweet_id) for tweet_id, text in texts)
    for doc, tweet_id in ruler.nlp.pipe(pairs, as_tuples=True):
        text = doc.text
        found: list[Span] = []
        for match in HASHTAG.finditer(text):
            if read := ruler.hashtag(match[1]):
                offset, tag = read
                found.append(Span(tweet_id, match.start(1) + offset, match.end(1), tag.label, SOURCE, tag.rule))
        for entity in doc.ents:
            start, end, rule = entity.start_char, entity.end_char, entity.ent_id_
            cased = rule in ruler.lexicons.cased or entity.text in ruler.lexicons.words
            if not (cased and _lower_word(text, start, end)):
                found.append(Span(tweet_id, start, end, entity.label_, SOURCE, rule))
        yield from _longest(found)


def _longest(spans: list[Span]) -> list[Span]:
    """Spans without overlap, in their order; the longer of two goes first, then the one that is listed first."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start - span.end):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept)


def _lower_word(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is one lower-case word outside a hashtag, as "nice" or "mobile" are."""
    word = text[start:end]
    return word.islower() and " " not in word and text[start - 1 : start] != "#"


def run(tweets: Path, params: LexiconParams, out: Path) -> None:
    """Write the ruler's spans of a tweets file to `out`.

    Raises:
        CrisisflowError: the tweets file or a lexicon is absent or broken.
    """
    texts = read_texts(tweets)
    write_spans(out, annotate(tracked(texts, "ruler", len(texts)), params))
