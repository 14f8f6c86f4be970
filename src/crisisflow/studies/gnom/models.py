"""The model of a row, before training and as it is kept after it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.model.classifier import Classifier
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.freezing import frozen_tensors
from crisisflow.model.recurrent import RecurrentSizes
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.studies.gnom.adjacency import normalised_adjacency, rewired, without_edges
from crisisflow.studies.gnom.cooccurrence import NO_NODE
from crisisflow.studies.gnom.graph_files import WordGraph
from crisisflow.studies.gnom.network import (
    GraphClassifier,
    GraphFeaturizer,
    ImportanceEstimator,
    Layers,
    SettledFeaturizer,
    TokenFeaturizer,
    settled,
)
from crisisflow.studies.gnom.params import (
    ClassifierParams,
    EncoderParams,
    NetworkParams,
    PlainRowParams,
    RowParams,
    WordGraphParams,
)
from crisisflow.training.device import Device
from crisisflow.training.task import over
from crisisflow.training.weights import KEY, load_weights, write_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

POOLING = "cls"  # of the row CLS: what the paper's encoders are classified by
TABLE = "featurizer.table"  # h_G of the nodes of a kept model


def _numbers(token_ids: Tensor, vocabulary: int) -> Tensor:
    """The node of each token of the vocabulary, or NO_NODE."""
    numbers = torch.full((vocabulary,), NO_NODE, dtype=torch.int64)
    numbers[token_ids] = torch.arange(len(token_ids))
    return numbers


def _importance(row: RowParams, width: int, network: NetworkParams) -> ImportanceEstimator | None:
    return None if row.importance == "none" else ImportanceEstimator(width, network.attention_bias, row.importance)


def build(
    encoder: "PreTrainedModel",
    vocabulary: int,
    classes: Sequence[str],
    row: RowParams | PlainRowParams,
    graph: WordGraph | None,
    word_graph: WordGraphParams | None,
    network: NetworkParams | None,
    classifier: ClassifierParams,
    seed: int,
) -> EncoderModel:
    """The model of a row, with new weights from torch's generator in all but the encoder.

    Args:
        vocabulary: tokens of the tokenizer. graph, word_graph, network: of a row with a word graph.
        seed: of the control `rewired`.
    """
    sizes = RecurrentSizes(classifier.layers, classifier.hidden, classifier.dropout)
    if isinstance(row, PlainRowParams):
        if row.classifier == "linear":
            return Classifier(encoder, classes, POOLING)
        return GraphClassifier(
            encoder, classes, _numbers(torch.zeros(0, dtype=torch.int64), vocabulary), None, None, sizes
        )
    embedding = encoder.get_input_embeddings().weight
    token_ids = torch.from_numpy(graph.token_ids.astype("int64"))
    layers = Layers(network.hops, network.activation, network.dropout)
    if row.control == "parameters":
        featurizer: GraphFeaturizer | TokenFeaturizer = TokenFeaturizer(embedding.shape[1], layers)
    else:
        edges = graph.edges
        if row.control == "empty":
            edges = without_edges(edges)
        elif row.control == "rewired":
            edges = rewired(edges, seed)
        adjacency = normalised_adjacency(edges, len(token_ids), word_graph.edge_weights)
        featurizer = GraphFeaturizer(adjacency, embedding[token_ids], token_ids, network.node_vectors, layers)
    importance = _importance(row, embedding.shape[1], network)
    return GraphClassifier(encoder, classes, _numbers(token_ids, vocabulary), featurizer, importance, sizes)


def sizes_of(model: EncoderModel) -> dict[str, int]:
    """The numbers of parameters by part; `embeddings` are among those of the encoder."""

    def size(part: torch.nn.Module | None) -> int:
        return 0 if part is None else sum(parameter.numel() for parameter in part.parameters())

    return {
        "encoder": size(model.encoder),
        "embeddings": size(getattr(model.encoder, "embeddings", None)),
        "featurizer": size(getattr(model, "featurizer", None)),
        "importance": size(getattr(model, "importance", None)),
        "classifier": size(model.head),
    }


class Kept(NamedTuple):
    """A trained model that predicts, and what it needs."""

    model: EncoderModel
    tokenizer: "PreTrainedTokenizerBase"
    facts: Mapping[str, Any]  # config.json


def write_model(
    device: Device,
    model: EncoderModel,
    kept: bool,
    facts: Mapping[str, Any],
    weights: Path,
    config: Path,
) -> None:
    """Write a model as it is now, whose h_G of all nodes is computed once, and config.json.

    What was not trained is left out: it is the pretrained encoder's.

    Args:
        kept: whether its weights are; else the file has no tensor.
        facts: what else config.json says: of `read_model` the keys but `nodes`.
    """
    numbers = getattr(model, "node_numbers", torch.zeros(0))
    nodes = device.to_host(numbers != NO_NODE).nonzero().flatten().tolist()
    facts = {**facts, "nodes": nodes if kept else []}
    if not kept:
        write_weights(device, None, facts, weights, config)
        return
    tensors = dict(model.state_dict())
    if isinstance(getattr(model, "featurizer", None), GraphFeaturizer):
        table = settled(model.featurizer, model.encoder.get_input_embeddings().weight).table
        tensors = {name: own for name, own in tensors.items() if not name.startswith("featurizer.")} | {TABLE: table}
    pretrained = _pretrained(model, facts)
    tensors = {name: own for name, own in tensors.items() if name not in pretrained}
    write_weights(
        device, over({name: device.to_host(own) for name, own in tensors.items()}, "model"), facts, weights, config
    )


def _pretrained(model: EncoderModel, facts: Mapping[str, Any]) -> set[str]:
    """The names of the model's tensors that are those of the pretrained encoder."""
    layers, embeddings = facts["encoder"]["freeze_layers"], facts["freeze_embeddings"]
    return {f"encoder.{name}" for name in frozen_tensors(model.encoder, layers, embeddings)}


