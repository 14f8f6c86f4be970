"""Datasets and style: who is in which setting, and what the labels mark."""

import pytest

from crisisflow.artifacts import ALIGNED, TWEETS, read_json, read_parquet
from crisisflow.corpus.normalise import normalise
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.style import VIEWS, matched, separation
from crisisflow.identity import KEY
from crisisflow.labels import IGNORED
from crisisflow.pretrained import load_tokenizer
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.extra_tests import draw, read_negatives
from crisisflow.studies.difficult_negatives.generated import generate
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD
from crisisflow.studies.difficult_negatives.label_sets import LABELS
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from tests.studies.difficult_negatives.conftest import make_datasets, params


def test_a_setting_has_the_positives_of_its_role_and_its_negatives(small_run):
    rows = read_parquet(small_run / "datasets.parquet", DATASETS).to_pylist()
    mined = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    for own in read_json(small_run / "datasets.json")["settings"]:
        inside = [row for row in rows if row["role"] == own["role"] and own["setting"] in row["settings"]]
        negatives = {row["text_id"]: row for row in inside if not row["positive"]}
        if own["role"] == "gold":
            assert (own["setting"], own["negatives"], len(negatives)) == ("generated", 0, 0)
            assert len(inside) == own["positives"]
            continue
        assert len(inside) - len(negatives) == own["positives"] == {"train": 16, "test": 6}[own["role"]]
        expected = {
            row["text_id"]: row["class"]
            for row in mined
            if (row["role"], row["setting"]) == (own["role"], own["setting"])
        }
        found = {name: row["classes"][row["settings"].index(own["setting"])] for name, row in negatives.items()}
        assert found == expected
        assert len(expected) == own["negatives"]
    assert len({(row["role"], row["text_id"]) for row in rows}) == len(rows)


def test_labels_mark_the_spans_of_positives_and_nothing_in_negatives(small_run, tiny_encoder):
    rows = read_parquet(small_run / "datasets.parquet", DATASETS).to_pylist()
    positives = {row["text_id"]: row for row in read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()}
    positives |= {row["text_id"]: row for row in read_parquet(small_run / "gold.parquet", GOLD).to_pylist()}
    outside = LABELS.bio.index("O")
    tokenizer = load_tokenizer(str(tiny_encoder))
    for row in rows:
        labels = [label for label in row["labels"] if label != IGNORED]
        assert labels and len(row["input_ids"]) == len(row["labels"]) <= 64
        if not row["positive"]:
            assert set(labels) == {outside}
            continue
        begun = sum(LABELS.bio[label].startswith("B-") for label in labels)
        assert begun == len(positives[row["text_id"]]["spans"]) - row["truncated_spans"]
        assert tokenizer(positives[row["text_id"]]["text"])["input_ids"][:64] == row["input_ids"]


def test_the_file_says_of_which_study_and_encoder_it_is(small_run, tiny_encoder):
    import json

    import pyarrow.parquet as pq

    facts = json.loads(pq.read_schema(small_run / "datasets.parquet").metadata[KEY.encode()])
    assert facts == {"study": "difficult_negatives", "encoder": tiny_encoder.name, "max_length": 64}
    assert ALIGNED.names != DATASETS.names


def test_files_of_different_runs_are_refused(small_run, tiny_encoder, tmp_path):
    from crisisflow.artifacts import write_parquet

    own = params(tiny_encoder)
    rows = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    rows[0]["text_id"] = "elsewhere"
    write_parquet(tmp_path / "mined.parquet", rows, MINED)
    with pytest.raises(CrisisflowError, match="the negative elsewhere is not in the pool; make both again"):
        make_datasets(small_run, own, tmp_path / "mined.parquet", tmp_path / "out")


def crowdflower(folder, texts):
    """A small file in the layout of the set, of texts with their labels."""
    lines = [f"{at}\t\t{text}\t{label}\n" for at, (text, label) in enumerate(texts)]
    (folder / "crowdflower_dfe.tsv").write_text("unit_id\tkeyword\ttext\tchoose_one\n" + "".join(lines))
    return folder


