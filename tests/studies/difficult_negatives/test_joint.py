"""Joint rows with and without negatives: what they cost and bring."""

import numpy as np
import pyarrow as pa
import pytest

from crisisflow.artifacts import PREDICTIONS, read_json, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.metrics import class_scores, entity_scores
from crisisflow.labels import IGNORED
from crisisflow.studies.difficult_negatives import joint
from crisisflow.studies.difficult_negatives.for_rows import ORDINARY
from crisisflow.studies.difficult_negatives.joint import SCORES, Trained, compare
from crisisflow.studies.difficult_negatives.joint_tables import table_of_joint_differences, table_of_joint_rows
from crisisflow.taxonomy import CLASSES, LABELS

CALM = CLASSES.index("not_humanitarian")


def predictions(tweets: int, seed: int, wrong: float, ordinary: bool) -> pa.Table:
    """Tweets of four words; `wrong` is the share of words and classes that are another one than the true one."""
    random = np.random.default_rng(seed)
    rows = []
    for at in range(tweets):
        truth = np.random.default_rng([at, ordinary])
        labels = [0] * 4 if ordinary else truth.integers(0, 3, 4).tolist()
        class_id = CALM if ordinary else int(truth.integers(len(CLASSES)))
        guessed = [own if random.random() > wrong else 1 + int(random.integers(3)) for own in labels]
        called = class_id if random.random() > wrong else (class_id + 1) % len(CLASSES)
        rows.append(
            {
                "tweet_id": f"{ordinary} {at}",
                "class_id": class_id,
                "predicted_class_id": called,
                "class_probabilities": [0.1] * len(CLASSES),
                "labels": [IGNORED, *labels, IGNORED],
                "predicted_labels": [0, *guessed, 0],
                "label_probabilities": [1.0] * 6,
            }
        )
    return pa.Table.from_pylist(rows, schema=PREDICTIONS)


def made(seed: int, wrong: float, alarms: float) -> Trained:
    return Trained(LABELS, predictions(60, seed, wrong, False), predictions(90, seed, alarms, True))


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[int, Trained]]:
    return {
        "silent": {1: made(1, 0.2, 0.02), 2: made(2, 0.2, 0.02)},
        "plain": {1: made(3, 0.2, 0.5), 2: made(4, 0.2, 0.5)},
    }


@pytest.fixture(scope="module")
def found(rows):
    return compare(rows, {"silent": "plain"}, 500)


def by_hand(own: Trained) -> dict[str, float]:
    """The scores of a row and seed, by the metrics of the other rooms."""
    words = [own.validation[name].to_pylist() for name in ("labels", "predicted_labels")]
    calm = [own.ordinary[name].to_pylist() for name in ("labels", "predicted_labels")]
    f1 = entity_scores(*words, LABELS)["micro"]["f1"]
    marked = [
        [guess for guess, label in zip(*own, strict=True) if label != IGNORED] for own in zip(*calm[::-1], strict=True)
    ]
    with_span = [any(guess % 2 for guess in own) for own in marked]  # B- begins a span
    called = np.array(own.ordinary["predicted_class_id"].to_pylist()) != CALM
    # three times 60 validation tweets, and twenty times 90 ordinary ones, which are ten for each
    many = entity_scores(*(own * 3 + other * 20 for own, other in zip(words, calm, strict=True)), LABELS)
    classes = [own.validation[name].to_pylist() for name in ("class_id", "predicted_class_id")]
    return {
        "f1_on_positives": f1,
        "cls_macro_f1": class_scores(*classes, CLASSES)["macro_f1"],
        "false_alarms_per_1000": 1000 * np.mean(with_span),
        "humanitarian_per_1000": 1000 * called.mean(),
        "f1": many["micro"]["f1"],
    }


def test_the_scores_are_those_of_the_metrics_over_the_seeds(rows, found):
    for line in found[0]:
        own = [by_hand(each) for each in rows[line["row"]].values()]
        for name in SCORES:
            assert line[name]["mean"] == pytest.approx(np.mean([each[name] for each in own]), abs=1e-6), name
            if name != "cls_macro_f1":
                assert line[name]["low"] <= line[name]["mean"] <= line[name]["high"]


