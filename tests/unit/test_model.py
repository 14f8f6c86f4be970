"""The joint model against the paper's equations and numbers."""

import math
from typing import get_args

import pytest
import torch
from torch.nn.functional import log_softmax
from transformers import AutoModel, BertConfig, RobertaConfig

from crisisflow.errors import CrisisflowError
from crisisflow.model.classifier import Classifier
from crisisflow.model.freezing import freeze, split
from crisisflow.model.heads import ClassHead, mean_of
from crisisflow.model.joint import JointModel, Logits
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.studies.humaid_ner.params import RowParams
from crisisflow.taxonomy import BIO_LABELS, CLASSES, LABELS
from crisisflow.training.dropout import cheap_dropout, make_dropout_cheap
from crisisflow.training.joint import joint_task


def trainable(model):
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def frozen(model):
    return {name for name, parameter in model.named_parameters() if not parameter.requires_grad}


LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}
OF_A_LAYER = (
    *(f"attention.self.{name}" for name in ("query", "key", "value")),
    *(f"attention.output.{name}" for name in ("dense", "LayerNorm")),
    *("intermediate.dense", "output.dense", "output.LayerNorm"),
)
OF_THE_EMBEDDINGS = (
    *(f"{name}_embeddings.weight" for name in ("word", "position", "token_type")),
    *(f"LayerNorm.{name}" for name in ("weight", "bias")),
)


@pytest.mark.parametrize(
    ("encoder", "total", "stage_2"),
    [
        (BertConfig(vocab_size=30_522, **LARGE), 334_134_303, 107_402_271),
        (
            RobertaConfig(vocab_size=50_265, max_position_embeddings=514, type_vocab_size=1, **LARGE),
            354_352_159,
            127_620_127,
        ),
    ],
    ids=["BERT-large (row A)", "RoBERTa-large (rows B to D)"],
)
def test_the_paper_s_encoders_in_numbers(encoder, total, stage_2):
    """ledger of humaid_ner, entry 6: the paper's 355M is RoBERTa-large, its 47M is no count of either one's layers."""
    with torch.device("meta"):
        model = JointModel(AutoModel.from_config(encoder, add_pooling_layer=False), LABELS, 0.1)
    assert model.entity_head.weight.shape == (21, 1024)
    assert model.class_head.linear.weight.shape == (10, 2048)
    assert trainable(model) == total
    lower = {
        f"encoder.encoder.layer.{layer}.{module}.{part}"
        for layer in range(18)
        for module in OF_A_LAYER
        for part in ("weight", "bias")
    }
    freeze(model.encoder, 18, False)
    assert trainable(model) == stage_2
    assert frozen(model) == lower
    freeze(model.encoder, 18, True)
    assert trainable(model) == 75_619_359  # without embeddings the two are one
    assert frozen(model) == lower | {f"encoder.embeddings.{name}" for name in OF_THE_EMBEDDINGS}


def test_freezing_takes_the_lower_layers_and_only_what_is_asked(tiny_encoder):
    model = JointModel(load_encoder(str(tiny_encoder), None), LABELS, 0.1)
    freeze(model.encoder, 3, False)
    assert frozen(model) == {
        name for name, _ in model.named_parameters() if any(f"encoder.layer.{k}." in name for k in (0, 1, 2))
    }


