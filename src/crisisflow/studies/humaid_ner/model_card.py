"""The model card of the chosen row: what it is for, what it was made from, what it scores, and what is wrong with it.

Markdown with the front matter of the Hugging Face hub (Mitchell et al. 2019, "Model cards for model reporting").
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from crisisflow.evaluation.bootstrap import Difference
from crisisflow.pretrained import bare_name
from crisisflow.reporting.shown_settings import as_yaml
from crisisflow.studies.humaid_ner.dataset.card import whole_lines
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.rows import SCORE_HEADINGS, RowResult
from crisisflow.studies.humaid_ner.tables import (
    table_of_against_gold,
    table_of_calibration,
    table_of_differences,
    table_of_scores,
)

TEMPLATE = "model_card.md.jinja"
# The official homes of embedded encoders, as the hub names them.
BASE_MODELS = {"embedded:minilm-l6": "sentence-transformers/all-MiniLM-L6-v2"}
TASK_OF = {
    "ner_micro_f1": ("token-classification", "Entity recognition"),
    "cls_macro_f1": ("text-classification", "Classification"),
}


def front_matter(encoder: str, name: str, scores: Mapping[str, float], generated: bool) -> str:
    """The YAML by which the hub knows a model, with its scores on the validation split.

    Args:
        encoder: as params.yaml names it. name: of the model. scores: by the names of TASK_OF.
    """
    results = [
        EvalResult(
            task_type=task,
            task_name=task_name,
            dataset_type="crisisflow-sample" if generated else "humaid-ner",
            dataset_name="crisisflow's generated sample" if generated else "HUMAID-NER (labels by rules)",
            dataset_split="validation",
            metric_type="f1",
            metric_name=SCORE_HEADINGS[score],
            metric_value=round(scores[score], 4),
        )
        for score, (task, task_name) in TASK_OF.items()
        if score in scores
    ]
    return ModelCardData(
        language="en",
        license="apache-2.0" if generated else "cc-by-nc-sa-4.0",
        base_model=BASE_MODELS.get(encoder, encoder.partition("@")[0] if "@" in encoder else None),
        pipeline_tag="token-classification",
        tags=["crisis-informatics", "named-entity-recognition", "text-classification", "multitask-learning"],
        model_name=name,
        eval_results=results,
    ).to_yaml()


def markdown(frame: pd.DataFrame) -> str:
    """A table of a card."""
    return frame.to_markdown(index=False, disable_numparse=True)


def _of_row(name: str, differences: Sequence[Difference]) -> list[Difference]:
    """The differences of a row to each other, the row always first."""
    turned = [
        Difference(pair.second, pair.first, pair.score, -pair.difference, -pair.high, -pair.low)
        if pair.second == name
        else pair
        for pair in differences
    ]
    return [pair for pair in turned if pair.first == name]


def unseen_events(unseen: pd.DataFrame) -> pd.DataFrame:
    """Each event that a row was trained without: the scores of the row and of one that has seen it.

    Args:
        unseen: of results/humaid_ner/leave_one_event_out.csv.
    """
    return pd.DataFrame(
        [
            {
                "Row": line["row"],
                "Event": line["event"],
                "Tweets": f"{line['tweets']:,}",
                "Score": SCORE_HEADINGS[line["score"]],
                "Seen": f"{line['seen']:.3f}",
                "Not seen": f"{line['unseen']:.3f}",
                "Difference": f"{line['difference']:+.3f} [{line['low']:+.3f}, {line['high']:+.3f}]",
            }
            for line in unseen.to_dict("records")
        ]
    )


def template(name: str) -> Template:
    """A template of this study; a value that it is not given is an error."""
    environment = Environment(
        loader=PackageLoader("crisisflow.studies.humaid_ner", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(name)


def settings(params: StudyParams, row: Mapping[str, Any]) -> str:
    """The parameters of a row and its training, as YAML.

    Args:
        row: its section of params.yaml.
    """
    plain = params.model_dump(mode="json")
    parts = {key: plain["humaid_ner"][key] for key in ("training", "model", "alignment")}
    return as_yaml({"row": dict(row), **parts, "compute": plain["compute"]})


def render(
    params: StudyParams,
    chosen: str,
    results: Mapping[str, RowResult],
    differences: Sequence[Difference],
    unseen: pd.DataFrame,
    against_gold: pd.DataFrame,
    manifest: Mapping[str, Any],
    quality: Mapping[str, Any],
) -> str:
    """The card's text.

    Args:
        chosen: the row. results: of all rows and the floor.
        differences: between all pairs of rows.
        unseen, against_gold: of the steps leave_one_event_out and against_gold.
        manifest: of the source.
        quality: scores of the annotation.
    """
    result = results[chosen]
    gold = against_gold[(against_gold["row"] == chosen) & (against_gold["label"] == "all")]
    generated = manifest["source"] == "sample"
    return template(TEMPLATE).render(
        front_matter=front_matter(
            params.humaid_ner.rows[chosen].encoder,
            f"crisisflow {params.preset}, row {chosen}",
            {score: figure.mean for score in TASK_OF if (figure := result.over_seeds(score))},
            generated,
        ),
        generated=generated,
        params=params,
        chosen=chosen,
        row=params.humaid_ner.rows[chosen],
        encoder=bare_name(params.humaid_ner.rows[chosen].encoder),
        result=result,
        run=result.runs[0],
        manifest=manifest,
        scores={heading: result.over_seeds(score) for score, heading in SCORE_HEADINGS.items()},
        differences=markdown(table_of_differences(_of_row(chosen, differences))),
        types=markdown(table_of_scores({chosen: result})),
        calibration=markdown(table_of_calibration({chosen: result})),
        unseen=markdown(unseen_events(unseen)) if len(unseen) else None,
        unseen_rows=sorted(set(unseen["row"])),
        gold=markdown(table_of_against_gold(gold)) if len(gold) else None,
        rules=markdown(pd.DataFrame(whole_lines(quality))),
        settings=settings(params, params.humaid_ner.rows[chosen].model_dump(mode="json")),
        number="{:,}".format,
    )
