"""BIO: the tweets with the labels of the study on a row's subwords."""

from pathlib import Path

from crisisflow.alignment.bio import write_aligned
from crisisflow.inputs import InputFile
from crisisflow.params import AlignmentParams
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.taxonomy import LABELS


def run(
    tweets: InputFile, resolved: InputFile, encoder: str, params: AlignmentParams, out: Path, statistics: Path
) -> None:
    """Write the aligned tweets of one row's tokenizer and, per type, the fates of the spans.

    Args:
        encoder: whose tokenizer, as embedded:NAME, NAME@REVISION, or a folder
        params: section humaid_ner.alignment
        statistics: JSON

    Raises:
        CrisisflowError: what `write_aligned` raises.
    """
    write_aligned(STUDY, tweets, resolved, encoder, params.max_length, LABELS, out, statistics)
