"""The built task without one event: nothing of the event is learnt, and its predicted tweets go to people."""

import csv
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import read_parquet, write_csv, write_parquet
from crisisflow.corpus.sources.posts import POSTS
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.params import ComputeParams
from crisisflow.studies.actionable_help import encoder, generated, label, unseen_event
from crisisflow.studies.actionable_help.labels import IRRELEVANT, OFFER, REQUEST
from crisisflow.studies.actionable_help.params import GeneratedParams, UnseenSections
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.reference import COLUMNS, digest
from crisisflow.studies.actionable_help.row_params import RowParams, UnseenParams
from crisisflow.studies.actionable_help.unseen import apart, draw, learnt_without, precision, precisions
from tests.studies.actionable_help.artifacts import params as sample_params

EVENT = "nepal_earthquake_2015"
OTHER_NAME = "2015_Nepal_Earthquake_en"  # how another set writes it
PHONE = "555 123 4567"
UNSEEN = UnseenParams(event=EVENT, row="tiny", requests=6, offers=4, irrelevant=5, seed=13)
COMPUTE = ComputeParams(device="cpu", processes=1, threads=1, frozen_cache_gb=0)


def settings(encoder: Path, **changed) -> UnseenSections:
    hidden = {"reader": "neq", "path": "x", "columns": None, "labels": {}, "encoding": None, "terms": "confidential"}
    own = sample_params().model_dump() | {
        "sets": {"hidden": hidden},
        "agreement": {"labellers": ["rules", "words"], "at_least": "all"},
        "rows": {"tiny": {"encoder": str(encoder), "layers": None, "learning_rate": 5e-3}},
        "unseen_event": UNSEEN.model_dump(),
        **changed,
    }
    own["tasks"]["help"]["limit"] = "all"
    own["finetune"] |= {"max_length": 24, "epochs": 1}
    return UnseenSections.model_validate({name: own[name] for name in UnseenSections.model_fields})


def planted(rows: list[dict]) -> list[dict]:
    """Tweets of other sets: of the event by another name, with a phone number; confidential; and a repeated one."""
    row = next(row for row in rows if row["event"] == EVENT)
    of_event = [
        {**row, "set": name, "tweet_id": f"{name}:{at}", "text": f"{words} {at}", "event": OTHER_NAME, "group": 9_000}
        for name, words in (("named", f"Ridge road is shut. Ask on {PHONE}, room"), ("hidden", "Bus stop of line"))
        for at in range(6)
    ]
    return [*of_event, {**row, "set": "named", "tweet_id": "repeat", "text": f"RT @USER: {row['text']}", "event": None}]


class Run:
    """Generated and planted tweets as a pool, with the answers of a labeller that learns nothing."""

    def __init__(self, folder: Path, encoder_folder: Path) -> None:
        self.folder, self.encoder = folder, encoder_folder
        names = ("generated", "unlabelled", "control")
        made = [[folder / f"{name}.{kind}" for name in names] for kind in ("parquet", "json")]
        generated.run(GeneratedParams(tweets=400, unlabelled=0, control=0, seed=13), *made, folder / "truth.parquet")
        texts = sample_params().texts
        rows = [
            {**row, "set": "generated", "text": prepare(row["text"], texts)}
            for row in read_parquet(folder / "generated.parquet", POSTS).to_pylist()
        ]
        rows += planted(rows)
        self.pooled = {row["tweet_id"]: row for row in rows}
        write_parquet(folder / "pool.parquet", [{name: row.get(name) for name in POOL.names} for row in rows], POOL)
        for name in ("rules", "words"):
            own = sample_params().labellers[name]
            files = {"sets": ["generated"], "posts": [folder / "generated.parquet"], "gold": []}
            answers = {"texts": texts, "answers": folder / "answers", "out": folder / f"{name}.labels"}
            label.run(pool=folder / "pool.parquet", labeller=name, params=own, **files, **answers)
        row = RowParams(encoder=str(encoder_folder), layers=None, learning_rate=None)
        encoder.run(row, folder, folder, {}, 64, 0.0, folder / "encoder.safetensors")

    def make(self, own: UnseenSections, *references: Path, posts: str = "generated.parquet") -> dict:
        unseen_event.run(
            params=own,
            compute=COMPUTE,
            pool=self.folder / "pool.parquet",
            labels=[self.folder / f"{name}.labels" for name in ("rules", "words")],
            sets=["generated"],
            posts=[self.folder / posts],
            encoders=[self.folder / "encoder.safetensors"],
            generated=self.folder / "generated.parquet",
            checkpoint=self.folder / "checkpoint",
            **{name: self.folder / f"out.{name}" for name in ("sample", "tasks", "config", "scores")},
            references=references,
        )
        return json.loads((self.folder / "out.scores").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny_encoder) -> Run:
    return Run(tmp_path_factory.mktemp("unseen"), tiny_encoder)


