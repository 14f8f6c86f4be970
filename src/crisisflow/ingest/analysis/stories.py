"""Stories: posts that nearly repeat each other, found among those of a sliding window."""

from collections.abc import Sequence

from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.ingest.store.records import Story

WINDOW = 2_000  # stories that a new post is compared with, the latest


def stories_of(posts: Sequence[tuple[int, str]], window: Sequence[Story]) -> dict[int, int]:
    """The story of each new post, by its number: that of the earliest near-repeat, or its own number.

    Two texts are near-repeats by `corpus.near_duplicates.groups_of`.

    Args:
        posts: numbers and texts, the first taken first. window: earlier stories.
    """
    earlier = sorted(window)
    first: dict[int, int] = {}  # the story of each group
    found = {}
    numbers = [*(own.id for own in earlier), *(number for number, _ in posts)]
    groups = groups_of([*(own.text for own in earlier), *(text for _, text in posts)])
    for at, (number, group) in enumerate(zip(numbers, groups.tolist(), strict=True)):
        story = first.setdefault(group, number)
        if at >= len(earlier):
            found[number] = story
    return found
