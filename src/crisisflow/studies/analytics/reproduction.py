"""The paper's numbers (Khatoon et al. 2021, CMC 68(3), 3079-3100), to stand beside a run's.

The files in paper/ are transcribed from the text of the paper's web page. The page shows the cells of its tables, its
figures and Eq. 3, 4, 6, 7 and 8 as pictures: an empty cell is one that the text does not have.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from crisisflow.reporting.exhibits import NOT_IN_TEXT, read_cells

FOLDER = Path(__file__).with_name("paper")
ABSENT = NOT_IN_TEXT  # what a table shows for such a cell
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

# The models of Table 5, and the kind of row that is the same.
MODELS = {
    "fine-tuned BERT (BERT-base-uncased)": "encoder",
    "GRU": "gru",
    "CNN with GlobalMaxPooling": "cnn",
    "CNN with GlobalMaxPooling and GRU": "cnn_gru",
    "DPCNN": "dpcnn",
    "RNN with GRU units, attention layer and dense hidden layer": "rnn_attention",
}
BERT = next(iter(MODELS))


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


def constant(what: str) -> str:
    """A number of the paper's sentences, as printed.

    Raises:
        KeyError: there is none of this name.
    """
    return paper_table("constants").set_index("what")["value"][what]


def figure4(quantity: str) -> float:
    """A number of the sentences about Fig. 4, in percent."""
    return float(paper_table("figure4_topic_labelling").set_index("quantity")["value"][quantity])


def accuracies() -> Mapping[str, tuple[str, str]]:
    """Table 5: validation and test accuracy in percent by the kind of row, as printed or ABSENT."""
    table = paper_table("table5_classifiers").set_index("model")
    columns = ("validation_accuracy_percent", "test_accuracy_percent")
    return {kind: tuple(table.loc[model, column] or ABSENT for column in columns) for model, kind in MODELS.items()}


def fitting_totals(validation: float, test: float, most: int) -> list[int]:
    """Numbers of posts of which both accuracies can be shares: a tenth is tested on, a fifth of the rest validates.

    Both parts are rounded up or down; accuracies are in percent with two digits.
    """
    return [
        posts
        for posts in range(10, most + 1)
        if any(
            _is_share(test, tested) and any(_is_share(validation, held) for held in _shares(posts - tested, 5))
            for tested in _shares(posts, 10)
        )
    ]


def _shares(posts: int, parts: int) -> tuple[int, int]:
    return posts // parts, -(-posts // parts)


def _is_share(percent: float, of: int) -> bool:
    return any(
        round(100 * right / of, 2) == percent for right in (int(of * percent / 100), int(of * percent / 100) + 1)
    )
