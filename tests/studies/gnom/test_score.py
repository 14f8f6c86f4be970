"""The scores of all rows: weighted F1 over the seeds, and each row against TR, the floor and GNoM."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from crisisflow.artifacts import read_json
from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom import score
from crisisflow.studies.gnom.comparison import against
from crisisflow.studies.gnom.predictions import Facts, read_predictions, write_predictions
from crisisflow.studies.gnom.score import read_scores
from tests.studies.gnom.made_up import CLASSES, identity, params, predicted


def test_the_scores_are_those_of_the_predictions(made, scored):
    cell = read_scores(scored)["E_S"]["shares"]["100"]
    assert cell["tweets"] == {"all": 90, "new": 80}
    f1 = {"all": [], "new": []}
    for path in made.predictions:
        (own,) = read_predictions(path)
        if (own.identity.row, own.identity.setting, own.identity.share) == ("TR", "E_S", 100):
            tested = own.of("test")
            for part, kept in (("all", np.ones(90, dtype=bool)), ("new", ~tested.neighbour)):
                true, guess = (values[kept].argmax(axis=1) for values in (tested.labels, tested.predicted))
                f1[part].append(100 * f1_score(true, guess, average="weighted"))
    for part, values in f1.items():
        assert cell["rows"]["TR"]["f1"][part]["mean"] == pytest.approx(np.mean(values))
        assert cell["rows"]["TR"]["f1"][part]["deviation"] == pytest.approx(np.std(values, ddof=1))
    metrics = read_json(scored.with_name("metrics.json"))
    assert metrics["E_S"]["100"]["TR"] == cell["rows"]["TR"]["f1"]["all"]["mean"]


def test_a_better_row_is_better_and_an_equal_one_is_not_decided(scored):
    rows = read_scores(scored)["E_S"]["shares"]["100"]["rows"]
    assert against(rows["GNoM"], "TR").verdict == "holds"
    assert against(rows["TR-GF"], "TR", "new").low > 0
    assert against(rows["GNoM-rewired"], "GNoM").verdict == "does not hold"
    empty = against(rows["GNoM-empty"], "GNoM")
    assert (empty.difference, empty.verdict) == (0, "not decided")
    assert against(rows["TR"], "svm") is not None and "TR" not in rows["TR"]["against"]
    assert [*rows["svm"]["against"]] == ["constant"] and rows["constant"]["against"] == {}
    assert against(rows["TR-GF"], "GNoM-empty").verdict == "does not hold"


def test_rows_and_settings_stand_in_the_order_of_the_parameters(scored):
    found = read_scores(scored)
    own = params()
    assert [*found] == [*own.settings]
    assert [*found["E_S"]["shares"]["100"]["rows"]] == [*own.plain_rows, *own.rows, *own.others]
    assert "GNoM-empty" not in found["E_S"]["shares"]["10"]["rows"]
    assert not found["E_S"]["monolingual"] and found["E_E"]["monolingual"]


def test_a_run_that_is_given_twice_or_of_an_unknown_setting_is_refused(made, tmp_path):
    with pytest.raises(CrisisflowError, match="give it once"):
        score.read_cells([made.predictions[0], made.predictions[0]])
    facts = Facts("a", "b", "e", CLASSES, False)
    write_predictions(tmp_path / "a.parquet", [predicted(identity("TR", "nowhere", 100, 13), facts, 0.1)])
    with pytest.raises(CrisisflowError, match=r"nowhere, which params\.yaml does not have"):
        score.run([tmp_path / "a.parquet"], params(), tmp_path / "scores.json", tmp_path / "metrics.json")


def test_a_tweet_id_that_stands_there_twice_is_two_tweets(tmp_path):
    facts = Facts("a", "b", "e", CLASSES, False)
    own = predicted(identity("TR", "s", 100, 13), facts, 0.3)
    ids = [name.replace(":12", ":11") for name in own.tweet_ids]
    assert len({*ids}) < len(ids)
    cell = score.of_cell({"TR": {13: own._replace(tweet_ids=ids)}, "svm": {13: own._replace(tweet_ids=ids)}})
    assert cell["rows"]["TR"]["against"]["svm"]["all"] == {"difference": 0, "low": 0, "high": 0}


def test_the_bootstrap_draws_groups_of_near_duplicates(tmp_path):
    """A row that is better on one large group alone is not surely better; on as many single tweets it is."""
    facts = Facts("a", "b", "e", CLASSES, False)
    worse = predicted(identity("TR", "s", 100, 13), facts, 0.0)
    tested = np.flatnonzero([part == "test" for part in worse.part_of_each])
    wrong = worse.predicted.copy()
    wrong[tested[:30]] = ~wrong[tested[:30]]
    groups = worse.groups.copy()
    groups[tested[:30]] = groups[tested[0]]

    def of(groups):
        runs = {"CLS": {13: worse._replace(groups=groups)}, "TR": {13: worse._replace(predicted=wrong, groups=groups)}}
        cell = score.of_cell(runs)
        return cell["tweets"]["all"], cell["rows"]["CLS"]["against"]["TR"]["all"]

    (tweets, alone), (same, together) = of(worse.groups), of(groups)
    assert tweets == same == 90 and alone["difference"] == together["difference"]
    assert alone["low"] > 10 and together["low"] == 0


def test_a_test_part_without_a_new_tweet_has_no_score_of_it():
    facts = Facts("a", "b", "e", CLASSES, False)
    own = predicted(identity("TR", "s", 100, 13), facts, 0.3)
    own = own._replace(neighbour=np.ones(len(own.part_of_each), dtype=bool))
    cell = score.of_cell({"TR": {13: own}, "svm": {13: own}})
    assert cell["tweets"]["new"] == 0 and cell["rows"]["TR"]["f1"]["new"] is None
    assert cell["rows"]["TR"]["against"]["svm"]["new"] is None
