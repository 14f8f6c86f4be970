"""A small draw that is spread: every class is in it, and within a class the events have their shares."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from heapq import nlargest
from math import sqrt

from crisisflow.errors import CrisisflowError


def allocate(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many of `total` each stratum gets: in proportion to its size, and at least one.

    By equal proportions (Huntington and Hill): of all whole numbers it gives a stratified mean the smallest variance
    where the strata vary alike (Wright 2012, "The equivalence of Neyman optimum allocation for sampling and equal
    proportions for apportioning the U.S. House of Representatives", The American Statistician 66). No stratum gets more
    than it has.

    Raises:
        CrisisflowError: `total` is less than one for each, or more than there are.
    """
    least, most = len(sizes), sum(sizes.values())
    if not least <= total <= most:
        raise CrisisflowError(
            f"cannot draw {total:,} of {most:,} tweets with one of each of {least} classes; ask for {least} to {most:,}"
        )
    claims = ((size / sqrt(number * (number + 1)), name) for name, size in sizes.items() for number in range(1, size))
    further = Counter(name for _, name in nlargest(total - least, claims))
    return {name: 1 + further[name] for name in sizes}


def spread(classes: Sequence[str], events: Sequence[str | None], size: int, seed: int) -> list[int]:
    """Draw `size` positions, in random order: the classes by `allocate`, and within a class its events in proportion.

    Within a class the tweets stand by event, at random within the event, and are drawn at even steps from a random
    start (systematic sampling): each has the same chance, and each event its share of the class, rounded up or down.

    Raises:
        CrisisflowError: `size` is less than one for each class, or more than there are tweets.
    """
    generator = random.Random(seed)
    drawn = []
    for name, number in sorted(allocate(Counter(classes), size).items()):
        members = [position for position, one in enumerate(classes) if one == name]
        generator.shuffle(members)
        members.sort(key=lambda position: events[position] or "")
        start = generator.randrange(len(members))
        drawn += [members[(start + step * len(members)) // number] for step in range(number)]
    generator.shuffle(drawn)
    return drawn
