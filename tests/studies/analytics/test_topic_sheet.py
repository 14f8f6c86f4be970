"""The sheet for people: blind, masked, and read back; and how far two people agree."""

import csv
import json
from xml.etree import ElementTree

import pytest

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import label_agreement, topic_sheet
from crisisflow.studies.analytics.labels import METHODS
from crisisflow.studies.analytics.reproduction import CLASSES
from crisisflow.studies.analytics.topic_sheet import BEST, OPTIONS, THEME
from tests.studies.analytics.small import make


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    run, out = make(tmp_path_factory.mktemp("small")), tmp_path_factory.mktemp("sheet")
    topic_sheet.run(run, "pandemic", 3, 13, out)
    return out


def tasks(sheet):
    return json.loads((sheet / "tasks.json").read_text())


def test_each_topic_is_a_task_with_its_labels_in_an_order_that_the_key_alone_knows(sheet):
    key = read_json(sheet / "key.json")["options"]
    assert {str(task["data"]["topic"]) for task in tasks(sheet)} == {*key}
    for own in key.values():
        assert {*own} == {*OPTIONS} and {*own.values()} == {*METHODS}
    assert len({tuple(own.values()) for own in key.values()}) > 1
    for task in tasks(sheet):
        assert {*task["data"]} == {"corpus", "topic", "terms", "posts", *OPTIONS}
        assert 1 <= len(task["data"]["posts"].splitlines()) <= 3
        assert "@" not in task["data"]["posts"]  # handles are covered
        assert not any(method in json.dumps(task) for method in METHODS)


def test_the_configuration_shows_every_field_and_asks_both_questions(sheet):
    view = ElementTree.parse(sheet / "config.xml").getroot()
    fields = {own.get("value").removeprefix("$") for own in view.iter("Text")}
    assert fields == {*tasks(sheet)[0]["data"]} - {"corpus", "topic"}
    asked = {own.get("name"): [choice.get("value") for choice in own] for own in view.iter("Choices")}
    assert asked == {BEST: [*OPTIONS, "none"], THEME: [*CLASSES]}
    assert {own.get("toName") for own in view.iter("Choices")} <= {own.get("name") for own in view.iter("Text")}


def filled(sheet, path, pick, theme="prevention"):
    with (sheet / "sheet.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, lines[0])
        writer.writeheader()
        writer.writerows(line | {BEST: pick(line["topic"]), THEME: theme} for line in lines)
    return path


def exported(sheet, path, pick, person="ada@example.org"):
    found = []
    for number, task in enumerate(tasks(sheet), 1):
        chosen = {BEST: pick(str(task["data"]["topic"])), THEME: "treatment"}
        results = [
            {"type": "choices", "from_name": name, "to_name": "terms", "value": {"choices": [value]}}
            for name, value in chosen.items()
        ]
        annotation = {"completed_by": {"id": 1, "email": person}, "result": results}
        found.append({"id": number, **task, "annotations": [annotation]})
    path.write_text(json.dumps(found))
    return path


def best_of(sheet, method):
    key = read_json(sheet / "key.json")["options"]
    return lambda topic: next(option for option, own in key[topic].items() if own == method)


def test_what_two_people_say_is_scored(sheet, tmp_path, capsys):
    first = filled(sheet, tmp_path / "eve.csv", best_of(sheet, "document_weight"))
    second = exported(sheet, tmp_path / "export.json", best_of(sheet, "document_weight"))
    label_agreement.run([first, second], sheet / "key.json", tmp_path / "people.json")
    found = read_json(tmp_path / "people.json")
    topics = len(tasks(sheet))
    assert found["people"] == 2 and found["judgements"] == 2 * topics
    assert found["methods"]["document_weight"]["value"] == 1 and found["methods"]["top_terms"]["value"] == 0
    assert {*found["themes"].values()} == {"prevention"}  # the first of two equally frequent ones
    (pair,) = found["agreement"]
    assert (pair["first"], pair["second"], pair["topics"]) == ("ada@example.org", "eve", topics)
    assert pair[THEME] == 0  # each said one theme throughout, and never the same
    assert "document_weight: best in 100%" in capsys.readouterr().err


def test_answers_that_are_none_are_refused(sheet, tmp_path):
    with pytest.raises(CrisisflowError, match="'D' is no answer"):
        label_agreement.run([filled(sheet, tmp_path / "a.csv", lambda topic: "D")], sheet / "key.json", None)
    with pytest.raises(CrisisflowError, match="'luck' is no answer"):
        label_agreement.run([filled(sheet, tmp_path / "a.csv", lambda topic: "A", "luck")], sheet / "key.json", None)
    with pytest.raises(CrisisflowError, match="nothing is answered"):
        label_agreement.run([sheet / "sheet.csv"], sheet / "key.json", None)
    twice = filled(sheet, tmp_path / "a.csv", lambda topic: "A")
    with pytest.raises(CrisisflowError, match="a answered topic 0 twice"):
        label_agreement.run([twice, twice], sheet / "key.json", None)
    (tmp_path / "b.csv").write_text("one,two\n1,2\n")
    with pytest.raises(CrisisflowError, match=r"is no filled in sheet\.csv"):
        label_agreement.run([tmp_path / "b.csv"], sheet / "key.json", None)
