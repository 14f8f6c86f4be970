"""Answers: what the study says of texts without a run of the workflow: their label and the resources they name.

By the best fine-tuned row where the study was run here, otherwise by the labeller of kind `rules`, which needs no
training.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crisisflow.corpus.texts import prepare
from crisisflow.language import TRAINED_ON, language_of
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.serving.lines import masked, records, together
from crisisflow.serving.schema import is_blank
from crisisflow.studies.actionable_help.resources import resources_of

if TYPE_CHECKING:
    from crisisflow.studies.actionable_help.classifying import TrainedClassifier

RESULTS, ENCODERS = Path("results/actionable_help"), Path("data/actionable_help/encoders")
LEXICONS = ("actionable",)  # of the labeller that needs no training

Answer = dict[str, Any]
Answering = Callable[[Sequence[str]], list[Answer]]


def was_run(results: Path) -> bool:
    """Whether there are scores of rows."""
    return (results / "scores.json").exists()


def best_row(results: Path, encoders: Path) -> "TrainedClassifier":
    """The best row of a run.

    Raises:
        CrisisflowError: a file is absent or broken, or the best row's weights were not kept.
    """
    from crisisflow.studies.actionable_help.classify import chosen

    configs = sorted((results / "rows").glob("*/*/seed*/config.json"))
    weights = [config.with_name("model.safetensors") for config in configs]
    return chosen(results / "scores.json", configs, weights, sorted(encoders.glob("*.safetensors")))


def by_row(classifier: "TrainedClassifier") -> Answering:
    """A row, with the probability of each label. Long texts are read in windows (inference.find)."""
    from crisisflow.inference import find, torch_forward
    from crisisflow.studies.actionable_help.as_row import as_row

    row = as_row(classifier)
    forward = torch_forward(row)

    def answer(texts: Sequence[str]) -> list[Answer]:
        found = [own.probabilities or {} for own in find(row, forward, texts)]
        return [
            {
                "label": max(own, key=own.__getitem__),
                "probabilities": {name: round(share, 4) for name, share in own.items()},
            }
            for own in found
        ]

    return answer


def best_answering(command: str, generated: bool) -> Answering:
    """By the best row of the run that is here; without a run by the lexicon. Which of them, and of what it learnt where
    that was generated, is said.

    Args:
        command: who asks. generated: whether the row, if there is one, learnt from generated tweets.

    Raises:
        CrisisflowError: the study was run, but its row is absent or broken.
    """
    if was_run(RESULTS):
        classifier = best_row(RESULTS, ENCODERS)
        if generated:
            say(
                f"{command}: the row {classifier.identity.row} answers. It learnt from generated tweets: its answers "
                "mean nothing about real tweets"
            )
        return by_row(classifier)
    say(f"{command}: the study was not run here, so a lexicon answers; run: make reproduce STUDY=actionable_help")
    return by_rules


def by_rules(texts: Sequence[str]) -> list[Answer]:
    """The labels of the lexicon; it knows no probabilities."""
    from crisisflow.studies.actionable_help.labellers.rules import label

    return [{"label": own.label, "probabilities": None} for own in label(texts, LEXICONS)]


def judged(answer: Answering, texts: Sequence[str], params: TextsParams) -> list[Answer]:
    """What is said of each text, with its resources and language; of a blank text, or one that is not in English, null,
    as by `/v1/help`.

    Args:
        texts: as they came. params: how they are prepared.
    """
    languages = [None if is_blank(text) else language_of(text) for text in texts]
    known = [prepare(text, params) for text, own in zip(texts, languages, strict=True) if own == TRAINED_ON]
    found = iter(
        [
            {**own, "resources": resources_of(text)}
            for text, own in zip(known, answer(known) if known else [], strict=True)
        ]
    )
    nothing = dict.fromkeys(("label", "probabilities", "resources"))
    return [
        {**(next(found) if own == TRAINED_ON else nothing), "language": own, "judged": own == TRAINED_ON}
        for own in languages
    ]


def answered(
    answer: Answering, texts: TextsParams, lines: Iterable[str], where: str, masking: bool
) -> Iterator[dict[str, Any]]:
    """Each record with what is said of its text (`judged`).

    Raises:
        CrisisflowError: a line is no JSON object with a string `text`.
    """
    for batch in together(records(lines, where)):
        found = judged(answer, [record["text"] for record in batch], texts)
        for record, own in zip(batch, found, strict=True):
            yield {**(masked(record) if masking else record), **own}
