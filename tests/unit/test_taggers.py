"""Taggers: each architecture and each kind of word states, trained by the one engine."""

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from crisisflow.labels import Labels
from crisisflow.model.taggers import Architecture, Tagger, TaggerSizes
from crisisflow.model.weighting import Weighting
from crisisflow.model.word_states import KeptStates, TunedStates, WordVectors, begins
from crisisflow.training import loop
from crisisflow.training.batching import Examples, Shapes, collate
from crisisflow.training.device import open_device
from crisisflow.training.frozen import compute
from crisisflow.training.loop import Trainer
from crisisflow.training.predict import predict
from crisisflow.training.schedule import Optimization, Stage
from crisisflow.training.tagging import CrfTagging

LABELS = Labels(entities=("PLACE", "PERSON"))
SIZES = TaggerSizes(hidden=16, dropout=0.1, kernel=3, filters=24)
SHAPES = Shapes(multiple=1, longest=64, filled=False)
FILLED = Shapes(multiple=8, longest=64, filled=True)
WIDTH = 12
WORDS = 30  # different ones
ARCHITECTURES = get_args(Architecture)


def texts(size: int) -> list[list[int]]:
    generator = np.random.default_rng(3)
    return [generator.integers(1, WORDS, generator.integers(1, 9)).tolist() for _ in range(size)]


def labels_of(text: list[int]) -> list[int]:
    """A word of few numbers begins a span, and the words behind it that have more go on with it."""
    found: list[int] = []
    for word in text:
        inside = bool(found) and found[-1] > 0 and word % 3 == 0
        kind = (found[-1] - 1) // 2 if inside else word % 2
        found.append(2 + 2 * kind if inside else 1 + 2 * kind if word < 10 else 0)
    return found


TEXTS = texts(20)
EXAMPLES = Examples([f"t{at}" for at in range(20)], TEXTS, {"labels": [labels_of(text) for text in TEXTS]})


def vectors() -> WordVectors:
    torch.manual_seed(2)
    return WordVectors(torch.randn(WORDS - 1, WIDTH))


def encoder() -> BertModel:
    torch.manual_seed(4)
    sizes = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    return BertModel(BertConfig(vocab_size=40, **sizes), add_pooling_layer=False)


def subwords() -> tuple[list[list[int]], list[list[int]]]:
    """The subwords of each text, one or two a word, every other text between special ones; and where words begin."""
    ids, firsts = [], []
    for text in TEXTS:
        own, places = [1] * (len(ids) % 2), []
        for word in text:
            places.append(len(own))
            own += [word + 5] if word % 2 else [word + 5, 3]
        ids.append([*own, 2])
        firsts.append(places)
    return ids, firsts


def numbered(ids: list[list[int]], firsts: list[list[int]]) -> Examples:
    """The words by the position of their first subword in all texts."""
    starts = begins(map(len, ids))[:-1]
    words = [[start + place for place in own] for start, own in zip(starts, firsts, strict=True)]
    return Examples(EXAMPLES.ids, words, EXAMPLES.targets)


def trainer(folder: Path, model: Tagger, rate: float = 2e-2, **options: Any) -> Trainer:
    return Trainer(
        name="toy",
        model=model,
        task=CrfTagging(LABELS, model.crf),
        weighting=Weighting(1),
        optimization=Optimization(4, rate, 0.0, (0.9, 0.999), 0.01, 5.0, **options),
        seed=5,
        device=open_device("cpu", 1, 1),
        padding_id=0,
        max_length=16,
        folder=folder / "checkpoint",
        run="toy",
    )


def tagger(architecture: Architecture = "lstm", words: Any = None) -> Tagger:
    words = words or vectors()
    open_device("cpu", 1, 1).seed(1)
    return Tagger(words, architecture, LABELS, SIZES)


def stages(epochs: int) -> list[Stage]:
    return [Stage(epochs, 0, 0, False, True)]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_each_architecture_learns_twenty_texts_by_heart(tmp_path, architecture):
    best = trainer(tmp_path, tagger(architecture)).fit(stages(18), EXAMPLES, EXAMPLES)
    assert best.score == 1.0
    assert EXAMPLES.split(best.predictions["labels"]) == EXAMPLES.targets["labels"]
    assert ((best.predictions["label_probabilities"] > 0) & (best.predictions["label_probabilities"] <= 1)).all()


def test_an_encoder_is_trained_through(tmp_path):
    ids, firsts = subwords()
    model = tagger("lstm", TunedStates(encoder(), ids, 0))
    examples = numbered(ids, firsts)
    best = trainer(tmp_path, model, 1e-2).fit(stages(18), examples, examples)
    assert best.score == 1.0
    trained, fresh = model.encoder.encoder.state_dict(), encoder().state_dict()
    assert not torch.equal(trained["encoder.layer.0.output.dense.weight"], fresh["encoder.layer.0.output.dense.weight"])


