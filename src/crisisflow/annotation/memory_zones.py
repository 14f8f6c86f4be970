"""Memory zones: spaCy at full speed without growing with the corpus."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, TypeVar

from crisisflow.artifacts import batched
from crisisflow.spans import BATCH

if TYPE_CHECKING:  # a heavy import
    from spacy.language import Language

T = TypeVar("T")

ZONE = 32 * BATCH


def in_memory_zones(nlp: "Language", items: Iterable[T]) -> Iterator[list[T]]:
    """Lists of ZONE items, each within a memory zone of `nlp`, which forgets at its end what words it met.

    But for the first one, whose words are kept: within a zone the tokenizer caches nothing, and what it met before is
    most of what it will meet.
    """
    for number, zone in enumerate(batched(items, ZONE)):
        with nlp.memory_zone() if number else nullcontext():
            yield zone
