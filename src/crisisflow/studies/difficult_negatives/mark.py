"""Mark: what a first tagger, trained without negatives, marks in the pool (the paper's "model-based approach")."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from crisisflow.artifacts import batched, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.labels import IGNORED, Labels
from crisisflow.params import Name, Seed
from crisisflow.progress import Progress, say
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.bands import MODEL, NO, base_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TRAIN
from crisisflow.studies.difficult_negatives.label_sets import labels_of
from crisisflow.studies.difficult_negatives.marked import MARKED
from crisisflow.studies.difficult_negatives.params import TrainSetting
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams, encoder_of, main_tagger

if TYPE_CHECKING:  # heavy imports
    from crisisflow.studies.difficult_negatives.tag import Job
    from crisisflow.training.loop import Trainer
    from crisisflow.training.state import Best

PARTS = 10  # of the positives; one says when the tagger stops
TEXTS = 4096  # of the pool whose states are kept at once


def run(
    positives: InputFile,
    pool: InputFile,
    taggers: dict[Name, TaggerParams],
    tagging: TaggingParams,
    train: list[TrainSetting],
    further: list[TrainSetting],
    seed: Seed,
    checkpoint: Path,
    out: Path,
) -> None:
    """Write how many spans and words a first tagger marks in each text of the pool; nothing where no setting asks.

    It is the tagger that stands beside the paper's, trained on the crisis tweets alone; a tenth of them stop it.

    Args:
        positives: of the step collection
        pool: of the step pool
        taggers: section difficult_negatives.taggers
        tagging: section difficult_negatives.tagging
        train: difficult_negatives.train
        further: difficult_negatives.further.train
        checkpoint: folder of checkpoints, removed at the end
        out: spans and words by text id, in the order of the pool

    Raises:
        CrisisflowError: the encoder or device is not to be had, a positive has no word in as many subwords, a loss is
            not finite, or memory does not suffice.
    """
    if not any(base_of(name) == MODEL for name in [*train, *further]):
        write_parquet(out, [], MARKED)
        say(f"mark: no setting is {MODEL}; nothing is marked")
        return
    from crisisflow.training import checkpoint as checkpoints

    crisis = [row for row in read_parquet(positives, POSITIVES).to_pylist() if row["role"] == TRAIN]
    labels = labels_of(positives, POSITIVES)
    job, trainer, best = _first_tagger(crisis, labels, taggers, tagging, seed, checkpoint)
    texts = read_parquet(pool, POOL).select(["text_id", "text"]).to_pydict()
    marks: list[tuple[int, int]] = []
    progress = Progress("Marking the pool", len(texts["text"]), shown=job.device.writes)
    for part in batched(texts["text"], TEXTS):
        marks += _marks(job, trainer, best, part)
        progress.advance(len(part))
    progress.close()
    rows = [
        {"text_id": text_id, "spans": spans, "words": words}
        for text_id, (spans, words) in zip(texts["text_id"], marks, strict=True)
    ]
    write_parquet(out, rows, MARKED)
    checkpoints.discard(checkpoint)
    share = sum(spans > 0 for spans, _ in marks) / len(marks)
    say(f"mark: {job.identity} marks {share:.1%} of {len(marks):,} tweets of the pool")


def _first_tagger(
    crisis: Sequence[dict],
    types: Labels,
    taggers: dict[str, TaggerParams],
    tagging: TaggingParams,
    seed: int,
    checkpoint: Path,
) -> "tuple[Job, Trainer, Best]":
    """The tagger, trained on crisis tweets alone."""
    from crisisflow.alignment.bio import align
    from crisisflow.identity import Identity
    from crisisflow.pretrained import check_length, load_tokenizer
    from crisisflow.spans import Span
    from crisisflow.studies.difficult_negatives.folds import folds_of
    from crisisflow.studies.difficult_negatives.tag import Job, fingerprint_of
    from crisisflow.studies.difficult_negatives.word_states import compute_states
    from crisisflow.training.batching import Examples
    from crisisflow.training.device import open_device

    name = main_tagger(taggers)
    row, identity = taggers[name], Identity(STUDY, name, seed, setting=NO)
    encoder = encoder_of(row.embedding)
    check_length(encoder, tagging.max_length, "tagging.max_length")
    spans = [
        [Span(own["text_id"], *(each[key] for key in ("start", "end", "label")), "", "") for each in own["spans"]]
        for own in crisis
    ]
    aligned = list(align(load_tokenizer(encoder), [own["text"] for own in crisis], spans, tagging.max_length, types))
    labels = [[label for label in own.labels if label != IGNORED] for own in aligned]
    if wordless := [own["text_id"] for own, there in zip(crisis, labels, strict=True) if not there]:
        raise CrisisflowError(f"tweet {wordless[0]} has no word in at most max_length subwords; leave it out")
    input_ids = [own.input_ids for own in aligned]
    device = open_device(tagging.device, tagging.threads, 1)
    states = compute_states(row, tagging, input_ids, [own.labels for own in aligned], checkpoint)
    numbers = [own.tolist() for own in states.numbers.split(list(map(len, labels)))]
    examples = Examples([own["text_id"] for own in crisis], numbers, {"labels": labels})
    run = fingerprint_of(identity, row, tagging, examples, input_ids)
    job = Job(identity, row, tagging, states, input_ids if row.tuned else [], device, checkpoint, run, types)
    part = folds_of([own["class"] for own in crisis], PARTS, seed)
    stops, trains = ([at for at, own in enumerate(part) if (own == 0) == stop] for stop in (True, False))
    trainer = job.trainer(f"first tagger, {identity}", checkpoint, run)
    return job, trainer, trainer.fit(job.stages(), examples.at(trains), examples.at(stops))


def _marks(job: "Job", trainer: "Trainer", best: "Best", texts: Sequence[str]) -> list[tuple[int, int]]:
    """The spans and words that it marks in each text."""
    from crisisflow.alignment.bio import align
    from crisisflow.pretrained import load_tokenizer
    from crisisflow.studies.difficult_negatives.tag import words_of
    from crisisflow.studies.difficult_negatives.word_states import compute_states
    from crisisflow.training.batching import Examples

    tokenizer = load_tokenizer(encoder_of(job.row.embedding))
    aligned = list(align(tokenizer, list(texts), [[] for _ in texts], job.tagging.max_length, job.labels))
    there = [at for at, own in enumerate(aligned) if any(label != IGNORED for label in own.labels)]
    found = [(0, 0)] * len(texts)
    if not there:
        return found
    input_ids, labels = ([getattr(aligned[at], name) for at in there] for name in ("input_ids", "labels"))
    states = compute_states(job.row, job.tagging, input_ids, labels, job.folder)
    trainer.model.encoder = job.device.place(words_of(job.row, states, input_ids if job.row.tuned else []))
    lengths = [sum(label != IGNORED for label in own) for own in labels]
    examples = Examples([""] * len(there), [own.tolist() for own in states.numbers.split(lengths)], {})
    predicted = examples.split(trainer.predict(best, examples)["labels"])
    for at, own in zip(there, predicted, strict=True):
        names = [job.labels.bio[label] for label in own]
        found[at] = sum(name.startswith("B-") for name in names), sum(name != "O" for name in names)
    return found
