"""Datasets: the train and test settings of the paper's Table 2, as one table of aligned tweets."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisisflow.alignment.bio import FATES, align
from crisisflow.artifacts import batched, read_parquet, write_json, write_parquet
from crisisflow.corpus.normalise_steps import Step
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.identity import Alignment, identified
from crisisflow.inputs import InputFile
from crisisflow.params import Line, Positive, Seed
from crisisflow.pretrained import bare_name, check_length, load_tokenizer
from crisisflow.progress import say
from crisisflow.spans import Span
from crisisflow.studies.difficult_negatives import STUDY
from crisisflow.studies.difficult_negatives.bands import base_of, quota_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TEST, TRAIN
from crisisflow.studies.difficult_negatives.extra_tests import Extra, draw, read_negatives
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD, ROLE
from crisisflow.studies.difficult_negatives.label_sets import labelled, labels_of
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.params import ExtraTestsParams, TestSetting, TrainSetting
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.tagger_params import encoder_of

BATCH = 1000

# One row for each tweet and role. `settings`: those of the role that it is in; a positive is in all of them. `classes`:
# in each of these its class; of a negative that for which it was taken, or null. `labels`: numbers of the BIO labels of
# the file's types (label_sets.py) on the first subword of each word, else -100. `truncated_spans`: those that end
# behind the last subword. No text is here.
DATASETS = pa.schema(
    [
        ("text_id", pa.string()),
        ("role", pa.string()),
        ("positive", pa.bool_()),
        ("settings", pa.list_(pa.string())),
        ("classes", pa.list_(pa.string())),
        ("input_ids", pa.list_(pa.int32())),
        ("labels", pa.list_(pa.int64())),
        ("truncated_spans", pa.int32()),
    ]
)


def _members(
    crisis: Sequence[Mapping[str, Any]],
    mined: Sequence[Mapping[str, Any]],
    texts: Mapping[str, str],
    settings: Mapping[str, Sequence[str]],
    judged: Mapping[tuple[str, str], Sequence[Extra]],
    gold: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[dict[str, Any], str, list[Span]]]:
    """Each tweet of each role, with its text and spans: positives, negatives in their order, judged ones, gold.

    Args:
        settings: by role, those that people judged among them. judged: negatives of these, by role and setting.
        gold: tweets with gold spans, whose setting is their set.

    Raises:
        CrisisflowError: a negative is not in the pool.
    """
    for role, names in settings.items():
        for row in crisis:
            if row["role"] == role:
                own = {"text_id": row["text_id"], "role": role, "positive": True, "settings": list(names)}
                yield {**own, "classes": [row["class"]] * len(names)}, row["text"], _spans(row)
        inside: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in sorted(mined, key=itemgetter("position")):
            if row["role"] == role and row["setting"] in names:
                inside[row["text_id"]].append(row)
        for text_id, rows in inside.items():
            if text_id not in texts:
                raise CrisisflowError(f"the negative {text_id} is not in the pool; make both again")
            own = {"text_id": text_id, "role": role, "positive": False, "settings": [row["setting"] for row in rows]}
            yield {**own, "classes": [row["class"] for row in rows]}, texts[text_id], []
    for role in settings:
        members: dict[Extra, list[str]] = defaultdict(list)
        for (own_role, name), negatives in judged.items():
            if own_role == role:
                for each in negatives:
                    members[each].append(name)
        for each, names in members.items():
            own = {"text_id": each.text_id, "role": role, "positive": False, "settings": names}
            yield {**own, "classes": [None] * len(names)}, each.text, []
    for row in gold:
        own = {"text_id": row["text_id"], "role": ROLE, "positive": True, "settings": [row["gold_set"]]}
        yield {**own, "classes": [row["class"]]}, row["text"], _spans(row)


def _spans(row: Mapping[str, Any]) -> list[Span]:
    return [Span(row["text_id"], own["start"], own["end"], own["label"], "", "") for own in row["spans"]]


def run(
    positives: InputFile,
    pool: InputFile,
    mined: InputFile,
    gold: InputFile,
    encoder: Line,
    max_length: Positive,
    train: list[TrainSetting],
    further: list[TrainSetting],
    test: list[TestSetting],
    extra_tests: ExtraTestsParams,
    steps: list[Step],
    seed: Seed,
    out: Path,
    counts: Path,
) -> None:
    """Write the aligned tweets of all settings, and how many each has.

    Args:
        positives: of the step collection
        pool: of the step pool
        mined: of the step mine_bands
        gold: of the step gold
        encoder: whose tokenizer, as embedded:NAME, NAME@REVISION, or a folder; or static vectors, as glove:PATH
        max_length: difficult_negatives.tagging.max_length
        train: difficult_negatives.train
        further: difficult_negatives.further.train
        test: difficult_negatives.test
        extra_tests: section difficult_negatives.extra_tests
        steps: difficult_negatives.normalise
        seed: of the draw of what people judged
        counts: JSON; tweets of each setting, and what became of the spans

    Raises:
        CrisisflowError: the encoder cannot be loaded or takes no such sequences, or the files are of different runs.
    """
    encoder = encoder_of(encoder)
    check_length(encoder, max_length, "tagging.max_length")
    tokenizer = load_tokenizer(encoder)
    crisis = read_parquet(positives, POSITIVES).to_pylist()
    ordinary = read_parquet(pool, POOL).select(["text_id", "text"]).to_pydict()
    texts = dict(zip(ordinary["text_id"], ordinary["text"], strict=True))
    found = read_parquet(mined, MINED).to_pylist()
    labels = labels_of(positives, POSITIVES)
    known = {tokens(row["text"]) for row in crisis}
    number = Counter(row["role"] for row in crisis)
    trained = list(dict.fromkeys([*train, *further]))
    judged: dict[tuple[str, str], Sequence[Extra]] = {}
    for name, folder in extra_tests.named().items():
        quotas = {own: quota_of(own, number[TRAIN]) for own in trained if base_of(own) == name}
        wanted = number[TEST] + max(quotas.values(), default=0)
        drawn = draw(name, read_negatives(name, Path(folder), steps, known), wanted, seed)
        judged[TEST, name] = drawn[: number[TEST]]
        judged |= {(TRAIN, own): drawn[number[TEST] :][:quota] for own, quota in quotas.items()}
    settings = {TRAIN: trained, TEST: [*test, *extra_tests.named()]}
    known_spans = read_parquet(gold, GOLD).to_pylist()
    rows: list[dict[str, Any]] = []
    fates: Counter[str] = Counter()
    for batch in batched(_members(crisis, found, texts, settings, judged, known_spans), BATCH):
        aligned = align(tokenizer, [text for _, text, _ in batch], [spans for _, _, spans in batch], max_length, labels)
        for (row, _, _), own in zip(batch, aligned, strict=True):
            truncated = sum(fate == "truncated" for _, fate in own.fates)
            rows.append({**row, "input_ids": own.input_ids, "labels": own.labels, "truncated_spans": truncated})
            if row["role"] != ROLE:
                fates.update(fate for _, fate in own.fates)
    schema = identified(labelled(DATASETS, labels), Alignment(STUDY, bare_name(encoder), max_length))
    write_parquet(out, rows, schema)
    facts = [
        {
            "role": role,
            "setting": name,
            "positives": sum(row["positive"] for row in rows if row["role"] == role),
            "negatives": sum(not row["positive"] and name in row["settings"] for row in rows if row["role"] == role),
        }
        for role, names in {**settings, ROLE: list(dict.fromkeys(row["gold_set"] for row in known_spans))}.items()
        for name in names
    ]
    write_json(counts, {"settings": facts, "spans": {fate: fates[fate] for fate in FATES}})
    say(f"datasets: {len(rows):,} tweets in {len(facts)} settings")
