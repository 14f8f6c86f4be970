"""The tables of the paper beside this run, and what else was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.exhibits import read_frame
from crisisflow.reporting.folders import Captioned, write_tables
from crisisflow.studies.actionable_help.claim_table import ThisRun, table_of_claims
from crisisflow.studies.actionable_help.label_tables import (
    table_of_agreement,
    table_of_cost,
    table_of_labelling,
    table_of_unseen,
)
from crisisflow.studies.actionable_help.model_tables import LENGTH, table_2, table_5, table_of_joint, table_of_minis
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.place_tables import table_6, table_7, table_of_resources
from crisisflow.studies.actionable_help.reproduction import paper_table
from crisisflow.studies.actionable_help.score_tables import (
    scores_of_task_minis,
    table_1,
    table_3,
    table_4,
    table_of_classes,
    table_of_differences,
    table_of_tasks,
)

OVER_SEEDS = "Ours is the mean ± standard deviation over the seeds, on test tweets"
GENERATED = "The tweets of the set generated say nothing about real tweets"


def run(
    preset: Name,
    params: ActionableHelpParams,
    agreement: InputFile,
    label_scores: InputFile,
    statistics: Sequence[InputFile],
    scores: InputFile,
    minis: Sequence[InputFile],
    task_minis: Sequence[InputFile],
    joint: InputFile,
    ratios: InputFile,
    resources: InputFile,
    unseen: InputFile,
    folder: Path,
) -> None:
    """Write each table and captions.json (the caption of each, in the order of display) into `folder`.

    Args:
        preset: name of the preset
        params: section actionable_help
        agreement: of the step agree
        label_scores: of the step score_labels
        statistics: of each task; repeat
        scores: of the step score
        minis: metrics.json of each mini; repeat
        task_minis: metrics.json of each mini of one task; repeat
        joint: of the step score_joint
        ratios: of the step ratios
        resources: scores of the step find_resources
        unseen: scores of the step unseen_event

    Raises:
        CrisisflowError: a file is absent or was written by another version.
    """
    agreed, known = read_json(agreement, "pairs", "labels"), read_json(label_scores, "scores", "note")
    found = read_json(scores, "rows", "kinds", "baseline")
    # The file has the rows by name; here they are in the order of params.yaml.
    found["rows"] = {row: found["rows"][row] for row in (*params.rows, *params.others)}
    of_task = {own["task"]: own for own in (read_json(path, "task", "kind") for path in statistics)}
    counts = [of_task[name] for name in params.tasks]
    of_mini = {own["mini"]: own for own in (read_json(path, "mini", "updates") for path in minis)}
    learnt = {name: of_mini[name] for name in params.minis.shapes}
    of_place = read_frame(ratios)
    without = read_json(unseen, "event")
    of_one_task = scores_of_task_minis(task_minis)
    setting = f"This run: preset {preset}, {'seeds' if len(params.seeds) > 1 else 'seed'} " + ", ".join(
        map(str, params.seeds)
    )
    # sections.py has their places in the report.
    made = {
        "labelling": (
            table_of_labelling(agreed, known, params),
            "The labels. What sections 3.2 and 4 of the paper say of them, and this run. Its labellers are those of "
            "params.yaml; generative ones are run only where an endpoint is named.",
        ),
        "agreement": (
            table_of_agreement(agreed),
            f"How far the labellers agree, on {agreed['tweets']:,} tweets. Kappa is Cohen's of a pair and Fleiss' of "
            "all, with McHugh's words. Of a label: of the tweets to which a labeller gives it, the share with it as "
            "agreed label.",
        ),
        "cost": (
            table_of_cost(known),
            "What agreement gains and what it costs. Intervals are bootstrap ones of a stratified sample. "
            + " ".join(dict.fromkeys(f"{own['name']}: {own['note']}" for own in known["scores"] if own["note"])),
        ),
        "table1": (
            table_1(found, counts, of_one_task, params),
            "Table 1. Macro F1 on the data that the labellers agreed on. The paper's data is not published, so its "
            "rows and ours are of other tweets. Rows NAME-soft and NAME-hard learnt from the labels of the best "
            "classifier. The half interval is of Student's t. Rare classes have fewer than "
            f"{params.least_support} test tweets. {GENERATED}. {setting}.",
        ),
        "classes": (
            table_of_classes(found),
            f"F1 and support of each class. A class of few test tweets is a large share of macro F1. {OVER_SEEDS}.",
        ),
        "table3": (
            table_3(found, counts),
            "Table 3. Macro F1 on each task. A task of kind real has the paper's data, one of kind built the labels "
            f"of this study. A stand-in has other data and is not to be compared with the paper. {OVER_SEEDS}. "
            f"{setting}.",
        ),
        "differences": (
            table_of_differences(found),
            f"Each row less the baseline ({found['baseline']}), with the 95 % interval of a paired bootstrap over the "
            "test tweets; uncorrected. The last line of a row counts the tasks.",
        ),
        "unseen": (
            table_of_unseen(without),
            _about_unseen(without),
        ),
        "tasks": (
            table_of_tasks(counts),
            "The tasks. Near duplicates: test texts with one in the train or validation split, if whole groups are "
            "split, and if single texts are, as the paper does. Kappa of people: of those who labelled the data.",
        ),
        "table2": (
            table_2(learnt, params.minis),
            "Table 2. Shapes (width H, layers L, heads A, feed-forward width I) and parameters: as printed; counted "
            "with pooler from BERT's architecture in that shape, vocabulary and positions; and of the minis of this "
            "run, which have no pooler.",
        ),
        "table4": (
            table_4(found, params),
            "Table 4. Other small models. The averages of the paper and of this run are over other tasks.",
        ),
        "table5": (
            table_5(params.minis),
            "Table 5. Speed as printed, on an A100, and what follows from the shape alone: multiply-adds of one text "
            f"of {LENGTH} subwords. What is measured on CPUs stands in docs/studies/actionable_help.md.",
        ),
        "minis": (
            table_of_minis(learnt, found, params),
            "The minis: how they learnt, and three measures on held-out texts. Shared neighbours: of the nearest "
            "texts by the teacher, those that the mini has too. The last columns compare the row that begins with "
            f"the mini with one of the same shape and random weights. {setting}.",
        ),
        "joint": (
            table_of_joint(read_json(joint, "teacher", "rows")),
            "Joint minis: entities and classes of the leading study, learnt from one of its rows. Scores are those of "
            "the validation tweets by label, each model's spans on its own tokenizer's words; kept: of the teacher's "
            f"score. The paper has no such model. {setting}.",
        ),
        "table6": (
            table_6(of_place),
            "Table 6. Requests and offers by country, with 95 % intervals of a bootstrap over tweets. Corrected for "
            f"the classifier's errors. A group of fewer than {params.ratios.least} requests and offers has no ratio. "
            f"{GENERATED}.",
        ),
        "table7": (
            table_7(of_place),
            "Table 7. Cities of most requests and of most offers, in percent of the tweets of the side. Only cities "
            f"with a ratio are listed. {GENERATED}.",
        ),
        "resources": (
            table_of_resources(read_json(resources, "scores")),
            "What finds the resources of a text: a lexicon, and a classifier that learns from "
            f"{', '.join(params.resources.learns_from)} and judges no text that it learnt from. This run uses: "
            f"{params.ratios.resources}. In the last line of a truth, Texts counts all of its texts. {GENERATED}.",
        ),
        "claims": (
            table_of_claims(ThisRun(params, agreed, learnt, found, of_one_task, of_place)),
            "Claims of the paper. Recomputed from the paper's own tables, with the bounds that their rounding leaves. "
            "A claim holds if its printed number may lie within them. Averages of this run are over the tasks that are "
            f"no stand-ins. {GENERATED}.",
        ),
    }
    write_tables(folder, {name: Captioned(*own) for name, own in made.items()})
    say(f"tables: {len(made)} tables in {folder}")


def _about_unseen(scores: Mapping[str, Any]) -> str:
    """The caption of the table on an unseen event."""
    (printed,) = (line for line in paper_table("labelling").to_dict("records") if line["where"] == "footnote 10")
    said = (
        f"An unseen event. The paper inspected {printed['value']} {printed['unit']} of another crisis, and says that "
        "its classifier did as well on them."
    )
    if scores["event"] is None:
        return f"{said} Here actionable_help.unseen_event is null, so no event was left out."
    return (
        f"{said} Here labellers and row {scores['row']} learnt nothing of {scores['event']}. Intervals are Wilson's. "
        f"Truth: {scores['truth'] or 'none'}."
    )
