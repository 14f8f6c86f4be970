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
from crisisflow.studies.gnom.words import Pieces, WordIds, marks_of, means_of
from crisisflow.training.device import Device
from crisisflow.training.task import over
from crisisflow.training.weights import KEY, load_weights, write_weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

POOLING = "cls"  # of the row CLS: what the paper's encoders are classified by
TABLE = "featurizer.table"  # h_G of the nodes of a kept model


class Nodes(NamedTuple):
    """The node of each token, or of each whole word: [tokens or words], NO_NODE where it is none; and the words."""

    numbers: Tensor
    words: WordIds | None


def _nodes(pieces: Sequence[Pieces], tokenizer: "PreTrainedTokenizerBase", whole_words: bool) -> Nodes:
    """Args: pieces: the tokens of each node."""
    words, size, ids = None, len(tokenizer), [own[0] for own in pieces]
    if whole_words:
        words = WordIds(marks_of(tokenizer), [own for own in pieces if len(own) > 1])
        several = iter(range(words.vocabulary, words.size))
        size, ids = words.size, [own[0] if len(own) == 1 else next(several) for own in pieces]
    numbers = torch.full((size,), NO_NODE, dtype=torch.int64)
    numbers[torch.tensor(ids, dtype=torch.int64)] = torch.arange(len(ids))
    return Nodes(numbers, words)


def _importance(row: RowParams, width: int, network: NetworkParams) -> ImportanceEstimator | None:
    return None if row.importance == "none" else ImportanceEstimator(width, network.attention_bias, row.importance)


def build(
    encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
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
        graph, word_graph, network: of a row with a word graph.
        seed: of the control `rewired`.
    """
    sizes = RecurrentSizes(classifier.layers, classifier.hidden, classifier.dropout)
    if isinstance(row, PlainRowParams):
        if row.classifier == "linear":
            return Classifier(encoder, classes, POOLING)
        return GraphClassifier(encoder, classes, _nodes([], tokenizer, False).numbers, None, None, sizes)
    embedding = encoder.get_input_embeddings().weight
    layers = Layers(network.hops, network.activation, network.dropout)
    if row.control == "parameters":
        featurizer: GraphFeaturizer | TokenFeaturizer = TokenFeaturizer(embedding.shape[1], layers)
    else:
        edges = graph.edges
        if row.control == "empty":
            edges = without_edges(edges)
        elif row.control == "rewired":
            edges = rewired(edges, seed)
        adjacency = normalised_adjacency(edges, len(graph.pieces), word_graph.edge_weights)
        token_ids = torch.tensor([own[0] for own in graph.pieces], dtype=torch.int64)  # of tied vectors: of subwords
        vectors = torch.from_numpy(means_of(embedding.detach().numpy(), graph.pieces))
        featurizer = GraphFeaturizer(adjacency, vectors, token_ids, network.node_vectors, layers)
    importance = _importance(row, embedding.shape[1], network)
    nodes = _nodes(graph.pieces, tokenizer, word_graph.nodes == "word")
    return GraphClassifier(encoder, classes, nodes.numbers, featurizer, importance, sizes, nodes.words)


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
        facts: what else config.json says: of `read_model` all keys.
    """
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
    facts = read_json(
        config, "row", "plain", "encoder", "freeze_embeddings", "network", "classifier", "nodes", "whole_words", KEY
    )
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
    nodes = _nodes([tuple(own) for own in facts["nodes"]], tokenizer, facts["whole_words"])
    model = _unfilled(encoder, tokenizer, facts["classes"], row, nodes, network, sizes)
    load_weights(model, weights, config, _pretrained(model, facts))
    return Kept(model.eval(), tokenizer, facts)


def _unfilled(
    encoder: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    classes: Sequence[str],
    row: RowParams | PlainRowParams,
    nodes: Nodes,
    network: NetworkParams | None,
    classifier: ClassifierParams,
) -> EncoderModel:
    """A kept model without its weights."""
    if isinstance(row, PlainRowParams):
        return build(encoder, tokenizer, classes, row, None, None, network, classifier, 0)
    width = encoder.config.hidden_size
    if row.control == "parameters":
        layers = Layers(network.hops, network.activation, network.dropout)
        featurizer: TokenFeaturizer | SettledFeaturizer = TokenFeaturizer(width, layers)
    else:
        featurizer = SettledFeaturizer(torch.zeros(int((nodes.numbers != NO_NODE).sum()), width))
    sizes = RecurrentSizes(classifier.layers, classifier.hidden, classifier.dropout)
    importance = _importance(row, width, network)
    return GraphClassifier(encoder, classes, nodes.numbers, featurizer, importance, sizes, nodes.words)
