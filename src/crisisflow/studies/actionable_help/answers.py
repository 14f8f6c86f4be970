"""Answers: what the study says of texts without a run of the workflow: their label and the resources they name.

By the best fine-tuned row where the study was run here, otherwise by the labeller of kind `rules`, which needs no
training.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crisisflow.corpus.texts import prepare
from crisisflow.params import TextsParams
from crisisflow.progress import say
from crisisflow.serving.lines import masked, records, together
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


def best_answering(command: str) -> Answering:
    """By the best row of the run that is here; without a run by the lexicon, which is said.

    Args:
        command: who asks.

    Raises:
        CrisisflowError: the study was run, but its row is absent or broken.
    """
    if was_run(RESULTS):
        return by_row(best_row(RESULTS, ENCODERS))
    say(f"{command}: the study was not run here, so a lexicon answers; run: make reproduce STUDY=actionable_help")
    return by_rules


def by_rules(texts: Sequence[str]) -> list[Answer]:
    """The labels of the lexicon; it knows no probabilities."""
    from crisisflow.studies.actionable_help.labellers.rules import label

    return [{"label": own.label, "probabilities": None} for own in label(texts, LEXICONS)]


def answered(
    answer: Answering, texts: TextsParams, lines: Iterable[str], where: str, masking: bool
) -> Iterator[dict[str, Any]]:
    """Each record with its label, the probabilities and the resources of its text.

    Raises:
        CrisisflowError: a line is no JSON object with a string `text`.
    """
    for batch in together(records(lines, where)):
        prepared = [prepare(record["text"], texts) for record in batch]
        for record, text, own in zip(batch, prepared, answer(prepared), strict=True):
            yield {**(masked(record) if masking else record), **own, "resources": resources_of(text)}
