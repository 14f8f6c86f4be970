"""Annotation stage 1: spaCy's own entities, mapped to the taxonomy."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.annotation.span import Span, read_texts, write_spans
from crisisflow.errors import CrisisflowError
from crisisflow.params import SpacyParams
from crisisflow.pretrained import EMBEDDED_PREFIX, embedded_folder
from crisisflow.progress import tracked

if TYPE_CHECKING:
    from spacy.language import Language

# Fixed, whatever the number of processes: each batch is computed as a whole, so the bytes stay the same.
BATCH = 256
# What gives tokens their vectors; the rest of a pipeline (tagger, parser ...) is not needed to find entities.
VECTORS = ("tok2vec", "transformer")


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


def annotate(texts: Iterable[tuple[str, str]], params: SpacyParams, processes: int = 1) -> Iterator[Span]:
    """Yield the mapped entities of (tweet_id, text) pairs, tweet by tweet; the rule is spaCy's own label."""
    nlp = load_pipeline(params.model)
    pairs = ((text, tweet_id) for tweet_id, text in texts)
    for doc, tweet_id in nlp.pipe(pairs, as_tuples=True, batch_size=BATCH, n_process=processes):
        for entity in doc.ents:
            label = params.types.get(entity.label_)
            covered = entity.text.strip()
            if label is None or not covered:
                continue
            start = entity.start_char + entity.text.index(covered)
            yield Span(tweet_id, start, start + len(covered), label.value, "spacy", f"spacy.{entity.label_.lower()}")


def run(tweets: Path, params: SpacyParams, out: Path, processes: int) -> None:
    """Write the spans of stage 1; `processes` changes the speed, not the bytes."""
    texts = read_texts(tweets)
    write_spans(out, annotate(tracked(texts, "spacy_stage", len(texts)), params, processes))
