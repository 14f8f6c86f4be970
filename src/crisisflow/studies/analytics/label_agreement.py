"""Label agreement: what people say of the labels on a sheet, and how far two of them agree."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from crisisflow.annotation.label_studio import read_named_choices
from crisisflow.artifacts import read_json, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.agreement import kappa
from crisisflow.evaluation.proportions import wilson
from crisisflow.progress import say
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.labels import METHODS
from crisisflow.studies.analytics.reproduction import CLASSES
from crisisflow.studies.analytics.topic_sheet import BEST, HEADER, NONE_FITS, THEME

Answers = Mapping[str, Mapping[str, Mapping[str, str]]]  # by person and topic: the method that fits best, and the theme


def run(answers: Sequence[Path], key: Path, out: Path | None) -> None:
    """Score the answers to a sheet; print the scores, and write them where `out` says.

    Args:
        answers: JSON exports of Label Studio, or filled in copies of sheet.csv, one a person
        key: key.json of the sheet
        out: JSON, to be named as analytics.scores.people

    Raises:
        CrisisflowError: a file is absent or damaged, an answer is none of the sheet's, or nothing was answered.
    """
    facts = read_json(key, "corpus", "options")
    found = read_answers(answers, facts["options"])
    scores = {"study": STUDY, "corpus": facts["corpus"], **scored(found)}
    for method, share in scores["methods"].items():
        between = f"{share['low']:.0%} to {share['high']:.0%}"
        say(f"{method}: best in {share['value']:.0%} of {scores['judgements']} judgements ({between})")
    for pair in scores["agreement"]:
        told = ", ".join(
            f"{name} {'not defined' if pair[name] is None else f'{pair[name]:.3f}'}" for name in (BEST, THEME)
        )
        say(f"{pair['first']} and {pair['second']}, {pair['topics']} topics, Cohen's kappa: {told}")
    if out:
        write_json(out, scores)


def read_answers(paths: Sequence[Path], options: Mapping[str, Mapping[str, str]]) -> Answers:
    """The answers by person and topic.

    Raises:
        CrisisflowError: a file is damaged, has an answer that is none of the sheet's, or a topic that the sheet lacks.
    """
    found: dict[str, dict[str, dict[str, str]]] = {}
    for path in paths:
        own = _of_sheet(path) if path.suffix == ".csv" else _of_export(path)
        for person, topic, best, theme in own:
            if topic not in options:
                raise CrisisflowError(f"{path}: the sheet of this key has no topic {topic}; give the key of that sheet")
            if best not in (*options[topic], NONE_FITS) or theme not in CLASSES:
                wrong = best if best not in (*options[topic], NONE_FITS) else theme
                raise CrisisflowError(f"{path}, topic {topic}: {wrong!r} is no answer; see config.xml of the sheet")
            if topic in found.setdefault(person, {}):
                raise CrisisflowError(f"{path}: {person} answered topic {topic} twice; give one answer")
            found[person][topic] = {BEST: options[topic].get(best, NONE_FITS), THEME: theme}
    if not found:
        raise CrisisflowError(f"{', '.join(map(str, paths))}: nothing is answered")
    return found


def _of_sheet(path: Path) -> list[tuple[str, str, str, str]]:
    """Person, topic and both answers of each line that has them; the name of the file is the person's."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CrisisflowError(f"cannot read {path}: {error}") from None
    if not lines or not {*HEADER} <= {*lines[0]}:
        raise CrisisflowError(f"{path} is no filled in sheet.csv: it needs the columns {', '.join(HEADER)}")
    return [(path.stem, line["topic"], line[BEST], line[THEME]) for line in lines if line[BEST] or line[THEME]]


def _of_export(path: Path) -> list[tuple[str, str, str, str]]:
    return [
        (person, str(data.get("topic")), chosen.get(BEST, ""), chosen.get(THEME, ""))
        for data, by_person in read_named_choices(path)
        for person, chosen in by_person.items()
    ]


def scored(answers: Answers) -> dict[str, Any]:
    """How often each method's label fits best, with Wilson's interval; themes by topic; Cohen's kappa of each two."""
    picked = Counter(own[BEST] for topics in answers.values() for own in topics.values())
    total = picked.total()
    themes: dict[str, Counter[str]] = {}
    for topics in answers.values():
        for topic, own in topics.items():
            themes.setdefault(topic, Counter())[own[THEME]] += 1
    return {
        "people": len(answers),
        "judgements": total,
        "methods": {name: wilson(picked[name], total)._asdict() for name in (*METHODS, NONE_FITS)},
        "themes": {topic: min(own, key=lambda name: (-own[name], name)) for topic, own in sorted(themes.items())},
        "agreement": [_pair(answers, first, second) for first, second in combinations(sorted(answers), 2)],
    }


def _pair(answers: Answers, first: str, second: str) -> dict[str, Any]:
    both = sorted(answers[first].keys() & answers[second].keys())
    found: dict[str, Any] = {"first": first, "second": second, "topics": len(both)}
    for name, values in ((BEST, (*METHODS, NONE_FITS)), (THEME, tuple(CLASSES))):
        table = np.zeros((len(values), len(values)))
        for topic in both:
            table[values.index(answers[first][topic][name]), values.index(answers[second][topic][name])] += 1
        value = float(kappa(table)) if both else np.nan
        found[name] = value if np.isfinite(value) else None
    return found
