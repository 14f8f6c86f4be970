"""Label Studio's formats: its labelling configuration, tasks for its import, its JSON export read back.

Its offsets are code points of the text as imported, as ours are, emoji and folded white space included (tried with
1.23.2 in a browser; old versions counted UTF-16 units, its issue 1008). Its exports name predictions by number only
(its issue 5654), therefore a task's data carries the pipeline's marks too: whatever comes back brings them along.
"""

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

from crisisflow.annotation.reviewed import Mark, Reviewed, check, flat
from crisisflow.errors import CrisisflowError
from crisisflow.taxonomy import ENTITY_TYPES

T = TypeVar("T")

PIPELINE = "pipeline"
_LABELS, _CHOICE, _TEXT = "label", "choice", "text"

# The "muted" scheme of Paul Tol, "Colour Schemes" (SRON/EPS/TN/09-002, issue 3.2, 2021), and its pale grey last: told
# apart also by the colour-blind.
_COLOURS = (
    "#CC6677",
    "#332288",
    "#DDCC77",
    "#117733",
    "#88CCEE",
    "#882255",
    "#44AA99",
    "#999933",
    "#AA4499",
    "#DDDDDD",
)


def configuration() -> str:
    """The labelling configuration: the ten types over the task's text, as XML."""
    view = ElementTree.Element("View")
    labels = ElementTree.SubElement(view, "Labels", name=_LABELS, toName=_TEXT)
    for label, colour in zip(ENTITY_TYPES, _COLOURS, strict=True):
        ElementTree.SubElement(labels, "Label", value=label, background=colour)
    ElementTree.SubElement(view, "Text", name=_TEXT, value="$text")
    return _written(view)


def choice_configuration(labels: Mapping[str, str]) -> str:
    """The labelling configuration of a choice of one label for the whole text; the value of each says what it means."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Text", name=_TEXT, value="$text")
    choices = ElementTree.SubElement(
        view, "Choices", name=_CHOICE, toName=_TEXT, choice="single-radio", required="true", showInline="false"
    )
    for label, meaning in labels.items():
        ElementTree.SubElement(choices, "Choice", value=label, hint=meaning)
    return _written(view)


def choices_configuration(shown: Mapping[str, str], controls: Mapping[str, Mapping[str, str]]) -> str:
    """The labelling configuration of several choices for one task, one answer each.

    Args:
        shown: fields of a task's data, and the heading of each. controls: by the name of a choice its values, and what
            each means.
    """
    view = ElementTree.Element("View")
    for field, heading in shown.items():
        ElementTree.SubElement(view, "Header", value=heading)
        ElementTree.SubElement(view, "Text", name=field, value=f"${field}")
    for name, values in controls.items():
        choices = ElementTree.SubElement(
            view, "Choices", name=name, toName=next(iter(shown)), choice="single-radio", required="true"
        )
        for value, meaning in values.items():
            ElementTree.SubElement(choices, "Choice", value=value, hint=meaning)
    return _written(view)


def _written(view: ElementTree.Element) -> str:
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def task(data: Mapping[str, str | None], marks: Set[Mark]) -> dict[str, Any]:
    """A task to import: `data`, which has the `text`, and the pipeline's marks as its pre-annotation."""
    ordered = sorted(marks)
    return {
        "data": {**data, PIPELINE: ordered},
        "predictions": [{"model_version": PIPELINE, "result": [_result(data["text"], mark) for mark in ordered]}],
    }


def _result(text: str, mark: Mark) -> dict[str, Any]:
    start, end, label = mark
    value = {"start": start, "end": end, "text": text[start:end], "labels": [label]}
    return {"type": "labels", "from_name": _LABELS, "to_name": _TEXT, "value": value}


def read_export(path: Path) -> list[Reviewed]:
    """A JSON export: its annotators by the name in `completed_by`, the marks that were imported as `pipeline`.

    Raises:
        CrisisflowError: the file is no such export, or a mark of it is broken.
    """
    return _each_task(path, _reviewed)


