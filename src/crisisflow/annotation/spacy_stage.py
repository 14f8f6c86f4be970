"""Annotation stage 1: spaCy's own entities, mapped to the taxonomy.

The pipelines were trained on edited text. What a tweet has besides (signs of hashtags, handles, the retweet mark) is
therefore hidden from them, place for place, and what they then take for a name is checked and its borders mended.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.annotation.lexicon import Names, load_names
from crisisflow.annotation.span import BATCH, WHOLE, ZONE, Span, read_texts, write_spans
from crisisflow.artifacts import batched
from crisisflow.errors import CrisisflowError
from crisisflow.params import SpacyParams
from crisisflow.pretrained import EMBEDDED_PREFIX, embedded_folder
from crisisflow.taxonomy import EntityType

if TYPE_CHECKING:
    from spacy.language import Language

# What gives tokens their vectors; the rest of a pipeline (tagger, parser ...) is not needed to find entities.
VECTORS = ("tok2vec", "transformer")

_HIDDEN = re.compile(r"^RT(?= @)|@\w+|#")
# A name ends where a headline's source or verb, another hashtag, a handle or an emoji begins.
_BREAK = re.compile(
    r"[^\S ]|\s{2,}|\s[-–—|•:]+(?:\s|$)|[|•:;()\[\]\"“”]|https?\b|[^\x00-\u024f\u2010-\u203f]"
    r"|\s(?:Launch|Donat|Announc|Say|Warn|Urge|Join|Help|Send|Give|Pledge|Raise|Offer|Open|Pray|Call)(?:e?s)\b"
)
_LEADING = re.compile(
    r"(?:the|a|an|this|that|our|your|my|all|in|at|of|near|to|from|for|rt|via|and)\s+|&\s*", re.IGNORECASE
)
# "City of Leland", "Manica province": what a place is, where it is no part of its name.
_KIND_OF = re.compile(r"(?:city|town|county|state|province|village|district|island|republic)\s+of\s+", re.IGNORECASE)
_KIND = re.compile(r"\s+(?:city|town|county|province|village|district|township|region|area|airport)$")
_COMPASS = re.compile(
    r"(?:(?:north|south)?(?:east|west)(?:ern)?|(?:north|south)(?:ern)?|central|[ns]?[ew]|[ns])[\s-]+", re.IGNORECASE
)
_TRAILING = re.compile(r"(?:['’]s?|[^\w.%)]+)$")
_WORD = re.compile(r"\w+")
_NO_AMOUNTS = {"one", "half", "quarter", "a quarter", "third", "two thirds", "911"}
# A phone number, a date, a road, a clock time.
_LONGER_BEFORE = re.compile(
    r"(?:\w[-/.:]|/|\b(?:highway|hwy|route|exit|advisory|agenda|channel|no\.?|ground) )$", re.IGNORECASE
)
_LONGER_BEHIND = re.compile(
    r"\s?[-/:]\s?\w|[.,]\d|\)|[\s-]*(?:yrs?|years?|y/?o|months?|mos?|days?|weeks?|hours?|hrs?|min(?:ute)?s?|am|pm)\b",
    re.IGNORECASE,
)
_NO_AMOUNT = re.compile(r"\d{7}|\d(?!k\b|m\b|bn\b|mn\b|cr\b)[a-z]", re.IGNORECASE)
_NAMES = {EntityType.LOCATION, EntityType.ORGANIZATION, EntityType.PERSON}


def hide(text: str) -> str:
    """The text as spaCy reads it: signs of hashtags, handles and the retweet mark are blanks, so offsets stay."""
    return _HIDDEN.sub(lambda match: " " * len(match[0]), text)


def tidy(text: str, start: int, end: int, label: EntityType, names: Names) -> tuple[int, int] | None:
    """The borders of a name as the guideline draws them (docs/annotation_guideline.md), or None if it is no name.

    `text` is what spaCy read (`hide`). A LOCATION loses its compass word, which spaCy takes for a part of the name;
    where it is one ("South Africa"), the gazetteers of stage 2 have the longer span.
    """
    if label not in _NAMES:
        return (start, end) if _is_amount(text, start, end) else None
    if broken := _BREAK.search(text, start, end):
        end = broken.start()
    place = label == EntityType.LOCATION
    for leading in (_LEADING, _COMPASS, _KIND_OF) if place else (_LEADING,):
        if (found := leading.match(text, start, end)) and found.end() < end:
            start = found.end()
    for trailing in (_TRAILING, _KIND) if place else (_TRAILING,):
        while start < end and (found := trailing.search(text[start:end])):
            end = start + found.start()
    words = _WORD.findall(text[start:end].lower())
    shouted = label == EntityType.PERSON and text[start:end].isupper()
    if (
        shouted
        or not any(map(str.isupper, text[start:end]))
        or not _is_name(words, text[:start].lower().split()[-1:], label, names)
    ):
        return None
    return start, end


def _is_amount(text: str, start: int, end: int) -> bool:
    """Whether a number that spaCy found is an amount: no share, age, date, pronoun, or part of a longer number."""
    found = text[start:end]
    if found.lower() in _NO_AMOUNTS or "/" in found or not _WORD.search(found) or _NO_AMOUNT.search(found):
        return False
    longer = _LONGER_BEFORE.search(text, 0, start) or _LONGER_BEHIND.match(text, end)
    age = text[:start].endswith(", ") and text[end : end + 1] == "," and len(found) == 2
    return not (longer or age)


def _is_name(words: list[str], before: list[str], label: EntityType, names: Names) -> bool:
    """Whether the words of a span may be a name of its type; `before` holds the word before it, if there is one."""
    lists = names.lists
    if label == EntityType.ORGANIZATION:
        if not lists.not_organisations.isdisjoint(words):
            return False
        # One such word and another: "Army" alone is a kind, as is "Bank, Council".
        named = not lists.organisation_words.issuperset(words) and not lists.organisation_words.isdisjoint(words)
        return named or not lists.organisations.isdisjoint(words)
    if not lists.not_names.isdisjoint(words):
        return False
    if label == EntityType.PERSON:
        # The small pipelines take any single word with a capital for a person.
        other = lists.place_words | lists.organisation_words | names.places
        return len(words) > 1 and "".join(words).isalpha() and other.isdisjoint(words)
    if label == EntityType.LOCATION and " ".join(words) not in names.places:
        if len(words) > 1:
            return not lists.place_words.isdisjoint((words[0], words[-1]))
        from wordfreq import zipf_frequency

        return not lists.place_prepositions.isdisjoint(before) and zipf_frequency(words[0], "en") < lists.place_zipf
    return True


def load_pipeline(model: str) -> "Language":
    """Load only what NER needs of a spaCy pipeline: `embedded:NAME`, or an installed package `NAME==VERSION`.

    Raises:
        CrisisflowError: the package is not installed, of another version, or has no NER.
    """
    import spacy

    package, _, version = model.partition("==")
    name = embedded_folder(model.removeprefix(EMBEDDED_PREFIX)) if model.startswith(EMBEDDED_PREFIX) else package
    try:
        nlp = spacy.load(name, exclude=["tagger", "parser", "senter", "attribute_ruler", "lemmatizer"])
    except OSError as error:
        raise CrisisflowError(
            f"annotation.spacy.model: {model!r} is no installed spaCy pipeline; install it with: "
            f"python -m spacy download {package}-{version or 'VERSION'} --direct"
        ) from error
    if name == package and nlp.meta["version"] != version:
        raise CrisisflowError(
            f"annotation.spacy.model: {model!r} is asked for, installed is version {nlp.meta['version']}; name it as "
            f"{package}==VERSION"
        )
    if "ner" not in nlp.pipe_names:
        raise CrisisflowError(f"annotation.spacy.model: {model!r} has no entity recogniser")
    for pipe in VECTORS:
        if pipe in nlp.pipe_names and "ner" not in nlp.get_pipe(pipe).listening_components:
            nlp.remove_pipe(pipe)
    return nlp


def annotate(texts: Iterable[tuple[str, str]], params: SpacyParams) -> Iterator[Span]:
    """Yield the mapped entities of (tweet_id, text) pairs, tweet by tweet; the rule is spaCy's own label."""
    nlp = load_pipeline(params.model)
    names = load_names(params.lexicon)
    pairs = ((hide(text), (tweet_id, text)) for tweet_id, text in texts)
    for zone in batched(pairs, ZONE):
        # Words that were met within it are forgotten at its end, so that memory does not grow with the tweets.
        with nlp.memory_zone():
            for doc, (tweet_id, text) in nlp.pipe(zone, as_tuples=True, batch_size=BATCH):
                for entity in doc.ents:
                    label = params.types.get(entity.label_)
                    covered = entity.text.strip()
                    if label is None or not covered:
                        continue
                    start = entity.start_char + entity.text.index(covered)
                    borders = tidy(doc.text, start, start + len(covered), label, names)
                    # What a hashtag stands for is the ruler's to say: spaCy guesses at words it never saw.
                    if borders and not (label in _NAMES and text[borders[0] - 1 : borders[0]] == "#"):
                        yield Span(tweet_id, *borders, label.value, "spacy", f"spacy.{entity.label_.lower()}")


def run(tweets: Path, params: SpacyParams, out: Path, shard: str = WHOLE) -> None:
    """Write the spans of stage 1 for a shard of a tweets file, or for all of it.

    Raises:
        CrisisflowError: the tweets file, the shard or the pipeline is not there or not as it should be.
    """
    write_spans(out, annotate(read_texts(tweets, "spacy_stage", shard), params))
