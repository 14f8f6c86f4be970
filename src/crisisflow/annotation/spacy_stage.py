"""Annotation stage 1: spaCy's own entities, mapped to the taxonomy.

The pipelines were trained on edited text. What a tweet has besides (signs of hashtags, handles, the retweet mark) is
therefore hidden from them, place for place, and what they then take for a name is checked and its borders mended.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.annotation.memory_zones import in_memory_zones
from crisisflow.annotation.names_lexicon import Names, load_names
from crisisflow.annotation.postprocess import postprocess
from crisisflow.annotation.reading import read
from crisisflow.errors import CrisisflowError
from crisisflow.imports import left_out
from crisisflow.inputs import InputFile
from crisisflow.params import SpacyParams
from crisisflow.pretrained import EMBEDDED_PREFIX, embedded_folder
from crisisflow.spans import BATCH, Span, gather, hide_contacts

if TYPE_CHECKING:
    from spacy.language import Language

# What gives tokens their vectors; the rest of a pipeline (tagger, parser ...) is not needed to find entities.
VECTORS = ("tok2vec", "transformer")

_HIDDEN = re.compile(r"^RT(?= @)|@\w+|#")


def hide(text: str) -> str:
    """The text as spaCy reads it: signs of hashtags, handles, URLs and the retweet mark are blanks, so offsets stay."""
    return _HIDDEN.sub(lambda match: " " * len(match[0]), hide_contacts(text))


@lru_cache(maxsize=1)
def load_pipeline(model: str) -> "Language":
    """Load, once, only what NER needs of a spaCy pipeline: `embedded:NAME`, or an installed package `NAME==VERSION`.

    Raises:
        CrisisflowError: the package is not installed, of another version, or has no NER.
    """
    embedded = model.startswith(EMBEDDED_PREFIX)
    # Which has no use for torch: to import it takes a second and 200 MB.
    with left_out("torch") if embedded else nullcontext():
        import spacy

    package, _, version = model.partition("==")
    name = embedded_folder(model.removeprefix(EMBEDDED_PREFIX)) if embedded else package
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


@lru_cache(maxsize=1)
def _names(lexicon: str) -> Names:
    return load_names(lexicon)


def annotate(texts: Iterable[tuple[str, str]], params: SpacyParams) -> Iterator[Span]:
    """Yield the mapped entities of (tweet_id, text) pairs, tweet by tweet; the rule is spaCy's own label."""
    nlp = load_pipeline(params.model)
    names = _names(params.lexicon)
    for zone in in_memory_zones(nlp, texts):
        readings = ((tweet_id, read(text)) for tweet_id, text in zone)
        hidden_texts = ((hide(reading.form), (tweet_id, reading)) for tweet_id, reading in readings)
        for doc, (tweet_id, reading) in nlp.pipe(hidden_texts, as_tuples=True, batch_size=BATCH):
            text, hidden = reading.form, doc.text
            for entity in doc.ents:
                label = params.types.get(entity.label_)
                covered = entity.text.strip()
                if label is None or not covered:
                    continue
                start = entity.start_char + entity.text.index(covered)
                found = postprocess(hidden, start, start + len(covered), label, names)
                # What a hashtag stands for is the ruler's to say: spaCy guesses at words it never saw.
                if found and text[found.start - 1 : found.start] != "#":
                    rule = f"spacy.{entity.label_.lower()}"
                    start, end = reading.original(found.start, found.end)
                    yield Span(tweet_id, start, end, found.label.value, "spacy", rule)


def run(shards: Sequence[InputFile], out: Path) -> None:
    """Join the spans that the step spacy_shard wrote.

    Args:
        shards: the span file of a shard; repeat, in their order

    Raises:
        CrisisflowError: a shard is absent or damaged.
    """
    gather(shards, out)
