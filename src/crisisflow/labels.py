"""The labels of a model as a value: schemas, heads, metrics and formats take it, and know no label of a study."""

from typing import NamedTuple

# The label of every position without a loss: specials, padding, continuation subwords (torch's default ignore_index).
IGNORED = -100


class Labels(NamedTuple):
    """Entity types and classes, each in the order of their ids; empty of a task that is not there."""

    entities: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def bio(self) -> tuple[str, ...]:
        """The IOB2 labels in the order of their ids: O, then B and I of each entity type."""
        return ("O", *(f"{prefix}-{label}" for label in self.entities for prefix in "BI"))
