"""Answers: what the study says of texts without a run of the workflow: their label and the resources they name.

By the best fine-tuned row where the study was run here, otherwise by the labeller of kind `rules`, which needs no
training.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from crisisflow.corpus.texts import prepare
from crisisflow.params import TextsParams
from crisisflow.serving.lines import masked, records, together
from crisisflow.studies.actionable_help.resources import resources_of

RESULTS, ENCODERS = Path("results/actionable_help"), Path("data/actionable_help/encoders")
LEXICONS = ("actionable",)  # of the labeller that needs no training

Answer = dict[str, Any]
Answering = Callable[[Sequence[str]], list[Answer]]


def by_row(results: Path, encoders: Path) -> Answering:
    """The best row of a run, with the probability of each label.

    Raises:
        CrisisflowError: a file is absent or broken, or the best row's weights were not kept.
    """
    from crisisflow.studies.actionable_help.classify import chosen

    configs = sorted((results / "rows").glob("*/*/seed*/config.json"))
    weights = [config.with_name("model.safetensors") for config in configs]
    classifier = chosen(results / "scores.json", configs, weights, sorted(encoders.glob("*.safetensors")))
    classes = classifier.model.classes

    def answer(texts: Sequence[str]) -> list[Answer]:
        return [
            {
                "label": classes[own.argmax()],
                "probabilities": {name: round(float(share), 4) for name, share in zip(classes, own, strict=True)},
            }
            for own in classifier.probabilities(texts)
        ]

    return answer


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