def test_a_difference_is_that_of_the_two_rows_and_knows_chance(found):
    lines, (pair,) = found
    of = {line["row"]: line for line in lines}
    assert (pair["with"], pair["without"]) == ("silent", "plain")
    for name in SCORES:
        difference = of["silent"][name]["mean"] - of["plain"][name]["mean"]
        assert pair[name]["difference"] == pytest.approx(difference, abs=2e-6), name
    assert pair["false_alarms_per_1000"]["high"] < 0 < pair["f1"]["low"]
    assert pair["f1_on_positives"]["low"] < 0 < pair["f1_on_positives"]["high"]
    table = table_of_joint_differences({"compared": [pair]}).set_index("Score")["Chance of the tweets"].to_dict()
    assert list(table.values()) == ["may be", "may be", "excluded", "excluded", "excluded"]


def test_rows_of_other_seeds_or_tweets_are_not_compared(rows):
    with pytest.raises(CrisisflowError, match="other seeds or scored on other tweets"):
        compare({**rows, "plain": {1: rows["plain"][1]}}, {"silent": "plain"}, 10)
    less = rows["plain"][2]._replace(validation=rows["plain"][2].validation.slice(1))
    with pytest.raises(CrisisflowError, match="other seeds or scored on other tweets"):
        compare({**rows, "plain": {**rows["plain"], 2: less}}, {"silent": "plain"}, 10)


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory):
    path = tmp_path_factory.mktemp("ordinary") / "ordinary.parquet"
    rows = [{"id": str(at), "text": f"the kitchen is flooded with {at} old cakes"} for at in range(60, 100)]
    write_parquet(path, rows, ORDINARY)
    return path


def files(*folders):
    return [
        [folder / name for folder in folders] for name in ("model.safetensors", "config.json", "predictions.parquet")
    ]


def test_trained_rows_are_read_and_asked_about_the_ordinary_tweets(trained_rows, ordinary, tmp_path):
    silent, both = trained_rows
    joint.run({"silent": "both"}, ordinary, tmp_path / "joint.json", *files(both, silent))
    found = read_json(tmp_path / "joint.json")
    assert (found["ordinary"], found["validation"]) == (
        40,
        read_parquet(both / "predictions.parquet", PREDICTIONS).num_rows,
    )
    lines = {line["row"]: line for line in found["lines"]}
    metrics = {name: lines[name]["humanitarian_per_1000"]["mean"] for name in lines}
    assert metrics["silent"] == 0 < metrics["both"]
    assert [own["with"] for own in found["compared"]] == ["silent"]
    table = table_of_joint_rows(found)
    assert table["Row"].tolist() == ["silent", "both"]
    assert table["Of 1,000 ordinary tweets called humanitarian"].tolist()[0] == "0.0"


def test_a_row_without_its_like_is_scored_alone(trained_rows, ordinary, tmp_path):
    joint.run({"silent": None}, ordinary, tmp_path / "joint.json", *files(trained_rows[0]))
    found = read_json(tmp_path / "joint.json")
    assert [line["row"] for line in found["lines"]] == ["silent"] and found["compared"] == []


def test_without_rows_with_negatives_there_is_nothing_to_score(ordinary, tmp_path):
    joint.run({}, ordinary, tmp_path / "joint.json")
    found = read_json(tmp_path / "joint.json")
    assert found["lines"] == found["compared"] == []
    assert len(table_of_joint_rows(found)) == len(table_of_joint_differences(found)) == 0


def test_files_that_do_not_belong_together_are_refused(trained_rows, ordinary, tmp_path):
    silent, both = trained_rows
    weights, configs, predictions = files(both, silent)
    for given, says in (
        ((weights, configs, predictions[::-1]), "is not of"),
        ((weights[:1], configs[:1], predictions[:1]), "no training of row silent is given"),
    ):
        with pytest.raises(CrisisflowError, match=says):
            joint.run({"silent": "both"}, ordinary, tmp_path / "joint.json", *given)
    assert not (tmp_path / "joint.json").exists()


@pytest.fixture
def trained_rows(trained, with_negatives):
    """The folders of the row with negatives, and of the one without."""
    return with_negatives / "rows" / "silent" / "seed13", trained / "rows" / "both" / "seed13"
