"""Answering: what a kept run says of new texts."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.serving.lines import masked, records, together
from crisisflow.studies.gnom.attention import Reader
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.models import Kept, read_model
from crisisflow.studies.gnom.network import GraphClassifier
from crisisflow.training.weights import KEY

RESULTS = Path("results/gnom/rows")
SHIPPED = Path("models/gnom_mini")  # of real tweets; it answers where no run of real tweets is


def kept_runs(results: Path) -> list[Path]:
    """The folders of the runs whose weights were kept, those with the most labels and across sets first."""
    found = []
    for config in sorted(results.glob(f"*/*/*/{OF_RUN['config']}")):
        facts = read_json(config, KEY, "identity", "source", "targets")
        if facts[KEY] is not None:
            is_same = facts["targets"] == [facts["source"]]
            found.append((-facts["identity"]["share"], is_same, str(config.parent), config.parent))
    return [folder for *_, folder in sorted(found)]


def chosen_run(command: str, run: Path | None, results: Path = RESULTS, shipped: Path | None = SHIPPED) -> Path:
    """The run that is asked for. Without one, the first kept run that learnt from real tweets, else the shipped model.

    Where one is chosen, which one is said; and of any that learnt from generated tweets, that it did.

    Args:
        command: who asks. shipped: a folder that gnom_export wrote; None where it has not what is asked for.

    Raises:
        CrisisflowError: there is none.
    """
    folder = run or _first(command, results, shipped)
    if read_json(folder / OF_RUN["config"], "generated")["generated"]:
        say(f"{command}: {folder} learnt from generated tweets: its answers mean nothing about real tweets")
    return folder


def _first(command: str, results: Path, shipped: Path | None) -> Path:
    runs = kept_runs(results)
    real = [own for own in runs if not read_json(own / OF_RUN["config"], "generated")["generated"]]
    known = [*real, *([shipped] if shipped and shipped.is_dir() else []), *(own for own in runs if own not in real)]
    if not known:
        raise CrisisflowError(
            f"no run of the study is in {results}; make one: make reproduce STUDY=gnom (or crisisflow gnom_transfer)"
        )
    others = f"; --run names another: {', '.join(map(str, known[1:]))}" if known[1:] else ""
    say(f"{command}: by {known[0]}{others}")
    return known[0]


def open_run(command: str, run: Path | None, results: Path = RESULTS, shipped: Path = SHIPPED) -> Kept:
    """The model of a run; raises what `chosen_run` and `read_model` raise."""
    folder = chosen_run(command, run, results, shipped)
    return read_model(folder / OF_RUN["weights"], folder / OF_RUN["config"])


def answered(kept: Kept, lines: Iterable[str], where: str, masking: bool) -> Iterator[dict[str, Any]]:
    """Each record with its labels, and the probability of each class.

    Raises:
        CrisisflowError: a line is no JSON object with a string `text`.
    """
    classes, multi_label = kept.facts["classes"], kept.facts["multi_label"]
    reader = Reader(kept.model, kept.tokenizer, kept.facts["max_length"], multi_label)
    for batch in together(records(lines, where)):
        ids = tokenize([record["text"] for record in batch], kept.tokenizer, kept.facts["max_length"])
        for record, own in zip(batch, reader.probabilities(ids).tolist(), strict=True):
            found = dict(zip(classes, (round(value, 4) for value in own), strict=True))
            likeliest = [classes[max(range(len(own)), key=own.__getitem__)]]
            labels = [name for name, value in zip(classes, own, strict=True) if value >= 0.5]
            said = {"labels": labels if multi_label else likeliest, "probabilities": found}
            yield {**(masked(record) if masking else record), **said}


def explained(kept: Kept, text: str) -> str:
    """The tokens of a text with their importance, and what the probability loses without one; JSON.

    Raises:
        CrisisflowError: the model has no word graph.
    """
    if not isinstance(kept.model, GraphClassifier):
        raise CrisisflowError(
            "the row of this run has no word graph, so there is nothing to explain; name another --run"
        )
    reader = Reader(kept.model, kept.tokenizer, kept.facts["max_length"], kept.facts["multi_label"])
    found = reader.explain(text)
    columns = zip(found["tokens"], found["nodes"], found["importance"] or [None] * len(found["tokens"]), strict=True)
    tokens = [{"token": token, "node": node, "importance": importance} for token, node, importance in columns]
    return json.dumps(
        {key: found[key] for key in ("predicted", "probability", "drops")} | {"tokens": tokens},
        ensure_ascii=False,
        indent=2,
    )
