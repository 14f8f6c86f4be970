"""From the pool to the scores through files: labels, agreement, the sheet, the reference, and what each refuses."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from crisisflow.artifacts import read_parquet, write_csv, write_json, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.errors import CrisisflowError
from crisisflow.params import TextsParams, check
from crisisflow.studies.actionable_help import agree, label, reference, score_labels, sheet
from crisisflow.studies.actionable_help.labelled import LABELLED
from crisisflow.studies.actionable_help.labels import BOTH, IRRELEVANT, LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.params import (
    FileParams,
    Own,
    RulesParams,
    SetParams,
    TrainedParams,
    ValidationParams,
)
from crisisflow.studies.actionable_help.pool import POOL

TEXTS = TextsParams(repair=True, entities=True, urls=True, mentions=True, emoji=True, white_space=True)
WRITTEN = {
    REQUEST: "We need {} tents at school number {}, call +1 555 010 99{:02}",
    OFFER: "Free soup for {} families in hall {} tonight, ask @someone{:02}",
    BOTH: "We have {} beds to give away in street {} but need rice, house {:02}",
    IRRELEVANT: "The storm has closed {} roads and {} bridges, block {:02}",
}
NUMBERS = {REQUEST: 30, OFFER: 24, BOTH: 4, IRRELEVANT: 62}
VALIDATION = ValidationParams(confidence=0.95, margin=0.1, whole_classes=[BOTH], disagreed=6, seed=13)


class Run:
    """The files of a run in a folder, of tweets whose labels are known."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        made = [
            (name, text.format(at + 2, at + 3, at)) for name, text in WRITTEN.items() for at in range(NUMBERS[name])
        ]
        self.labels = {f"generated:{at}": name for at, (name, _) in enumerate(made)}
        self.texts = {f"generated:{at}": text for at, (_, text) in enumerate(made)}
        rows = [
            {"tweet_id": key, "text": text, "labels": [{"task": "help", "value": self.labels[key]}], "group": at}
            for at, (key, text) in enumerate(self.texts.items())
        ]
        write_parquet(self / "posts.parquet", rows, POSTS)
        pooled = [
            {"set": "generated", "tweet_id": key, "text": text, "group": at}
            for at, (key, text) in enumerate(self.texts.items())
        ]
        write_parquet(self / "pool.parquet", pooled, POOL)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def label(self, name: str, params) -> None:
        pool, posts = self / "pool.parquet", [self / "posts.parquet"]
        sets, out = ["generated"], self / f"{name}.parquet"
        if gold := [path for path in (self / "gold.parquet",) if path.exists()]:
            sets, posts = [*sets, "messages"], [*posts, *gold]
        label.run(pool, name, params, sets, posts, ["messages"] * len(gold), TEXTS, self / "answers", out)

    def from_file(self, name: str, **instead: str) -> None:
        """A labeller that is right but for some tweets."""
        rows = [[key, instead.get(key.replace("generated:", "t"), own)] for key, own in self.labels.items()]
        write_csv(self / f"{name}.csv", ["tweet_id", "label"], rows)
        self.label(name, FileParams(kind="file", path=str(self / f"{name}.csv")))

    def agree(self, *names: str, at_least="all") -> dict:
        paths = [self / f"{name}.parquet" for name in names]
        agree.run(self / "pool.parquet", paths, list(names), at_least, self / "agreed.parquet", self / "agreement.json")
        return json.loads((self / "agreement.json").read_text())

    def sheet(self, sets=(), **instead) -> dict:
        outputs = (self / name for name in ("sample.csv", "tasks.json", "config.xml", "sheet.json"))
        params = VALIDATION.model_copy(update=instead)
        sheet.run(self / "pool.parquet", self / "agreed.parquet", params, dict(sets), *outputs)
        return json.loads((self / "sheet.json").read_text())

    def score(self, *names: str, references=()) -> dict:
        paths = [self / f"{name}.parquet" for name in names]
        posts, out = self / "posts.parquet", self / "scores.json"
        gold = [path for path in (self / "gold.parquet",) if path.exists()]
        known = self / "sample.csv", posts, ["messages"] * len(gold), TEXTS, out, references, gold
        score_labels.run(self / "pool.parquet", paths, list(names), "all", *known)
        return json.loads(out.read_text())