def test_negatives_that_people_judged_are_a_test_of_their_own(small_run, tiny_encoder, tmp_path):
    good = [
        "my oven is on fire again",
        "that bass line is an explosion of joy",
        "drowning in homework since Monday",
        "our striker crashed into the goal post",
        "a storm of confetti at the wedding",
        "buried under laundry, send chocolate",
    ]
    texts = [
        *((text, "Not Relevant") for text in good),
        ("the chorus exploded in my head", "Not Relevant"),
        ("The chorus exploded in my head!", "Relevant"),
        ("the roof of the school is gone", "Relevant"),
        ("meine Waschmaschine ist schon wieder kaputt und die Küche steht unter Wasser", "Not Relevant"),
    ]
    folder = crowdflower(tmp_path, texts)
    found = read_negatives("dfe", folder, params().normalise, {tokens(good[0])})
    assert [own.text_id for own in found] == [f"crowdflower:{at}" for at in range(1, 6)]
    own = params(tiny_encoder, extra_tests={"dfe": str(folder), "stream": None})
    make_datasets(small_run, own, small_run / "mined.parquet", tmp_path / "out")
    rows = read_parquet(tmp_path / "out.parquet", DATASETS).to_pylist()
    inside = [row for row in rows if "dfe" in row["settings"]]
    assert {row["role"] for row in inside} == {"test"}
    assert sorted(row["text_id"] for row in inside if not row["positive"]) == [f"crowdflower:{at}" for at in range(6)]
    assert sum(row["positive"] for row in inside) == 6
    # as a training setting: other tweets of the set
    more = [(f"the {name} of my soup is a disaster", "Not Relevant") for name in ("colour", "taste", "smell", "heat")]
    crowdflower(tmp_path, [*texts, *more])
    trained = params(tiny_encoder, extra_tests={"dfe": str(folder), "stream": None}, train=["none", "dfe_quarter"])
    make_datasets(small_run, trained, small_run / "mined.parquet", tmp_path / "out")
    rows = read_parquet(tmp_path / "out.parquet", DATASETS).to_pylist()
    members = {
        role: {row["text_id"] for row in rows if row["role"] == role and not row["positive"] and own in row["settings"]}
        for role, own in (("test", "dfe"), ("train", "dfe_quarter"))
    }
    assert {role: len(own) for role, own in members.items()} == {"test": 6, "train": 4}
    assert not members["test"] & members["train"]
    with pytest.raises(CrisisflowError, match=r"extra_tests\.dfe has 5 distinct English negatives and 6 are wanted"):
        draw("dfe", found, 6, 13)


def test_style_is_written_by_treatment_and_view(small_run):
    found = read_json(small_run / "style.json")
    assert found["tweets"] == 22
    assert list(found["auc"]) == ["as they came", "normalised", "normalised, lengths matched"]
    assert all({*own} == {*VIEWS} for own in found["auc"].values())


def test_typography_does_not_tell_the_generated_sides_apart_once_they_are_normalised(corpus):
    tweets = read_parquet(corpus / "tweets.parquet", TWEETS).to_pylist()
    crisis = [row["text"] for row in tweets if row["class_label"] != "not_humanitarian"]
    ordinary = [own.text for own in generate(1_500, 13)]

    def auc(steps) -> float:
        sides = [[normalise(text, steps).text for text in side] for side in (crisis, ordinary)]
        places = matched(*([len(text.split()) for text in side] for side in sides))
        return separation(sides[0], [sides[1][place] for place in places], "punctuation", 13)

    steps = params().normalise
    assert auc([]) > 0.8
    assert auc(steps) < 0.6
    assert auc([step for step in steps if step not in ("punctuation", "place_tail", "ellipsis")]) > 0.6
