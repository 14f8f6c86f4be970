"""BIO: the tweets with the labels of the study on a row's subwords."""

from pathlib import Path

from crisisflow.alignment.bio import write_aligned
from crisisflow.inputs import InputFile
from crisisflow.params import AlignmentParams
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.params import NegativesParams
from crisisflow.studies.humaid_ner.row_negatives import write_negatives
from crisisflow.taxonomy import LABELS


def run(
    tweets: InputFile,
    resolved: InputFile,
    encoder: str,
    params: AlignmentParams,
    out: Path,
    statistics: Path,
    negatives_out: Path,
    negatives: NegativesParams | None = None,
    mined: InputFile | None = None,
) -> None:
    """Write the aligned tweets of one row's tokenizer, its negatives and, per type, the fates of the spans.

    Args:
        encoder: whose tokenizer, as embedded:NAME, NAME@REVISION, or a folder
        params: section humaid_ner.alignment
        statistics: JSON
        negatives_out: the row's negatives, aligned; none of them for a row without
        negatives: humaid_ner.rows.NAME.negatives; left out for null
        mined: the table of which they are taken: columns `text` and `band`; `id` and `tweets` where it has them

    Raises:
        CrisisflowError: what `write_aligned` and `write_negatives` raise.
    """
    write_negatives(mined, negatives, encoder, params.max_length, negatives_out)
    write_aligned(STUDY, tweets, resolved, encoder, params.max_length, LABELS, out, statistics)