# One labeller errs on the tweets 0 to 4, the other on 3 to 9.
FIRST = {f"t{at}": IRRELEVANT for at in range(5)}
SECOND = {f"t{at}": OFFER for at in range(3, 10)}


@pytest.fixture
def run(tmp_path) -> Run:
    return Run(tmp_path)


@pytest.fixture
def two(run) -> Run:
    run.from_file("one", **FIRST)
    run.from_file("other", **SECOND)
    return run


def test_labels_are_kept_where_both_agree(two) -> None:
    facts = two.agree("one", "other")
    assert (facts["tweets"], facts["agreed"]) == (120, 110)
    rows = read_parquet(two / "agreed.parquet", agree.AGREED).to_pylist()
    assert [row["agreed"] for row in rows] == [False] * 10 + [True] * 110
    assert all((row["label"] is None) != row["agreed"] for row in rows)
    assert {row["votes"] for row in rows} == {1, 2}
    assert all(two.labels[row["tweet_id"]] == row["label"] for row in rows if row["agreed"])


def test_the_same_input_gives_the_same_bytes(two, tmp_path) -> None:
    files = ("one.parquet", "agreed.parquet", "agreement.json", "sample.csv", "tasks.json", "sheet.json", "scores.json")

    def made(run: Run) -> list[bytes]:
        run.agree("one", "other")
        run.sheet()
        run.score("one", "other")
        return [(run / name).read_bytes() for name in files]

    again = Run(tmp_path / "again")
    again.from_file("one", **FIRST)
    again.from_file("other", **SECOND)
    assert made(two) == made(again)


def test_labellers_of_other_kinds_answer_each_tweet_of_the_pool(run) -> None:
    run.label("rules", RulesParams(kind="rules", lexicons=["actionable"]))
    run.label("words", TrainedParams(kind="trained", features="tfidf", learns_from=["generated"], folds=3))
    for name in ("rules", "words"):
        rows = read_parquet(run / f"{name}.parquet", LABELLED).to_pylist()
        assert [row["tweet_id"] for row in rows] == list(run.labels)
        assert sum(row["label"] == run.labels[row["tweet_id"]] for row in rows) > 80, name


def test_the_sheet_is_masked_and_tells_neither_labels_nor_strata(two) -> None:
    two.agree("one", "other")
    facts = two.sheet()
    tasks = json.loads((two / "tasks.json").read_text())
    assert len(tasks) == facts["tweets"] == sum(own["drawn"] for own in facts["strata"].values())
    assert facts["strata"]["disagreed"] == {"drawn": 6, "of": 10}
    assert facts["strata"][BOTH] == {"drawn": 4, "of": 4}
    assert facts["margin"] == pytest.approx(VALIDATION.margin, abs=0.005)  # each stratum is rounded
    whole = (two / "tasks.json").read_text()
    assert "555" not in whole and "someone" not in whole and "school number" in whole
    assert all(task["data"].keys() == {"set", "tweet_id", "text"} and not task["predictions"] for task in tasks)
    choices = [own.get("value") for own in ElementTree.parse(two / "config.xml").iter("Choice")]
    assert choices == list(LABELS)
    sample = (two / "sample.csv").read_text()
    assert "tents" not in sample and sample.splitlines()[0] == "set,tweet_id,stratum,population,sha256"


def test_where_no_reference_applies_the_generated_truth_stands_in_and_says_so(two) -> None:
    two.agree("one", "other")
    two.sheet()
    found = two.score("one", "other")
    (scores,) = found["scores"]
    assert scores["truth"] == "generated" and "stand in for both passes" in scores["note"]
    assert scores["kappa"]["passes"] == {} and scores["kappa"]["between_passes"] == []
    assert scores["agreed"]["accuracy"]["value"] == 1
    assert scores["agreed"]["coverage"]["value"] == pytest.approx(110 / 120, abs=1e-4)
    assert scores["agreed"]["lost"][REQUEST]["value"] == pytest.approx(10 / 30, abs=1e-4)


