"""Hold out: the aligned tweets without one event to learn from, and with that event alone to be scored on."""

from pathlib import Path

from crisisflow.artifacts import ALIGNED, TWEETS, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError


def run(tweets: Path, aligned: Path, event: str, out: Path) -> None:
    """Keep the train split's tweets of other events, and the validation split's tweets of this one.

    The test split is left out, and so is what the event itself has in the train split: a row that did see the event is
    then scored on the very same tweets.

    Raises:
        CrisisflowError: the corpus has no such event in both splits.
    """
    table = read_parquet(aligned, ALIGNED)
    events = read_parquet(tweets, TWEETS)["event"].to_pylist()
    splits = table["split"].to_pylist()
    keep = [
        (split == "train" and own != event) or (split == "validation" and own == event)
        for split, own in zip(splits, events, strict=True)
    ]
    held_out = table.filter(keep)
    if "validation" not in held_out["split"].to_pylist():
        known = ", ".join(sorted({own for own in events if own})) or "none that is named (corpus.events)"
        raise CrisisflowError(
            f"evaluation.leave_one_event_out.events: the validation split has no tweet of {event}; there are: {known}"
        )
    write_parquet(out, held_out, ALIGNED)