def test_layers_keeps_the_lower_ones(tiny_encoder):
    whole, half = load_encoder(str(tiny_encoder), None), load_encoder(str(tiny_encoder), 2)
    assert len(half.encoder.layer) == 2
    for one, other in zip(half.encoder.layer.parameters(), whole.encoder.layer[:2].parameters(), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(CrisisflowError, match=r"layers is 5 but encoder .* has 4; lower it"):
        load_encoder(str(tiny_encoder), 5)


@pytest.mark.parametrize(("kind", "positions"), [("Bert", 40), ("Roberta", 38), ("XLMRoberta", 38), ("MPNet", 38)])
def test_the_longest_sequence_is_what_the_encoder_has_positions_for(tmp_path, kind, positions):
    """Counted from the configuration alone: no weights lie in the folder. RoBERTa's first position is pad id + 1."""
    import transformers

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = getattr(transformers, f"{kind}Config")(vocab_size=99, max_position_embeddings=40, **sizes)
    config.save_pretrained(tmp_path)
    check_length(str(tmp_path), positions)
    message = rf"alignment\.max_length is {positions + 1} but encoder '.*' takes {positions} subwords; lower it"
    with pytest.raises(CrisisflowError, match=message) as error:
        check_length(str(tmp_path), positions + 1)
    assert "\n" not in str(error.value)
    model = getattr(transformers, f"{kind}Model")(config)
    model(torch.full((1, positions), 5))
    with pytest.raises((IndexError, RuntimeError)):
        model(torch.full((1, positions + 1), 5))


def test_padding_changes_nothing(tiny_encoder):
    torch.manual_seed(3)
    model = JointModel(load_encoder(str(tiny_encoder), None), LABELS, 0.1).eval()
    ids = torch.tensor([[101, 2001, 2002, 102]])
    padded = torch.tensor([[101, 2001, 2002, 102, 0, 0, 0]])
    plain = model(ids, torch.ones_like(ids))
    other = model(padded, torch.tensor([[1, 1, 1, 1, 0, 0, 0]]))
    torch.testing.assert_close(other.classes, plain.classes)
    torch.testing.assert_close(other.entity[:, :4], plain.entity)


def test_the_mean_of_a_row_without_a_subword_is_zeros_and_padding_counts_nothing():
    hidden = torch.arange(12.0).reshape(2, 3, 2)
    assert mean_of(hidden, torch.tensor([[1, 1, 0], [0, 0, 0]])).tolist() == [[1, 2], [0, 0]]


def test_dual_pooling_is_the_first_state_beside_the_mean():
    head = ClassHead(2, CLASSES, 0.0)
    hidden = torch.tensor([[[1.0, 2.0], [3.0, 6.0], [100.0, 100.0]]])
    pooled = torch.tensor([[1.0, 2.0, 2.0, 4.0]])
    torch.testing.assert_close(head(hidden, torch.tensor([[1, 1, 0]])), head.linear(pooled))


@pytest.mark.parametrize(("pooling", "pooled"), [("mean", [2.0, 4.0]), ("cls", [1.0, 2.0])])
def test_the_classifier_is_linear_in_the_mean_or_the_first_state(tiny_encoder, pooling, pooled):
    model = Classifier(load_encoder(str(tiny_encoder), 1), CLASSES, pooling)
    assert model.head.weight.shape == (10, 32)
    hidden = torch.zeros(1, 3, 32)
    hidden[0, :, :2] = torch.tensor([[1.0, 2.0], [3.0, 6.0], [100.0, 100.0]])
    expected = torch.zeros(1, 32)
    expected[0, :2] = torch.tensor(pooled)
    logits = model.heads(hidden, torch.tensor([[1, 1, 0]]))
    torch.testing.assert_close(logits, expected @ model.head.weight.T + model.head.bias)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_padding_changes_no_class(tiny_encoder, pooling):
    torch.manual_seed(3)
    model = Classifier(load_encoder(str(tiny_encoder), None), CLASSES, pooling).eval()
    ids = torch.tensor([[101, 2001, 2002, 102, 0, 0]])
    plain = model(ids[:, :4], torch.ones(1, 4, dtype=torch.int64))
    torch.testing.assert_close(model(ids, (ids > 0).long()), plain)


def test_the_losses_are_eq_1_and_eq_2_over_labelled_subwords():
    torch.manual_seed(1)
    logits = Logits(torch.randn(2, 3, len(BIO_LABELS)), torch.randn(2, len(CLASSES)))
    labels = torch.tensor([[-100, 4, -100], [-100, 0, 7]])
    classes = torch.tensor([3, 9])
    log_p = log_softmax(logits.entity, dim=-1)
    targets = {"ner.labels": labels, "ner.count": torch.tensor([3.0]), "cls.class_ids": classes}
    losses = joint_task(LABELS).losses(logits, labels, {**targets, "cls.count": torch.tensor([2.0])})
    torch.testing.assert_close(losses[0], -(log_p[0, 1, 4] + log_p[1, 1, 0] + log_p[1, 2, 7]) / 3)
    log_q = log_softmax(logits.classes, dim=-1)
    torch.testing.assert_close(losses[1], -(log_q[0, 3] + log_q[1, 9]) / 2)


def test_the_weightings_are_eq_4_and_its_classification_form():
    losses = torch.tensor([2.0, 0.5])
    assert WEIGHTINGS["fixed"](2).total(losses) == 2.5
    kendall, classification = WEIGHTINGS["kendall"](2), WEIGHTINGS["kendall_classification"](2)
    assert kendall.total(losses).item() == pytest.approx(1.25)
    assert classification.total(losses).item() == pytest.approx(2.5)
    s = torch.tensor([0.3, -0.2])
    kendall.log_variance.data, classification.log_variance.data = s.clone(), s.clone()
    e = torch.exp(-s)
    assert kendall.total(losses).item() == pytest.approx((e[0] / 2 * 2.0 + 0.15 + e[1] / 2 * 0.5 - 0.1).item())
    assert classification.total(losses).item() == pytest.approx((e[0] * 2.0 + 0.15 + e[1] * 0.5 - 0.1).item())


def test_s_comes_to_rest_at_the_log_of_the_loss():
    """ledger of humaid_ner, entry 13: so it is positive only while a loss is above 1."""
    kendall = WEIGHTINGS["kendall"](2)
    optimizer = torch.optim.SGD(kendall.parameters(), lr=0.5)
    losses = torch.tensor([3.5, 0.25])
    for _ in range(400):
        optimizer.zero_grad()
        kendall.total(losses).backward()
        optimizer.step()
    torch.testing.assert_close(kendall.log_variance.detach(), torch.log(losses))


def test_the_optimal_s_is_where_the_learnt_one_comes_to_rest():
    """Kirchdorfer et al. (2024): a weight of 1 / (2 L), so that the size of a loss has no effect on the encoder."""
    gradients = []
    for size in (1.0, 0.01):
        model, optimal = TwoTasks([3.0, 0.0], [0.0, 5.0]), WEIGHTINGS["kendall_optimal"](2)
        model.w.data.zero_()
        losses = model.losses() * torch.tensor([size, 1.0])
        optimal.backward(losses, model, nothing)
        known = losses.detach()
        torch.testing.assert_close(optimal.weights(), 1 / (2 * known))
        torch.testing.assert_close(optimal.log_variances(), torch.log(known))
        learnt = WEIGHTINGS["kendall"](2)
        learnt.log_variance.data = torch.log(known)
        torch.testing.assert_close(optimal.total(known), learnt.total(known).detach())
        gradients.append(model.w.grad[0])
    torch.testing.assert_close(*gradients)
    torch.testing.assert_close(gradients[0], torch.tensor([3.0, 5.0]) / (2 * 10))


def test_a_loss_of_zero_has_no_gradient_at_the_optimal_s():
    losses = torch.tensor([0.0, 2.0], requires_grad=True)
    WEIGHTINGS["kendall_optimal"](2).total(losses).backward()
    assert losses.grad.tolist() == [0.0, 0.25]


def test_dynamic_weight_average_favours_the_loss_that_falls_slowly():
    dwa = WEIGHTINGS["dwa"](2)
    dwa.end_epoch(torch.tensor([2.0, 1.0]))
    assert dwa.weights().tolist() == [1, 1]
    dwa.end_epoch(torch.tensor([1.0, 0.9]))
    slow, fast = math.exp(0.9 / 2), math.exp(0.5 / 2)
    assert dwa.weights().tolist() == pytest.approx([2 * fast / (fast + slow), 2 * slow / (fast + slow)])
    assert dwa.total(torch.tensor([1.0, 0.0])).item() == pytest.approx(2 * fast / (fast + slow))


class TwoTasks(torch.nn.Module):
    """What a weighting sees of a joint model: an encoder with layers and two heads; its losses are linear in w."""

    def __init__(self, ner, cls):
        super().__init__()
        self.encoder = torch.nn.Module()
        self.encoder.encoder = torch.nn.Module()
        layer = torch.nn.Linear(len(ner), 1, bias=False)
        self.encoder.encoder.layer = torch.nn.ModuleList([layer])
        self.entity_head, self.class_head = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        self.w = layer.weight
        self.directions = torch.tensor([ner, cls])

    shared_parameters, head_parameters = JointModel.shared_parameters, JointModel.head_parameters

    def losses(self):
        heads = torch.stack([self.entity_head.weight.sum() * 3, self.class_head.weight.sum() * 5])
        return (self.directions * self.w).sum(dim=1) + heads - heads.detach() + 10


def test_every_weighting_of_the_params_is_there():
    assert set(WEIGHTINGS) == set(get_args(RowParams.model_fields["weighting"].annotation))


def nothing(gradients):
    pass


@pytest.mark.parametrize(
    ("ner", "cls", "expected"),
    [
        ([1.0, 0.0], [0.0, 2.0], [1.0, 2.0]),  # no conflict: the plain sum
        ([1.0, 0.0], [-1.0, 1.0], [0.5, 1.5]),  # (1, 0) loses -(1/2)(-1, 1), (-1, 1) loses -(1, 0)
        ([1.0, 0.0], [-2.0, 0.0], [0.0, 0.0]),
        ([0.0, 0.0], [1.0, 1.0], [1.0, 1.0]),
    ],
)
def test_pcgrad_takes_conflicts_out_of_the_encoder_and_leaves_the_heads(ner, cls, expected):
    model = TwoTasks(ner, cls)
    WEIGHTINGS["pcgrad"](2).backward(model.losses(), model, nothing)
    torch.testing.assert_close(model.w.grad, torch.tensor([expected]))
    assert model.entity_head.weight.grad.item() == 3
    assert model.class_head.weight.grad.item() == 5


def test_gradnorm_brings_the_gradients_to_a_common_size():
    """Both losses stay at their first value, so that the wanted size is the mean: 4 and 1 weigh 0.4 and 1.6."""
    model, gradnorm = TwoTasks([4.0, 0.0], [0.0, 1.0]), WEIGHTINGS["gradnorm"](2)
    optimizer = torch.optim.SGD(gradnorm.parameters(), lr=0.01)
    for _ in range(200):
        model.zero_grad()
        gradnorm.backward(model.losses(), model, nothing)
        optimizer.step()
        gradnorm.after_step()
    assert gradnorm.weights().tolist() == pytest.approx([0.4, 1.6], abs=0.05)
    assert model.w.grad.squeeze().tolist() == pytest.approx([1.6, 1.6], abs=0.2)


def test_gradnorm_comes_to_rest_where_eq_1_says():
    """Losses at 1/2 and 1 of their first values: r is 2/3 and 4/3, and the wanted sizes, here weights, are r^1.5.

    These sum to 2.08, the weights to 2: they rest where each is at most what is wanted.
    """
    model, gradnorm = TwoTasks([1.0, 0.0], [0.0, 1.0]), WEIGHTINGS["gradnorm"](2)
    model.w.data.zero_()
    gradnorm.backward(model.losses(), model, nothing)
    optimizer = torch.optim.SGD(gradnorm.parameters(), lr=0.005)
    for _ in range(400):
        gradnorm.backward(model.losses() - torch.tensor([5.0, 0.0]), model, nothing)
        optimizer.step()
        gradnorm.after_step()
    ner, cls = gradnorm.weights().tolist()
    assert ner <= (2 / 3) ** 1.5 + 0.01
    assert cls <= (4 / 3) ** 1.5 + 0.01


@pytest.mark.parametrize("family", ["Bert", "Roberta", "MPNet"])
def test_a_split_encoder_gives_what_the_whole_gives(family):
    import transformers

    torch.manual_seed(2)
    config = getattr(transformers, f"{family}Config")(
        vocab_size=99, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64
    )
    encoder = getattr(transformers, f"{family}Model")(config, add_pooling_layer=False).eval()
    ids, mask = torch.randint(5, 99, (2, 7)), torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    expected = encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    lower, upper = split(encoder, 2)
    hidden = lower(input_ids=ids, attention_mask=mask).last_hidden_state
    found = upper(inputs_embeds=hidden, attention_mask=mask).last_hidden_state
    torch.testing.assert_close(found[mask == 1], expected[mask == 1])
    assert len(encoder.encoder.layer) == 3
    assert next(upper.encoder.layer.parameters()) is next(encoder.encoder.layer[2].parameters())


@pytest.mark.parametrize("family", ["Bert", "Roberta", "MPNet"])
def test_cheap_dropout_reaches_every_dropout_and_changes_nothing_in_evaluation(family, monkeypatch):
    import transformers

    config = getattr(transformers, f"{family}Config")(
        vocab_size=99, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    torch.manual_seed(2)
    model = JointModel(getattr(transformers, f"{family}Model")(config, add_pooling_layer=False), LABELS, 0.1).eval()
    ids, mask = torch.randint(5, 99, (2, 7)), torch.tensor([[1] * 7, [1] * 4 + [0] * 3])
    expected = model(ids, mask)
    make_dropout_cheap(model)
    torch.testing.assert_close(model(ids, mask).entity[mask == 1], expected.entity[mask == 1])
    torch.testing.assert_close(model(ids, mask).classes, expected.classes)

    def refuse(*arguments, **named):
        raise AssertionError("a dropout of PyTorch's is left")

    monkeypatch.setattr("torch.nn.functional.dropout", refuse)
    monkeypatch.setattr("torch.dropout", refuse)
    model.train()
    torch.manual_seed(1)
    one = model(ids, mask).classes
    torch.manual_seed(1)
    assert torch.equal(model(ids, mask).classes, one)
    assert not torch.equal(model(ids, mask).classes, one)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_cheap_dropout_drops_at_its_rate_and_keeps_the_mean(probability):
    torch.manual_seed(5)
    values = torch.ones(1_000_003)
    values.requires_grad_()
    dropped = cheap_dropout(values, probability)
    rate = (dropped == 0).float()
    # of four neighbours, since they come from one random number
    for part in (rate, *rate[: 4 * 250_000].view(-1, 4).unbind(dim=1)):
        assert part.mean().item() == pytest.approx(probability, abs=4 * 0.5 / len(part) ** 0.5)
    correlation = torch.corrcoef(rate[: 4 * 250_000].view(-1, 4).T)
    assert (correlation - torch.eye(4)).abs().max() < 0.01
    assert dropped.detach().unique().tolist() == pytest.approx([0, 1 / (1 - probability)], rel=1e-4)
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped.detach())


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("embedded:bert", r"is called 'bert'; there are: e5-small-multilingual, en_core_web_sm, minilm-l6"),
        ("roberta-large", r"'roberta-large' is no local folder, and a name on the model hub needs a revision"),
    ],
)
def test_an_unknown_encoder_is_named(encoder, message):
    for load in (load_tokenizer, lambda name: load_encoder(name, None), lambda name: check_length(name, 64)):
        with pytest.raises(CrisisflowError, match=message):
            load(encoder)