def test_a_pool_without_reference_or_truth_has_no_scores_and_says_why(two) -> None:
    two.agree("one", "other")
    two.sheet()
    rows = read_parquet(two / "pool.parquet", POOL).to_pylist()
    pooled = [{**row, "set": "mine"} for row in rows]
    write_parquet(two / "pool.parquet", pooled, POOL)
    found = two.score("one", "other")
    assert found["scores"] == [] and "label the sheet" in found["note"]


def export(run: Run, name: str, annotator: str, **instead: str) -> Path:
    """An export of Label Studio in which an annotator is right but for some tweets."""
    tasks = json.loads((run / "tasks.json").read_text())
    for number, task in enumerate(tasks, 1):
        key = task["data"]["tweet_id"]
        choice = instead.get(key.replace("generated:", "t"), run.labels[key])
        result = {"type": "choices", "from_name": "choice", "to_name": "text", "value": {"choices": [choice]}}
        task |= {"id": number, "annotations": [{"completed_by": {"email": annotator}, "result": [result]}]}
    write_json(run / name, tasks)
    return run / name


@pytest.fixture
def labelled(two) -> Run:
    """With a reference: two people who differ on one tweet."""
    two.agree("one", "other")
    two.sheet()
    last = json.loads((two / "tasks.json").read_text())[0]["data"]["tweet_id"]
    one = export(two, "a.json", "a@example.org")
    other = export(two, "b.json", "b@example.org", **{last.replace("generated:", "t"): OFFER})
    reference.join(two / "sample.csv", one, other, two / "reference.csv")
    return two


def test_two_passes_become_a_reference_once_they_are_settled(labelled) -> None:
    path = labelled / "reference.csv"
    assert "tents" not in path.read_text() and "a@example.org" not in path.read_text()
    with pytest.raises(CrisisflowError, match="settled is '', none of"):
        labelled.score("one", "other", references=[path])
    path.write_text(path.read_text().replace(",\n", f",{OFFER}\n"))
    (scores,) = labelled.score("one", "other", references=[path])["scores"]
    assert (scores["truth"], scores["note"], scores["name"]) == ("reference", None, "reference")
    assert set(scores["kappa"]["passes"]) == {"first", "second"}
    (between,) = scores["kappa"]["between_passes"]
    assert 0.9 < between["value"] < 1


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("We need 12 tents", "We need 13 tents", "is not the one that was labelled"),
        (None, "irrelevant,5,", "no stratum|is not the one|stands there twice|as many values"),
    ],
)
def test_a_reference_of_other_texts_is_refused(labelled, old, new, reason) -> None:
    path = labelled / "reference.csv"
    path.write_text(path.read_text().replace(",\n", f",{OFFER}\n"))
    if old is None:
        path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    rows = read_parquet(labelled / "pool.parquet", POOL).to_pylist()
    changed = [{**row, "text": row["text"].replace("tents", "tarps")} for row in rows] if old else rows
    write_parquet(labelled / "pool.parquet", changed, POOL)
    with pytest.raises(CrisisflowError, match=reason):
        labelled.score("one", "other", references=[path])


