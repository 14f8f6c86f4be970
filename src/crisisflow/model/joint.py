"""The joint model: one encoder, a head for entities and one for classes, one forward pass."""

from typing import NamedTuple

from torch import Tensor
from transformers import PreTrainedModel

from crisisflow.labels import Labels
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.heads import ClassHead, EntityHead

# A row's `tasks` and what is trained, in the order of losses, weights and s everywhere.
TASKS = {"joint": ("ner", "cls"), "ner": ("ner",), "cls": ("cls",)}


def labels_of(labels: Labels, tasks: str) -> Labels:
    """The labels of a row's `tasks`: empty of a task that is left out."""
    kept = TASKS[tasks]
    return Labels(labels.entities if "ner" in kept else (), labels.classes if "cls" in kept else ())


class Logits(NamedTuple):
    """Entity logits [batch, length, BIO labels] and class logits [batch, classes]; None of a task that is left out."""

    entity: Tensor | None
    classes: Tensor | None


class JointModel(EncoderModel):
    """A head for the entity types and one for the classes of `labels`; none for a task that has no labels."""

    def __init__(self, encoder: PreTrainedModel, labels: Labels, dropout: float) -> None:
        super().__init__(encoder)
        self.labels = labels
        width = encoder.config.hidden_size
        self.entity_head = EntityHead(width, labels.bio) if labels.entities else None
        self.class_head = ClassHead(width, labels.classes, dropout) if labels.classes else None

    @property
    def tasks(self) -> tuple[str, ...]:
        """`ner`, `cls` or both: what the model has a head for."""
        return tuple(task for task, known in zip(TASKS["joint"], self.labels, strict=True) if known)

    def heads(self, hidden: Tensor, mask: Tensor) -> Logits:
        """The logits from the encoder's last hidden state [batch, length, d]."""
        return Logits(
            self.entity_head(hidden) if self.entity_head is not None else None,
            self.class_head(hidden, mask) if self.class_head is not None else None,
        )
