"""Bootstrap: how sure the differences between the rows are, and those to the floor."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from crisisflow.artifacts import PREDICTIONS, read_parquet, write_json
from crisisflow.evaluation.bootstrap import SeedCounts, differences
from crisisflow.evaluation.counts import COUNTED_SCORES
from crisisflow.inputs import InputFile
from crisisflow.studies.humaid_ner.rows import of_predictions
from crisisflow.taxonomy import LABELS


def run(predictions: Sequence[InputFile], out: Path) -> None:
    """Compare the rows of these predictions, in their order.

    Every pair of rows, on the validation split.

    Args:
        predictions: of a row and seed; repeat

    Raises:
        CrisisflowError: two of them are of other tweets or of the same row and seed, one does not say of which it is,
            or a row has other seeds than another.
    """
    rows: dict[str, dict[str, dict[int, SeedCounts]]] = {score: defaultdict(dict) for score in COUNTED_SCORES}
    for path, identity in of_predictions(predictions).items():
        table = read_parquet(path, PREDICTIONS)
        for score, (column, counts) in COUNTED_SCORES.items():
            if table[column].null_count == 0:
                own = SeedCounts(table["tweet_id"].to_pylist(), counts(table, LABELS))
                rows[score][identity.row][identity.seed] = own
    compared = [pair for score in COUNTED_SCORES for pair in differences(rows[score], score)]
    write_json(out, [pair._asdict() for pair in compared])
