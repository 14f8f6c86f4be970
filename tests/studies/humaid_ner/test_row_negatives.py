"""Negatives of a row: which are taken, what becomes of them, and a row that was trained with them."""

import hashlib
from pathlib import Path

import pytest

from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_json, read_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.labels import IGNORED
from crisisflow.studies.humaid_ner import row_negatives
from crisisflow.studies.humaid_ner.params import NegativesParams, RowParams
from crisisflow.taxonomy import CLASSES
from tests.conftest import ROWS, WANTED, train_row

HEADER = "band,tweets,id,text"


def written(folder: Path, encoder: Path, lines: list[str], band: str = "random", tweets: int = 2) -> list[dict]:
    """The negatives of a row that wants so many, from a table of these lines."""
    (folder / "mined.csv").write_text("\n".join(lines) + "\n")
    wanted = NegativesParams(band=band, tweets=tweets)
    row_negatives.write_negatives(folder / "mined.csv", wanted, str(encoder), 48, folder / "out.parquet")
    return read_parquet(folder / "out.parquet", ALIGNED).to_pylist()


def test_the_first_of_the_band_are_taken_without_spans_and_as_not_humanitarian(with_negatives):
    rows = read_parquet(with_negatives / "negatives.parquet", ALIGNED).to_pylist()
    assert [row["tweet_id"] for row in rows] == [f"ordinary {at}" for at in range(WANTED["tweets"])]
    for row in rows:
        assert (row["split"], CLASSES[row["class_id"]]) == ("train", "not_humanitarian")
        assert len(row["labels"]) == len(row["input_ids"])
        assert set(row["labels"]) == {IGNORED, 0}
    ordinary = read_parquet(with_negatives / "aligned.parquet", ALIGNED)["tweet_id"].to_pylist()
    assert not {*ordinary} & {row["tweet_id"] for row in rows}


def test_of_a_table_of_several_rows_those_count_that_were_found_for_as_many(tiny_encoder, tmp_path):
    lines = [HEADER, "random,3,a,one", "random,2,b,two", "1sigma,2,c,three", "random,2,d,four", "random,3,e,five"]
    assert [row["tweet_id"] for row in written(tmp_path, tiny_encoder, lines)] == ["b", "d"]


def test_a_text_without_an_id_is_named_by_its_digest(tiny_encoder, tmp_path):
    rows = written(tmp_path, tiny_encoder, ["band,text", "random,one", "random,two"])
    assert [row["tweet_id"] for row in rows] == [hashlib.sha256(text).hexdigest() for text in (b"one", b"two")]


@pytest.mark.parametrize(
    ("band", "tweets", "says"),
    [
        ("random", 3, r"has 2 negatives of band random, and a row wants 3; .*its bands are: 1sigma, random"),
        ("2sigma", 1, r"has 0 negatives of band 2sigma"),
    ],
)
def test_a_table_with_too_few_is_refused(tiny_encoder, tmp_path, band, tweets, says):
    with pytest.raises(CrisisflowError, match=says):
        written(tmp_path, tiny_encoder, ["band,text", "random,one", "1sigma,two", "random,three"], band, tweets)
    assert not (tmp_path / "out.parquet").exists()


def test_a_row_that_wants_negatives_and_gets_no_table_or_another_number_is_refused(with_negatives, tmp_path):
    wanted = NegativesParams(band="random", tweets=2)
    with pytest.raises(CrisisflowError, match="no table of them is given"):
        row_negatives.write_negatives(None, wanted, "embedded:minilm-l6", 48, tmp_path / "out.parquet")
    for path, own, says in (
        (None, wanted, "no negatives are given, and the row wants 2"),
        (with_negatives / "negatives.parquet", wanted, "has 40 negatives, and the row wants 2"),
        (with_negatives / "negatives.parquet", None, "has 40 negatives, and the row wants 0"),
    ):
        with pytest.raises(CrisisflowError, match=says):
            row_negatives.read_negatives(path, own, ("labels", "class_id"))


def test_a_row_learns_them_beside_its_training_tweets_and_is_scored_on_the_same_tweets(trained, with_negatives):
    folder, other = with_negatives / "rows/silent/seed13", trained / "rows/both/seed13"
    own, without = (read_json(place / "config.json") for place in (folder, other))
    assert own["row"]["negatives"] == WANTED
    assert own["training_tweets"] == without["training_tweets"]
    assert RowParams.of_facts(own["row"]).negatives == NegativesParams(**WANTED)
    of_both = [read_parquet(place / "predictions.parquet", PREDICTIONS)["tweet_id"] for place in (folder, other)]
    assert of_both[0] == of_both[1]
    assert (folder / "model.safetensors").read_bytes() != (other / "model.safetensors").read_bytes()


def test_a_row_without_negatives_is_written_as_before_there_were_any(trained, tiny_encoder, tmp_path):
    """Its files have the same bytes with the empty table of bio as without a table, and do not speak of negatives."""
    empty, known = trained / "negatives.parquet", trained / "rows" / "both" / "seed13"
    assert read_parquet(empty, ALIGNED).num_rows == 0
    train_row(tmp_path / "again", trained / "aligned.parquet", tiny_encoder, "both", beside=empty)
    for name in ("model.safetensors", "config.json", "predictions.parquet", "history.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (known / name).read_bytes(), name
    facts = read_json(known / "config.json")["row"]
    assert facts.keys() == {*ROWS["both"], "encoder"} - {"negatives"}
    assert RowParams.of_facts(facts).negatives is None
