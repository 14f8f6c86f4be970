"""Which works of CITATION.cff a run of this study did not use."""

import re

from crisisflow.pretrained import bare_name
from crisisflow.studies.humaid_ner.params import StudyParams

# Works behind an encoder, by their abbreviation in CITATION.cff, and what the encoder's name then looks like.
ENCODERS = {"MiniLM": "minilm", "Sentence-BERT": "minilm", "BERT": "^bert", "RoBERTa": "^roberta"}
GOLD, WEIGHTING = "IDRISI-R", "Kendall"


def unused_works(params: StudyParams) -> set[str]:
    """Abbreviations of the works that are cited only where a run uses them, and that this one does not use."""
    rows = params.humaid_ner.rows.values()
    used = {
        work
        for work, name in ENCODERS.items()
        if any(re.search(name, bare_name(row.encoder), re.IGNORECASE) for row in rows)
    }
    if params.annotation.quality.idrisi is not None:
        used.add(GOLD)
    if any(row.weighting.startswith("kendall") for row in rows):
        used.add(WEIGHTING)
    return {*ENCODERS, GOLD, WEIGHTING} - used
