"""The joint model: one encoder, a head for each task, one forward pass."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel

from crisisflow.model.heads import ClassHead, EntityHead
from crisisflow.taxonomy import IGNORED

# A row's `tasks` and what is trained, in the order of losses, weights and s everywhere.
TASKS = {"joint": ("ner", "cls"), "ner": ("ner",), "cls": ("cls",)}


class Logits(NamedTuple):
    """Entity logits [batch, length, 21] and class logits [batch, 10]; None of a task that the model does not have."""

    entity: Tensor | None
    classes: Tensor | None


class JointModel(nn.Module):
    """An encoder of transformers (last hidden state [batch, length, d]) under the heads of its tasks."""

    def __init__(self, encoder: PreTrainedModel, dropout: float, tasks: str = "joint") -> None:
        super().__init__()
        self.tasks = TASKS[tasks]
        self.encoder = encoder
        self.entity_head = EntityHead(encoder.config.hidden_size) if "ner" in self.tasks else None
        self.class_head = ClassHead(encoder.config.hidden_size, dropout) if "cls" in self.tasks else None

    def forward(self, input_ids: Tensor, mask: Tensor) -> Logits:
        """Both tensors are [batch, length]; `mask` is 0 at padding."""
        return self.heads(self.encoder(input_ids=input_ids, attention_mask=mask).last_hidden_state, mask)

    def heads(self, hidden: Tensor, mask: Tensor) -> Logits:
        """The logits from the encoder's last hidden state [batch, length, d]."""
        return Logits(
            self.entity_head(hidden) if self.entity_head is not None else None,
            self.class_head(hidden, mask) if self.class_head is not None else None,
        )

    def shared_parameters(self) -> list[nn.Parameter]:
        """The trainable ones of the encoder."""
        return [parameter for parameter in self.encoder.parameters() if parameter.requires_grad]

    def head_parameters(self) -> list[nn.Parameter]:
        """Those of the heads."""
        heads = (self.entity_head, self.class_head)
        return [parameter for head in heads if head is not None for parameter in head.parameters()]


def task_losses(logits: Logits, labels: Tensor, classes: Tensor, counts: Tensor) -> Tensor:
    """Cross-entropy of each task that the model has (paper, Eq. 1 and 2): [tasks].

    Eq. 1 averages over the labelled subwords: -100 positions count neither above nor below (docs/reproduction.md,
    entry 5). `ignore_index` keeps the shape fixed, which XLA needs.

    Args:
        labels: [batch, length]. classes: [batch]. counts: [2], the labelled subwords and the tweets to average over.
    """
    losses = []
    if logits.entity is not None:
        entity = logits.entity.flatten(0, 1).float()
        losses.append(cross_entropy(entity, labels.flatten(), ignore_index=IGNORED, reduction="sum") / counts[0])
    if logits.classes is not None:
        loss = cross_entropy(logits.classes.float(), classes, ignore_index=IGNORED, reduction="sum")
        losses.append(loss / counts[1])
    return torch.stack(losses)
