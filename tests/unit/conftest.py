"""A small encoder of real architecture, built here: tests train it in seconds."""

from pathlib import Path

import pytest
import torch
from hypothesis import settings

from crisisflow.artifacts import ALIGNED, write_parquet
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES, IGNORED

# A busy machine is no fault of the code.
settings.register_profile("crisisflow", deadline=None)
settings.load_profile("crisisflow")


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A four-layer BERT with random weights and the embedded tokenizer, saved as transformers saves it."""
    from transformers import BertConfig, BertModel

    from crisisflow.pretrained import load_tokenizer

    folder = tmp_path_factory.mktemp("encoder")
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
                "class_id": ids[1] % len(EVENT_CLASSES),
                "truncated_spans": 0,
            }
        )
    return rows


@pytest.fixture(scope="session")
def aligned(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("aligned") / "A.parquet"
    write_parquet(path, aligned_rows(160), ALIGNED)
    return path
