"""Attention: which tokens of a text matter to a trained model, and what it says of the text without one of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from crisisflow.studies.gnom.cooccurrence import NO_NODE
from crisisflow.studies.gnom.network import GraphClassifier

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AT_ONCE = 64  # texts of a batch


class Reader:
    """Asks a model about single texts; the model is put into evaluation mode."""

    def __init__(
        self, model: GraphClassifier, tokenizer: "PreTrainedTokenizerBase", max_length: int, multi_label: bool
    ) -> None:
        self.model, self.tokenizer, self.max_length = model.eval(), tokenizer, max_length
        self.multi_label = multi_label
        self.place = next(model.parameters()).device

    def probabilities(self, texts: Sequence[Sequence[int]]) -> Tensor:
        """Of texts that are given as token ids: [texts, classes]."""
        found = []
        for begin in range(0, len(texts), AT_ONCE):
            ids = [torch.tensor(own, device=self.place) for own in texts[begin : begin + AT_ONCE]]
            mask = pad_sequence([torch.ones_like(own) for own in ids], batch_first=True)
            padded = pad_sequence(ids, batch_first=True, padding_value=self.tokenizer.pad_token_id)
            with torch.no_grad():
                found.append(self._of_logits(self.model(padded, mask).float()))
        return torch.cat(found)

    def _of_logits(self, logits: Tensor) -> Tensor:
        return logits.sigmoid() if self.multi_label else logits.softmax(dim=-1)

    def explain(self, text: str) -> dict[str, Any]:
        """Tokens, nodes, importance, the likeliest class, and what its probability loses without a token.

        `importance` is None of a model without importance. Keys as formats.py says of attention.json.
        """
        encoded = self.tokenizer(text, truncation=True, max_length=self.max_length)["input_ids"]
        ids = torch.tensor([encoded], device=self.place)
        mask = torch.ones_like(ids)
        with torch.no_grad():
            hidden = self.model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
            importance = self.model.joined(hidden, mask, ids).importance
        is_node = (self.model.nodes_of(ids)[0] != NO_NODE).tolist()
        probabilities = self.probabilities([encoded])[0]
        chosen = int(probabilities.argmax())
        nodes = [at for at, own in enumerate(is_node) if own]
        drops = None
        if importance is not None and len(nodes) > 1:
            drops = self._drops(encoded, nodes, chosen, float(probabilities[chosen]), importance[0])
        return {
            "tokens": self.tokenizer.convert_ids_to_tokens(encoded),
            "nodes": is_node,
            "importance": None if importance is None else [round(own, 6) for own in importance[0].tolist()],
            "predicted": self.model.classes[chosen],
            "probability": round(float(probabilities[chosen]), 6),
            "drops": drops,
        }

    def _drops(
        self, ids: Sequence[int], nodes: Sequence[int], chosen: int, whole: float, importance: Tensor
    ) -> dict[str, float]:
        """What the probability loses without the most attended node, another one, the one of the largest gradient."""
        without = [[*ids[:at], *ids[at + 1 :]] for at in nodes]
        lost = [whole - own for own in self.probabilities(without)[:, chosen].tolist()]
        attended = max(range(len(nodes)), key=lambda own: (float(importance[nodes[own]]), -own))
        gradients = self._gradients(ids, chosen)
        steepest = max(range(len(nodes)), key=lambda own: (float(gradients[nodes[own]]), -own))
        others = [own for at, own in enumerate(lost) if at != attended]
        found = {"attended": lost[attended], "random": sum(others) / len(others), "gradient": lost[steepest]}
        return {name: round(own, 6) for name, own in found.items()}

    def _gradients(self, ids: Sequence[int], chosen: int) -> Tensor:
        """Of each token the gradient of the class's probability by its input vector, times that: [tokens]."""
        tokens = torch.tensor([ids], device=self.place)
        mask = torch.ones_like(tokens)
        vectors = self.model.encoder.get_input_embeddings()(tokens).detach().requires_grad_(True)
        # cuDNN and the like have no gradients of a recurrent network in evaluation mode; the CPU's has.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            hidden = self.model.encoder(inputs_embeds=vectors, attention_mask=mask).last_hidden_state
            probability = self._of_logits(self.model.above(hidden, mask, tokens).float())[0, chosen]
            (gradient,) = torch.autograd.grad(probability, vectors)
        return (gradient * vectors).sum(dim=-1).abs()[0].detach()