def test_predicted_tweets_of_the_event_go_to_people_and_their_labels_give_the_precision(run, tmp_path):
    found = run.make(settings(run.encoder))
    tasks = json.loads((run.folder / "out.tasks").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((run.folder / "out.sample").open(encoding="utf-8")))
    assert {row["tweet_id"] for row in rows} == {own["data"]["tweet_id"] for own in tasks}
    assert {run.pooled[row["tweet_id"]]["event"] for row in rows} <= {EVENT, OTHER_NAME}
    asked = {REQUEST: 6, OFFER: 4, IRRELEVANT: 5}
    for name, own in found["predicted"].items():
        drawn = [row["set"] for row in rows if row["stratum"] == name]
        assert own["drawn"] == len(drawn) == min(asked[name], own["predicted"])
        assert own["known"] == drawn.count("generated")
    assert found["truth"] == "generated" and found["tweets"]["of_event"] > 30
    assert found["built_task"]["task"] == "help" and not (run.folder / "checkpoint").exists()

    # A reference takes the place of the generated truth, here of one tweet.
    row = rows[0]
    lines = [[*row.values(), *[row["stratum"]] * 3]]
    write_csv(tmp_path / "people.csv", COLUMNS, lines)
    by_people = run.make(settings(run.encoder), tmp_path / "people.csv")
    assert by_people["truth"] == "reference"
    assert by_people["predicted"][row["stratum"]]["precision"]["value"] == 1
    assert sum(own["known"] for own in by_people["predicted"].values()) == 1

    # But not of a tweet that was not drawn.
    other = next(own for own in run.pooled.values() if own["event"] not in (EVENT, OTHER_NAME, None))
    key = {
        "set": other["set"],
        "tweet_id": other["tweet_id"],
        "sha256": digest(other["text"]),
    }
    write_csv(tmp_path / "people.csv", COLUMNS, [[*(row | key).values(), *[row["stratum"]] * 3]])
    assert run.make(settings(run.encoder), tmp_path / "people.csv")["truth"] == "generated"


def test_the_event_is_hidden_by_all_its_names_and_no_confidential_tweet_or_number_is_on_the_sheet(run, monkeypatch):
    learnt = []
    divide = unseen_event.divide
    monkeypatch.setattr(
        unseen_event, "divide", lambda name, texts, *own: learnt.extend(texts) or divide(name, texts, *own)
    )
    everything = UNSEEN.model_dump() | dict.fromkeys(("requests", "offers", "irrelevant"), 10_000)
    found = run.make(settings(run.encoder, unseen_event=everything))
    assert found["names"] == [OTHER_NAME, EVENT]
    assert found["confidential_tweets_left_out"] == 6
    assert found["tweets"]["without_event"] == 1
    assert found["tweets"]["near_duplicates"] >= 1
    of_event = [own for own in run.pooled.values() if own["event"] in (EVENT, OTHER_NAME)]
    assert found["tweets"]["of_event"] == len(of_event)
    assert found["tweets"]["agreed"] == len(learnt) > 0
    assert all(apart([own.text for own in learnt], [own["text"] for own in of_event]))
    sheet = json.loads((run.folder / "out.tasks").read_text(encoding="utf-8"))
    shown = {own["data"]["set"]: own["data"]["text"] for own in sheet}
    assert shown.keys() == {"generated", "named"}
    assert PHONE not in json.dumps(sheet) and "Ask on •" in shown["named"]


