"""Which works of CITATION.cff a run of this study did not use."""

from crisisflow.reporting.references import unused_encoders
from crisisflow.studies.humaid_ner.params import StudyParams

GOLD, WEIGHTING = "IDRISI-R", "Kendall"


def unused_works(params: StudyParams) -> set[str]:
    """Abbreviations of the works that are cited only where a run uses them, and that this one does not use."""
    rows = params.humaid_ner.rows.values()
    unused = unused_encoders(row.encoder for row in rows)
    if params.annotation.quality.idrisi is None:
        unused.add(GOLD)
    if not any(row.weighting.startswith("kendall") for row in rows):
        unused.add(WEIGHTING)
    return unused
