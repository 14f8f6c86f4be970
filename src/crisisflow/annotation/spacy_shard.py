"""Stage 1, a part at a time: the spans of a shard of the tweets."""

from pathlib import Path

from crisisflow.annotation.spacy_stage import annotate
from crisisflow.inputs import InputFile
from crisisflow.params import SpacyParams
from crisisflow.spans import WHOLE, read_texts, write_spans


def run(tweets: InputFile, params: SpacyParams, out: Path, shard: str = WHOLE) -> None:
    """Write the spans of stage 1 for a shard of a tweets file, or for all of it.

    Args:
        tweets: the tweets of the step subset
        params: section annotation.spacy
        shard: K-of-N, only the K-th of N parts of the tweets

    Raises:
        CrisisflowError: the tweets file, the shard or the pipeline is not there or not as it should be.
    """
    write_spans(out, annotate(read_texts(tweets, "spacy_shard", shard), params))
