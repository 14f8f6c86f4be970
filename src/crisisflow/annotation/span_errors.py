"""Faults: what differs between the spans that were found in a text and those that are known to be there."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class Labelled(Protocol):
    """A labelled stretch of a text."""

    start: int
    end: int
    label: str


Found = TypeVar("Found", bound=Labelled)
Known = TypeVar("Known", bound=Labelled)


def _key(span: Labelled) -> tuple[int, int, str]:
    return span.start, span.end, span.label


def span_errors(found: Sequence[Found], known: Sequence[Known]) -> Iterator[tuple[str, Found | None, Known | None]]:
    """What kind of fault, the span that was found, and the known one: each span once, that are equal left out.

    A found span is compared with the known one that it shares most with. Kinds: `border` (the right type), `type` (the
    right borders), `both`, `false` (none is there) and `miss` (none was found).
    """
    right = set(map(_key, found)) & set(map(_key, known))
    missed = [span for span in known if _key(span) not in right]
    for span in found:
        if _key(span) in right:
            continue
        rivals = [gold for gold in missed if gold.start < span.end and span.start < gold.end]
        if not rivals:
            yield "false", span, None
            continue
        gold = max(rivals, key=lambda gold: min(gold.end, span.end) - max(gold.start, span.start))
        missed.remove(gold)
        same = (gold.label == span.label, (gold.start, gold.end) == (span.start, span.end))
        yield {(True, False): "border", (False, True): "type"}.get(same, "both"), span, gold
    for gold in missed:
        yield "miss", None, gold
