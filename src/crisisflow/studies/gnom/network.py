"""The network (paper, section 3): Text Representer, Graph Featurizer, Importance Estimator and the classifier.

Of each token: h_T, its last hidden state in the encoder, and h_G, what the graph says of its node, which is zero of a
token that is no node. The classifier reads [A_i h_G ; h_T] of each token, where A_i is the token's importance.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import relu
from transformers import PreTrainedModel

from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.recurrent import RecurrentHead, RecurrentSizes
from crisisflow.studies.gnom.cooccurrence import NO_NODE
from crisisflow.studies.gnom.sparse import SparseMatrix, compact, product, rows_of
from crisisflow.studies.gnom.words import WordIds

Activation = Literal["relu", "none"]
NodeVectors = Literal["fixed", "tied", "trained"]
AttentionScale = Literal["one", "length"]


class Layers(NamedTuple):
    """The layers of a featurizer: how many, what stands between two of them, and the dropout there in training."""

    hops: int
    activation: Activation
    dropout: float


class _Featurizer(nn.Module):
    """What gives a vector for each token that is a node."""

    def __init__(self, width: int, layers: Layers) -> None:
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(width, width) for _ in range(layers.hops))
        self.activation = layers.activation
        self.dropout = nn.Dropout(layers.dropout)

    def _between(self, states: Tensor) -> Tensor:
        return self.dropout(relu(states) if self.activation == "relu" else states)


class GraphFeaturizer(_Featurizer):
    """A graph convolutional network over the whole word graph (Kipf and Welling 2017); a batch computes its part of it.

    H^0 = X, H^(l+1) = f(Â H^l W_l + b_l), f the activation, and none behind the last layer. The rows of a batch's nodes
    need those of their neighbours in the layer below, and no others.

    Args:
        adjacency: Â [nodes, nodes].
        vectors: X [nodes, d], rows of the encoder's input embedding.
        token_ids: of the nodes [nodes].
        node_vectors: whether X stays as it is, is trained, or is what the encoder's embedding has in each step.
    """

    def __init__(
        self, adjacency: SparseMatrix, vectors: Tensor, token_ids: Tensor, node_vectors: NodeVectors, layers: Layers
    ) -> None:
        super().__init__(vectors.shape[1], layers)
        for name, value in zip(SparseMatrix._fields[:-1], adjacency[:-1], strict=True):
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("token_ids", token_ids, persistent=False)
        self.node_vectors = node_vectors
        if node_vectors == "fixed":  # and so is Â X
            self.register_buffer("smoothed", product(adjacency, vectors.detach()), persistent=False)
        elif node_vectors == "trained":
            self.vectors = nn.Parameter(vectors.detach().clone())

    def forward(self, nodes: Tensor, hidden: Tensor, embedding: Tensor) -> Tensor:
        """h_G [batch, length, d] of the nodes [batch, length], 0 where there is none.

        Args:
            hidden: h_T [batch, length, d]. embedding: the encoder's, [vocabulary, d].
        """
        there = nodes != NO_NODE
        own, places = torch.unique(nodes[there], return_inverse=True)
        found = torch.zeros(hidden.shape, dtype=embedding.dtype, device=hidden.device)
        found[there] = self.of_nodes(own, embedding)[places]
        return found

    def of_nodes(self, nodes: Tensor, embedding: Tensor) -> Tensor:
        """h_G [k, d] of these nodes [k]."""
        adjacency = SparseMatrix(self.starts, self.columns, self.values, len(self.starts) - 1)
        rows, steps = nodes, []
        for _ in self.linears[1:]:
            rows, step = compact(rows_of(adjacency, rows))
            steps.append(step)
        states = self._lowest(adjacency, rows, embedding)
        for at, linear in enumerate(self.linears):
            if at:
                states = product(steps[-at], self._between(states))
            states = linear(states)
        return states

    def _lowest(self, adjacency: SparseMatrix, rows: Tensor, embedding: Tensor) -> Tensor:
        """Rows of Â X."""
        if self.node_vectors == "fixed":
            return self.smoothed[rows]
        neighbours, step = compact(rows_of(adjacency, rows))
        vectors = self.vectors[neighbours] if self.node_vectors == "trained" else embedding[self.token_ids[neighbours]]
        return product(step, vectors)


class TokenFeaturizer(_Featurizer):
    """The control `parameters`: layers of the same size, without a graph and without node vectors, over h_T."""

    def forward(self, nodes: Tensor, hidden: Tensor, embedding: Tensor) -> Tensor:
        """The arguments and the result are those of GraphFeaturizer."""
        states = hidden
        for at, linear in enumerate(self.linears):
            states = linear(self._between(states) if at else states)
        return states * (nodes != NO_NODE).unsqueeze(-1)


class SettledFeaturizer(nn.Module):
    """h_G of all nodes, computed once: what is left of a featurizer after training.

    Args:
        table: h_G [nodes, d].
    """

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        self.register_buffer("table", table)

    def forward(self, nodes: Tensor, hidden: Tensor, embedding: Tensor) -> Tensor:
        """The arguments and the result are those of GraphFeaturizer."""
        return self.table[nodes.clamp(min=0)] * (nodes != NO_NODE).unsqueeze(-1)


def settled(featurizer: GraphFeaturizer, embedding: Tensor) -> SettledFeaturizer:
    """The featurizer as it is now, in evaluation mode: without dropout."""
    training = featurizer.training
    featurizer.eval()
    with torch.no_grad():
        table = featurizer.of_nodes(torch.arange(len(featurizer.starts) - 1, device=embedding.device), embedding)
    featurizer.train(training)
    return SettledFeaturizer(table)


class ImportanceEstimator(nn.Module):
    """Scaled dot products of the text's [CLS] state and the h_G of its nodes (paper, section 3.3).

    A = softmax((W_q [CLS]) (W_k h_G)ᵀ / √d) over the tokens that are nodes; 0 of all others.

    Args:
        bias: of W_q and W_k. That of W_k adds the same to all tokens of a text, and so changes nothing.
        scale: `length` multiplies the weights by the number of the text's nodes, so that their mean is 1.
    """

    def __init__(self, width: int, bias: bool, scale: AttentionScale) -> None:
        super().__init__()
        self.query = nn.Linear(width, width, bias=bias)
        self.key = nn.Linear(width, width, bias=bias)
        self.scale = scale

    def forward(self, first: Tensor, features: Tensor, there: Tensor) -> Tensor:
        """The weights [batch, length].

        Args:
            first: the [CLS] states [batch, d]. features: h_G [batch, length, d].
            there: which tokens are nodes [batch, length].
        """
        # (W_q q) · (W_k k) = (W_kᵀ W_q q) · k: one product for each text, and not one for each token.
        asked = self.query(first) @ self.key.weight
        scores = torch.einsum("bd,bnd->bn", asked, features) / first.shape[-1] ** 0.5
        scores = scores.masked_fill(~there, torch.finfo(scores.dtype).min)
        weights = scores.softmax(dim=-1) * there  # a text without nodes has no weight at all
        return weights * there.sum(dim=1, keepdim=True) if self.scale == "length" else weights


class Joined(NamedTuple):
    """Of each token: what the classifier reads [batch, length, d or 2d], and its importance [batch, length]."""

    vectors: Tensor
    importance: Tensor | None


class GraphClassifier(EncoderModel):
    """TR, TR+GF or GNoM: a class or several for each text; its logits are [batch, classes].

    Args:
        node_numbers: the node of each token of the vocabulary, or NO_NODE: [vocabulary]; with `words` of each word.
        words: the ids of whole words, which are the nodes; None where subwords are.
        featurizer: None for TR, whose classifier reads h_T alone.
        importance: None for TR+GF, whose h_G are joined as they are.
    """

    def __init__(
        self,
        encoder: PreTrainedModel,
        classes: Sequence[str],
        node_numbers: Tensor,
        featurizer: GraphFeaturizer | TokenFeaturizer | SettledFeaturizer | None,
        importance: ImportanceEstimator | None,
        sizes: RecurrentSizes,
        words: WordIds | None = None,
    ) -> None:
        super().__init__(encoder)
        self.classes = tuple(classes)
        self.register_buffer("node_numbers", node_numbers.to(torch.int64), persistent=False)
        self.featurizer, self.importance, self.words = featurizer, importance, words
        width = encoder.config.hidden_size
        self.head = RecurrentHead(width if featurizer is None else 2 * width, classes, sizes)

    def above(self, hidden: Tensor, mask: Tensor, input_ids: Tensor) -> Tensor:
        """The logits from the encoder's last hidden state [batch, length, d]."""
        return self.heads(self.joined(hidden, mask, input_ids).vectors, mask)

    def heads(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """The logits from what the classifier reads of each token."""
        return self.head(hidden, mask)

    def nodes_of(self, input_ids: Tensor) -> Tensor:
        """The node of each token [batch, length], or NO_NODE."""
        return self.node_numbers[input_ids if self.words is None else self.words(input_ids)]

    def joined(self, hidden: Tensor, mask: Tensor, input_ids: Tensor) -> Joined:
        """What the classifier reads. `hidden` is [batch, length, d]; `mask` and `input_ids` are [batch, length]."""
        if self.featurizer is None:
            return Joined(hidden, None)
        nodes = torch.where(mask > 0, self.nodes_of(input_ids), NO_NODE)
        features = self.featurizer(nodes, hidden, self.encoder.get_input_embeddings().weight).to(hidden.dtype)
        importance = None
        if self.importance is not None:
            importance = self.importance(hidden[:, 0], features, nodes != NO_NODE)
            features = importance.unsqueeze(-1) * features
        return Joined(torch.cat([features, hidden], dim=-1), importance)
