"""Confident errors: the chosen row's most confident ones, by place; with the text where the corpus is generated."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.alignment.bio import words_of
from crisisflow.alignment.decoding import spans_of
from crisisflow.annotation.span_errors import span_errors
from crisisflow.artifacts import PREDICTIONS, TWEETS, batched, read_json, read_parquet, write_csv
from crisisflow.errors import CrisisflowError
from crisisflow.identity import of_config
from crisisflow.inputs import InputFile
from crisisflow.masking import mask
from crisisflow.pretrained import load_tokenizer
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.rows import of_predictions
from crisisflow.taxonomy import BIO_LABELS, CLASSES

COLUMNS = ("task", "tweet_id", "confidence", "kind", "start", "end", "found")
COLUMNS += ("expected_start", "expected_end", "expected")
TEXT = "text"  # a further column, where texts may be shown
KEPT = 50  # of each task
BATCH = 1000  # tweets that are split into words at a time

Line = dict[str, Any]


def class_errors(predictions: pa.Table) -> Iterator[Line]:
    """Tweets whose predicted class is not theirs."""
    columns = ("tweet_id", "class_id", "predicted_class_id", "class_probabilities")
    for tweet_id, class_id, guess, probabilities in zip(*(predictions[c].to_pylist() for c in columns), strict=True):
        if guess != class_id:
            confidence = probabilities[guess]
            names = {"found": CLASSES[guess], "expected": CLASSES[class_id]}
            yield {"task": "cls", "tweet_id": tweet_id, "confidence": confidence, "kind": "class", **names}


def entity_errors(predictions: pa.Table, texts: dict[str, str], encoder: str, max_length: int) -> Iterator[Line]:
    """Spans that differ from the labels, by their places in the texts (code points).

    The confidence of a span that was found is its score; that of a missed one the least probability of what was
    predicted at its words instead.
    """
    tokenizer = load_tokenizer(encoder)
    columns = ("tweet_id", "labels", "predicted_labels", "label_probabilities")
    rows = zip(*(predictions[column].to_pylist() for column in columns), strict=True)
    for batch in batched(rows, BATCH):
        own = [texts[tweet_id] for tweet_id, *_ in batch]
        encoded = tokenizer(own, truncation=True, max_length=max_length, return_offsets_mapping=True)
        for at, (tweet_id, labels, guess, confidence) in enumerate(batch):
            words = words_of(encoded.word_ids(at), encoded["offset_mapping"][at], own[at])
            scores = [confidence[word.token] for word in words]
            found, known = (
                spans_of(own[at], words, [BIO_LABELS[ids[word.token]] for word in words], scores)
                for ids in (guess, labels)
            )
            for kind, span, gold in span_errors(found, known):
                # spans_of gave the known span the probabilities of what was predicted in its place
                line = {"task": "ner", "tweet_id": tweet_id, "confidence": (span or gold).score, "kind": kind}
                if span:
                    line |= {"start": span.start, "end": span.end, "found": span.label}
                if gold:
                    line |= {"expected_start": gold.start, "expected_end": gold.end, "expected": gold.label}
                yield line


def most_confident(lines: Iterator[Line]) -> list[Line]:
    """The KEPT most confident errors; ties by tweet and place."""
    return sorted(lines, key=lambda line: (-line["confidence"], line["tweet_id"], line.get("start") or 0))[:KEPT]


def run(
    metrics: InputFile,
    tweets: InputFile,
    predictions: Sequence[InputFile],
    out: Path,
    manifest: InputFile | None = None,
) -> None:
    """Write the most confident errors on the validation split, of the row that the policy chooses and its first seed.

    Args:
        metrics: what the step tables found
        predictions: of a row and seed, with the row's config.json beside it; repeat
        out: a CSV, by place
        manifest: of the source; where it says that the corpus is generated, the texts are in `out`; otherwise, and
            without it, there are none

    Raises:
        CrisisflowError: those of the chosen row are not among them, or two are of the same row and seed.
    """
    chosen = read_json(metrics, "chosen_row")["chosen_row"]
    identities = of_predictions(predictions)
    path = next((path for path, identity in identities.items() if identity.row == chosen), None)
    if path is None:
        raise CrisisflowError(f"{metrics} chose row {chosen}, whose predictions are not among those given; give them")
    beside = path.with_name("config.json")
    if of_config(beside, STUDY) != identities[path]:
        raise CrisisflowError(f"{path} is of {identities[path]}, but {beside} is not; make them again")
    table, config = read_parquet(path, PREDICTIONS), read_json(beside)
    lines: list[Line] = []
    corpus = read_parquet(tweets, TWEETS)
    texts = dict(zip(corpus["tweet_id"].to_pylist(), corpus["text"].to_pylist(), strict=True))
    if table["predicted_labels"].null_count == 0:
        lines += most_confident(entity_errors(table, texts, config["row"]["encoder"], config["max_length"]))
    if table["predicted_class_id"].null_count == 0:
        lines += most_confident(class_errors(table))
    columns = COLUMNS
    if manifest is not None and read_json(manifest)["source"] == "sample":
        columns += (TEXT,)
        lines = [{**line, TEXT: marked(line, mask(texts[line["tweet_id"]]))} for line in lines]
    write_csv(out, columns, [[_cell(line.get(column)) for column in columns] for line in lines])


def _cell(value: Any) -> Any:
    return f"{value:.4f}" if isinstance(value, float) else value


# The signs around a span that was found and around one that was expected, by place: where several meet, those that end
# a span stand before those that begin one.
SIGNS = (("end", "]"), ("expected_end", "}"), ("expected_start", "{"), ("start", "["))


def marked(line: Line, text: str) -> str:
    """The text with the span that was found in [] and the one that was expected in {}."""
    signs = sorted(
        (int(line[column]), rank, sign) for rank, (column, sign) in enumerate(SIGNS) if line.get(column, "") != ""
    )
    for place, _, sign in reversed(signs):
        text = text[:place] + sign + text[place:]
    return text


def shown(line: dict[str, str], text: str) -> str:
    """One error for a person: what was found and expected, and the text on one line, masked and `marked`.

    repr makes harmless what would steer a terminal.
    """
    text = mask(text)
    head = f"{line['tweet_id']}  {line['confidence']}  {line['kind']}: "
    if line["task"] == "cls":
        return f"{head}{line['found']}, expected {line['expected']}\n    {text!r}"
    parts = []
    for name, start, end in (("found", "start", "end"), ("expected", "expected_start", "expected_end")):
        if line[name]:
            stretch = text[int(line[start]) : int(line[end])]
            parts.append(f"{name} {line[name]} {stretch!r} at {line[start]}-{line[end]}")
    return f"{head}{', '.join(parts)}\n    {marked(line, text)!r}"


def show(errors: Path, tweets: Path, task: str | None, number: int) -> Iterator[str]:
    """The first errors of each task, or of one, with their texts.

    Raises:
        CrisisflowError: the errors or the corpus are not here, or not of one run.
    """
    if not errors.exists():
        raise CrisisflowError(f"{errors} does not exist yet: make the study first, with make reproduce")
    if not tweets.exists():
        raise CrisisflowError(f"{tweets} is not here, and {errors} holds no texts; bring it: dvc pull {tweets}")
    corpus = read_parquet(tweets, TWEETS)
    texts = dict(zip(corpus["tweet_id"].to_pylist(), corpus["text"].to_pylist(), strict=True))
    from crisisflow.reporting.exhibits import read_cells  # it loads pandas

    try:
        table = read_cells(errors)[list(COLUMNS)]
    except (ValueError, KeyError):
        raise CrisisflowError(
            f"{errors} is not what the step confident_errors writes; run snakemake, or dvc checkout"
        ) from None
    for name, own in table.groupby("task", sort=False):
        if task in (None, name):
            for line in own.head(number).to_dict("records"):
                if line["tweet_id"] not in texts:
                    raise CrisisflowError(
                        f"{errors} is of another corpus than {tweets}: run snakemake, or dvc checkout"
                    )
                yield shown(line, texts[line["tweet_id"]])