def read_model(weights: Path, config: Path) -> Kept:
    """A model that was kept, in evaluation mode.

    Raises:
        CrisisflowError: a file is absent, damaged or of another version; the weights were not kept; or the encoder is
            not to be had.
    """
    facts = read_json(config, "row", "plain", "encoder", "freeze_embeddings", "network", "classifier", "nodes", KEY)
    if facts[KEY] is None:
        raise CrisisflowError(f"the weights of {config} were not kept; name the row in gnom.keep_weights, and train it")
    encoder_params = EncoderParams.model_validate(facts["encoder"])
    sizes = ClassifierParams.model_validate(facts["classifier"])
    encoder, tokenizer = load_encoder(encoder_params.name, encoder_params.layers), load_tokenizer(encoder_params.name)
    if facts["plain"]:
        row: RowParams | PlainRowParams = PlainRowParams.model_validate(facts["row"])
    else:
        row = RowParams.model_validate(facts["row"])
    network = facts["network"] and NetworkParams.model_validate(facts["network"])
    model = _unfilled(encoder, len(tokenizer), facts["classes"], row, facts["nodes"], network, sizes)
    load_weights(model, weights, config, _pretrained(model, facts))
    return Kept(model.eval(), tokenizer, facts)


def _unfilled(
    encoder: "PreTrainedModel",
    vocabulary: int,
    classes: Sequence[str],
    row: RowParams | PlainRowParams,
    nodes: Sequence[int],
    network: NetworkParams | None,
    classifier: ClassifierParams,
) -> EncoderModel:
    """A kept model without its weights."""
    if isinstance(row, PlainRowParams):
        return build(encoder, vocabulary, classes, row, None, None, network, classifier, 0)
    width = encoder.config.hidden_size
    if row.control == "parameters":
        layers = Layers(network.hops, network.activation, network.dropout)
        featurizer: TokenFeaturizer | SettledFeaturizer = TokenFeaturizer(width, layers)
    else:
        featurizer = SettledFeaturizer(torch.zeros(len(nodes), width))
    sizes = RecurrentSizes(classifier.layers, classifier.hidden, classifier.dropout)
    numbers = _numbers(torch.tensor(nodes, dtype=torch.int64), vocabulary)
    return GraphClassifier(encoder, classes, numbers, featurizer, _importance(row, width, network), sizes)
