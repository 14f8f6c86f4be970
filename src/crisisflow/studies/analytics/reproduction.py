"""The paper's numbers (Khatoon et al. 2021, CMC 68(3), 3079-3100), to stand beside a run's.

The files in paper/ are transcribed from the text of the paper's web page. The page shows the cells of its tables, its
figures and Eq. 3, 4, 6, 7 and 8 as pictures: an empty cell is one that the text does not have.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from crisisflow.reporting.exhibits import read_cells

FOLDER = Path(__file__).with_name("paper")
ABSENT = "not in our text"  # what a table shows for such a cell
# The classes of Table 4, as this study names them and as the paper prints them.
CLASSES = {
    "reports": "Reports",
    "signs_or_symptoms": "Signs or symptoms",
    "transmission": "Disease transmission",
    "prevention": "Disease prevention",
    "treatment": "Disease treatment",
    "impact": "Impact",
    "authorities": "Authorities",
    "other_useful_information": "Other useful information",
    "not_related": "Not related or irrelevant",
}
# Classes of public sets that mean the same (CrisisNLP, Ebola and MERS; the paper's class of authorities is not there).
STAND_INS = {
    "deaths_reports": "reports",
    "disease_signs_or_symptoms": "signs_or_symptoms",
    "disease_transmission": "transmission",
    "affected_people": "impact",
    "not_related_or_irrelevant": "not_related",
}


def paper_table(name: str) -> pd.DataFrame:
    """One of the paper's tables, each cell as printed."""
    return read_cells(FOLDER / f"{name}.csv")


def descriptions() -> Mapping[str, str]:
    """What the paper says of each class (Table 4, as the text around it tells), by this study's names."""
    table = paper_table("table4_labelled").set_index("class")["description"]
    return {own: table[printed] for own, printed in CLASSES.items()}


def described(name: str) -> str:
    """What a class is: in the paper's words, or its own name in words where the paper has no such class."""
    return descriptions().get(STAND_INS.get(name, name), name.replace("_", " "))


def search_terms() -> list[str]:
    """The paper's search terms."""
    return paper_table("keywords")["term"].tolist()