def test_a_reference_of_other_tweets_does_not_apply(labelled) -> None:
    path = labelled / "reference.csv"
    path.write_text(path.read_text().replace(",\n", f",{OFFER}\n").replace("generated,", "elsewhere,"))
    assert labelled.score("one", "other", references=[path])["scores"][0]["truth"] == "generated"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tasks: tasks[:-1], "lacks 1 of"),
        (lambda tasks: [{**tasks[0], "annotations": []}, *tasks[1:]], "lacks 1 of"),
        (lambda tasks: [{**own, "annotations": own["annotations"] * 2} for own in tasks], "annotated it twice"),
        (lambda tasks: {"no": "list"}, "no JSON export"),
    ],
)
def test_an_export_that_is_not_whole_is_refused(labelled, change, reason) -> None:
    path = labelled / "a.json"
    write_json(path, change(json.loads(path.read_text())))
    with pytest.raises(CrisisflowError, match=reason):
        reference.join(labelled / "sample.csv", path, labelled / "b.json", labelled / "out.csv")
    assert not (labelled / "out.csv").exists()


def test_one_person_alone_makes_no_reference(labelled) -> None:
    with pytest.raises(CrisisflowError, match=r"both by a@example\.org; two people"):
        reference.join(labelled / "sample.csv", labelled / "a.json", labelled / "a.json", labelled / "out.csv")
    export(labelled, "c.json", "c@example.org", **{key.replace("generated:", "t"): "help" for key in labelled.labels})
    with pytest.raises(CrisisflowError, match="'help' is none of"):
        reference.join(labelled / "sample.csv", labelled / "a.json", labelled / "c.json", labelled / "out.csv")


def test_a_labeller_that_lacks_a_tweet_of_the_pool_is_refused(two) -> None:
    rows = read_parquet(two / "one.parquet", LABELLED).to_pylist()
    write_parquet(two / "one.parquet", rows[1:], LABELLED)
    with pytest.raises(CrisisflowError, match="labeller one has no answer for tweet generated:0"):
        two.agree("one", "other")
    write_parquet(two / "one.parquet", [{**rows[0], "label": "help"}, *rows[1:]], LABELLED)
    with pytest.raises(CrisisflowError, match="'help' is none of"):
        two.agree("one", "other")


def test_messages_of_known_labels_are_scored_and_nobody_learns_from_them(run) -> None:
    texts = ["We need rice in the camp", "Free soup at the school", "The road is closed", "We have tents to give away"]
    values = [["related", "request"], ["offer"], ["related"], ["offer", "shelter"]]
    rows = [
        {
            "tweet_id": f"m{at}",
            "text": text,
            "labels": [{"task": "category", "value": value} for value in own],
            "official_split": "test",
            "group": at,
        }
        for at, (text, own) in enumerate(zip(texts, values, strict=True))
    ]
    write_parquet(run / "gold.parquet", [{**rows[0], "tweet_id": "v", "official_split": "dev"}, *rows], POSTS)
    run.label("rules", RulesParams(kind="rules", lexicons=["actionable"]))
    run.label("words", TrainedParams(kind="trained", features="tfidf", learns_from=["generated"], folds=3))
    assert run.agree("rules", "words")["tweets"] == 120  # the pool's
    run.sheet(disagreed=0)
    found = run.score("rules", "words")
    pooled, messages = found["scores"]
    assert (pooled["truth"], messages["truth"], messages["name"]) == ("generated", "disaster_response", "messages")
    assert messages["tweets"] == 4 and messages["labellers"]["rules"]["accuracy"]["value"] == 1
    with pytest.raises(CrisisflowError, match="learns from messages, against which it is scored"):
        run.label("words", TrainedParams(kind="trained", features="tfidf", learns_from=["messages"], folds=3))


def test_a_confidential_text_is_on_no_sheet(two) -> None:
    rows = read_parquet(two / "pool.parquet", POOL).to_pylist()
    pooled = [{**row, "set": "hidden" if "tents" in row["text"] else "generated"} for row in rows]
    write_parquet(two / "pool.parquet", pooled, POOL)
    for name in ("one", "other"):
        two.from_file(name, **{key.replace("generated:", "t"): own for key, own in two.labels.items()})
    two.agree("one", "other")
    terms = SetParams(reader="neq", path="x", columns=None, labels={}, encoding=None, terms="confidential")
    facts = two.sheet({"hidden": terms}, disagreed=0)
    assert facts["confidential_tweets_left_out"] == 30
    assert "tents" not in (two / "tasks.json").read_text() and "hidden" not in (two / "sample.csv").read_text()