def test_labellers_learn_from_no_post_of_the_event_in_the_pool_or_not_nor_from_a_repeated_one(tmp_path):
    labels = [{"task": "help", "value": REQUEST}]
    hidden = ["We need twenty tents at the school on the hill today"]
    posts = {
        "of_event": ("Bring water to the temple, we are many", OTHER_NAME),  # in no pool
        "repeat": (f"RT @someone: {hidden[0]}!", None),
        "other": ("The bridge needs boats and ropes tonight", "kerala_floods_2018"),
        "unnamed": ("Please send rice to ward nine", None),
    }
    rows = [
        {"tweet_id": name, "text": text, "event": event, "labels": labels, "group": at}
        for at, (name, (text, event)) in enumerate(posts.items())
    ]
    write_parquet(tmp_path / "posts.parquet", rows, POSTS)
    known = learnt_without(EVENT, hidden, ["x"], {"x": tmp_path / "posts.parquet"}, sample_params().texts)
    assert [own.tweet_id for own in known] == ["other", "unnamed"]


def test_what_is_said_of_the_event_changes_no_prediction(run):
    run.make(settings(run.encoder))
    before = (run.folder / "out.sample").read_bytes()
    rows = read_parquet(run.folder / "generated.parquet", POSTS).to_pylist()
    lies = [
        {**row, "labels": [{"task": "help", "value": OFFER}] if row["event"] == EVENT else row["labels"]}
        for row in rows
    ]
    write_parquet(run.folder / "lies.parquet", lies, POSTS)
    run.make(settings(run.encoder), posts="lies.parquet")
    assert (run.folder / "out.sample").read_bytes() == before


def test_without_an_event_nothing_is_trained_and_an_unknown_one_is_refused(run):
    assert run.make(settings(run.encoder, unseen_event=None)) == {"event": None}
    assert json.loads((run.folder / "out.tasks").read_text()) == []
    unknown = UNSEEN.model_dump() | {"event": "atlantis_flood_1999"}
    with pytest.raises(
        CrisisflowError, match="no tweet of the pool is of atlantis_flood_1999; the events of its tweets: "
    ):
        run.make(settings(run.encoder, unseen_event=unknown))


def test_a_near_duplicate_of_a_tweet_of_the_event_is_no_text_to_learn_from():
    event = ["We need twenty tents at the school on the hill today"]
    texts = ["RT @someone: We need twenty tents at the school on the hill today!", "Nothing of the kind here"]
    assert apart(texts, event) == [False, True]


@given(st.dictionaries(st.integers(0, 99), st.sampled_from((REQUEST, OFFER, IRRELEVANT)), max_size=40))
def test_of_each_predicted_label_as_many_as_asked_for_are_drawn_or_all(labels):
    predicted = {("x", str(key)): own for key, own in labels.items()}
    drawn = draw(predicted, UNSEEN)
    assert drawn == draw(dict(reversed(predicted.items())), UNSEEN)
    for name, number in ((REQUEST, 6), (OFFER, 4), (IRRELEVANT, 5)):
        there = sum(own == name for own in predicted.values())
        own = [one for one in drawn if one.stratum == name]
        assert len({one.key for one in own}) == len(own) == min(number, there)
        assert all(predicted[one.key] == name and one.population == there for one in own)
    nobody = precisions(drawn, predicted, None)
    assert all(own["precision"]["value"] is None for own in nobody.values())


def test_an_interval_is_wilson_s():
    z, n, share = 1.959964, 50, 0.9
    middle, half = share + z**2 / (2 * n), z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    expected = {"value": share, "low": (middle - half) / (1 + z**2 / n), "high": (middle + half) / (1 + z**2 / n)}
    assert precision(45, 50) == pytest.approx(expected, abs=1e-4)
    assert precision(50, 50)["high"] == 1 and precision(50, 50)["low"] < 0.95
