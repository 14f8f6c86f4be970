"""The search terms by which a corpus was collected."""

from pathlib import Path

from crisisflow.artifacts import check_file
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics.params import PAPER
from crisisflow.studies.analytics.reproduction import search_terms


def read_query(query: str | None) -> list[str]:
    """The search terms of a corpus: those of the paper, or of a text with one in each line; none of None.

    Of a text blank lines and those that begin with `//` are left out.

    Raises:
        CrisisflowError: the text is absent, no UTF-8, or has no term.
    """
    if query is None:
        return []
    if query == PAPER:
        return search_terms()
    path = Path(query)
    check_file(path, f"name a text with a search term in each line as query, or {PAPER}")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise CrisisflowError(f"{path} is not UTF-8: {error.reason}") from None
    terms = [line for line in lines if line and not line.startswith("//")]
    if not terms:
        raise CrisisflowError(f"{path} has no search terms; write one in each line")
    return terms