def test_a_set_without_labels_cannot_be_learnt_from(run) -> None:
    rows = read_parquet(run / "posts.parquet", POSTS).to_pylist()
    write_parquet(run / "posts.parquet", [{**row, "labels": []} for row in rows], POSTS)
    learns = TrainedParams(kind="trained", features="tfidf", learns_from=["generated"], folds=3)
    with pytest.raises(CrisisflowError, match="no post of the set generated has a label"):
        run.label("words", learns)
    other = learns.model_copy(update={"learns_from": ["elsewhere"]})
    with pytest.raises(CrisisflowError, match="words needs the set elsewhere, whose posts are not given"):
        run.label("words", other)
    assert not (run / "words.parquet").exists()


ROOT = Path(__file__).parents[3]


def test_confidential_texts_leave_for_no_endpoint_and_no_labeller_learns_from_gold() -> None:
    plain = yaml.safe_load((ROOT / "params.yaml").read_text())["actionable_help"]
    hidden = {"reader": "neq", "path": "x", "columns": None, "labels": {}, "encoding": None, "terms": "confidential"}
    plain["sets"] = {"hidden": hidden, "messages": {**hidden, "reader": "disaster_response", "terms": "open"}}
    plain["pool"]["sets"] = ["generated", "hidden"]
    plain["labellers"]["llm"] = {
        "kind": "endpoint",
        "url": "https://api.example.org/v1",
        "model": "m",
        "prompt": "actionable",
        "key": None,
        "allow_remote": True,
        "concurrency": 1,
        "timeout": 1.0,
        "attempts": 1,
        "seed": 1,
        "max_tokens": 9,
    }
    with pytest.raises(CrisisflowError, match=r"labellers\.llm\.allow_remote: the texts of hidden are confidential"):
        check({"actionable_help": plain}, Own, "here")
    plain["labellers"]["llm"]["allow_remote"] = False
    check({"actionable_help": plain}, Own, "here")
    # The classifier of resources learns from what is not scored of it.
    plain["resources"]["learns_from"] = ["messages"]
    check({"actionable_help": plain}, Own, "here")
    plain["labellers"]["words"]["learns_from"] = ["messages"]
    with pytest.raises(CrisisflowError, match=r"words\.learns_from: messages is for scoring the labellers only"):
        check({"actionable_help": plain}, Own, "here")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("labellers.rules.lexicon", "x", r"labellers.rules.lexicon: is not a known key \(did you mean lexicons"),
        ("labellers.rules.kind", "ruler", "labellers.rules: .*'ruler'"),
        ("labellers.words.folds", 1, "labellers.words.folds: input should be greater than or equal to 2"),
        ("resources.learns_from", ["mine"], "resources.learns_from: no set is called mine"),
        ("labellers.words.learns_from", ["mine"], r"labellers.words.learns_from: no set is called mine"),
        (
            "agreement.labellers",
            ["rules", "word"],
            "agreement.labellers: no labeller is called word; there are: rules,",
        ),
        ("agreement.labellers", ["rules", "rules"], "agreement.labellers: each may stand there once"),
        ("agreement.labellers", ["rules"], "agreement.labellers: list should have at least 2"),
        ("agreement.at_least", 2, "agreement.at_least: say 3 to 4, or all"),
        ("validation.whole_classes", ["both"], "validation.whole_classes"),
    ],
)
def test_what_does_not_fit_in_params_yaml_is_told_with_its_key(path, value, reason) -> None:
    plain = {"actionable_help": yaml.safe_load((ROOT / "params.yaml").read_text())["actionable_help"]}
    check(plain, Own, "here")
    section = plain["actionable_help"]
    *parents, key = path.split(".")
    for parent in parents:
        section = section[parent]
    section[key] = value
    with pytest.raises(CrisisflowError, match=f"here: actionable_help.{reason}"):
        check(plain, Own, "here")
