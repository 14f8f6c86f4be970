"""The card of a shipped model: what it is for, what it was made from, what it scores, what is wrong with it, and the
commands that make it again. Markdown with the front matter of the Hugging Face hub, as `model_card`.
"""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from crisisflow.pretrained import bare_name
from crisisflow.studies.humaid_ner.dataset.card import whole_lines
from crisisflow.studies.humaid_ner.model_card import BASE_MODELS, front_matter, markdown, settings, template
from crisisflow.studies.humaid_ner.params import RowParams, StudyParams
from crisisflow.studies.humaid_ner.rows import SCORE_HEADINGS, describe
from crisisflow.studies.humaid_ner.tables import table_of_against_gold

TEMPLATE = "exported_card.md.jinja"


def validation_table(scores: Mapping[str, Any]) -> pd.DataFrame:
    """The scores in float32 and in int8, and the share of tweets whose class is the same.

    Args:
        scores: on the validation tweets, as the step export_model finds them.
    """
    runtimes = ("float32", "int8")
    lines = [[SCORE_HEADINGS[score], *(f"{scores[own][score]:.4f}" for own in runtimes)] for score in scores["float32"]]
    lines.append(["Same class as float32", "", f"{scores['int8']['classes_as_float32']:.2%}"])
    return pd.DataFrame(lines, columns=["Score", *runtimes])


def test_lines(test: Mapping[str, Any]) -> list[str]:
    """The scores on the test tweets, in words."""
    return [
        f"{SCORE_HEADINGS[score]} {own['mean']:.4f}" + (f" ± {own['deviation']:.4f}" if "deviation" in own else "")
        for score, own in test["scores"].items()
        if score in SCORE_HEADINGS
    ]


def render(
    model: Mapping[str, Any],
    trained: Mapping[str, Any],
    params: StudyParams,
    gold: pd.DataFrame | None,
    quality: Mapping[str, Any],
    speed: str | None,
) -> str:
    """The card's text.

    Args:
        model: config.json of the shipped model. trained: config.json of the row.
        gold: of the step against_gold, the row's lines of all types; None where it was not run.
        quality: scores of the annotation; empty where they are not known.
        speed: what was measured, in one line; None for not measured.
    """
    encoder = trained["row"]["encoder"]
    rules = whole_lines(quality)
    return template(TEMPLATE).render(
        front_matter=front_matter(
            encoder, f"crisisflow {model['name']}", model["scores"]["validation"]["int8"], model["generated"]
        ),
        model=model,
        trained=trained,
        configuration=describe(RowParams.of_facts(trained["row"])),
        encoder=BASE_MODELS.get(encoder, bare_name(encoder)),
        validation=markdown(validation_table(model["scores"]["validation"])),
        test=model["scores"]["test"] and test_lines(model["scores"]["test"]),
        gold=markdown(table_of_against_gold(gold)) if gold is not None and len(gold) else None,
        rules=markdown(pd.DataFrame(rules)) if rules else None,
        speed=speed,
        settings=settings(params, trained["row"]),
        number="{:,}".format,
    )