def read_choices(path: Path) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """A JSON export of choices: the data of each task, and the choice of each annotator by the name in `completed_by`.

    Raises:
        CrisisflowError: the file is no such export, or an annotation has not one choice.
    """
    return _each_task(path, lambda task: (task["data"], {name: _chosen(results) for name, results in _by(task)}))


def read_named_choices(path: Path) -> list[tuple[dict[str, Any], dict[str, dict[str, str]]]]:
    """A JSON export of several choices a task: its data, and of each annotator the choice by the name of the control.

    Raises:
        CrisisflowError: the file is no such export, or an annotation has a control twice.
    """
    return _each_task(path, lambda task: (task["data"], {name: _named(results) for name, results in _by(task)}))


def _named(results: list[dict[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for own in results:
        if own.get("type") == "choices":
            name, chosen = own["from_name"], own["value"]["choices"]
            if name in found or len(chosen) != 1:
                raise ValueError(f"an annotation has not one choice of {name}")
            found[name] = chosen[0]
    return found


def _each_task(path: Path, read: Callable[[dict[str, Any]], T]) -> list[T]:
    """What `read` makes of each task of an export; its ValueError is told with the task."""
    try:
        tasks = json.loads(path.read_bytes())
    except OSError as error:
        raise CrisisflowError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise CrisisflowError(f"{path} is no JSON ({error}); export from Label Studio with format JSON") from None
    found = []
    try:
        for number, exported in enumerate(tasks, 1):
            where = f"task {exported.get('id', f'at place {number}')}"
            found.append(read(exported))
    except (KeyError, TypeError, AttributeError) as error:
        raise CrisisflowError(
            f"{path} is no JSON export of Label Studio ({type(error).__name__} {error}); export with format JSON"
        ) from None
    except ValueError as error:
        raise CrisisflowError(f"{path}, {where}: {error}") from None
    return found


def _by(task: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The annotators of a task and their results, without cancelled ones."""
    names = set()
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            continue
        by = annotation["completed_by"]
        name = str(by.get("email") or by["id"]) if isinstance(by, dict) else str(by)
        if name in names:
            raise ValueError(f"annotator {name} annotated it twice; delete one of the two in Label Studio")
        names.add(name)
        yield name, annotation["result"]


def _chosen(results: list[dict[str, Any]]) -> str:
    chosen = [choice for own in results if own.get("type") == "choices" for choice in own["value"]["choices"]]
    if len(chosen) != 1:
        raise ValueError(f"an annotation has {len(chosen)} choices, not one")
    return chosen[0]


def _reviewed(task: dict[str, Any]) -> Reviewed:
    text = task["data"]["text"]
    marks = {}
    if PIPELINE in task["data"]:
        marks[PIPELINE] = flat(check(Mark(*mark), text) for mark in task["data"][PIPELINE])
    for name, results in _by(task):
        if name == PIPELINE:
            raise ValueError(f"an annotator is called {name}, as the imported marks are; rename it in Label Studio")
        marks[name] = flat(_mark(text, result["value"]) for result in results if result.get("type") == "labels")
    return Reviewed(text, marks)


def _mark(text: str, value: dict[str, Any]) -> Mark:
    if len(value["labels"]) != 1:
        raise ValueError(f"{value['start']}-{value['end']} has {len(value['labels'])} types, not one")
    mark = check(Mark(operator.index(value["start"]), operator.index(value["end"]), value["labels"][0]), text)
    if "text" in value and _printed(value["text"]) != _printed(text[mark.start : mark.end]):
        raise ValueError(
            f"{mark.start}-{mark.end} {mark.label} is not what was marked; old versions of Label Studio count otherwise"
        )
    return mark


def _printed(text: str) -> str:
    r"""A marked text without its white space: Label Studio folds it, and writes line ends as the two characters \n."""
    return "".join(text.replace("\\n", " ").split())