def test_an_unreachable_encoder_says_where_it_looked(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        CrisisflowError, match=r"cannot load the weights of encoder 'no/such@abc'; looked in the model hub"
    ):
        load_encoder("no/such@abc", None)


def test_pickled_weights_are_refused(tiny_encoder, tmp_path):
    import shutil

    folder = tmp_path / "pickled"
    shutil.copytree(tiny_encoder, folder)
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")
    with pytest.raises(
        CrisisflowError, match=r"cannot load the weights of encoder .*pickled.*; looked in the local folder"
    ):
        load_encoder(str(folder), None)


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [("other.weight", (2, 2), "of its tensors are not there"), (None, None, "cannot load the weights")],
)
def test_weights_that_do_not_fit_are_no_reason_to_train_random_ones(tiny_encoder, tmp_path, name, shape, message):
    import shutil

    from safetensors.torch import save_file

    folder = tmp_path / "wrong"
    shutil.copytree(tiny_encoder, folder)
    if name:
        save_file({name: torch.zeros(shape)}, folder / "model.safetensors", metadata={"format": "pt"})
    else:
        (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(CrisisflowError, match=message) as error:
        load_encoder(str(folder), None)
    assert "\n" not in str(error.value)


def test_weights_that_are_not_the_pinned_ones_are_refused(monkeypatch):
    from crisisflow import pretrained

    tampered = pretrained.EMBEDDED["minilm-l6"]._replace(sha256={"config.json": "0" * 64})
    monkeypatch.setitem(pretrained.EMBEDDED, "minilm-l6", tampered)
    with pytest.raises(CrisisflowError, match=r"config\.json of the package .* is not the pinned one"):
        load_tokenizer("embedded:minilm-l6")


def test_embedded_models_are_loaded_without_a_network(monkeypatch):
    import socket

    def refuse(*arguments):
        raise AssertionError(f"network access: {arguments}")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load_tokenizer("embedded:minilm-l6")
    load_encoder("embedded:minilm-l6", 2)
