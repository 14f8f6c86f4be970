"""Unseen event: the built task again without one event, and its predictions on that event.

The labellers that learn, the agreement and one row are made anew from what is not of the event. Of the tweets of the
event that the row predicts to be requests, offers and irrelevant, so many go to people (paper, footnote 10), and their
labels give the precision of each.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crisisflow.annotation import label_studio
from crisisflow.artifacts import read_json, read_parquet, write_json, write_text
from crisisflow.corpus.same_event import same_event
from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.masking import mask
from crisisflow.params import ComputeParams
from crisisflow.progress import say
from crisisflow.studies.actionable_help.known import read_known
from crisisflow.studies.actionable_help.labelled import Key, by_name
from crisisflow.studies.actionable_help.labellers.prompts import definitions
from crisisflow.studies.actionable_help.params import CONFIDENTIAL, GENERATED, UnseenSections
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.reference import read_reference, write_sample
from crisisflow.studies.actionable_help.row_params import BUILT, UnseenParams
from crisisflow.studies.actionable_help.task import divide, write_divided
from crisisflow.studies.actionable_help.truths import REFERENCE
from crisisflow.studies.actionable_help.unseen import agreed_without, apart, draw, precisions
from crisisflow.studies.actionable_help.validation import Drawn


def run(
    params: UnseenSections,
    compute: ComputeParams,
    pool: InputFile,
    labels: Sequence[InputFile],
    sets: list[str],
    posts: Sequence[InputFile],
    encoders: Sequence[InputFile],
    generated: InputFile,
    checkpoint: Path,
    sample: Path,
    tasks: Path,
    config: Path,
    scores: Path,
    references: Sequence[InputFile] = (),
) -> None:
    """Write the sample of the event, its sheet, and what is known of the predictions; nothing much where no event is
    named.

    An interrupted training goes on from its last checkpoint.

    Args:
        params: the sections of actionable_help that are needed
        compute: section compute
        pool: the tweets of the step pool
        labels: the labellers' answers, in the order of agreement.labellers; repeat
        sets: names of the sets from which labellers learn
        posts: their posts, in this order; repeat
        encoders: what each row begins with; repeat
        generated: the posts of the generated set, whose labels are known
        checkpoint: folder of the checkpoints, removed at the end
        sample: CSV without texts
        tasks: JSON to import into Label Studio
        config: its labelling interface
        scores: JSON with the precision of each predicted label
        references: tweets of such a sample that people labelled; repeat

    Raises:
        CrisisflowError: a file is absent or broken, no tweet of the pool is of the event, or what is left does not
            suffice for labellers, task or row.
    """
    unseen = params.unseen_event
    write_text(config, label_studio.choice_configuration(definitions().labels))
    if unseen is None:
        write_sample(sample, [], {})
        write_json(tasks, [])
        write_json(scores, {"event": None})
        return
    rows = read_parquet(pool, POOL).to_pylist()
    of_event = [row for row in rows if same_event(row["event"], unseen.event)]
    if not of_event:
        there = ", ".join(sorted({row["event"] for row in rows if row["event"]})) or "none"
        raise CrisisflowError(
            f"unseen_event: no tweet of the pool is of {unseen.event}; the events of its tweets: {there}"
        )
    hidden = [row["text"] for row in of_event]
    others = [row for row in rows if not same_event(row["event"], unseen.event)]
    kept = [row for row, keep in zip(others, apart([row["text"] for row in others], hidden), strict=True) if keep]
    given = by_name("labellers", params.agreement.labellers, labels), by_name("sets", sets, posts)
    agreed = agreed_without(kept, hidden, params, unseen.event, *given)
    predicted, trained = _predicted(of_event, agreed, unseen, params, compute, encoders, checkpoint)
    texts = {(row["set"], row["tweet_id"]): row["text"] for row in rows}
    confidential = {name for name, own in params.sets.items() if own.terms == CONFIDENTIAL}
    drawn = draw({key: own for key, own in predicted.items() if key[0] not in confidential}, unseen)
    truth, said = _said(references, generated, texts, drawn, params)
    write_sample(sample, drawn, texts)
    shown = [{"set": one.key[0], "tweet_id": one.key[1], "text": mask(texts[one.key])} for one in drawn]
    write_json(tasks, [{"data": data, "predictions": []} for data in shown])
    tweets = {
        "of_event": len(of_event),
        "without_event": sum(row["event"] is None for row in rows),
        "near_duplicates": len(others) - len(kept),
        "agreed": len(agreed),
    }
    facts = {
        "event": unseen.event,
        "names": sorted({row["event"] for row in of_event}),
        "row": unseen.row,
        "seed": unseen.seed,
        "tweets": tweets,
        "confidential_tweets_left_out": sum(key[0] in confidential for key in predicted),
        "built_task": trained,
        "truth": truth,
        "predicted": precisions(drawn, predicted, said),
    }
    write_json(scores, facts)
    counts = ", ".join(f"{number:,} {label}" for label, number in sorted(Counter(predicted.values()).items()))
    say(f"unseen_event: {len(of_event):,} tweets of {unseen.event}, predicted: {counts}; {len(drawn):,} to label")


def _predicted(
    of_event: Sequence[Mapping[str, Any]],
    agreed: Sequence[Any],
    unseen: UnseenParams,
    params: UnseenSections,
    compute: ComputeParams,
    encoders: Sequence[Path],
    checkpoint: Path,
) -> tuple[dict[Key, str], dict[str, Any]]:
    """The label of each tweet of the event by the row that is trained without it, and the row's scores on the rest."""
    # Heavy imports, which a run without an event does not need.
    from crisisflow.studies.actionable_help import finetune
    from crisisflow.studies.actionable_help.classifying import load
    from crisisflow.studies.actionable_help.encoder import name_of
    from crisisflow.training.device import open_device

    row = params.rows[unseen.row]
    encoder = next((path for path in encoders if name_of(path) == row.encoder), None)
    if encoder is None:
        raise CrisisflowError(f"unseen_event: what the row {unseen.row} begins with is not given; make it again")
    name, task = next((name, task) for name, task in params.tasks.items() if task.kind == BUILT)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = ("tweets", "statistics", "history", "validation", "test", "metrics", "config", "weights", "speed")
        paths = {file: folder / file for file in files}
        found = divide(name, agreed, params.splits, task.limit)
        write_divided(name, task, params.splits, Counter(), found, paths["tweets"], paths["statistics"])
        finetune.run(
            name=unseen.row,
            encoder=encoder,
            row=row,
            finetune=params.finetune,
            compute=compute.model_copy(update={"processes": 1}),
            least_support=params.least_support,
            keep_weights=[unseen.row],
            seed=unseen.seed,
            checkpoint=checkpoint,
            **paths,
        )
        facts = read_json(paths["metrics"], "training_texts", "test")
        classifier = load(paths["weights"], paths["config"], encoder, open_device("cpu", threads=1, processes=1))
        classes = classifier.model.classes
        best = classifier.probabilities([own["text"] for own in of_event]).argmax(axis=1)
    labels = {(own["set"], own["tweet_id"]): classes[at] for own, at in zip(of_event, best, strict=True)}
    test = {name: facts["test"][name] for name in ("macro_f1", "texts")}
    return labels, {"task": name, "training_texts": facts["training_texts"], "test": test}


def _said(
    references: Sequence[Path],
    generated: Path,
    texts: Mapping[Key, str],
    drawn: Sequence[Drawn],
    params: UnseenSections,
) -> tuple[str | None, dict[Key, str] | None]:
    """Whose labels of drawn tweets are the truth, and the labels: people's; without any, how tweets were generated."""
    keys = {own.key for own in drawn}
    settled = {one.drawn.key: one.settled for path in references for one in read_reference(path, texts)}
    made = {(GENERATED, own.tweet_id): own.label for own in read_known(generated, GENERATED, params.texts)}
    for truth, labels in ((REFERENCE, settled), (GENERATED, made)):
        if said := {key: label for key, label in labels.items() if key in keys}:
            return truth, said
    return None, None
