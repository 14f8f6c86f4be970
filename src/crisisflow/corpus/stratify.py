"""Stratified draws: the class shares of a part are those of the whole."""

from collections.abc import Hashable, Sequence
from typing import Literal

from crisisflow.errors import CrisisflowError


def draw(positions: list[int], labels: Sequence[Hashable], size: int, seed: int) -> tuple[list[int], list[int]]:
    """Part `positions` into `size` drawn ones and the rest, each with the class shares of the whole.

    Raises:
        CrisisflowError: a class is too small to be stratified.
    """
    from sklearn.model_selection import train_test_split

    if size == len(positions):
        return positions, []
    try:
        drawn, rest = train_test_split(
            positions,
            train_size=size,
            random_state=seed,
            stratify=[labels[position] for position in positions],
        )
    except ValueError as error:
        raise CrisisflowError(
            f"cannot stratify {size:,} of {len(positions):,} tweets by class ({error}); ask for more of them"
        ) from error
    return sorted(drawn), sorted(rest)


def draw_training(labels: Sequence[Hashable], size: int | Literal["all"], seed: int) -> list[int]:
    """Positions of the tweets of the train split that are trained on (a study's training.tweets), in their order.

    Every model of a seed draws by this, so that all of them learn from the same tweets.

    Raises:
        CrisisflowError: there are fewer tweets, or a class is too small to be stratified.
    """
    positions = list(range(len(labels)))
    if size == "all":
        return positions
    if size > len(positions):
        raise CrisisflowError(
            f"the study's training.tweets is {size:,} but the train split has {len(positions):,}; lower it, or say all"
        )
    return draw(positions, labels, size, seed)[0]