def test_kept_states_are_those_that_the_encoder_has_for_the_words(tmp_path):
    ids, firsts = subwords()
    own = encoder().eval()
    device = open_device("cpu", 1, 1)
    kept = compute(own, Examples(EXAMPLES.ids, ids, {}), device, 0, SHAPES, 64, tmp_path, "toy").at(firsts)
    starts = begins(map(len, firsts))
    for text in (0, 7, 19):
        alone = own(input_ids=torch.tensor([ids[text]])).last_hidden_state[0, firsts[text]]
        assert np.allclose(kept[starts[text] : starts[text + 1]], alone.detach(), atol=1e-5)
    tuned = TunedStates(own, ids, 0).eval()
    batch = collate(numbered(ids, firsts), [3, 0, 11], 0, SHAPES, 3)
    states = tuned(batch.input_ids, batch.mask).last_hidden_state
    table = KeptStates(torch.from_numpy(kept))
    for row, text in enumerate([3, 0, 11]):
        words = torch.arange(starts[text], starts[text + 1]).unsqueeze(0)
        expected = table(words, torch.ones_like(words)).last_hidden_state[0]
        assert torch.allclose(states[row, : len(firsts[text])], expected, atol=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_padding_and_empty_rows_change_nothing(architecture):
    model = tagger(architecture).eval()
    task, device = CrfTagging(LABELS, model.crf), open_device("cpu", 1, 1)
    found = {}
    for shapes in (SHAPES, FILLED):
        indices = [4, 9, 13]
        batch = collate(EXAMPLES, indices, 0, shapes, 5)
        assert (batch.mask.shape[0] == 5) == shapes.filled
        losses = task.losses(model(batch.input_ids, batch.mask), batch.mask, task.targets(EXAMPLES, indices, batch))
        predicted = predict(task, model, lambda own: model(own.input_ids, own.mask), EXAMPLES, device, 0, shapes)
        found[shapes] = (losses, predicted["label_probabilities"])
        assert len(predicted["labels"]) == sum(map(len, TEXTS))
        alone = [
            predict(task, model, lambda own: model(own.input_ids, own.mask), EXAMPLES.at([at]), device, 0, SHAPES)
            for at in range(20)
        ]
        assert torch.equal(predicted["labels"], torch.cat([own["labels"] for own in alone]))
    for own, other in zip(*found.values(), strict=True):
        assert torch.allclose(own, other, atol=1e-5)


def test_words_without_a_vector_share_one_that_is_trained(tmp_path):
    model = tagger()
    unknown = EXAMPLES._replace(input_ids=[[0 if word % 5 == 0 else word for word in text] for text in TEXTS])
    before = model.encoder.vectors.clone()
    trainer(tmp_path, model).fit(stages(2), unknown, unknown)
    assert (model.encoder.unknown != 0).any()
    assert torch.equal(model.encoder.vectors, before)
    assert not [name for name in model.state_dict() if "vectors" in name]  # a checkpoint need not hold them


def test_heads_have_a_learning_rate_of_their_own(tmp_path):
    ids, firsts = subwords()
    examples = numbered(ids, firsts)
    model = tagger("cnn", TunedStates(encoder(), ids, 0))
    before = {name: own.clone() for name, own in model.state_dict().items()}
    trainer(tmp_path, model, 0.0, head_learning_rate=1e-2).fit(stages(1), examples, examples)
    for name, own in model.state_dict().items():
        assert torch.equal(own, before[name]) == name.startswith("encoder."), name


def test_an_interrupted_training_gives_the_same_bytes(tmp_path, monkeypatch):
    whole = trainer(tmp_path / "whole", tagger()).fit(stages(4), EXAMPLES, EXAMPLES)
    monkeypatch.setattr(loop, "CHECK_EVERY", 1)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    broken = trainer(tmp_path / "broken", tagger())
    steps = iter(range(13))  # of 20
    monkeypatch.setattr(broken.device, "step", lambda optimizer: (next(steps), optimizer.step()))
    with pytest.raises(StopIteration):
        broken.fit(stages(4), EXAMPLES, EXAMPLES)
    again = trainer(tmp_path / "broken", tagger()).fit(stages(4), EXAMPLES, EXAMPLES)
    assert again.epoch == whole.epoch
    for kind in ("tensors", "predictions"):
        own, expected = getattr(again, kind), getattr(whole, kind)
        assert own.keys() == expected.keys()
        assert all(torch.equal(own[name], expected[name]) for name in own)
