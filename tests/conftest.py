"""A small encoder of real architecture, built here: tests train it in seconds."""

from itertools import chain
from pathlib import Path

import dvc  # noqa: F401  its logger keeps the streams of its first import, which a test would close at its end
import pytest
import torch
from hypothesis import settings

from crisisflow.artifacts import ALIGNED, write_parquet
from crisisflow.identity import Alignment, identified
from crisisflow.labels import IGNORED
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.taxonomy import BIO_LABELS, CLASSES

# A busy machine is no fault of the code.
settings.register_profile("crisisflow", deadline=None)
settings.load_profile("crisisflow")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A four-layer BERT with random weights and the embedded tokenizer, saved as transformers saves it."""
    from transformers import BertConfig, BertModel

    from crisisflow.pretrained import load_tokenizer

    folder = tmp_path_factory.mktemp("tiny") / "encoder"
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30_522, hidden_size=32, num_hidden_layers=4, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    load_tokenizer("embedded:minilm-l6").save_pretrained(folder)
    return folder


def aligned_rows(size: int) -> list[dict]:
    """Tweets of random subwords whose labels and class follow from them, so that a model can learn them."""
    generator = torch.Generator().manual_seed(7)
    rows = []
    for at in range(size):
        length = int(torch.randint(5, 20, (1,), generator=generator))
        ids = [101, *torch.randint(2000, 2040, (length,), generator=generator).tolist(), 102]
        labels = [
            IGNORED,
            *((token - 2000) % len(BIO_LABELS) if token % 3 else IGNORED for token in ids[1:-1]),
            IGNORED,
        ]
        rows.append(
            {
                "tweet_id": f"{at:04}",
                "split": "validation" if at % 4 == 0 else "train",
                "input_ids": ids,
                "labels": labels,
                "class_id": ids[1] % len(CLASSES),
                "truncated_spans": 0,
            }
        )
    return rows


@pytest.fixture(scope="session")
def aligned(tiny_encoder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("aligned") / "A.parquet"
    write_parquet(path, aligned_rows(160), identified(ALIGNED, Alignment(STUDY, tiny_encoder.name, 64)))
    return path


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> Path:
    """A folder with the embedded corpus of 300 tweets: repaired, split, and annotated with its own gold spans."""
    from crisisflow.artifacts import RAW
    from crisisflow.corpus import repair, subset
    from crisisflow.corpus.sample import generate
    from crisisflow.params import RepairParams, SplitParams
    from crisisflow.spans import write_spans

    folder = tmp_path_factory.mktemp("corpus")
    rows, spans = zip(*generate(300, 5), strict=True)
    write_parquet(folder / "raw.parquet", rows, RAW)
    write_spans(folder / "gold.parquet", chain.from_iterable(spans))
    both = RepairParams(html_entities=True, broken_emoji=True)
    repair.run(folder / "raw.parquet", both, folder / "repaired.parquet", folder / "repair.json")
    split = SplitParams(train=0.6, validation=0.2, test=0.2)
    subset.run(folder / "repaired.parquet", "all", split, 1, folder / "tweets.parquet", folder / "statistics.json")
    return folder


ROWS = {
    name: {
        "layers": None,
        "tasks": tasks,
        "weighting": "fixed",
        "schedule": "single",
        "freeze_layers": 0,
        "freeze_embeddings": False,
        "frozen_dropout": True,
        "negatives": None,
    }
    for name, tasks in (("both", "joint"), ("tags", "ner"))
}


def train_row(
    folder: Path,
    aligned: Path,
    encoder: Path,
    name: str,
    called: str | None = None,
    beside: Path | None = None,
    **own,
) -> None:
    """Train the row of ROWS briefly, with seed 13; its files lie in `folder`, named as in a run.

    Args:
        called: another name for it. beside: its negatives, aligned. own: further values of the row.
    """
    from crisisflow.params import AlignmentParams
    from crisisflow.studies.humaid_ner import train
    from crisisflow.studies.humaid_ner.params import ModelParams, RowParams, TrainingParams
    from tests.presets import read_preset

    sample = read_preset("sample", Path(__file__).parents[1] / "presets")[0]
    brief = {"single": {"epochs": 3, "warmup_steps": 2}, "learning_rate": 3e-3, "log_variance_learning_rate": 3e-3}
    files = ("model.safetensors", "config.json", "history.csv", "scores.csv", "gradients.csv", "predictions.parquet")
    folder.mkdir(parents=True)
    train.run(
        called or name,
        aligned,
        RowParams.model_validate({**ROWS[name], "encoder": str(encoder), **own}),
        TrainingParams.model_validate({**sample.humaid_ner.training.model_dump(), **brief}),
        ModelParams(dropout=0.1),
        AlignmentParams(max_length=48),
        sample.compute,
        13,
        folder / "checkpoint",
        *(folder / file for file in files),
        folder / "speed.csv",
        negatives=beside,
    )


@pytest.fixture(scope="session")
def trained(tiny_encoder, corpus, tmp_path_factory) -> Path:
    """A folder `rows` with rows `both` and `tags`, seed 13, trained on that corpus; `aligned.parquet` beside them."""
    from crisisflow.params import AlignmentParams
    from crisisflow.studies.humaid_ner import bio

    folder = tmp_path_factory.mktemp("trained")
    paths = (folder / "aligned.parquet", folder / "aligned.json", folder / "negatives.parquet")
    bio.run(
        corpus / "tweets.parquet", corpus / "gold.parquet", str(tiny_encoder), AlignmentParams(max_length=48), *paths
    )
    for name in ROWS:
        train_row(folder / "rows" / name / "seed13", paths[0], tiny_encoder, name)
    return folder


WANTED = {"band": "3sigma_upper", "tweets": 40}


@pytest.fixture(scope="session")
def with_negatives(tiny_encoder, corpus, tmp_path_factory) -> Path:
    """A folder `rows` with row `silent`, seed 13: `both` with 40 negatives, which are in `mined.csv` beside it."""
    from crisisflow.params import AlignmentParams
    from crisisflow.studies.humaid_ner import bio
    from crisisflow.studies.humaid_ner.params import NegativesParams

    place = tmp_path_factory.mktemp("with_negatives")
    lines = [f"3sigma_upper,ordinary {at},the kitchen is flooded with {at} old cakes" for at in range(50)]
    (place / "mined.csv").write_text("\n".join(["band,id,text", "random,other,a walk in the park", *lines]) + "\n")
    bio.run(
        *(corpus / "tweets.parquet", corpus / "gold.parquet", str(tiny_encoder), AlignmentParams(max_length=48)),
        *(place / name for name in ("aligned.parquet", "aligned.json", "negatives.parquet")),
        NegativesParams.model_validate(WANTED),
        place / "mined.csv",
    )
    folder, aligned, negatives = place / "rows/silent/seed13", place / "aligned.parquet", place / "negatives.parquet"
    train_row(folder, aligned, tiny_encoder, "both", "silent", negatives, negatives=WANTED)
    return place
