"""What a row begins with: an encoder of elsewhere, a mini, or a mini's shape with random weights."""

from pathlib import Path

import pytest
import torch
from transformers import BertModel

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help import encoder
from crisisflow.studies.actionable_help.encoder import open_encoder
from crisisflow.studies.actionable_help.mini_params import ShapeParams
from crisisflow.studies.actionable_help.row_params import RowParams
from crisisflow.studies.actionable_help.shapes import config_of
from crisisflow.studies.actionable_help.vocabulary import as_fast, learn, save

SHAPES = {"S": ShapeParams(hidden=32, layers=2, heads=2, intermediate=64)}
POSITIONS = 40


@pytest.fixture(scope="module")
def minis(tmp_path_factory) -> Path:
    """A folder with the mini S, as the step distil writes it, and the vocabulary."""
    folder = tmp_path_factory.mktemp("minis")
    tokenizer = as_fast(learn(["we need water", "we give water"] * 9, 300, True), POSITIONS)
    for place in ("S", "vocabulary"):
        save(tokenizer, folder / place)
    config = config_of(SHAPES["S"], len(tokenizer), POSITIONS, 0.0, tokenizer.pad_token_id)
    torch.manual_seed(5)
    model = BertModel(config, add_pooling_layer=False)
    model.save_pretrained(folder / "S")
    return folder


def packed(minis: Path, name: str, out: Path) -> Path:
    row = RowParams(encoder=name, layers=None, learning_rate=None)
    encoder.run(row, minis, minis / "vocabulary", SHAPES, POSITIONS, 0.0, out)
    return out


def weights(model) -> dict[str, torch.Tensor]:
    return dict(model.state_dict())


def test_a_mini_begins_with_its_weights(minis, tmp_path):
    model, tokenizer = open_encoder(packed(minis, "mini:S", tmp_path / "e"), None, POSITIONS)
    theirs = weights(BertModel.from_pretrained(minis / "S", add_pooling_layer=False))
    assert weights(model).keys() == theirs.keys()
    assert all(torch.equal(own, theirs[name]) for name, own in weights(model).items())
    assert tokenizer("We need water")["input_ids"] == tokenizer("we need water")["input_ids"]


def test_a_shape_from_scratch_begins_with_weights_of_each_seed(minis, tmp_path):
    path = packed(minis, "scratch:S", tmp_path / "e")
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(weights(open_encoder(path, None, POSITIONS)[0])["embeddings.word_embeddings.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
    mini, _ = open_encoder(packed(minis, "mini:S", tmp_path / "m"), None, POSITIONS)
    assert {name: own.shape for name, own in weights(mini).items()} == {
        name: own.shape for name, own in weights(open_encoder(path, None, POSITIONS)[0]).items()
    }


def test_an_encoder_of_elsewhere_is_named_and_depends_on_no_mini(minis, tiny_encoder, tmp_path):
    path = packed(minis, str(tiny_encoder), tmp_path / "e")
    assert len(open_encoder(path, 3, 64)[0].encoder.layer) == 3
    before = path.read_bytes()
    write_text(minis / "S" / "other.txt", "changed")
    assert packed(minis, str(tiny_encoder), tmp_path / "e").read_bytes() == before


@pytest.mark.parametrize("name", ["mini:S", "scratch:S"])
def test_the_same_bytes_and_fewer_layers_where_a_row_asks(minis, tmp_path, name):
    path = packed(minis, name, tmp_path / "e")
    assert path.read_bytes() == packed(minis, name, tmp_path / "f").read_bytes()
    assert len(open_encoder(path, 1, POSITIONS)[0].encoder.layer) == 1
    with pytest.raises(CrisisflowError, match=f"layers is 3 but encoder '{name}' has 2; lower it"):
        open_encoder(path, 3, POSITIONS)
    with pytest.raises(CrisisflowError, match=rf"finetune\.max_length is 41 but encoder '{name}' takes 40"):
        open_encoder(path, None, 41)


def test_a_mini_that_is_not_there_is_refused(minis, tmp_path):
    with pytest.raises(CrisisflowError, match=r"no mini is called T; actionable_help\.minis\.shapes has: S"):
        packed(minis, "mini:T", tmp_path / "e")
    with pytest.raises(CrisisflowError, match="does not exist"):
        packed(minis / "nowhere", "mini:S", tmp_path / "e")
    assert not (tmp_path / "e").exists()
    (tmp_path / "e").write_text("no safetensors")
    with pytest.raises(CrisisflowError, match="is not of the step encoder"):
        open_encoder(tmp_path / "e", None, 8)
