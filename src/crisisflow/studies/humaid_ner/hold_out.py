"""Hold out: the aligned tweets without one event, to learn from and to choose the epoch on."""

from pathlib import Path

from crisisflow.artifacts import ALIGNED, TWEETS, aligned_schema, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.identity import identified, of_aligned
from crisisflow.inputs import InputFile
from crisisflow.progress import say
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.taxonomy import LABELS


def run(tweets: InputFile, aligned: InputFile, event: str, out: Path) -> None:
    """Keep the train and validation tweets of other events.

    A tweet whose event is not known may be of this one, and is left out too; so is the test split. The event's own
    validation tweets are predicted apart (the step predict_event): an epoch that was chosen on them would know them.

    Args:
        event: the event that is left out

    Raises:
        CrisisflowError: an event is already left out of the aligned tweets, or the validation split has no tweet of
            this one.
    """
    whole = of_aligned(aligned, STUDY)
    if whole.event is not None:
        raise CrisisflowError(f"{aligned} has {whole}; needed are those of all events: give what the step bio made")
    table = read_parquet(aligned, ALIGNED)
    events = read_parquet(tweets, TWEETS)["event"].to_pylist()
    splits = table["split"].to_pylist()
    if ("validation", event) not in zip(splits, events, strict=True):
        known = ", ".join(sorted({own for own in events if own})) or "none that is named (corpus.events)"
        raise CrisisflowError(
            f"humaid_ner.evaluation.leave_one_event_out.events: the validation split has no tweet of {event}; "
            f"there are: {known}"
        )
    say(
        f"hold_out: {events.count(event):,} tweets of {event} and {events.count(None):,} of no known event are left out"
    )
    others = [split != "test" and own not in (event, None) for split, own in zip(splits, events, strict=True)]
    write_parquet(out, table.filter(others), identified(aligned_schema(LABELS), whole._replace(event=event)))
