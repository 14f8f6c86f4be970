"""The paper's urban types: tweets of two public sets, spans of rules, and tweets in which the spans were marked."""

import csv
import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import TWEETS, read_json, read_parquet, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.spans import read_spans
from crisisflow.studies.difficult_negatives import collection, urban
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.crisis_phrases import spans_of, triggers_of
from crisisflow.studies.difficult_negatives.datasets import DATASETS
from crisisflow.studies.difficult_negatives.gold_tweets import GOLD
from crisisflow.studies.difficult_negatives.label_sets import LABELS, labels_of
from crisisflow.studies.difficult_negatives.params import UrbanParams
from crisisflow.studies.difficult_negatives.urban_reference import compared
from crisisflow.studies.difficult_negatives.urban_types import urban_labels, urban_types
from tests.studies.difficult_negatives.conftest import ROOT, make_datasets, mined, no_urban, params

FIRST = 300_000_000_000_000_000  # an id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RT @someone: 12 people killed after a bus crashed into a wall in Oldtown", "TRAFFIC"),
        ("Rioters are looting shops downtown http://t.co/x", "CIVIL_DISORDER"),
        ("BREAKING: Warehouse explosion injures three in Newtown", "FIRE_EXPLOSION"),
        ("A bomb exploded near the market", "BOMBING"),
        ("Gunmen opened fire at the mall in Newtown", "ARMED_ASSAULT"),
        ("Four dead as the roof of a garage collapses", "COLLAPSE"),
    ],
)
def test_a_word_that_names_a_type_is_widened_to_a_phrase_of_it(text, expected):
    spans = list(spans_of([("1", text)]))
    assert {own.label for own in spans} == {expected}
    covered = " ".join(text[own.start : own.end] for own in spans)
    assert "@" not in covered and "http" not in covered and "BREAKING" not in covered
    assert len(covered.split()) > 2


@pytest.mark.parametrize(
    "text", ["I met her by accident", "under fire for his budget", "a heart attack", "screenshots of the new app", ""]
)
def test_words_in_another_sense_name_nothing(text):
    assert not list(spans_of([("1", text)]))


WORDS = "a bus crashed into the wall . ! RT @u http://t.co/x bomb fire riot İ 🔥 ß - shot people dead"
words = st.sampled_from(WORDS.split(" "))


@given(st.lists(words, max_size=12).map(" ".join))
def test_phrases_hold_their_word_and_do_not_overlap(text):
    spans = list(spans_of([("1", text)]))
    triggers = triggers_of(text)
    for own in spans:
        assert text[own.start : own.end].strip() == text[own.start : own.end] != ""
        assert any(own.start <= start and end <= own.end for start, end, _ in triggers)
    assert all(one.end <= other.start for one, other in pairwise(spans))
    assert {own.label for own in spans} <= {*urban_labels().entities}


def test_there_are_six_types_each_with_keywords_of_its_own():
    every = [keyword for own in urban_types() for keyword in own.keywords]
    assert len(urban_types()) == 6 and len(every) == len(set(every))


PLACES = ("Oldtown", "Newtown", "Easton", "Weston", "Norton", "Sutton", "Milton", "Hilton", "Felton", "Walton")
CARRIED = ("coal", "steel", "grain", "timber", "milk", "cars", "mail", "sugar", "salt", "stone")


def sets(folder):
    """Both sets: two events and two keywords, whose tweets all differ; and some that are to be left out."""
    head = "tweet_id\tevent\ttext\tinformation_source\tinformation_type\tinformativeness\n"
    facts = "Media\tAffected individuals"
    lines = []
    for at, (place, load) in enumerate(zip(PLACES, CARRIED, strict=True)):
        lines.append(f"{FIRST + at}\t2013_Test_train_crash\tA train with {load} derailed near {place}\t{facts}")
        lines.append(f"{FIRST + 100 + at}\t2013_Test_bombings\tThe {place} bombing hurt men who sold {load}\t{facts}")
    rows = [f"{line}\tRelated and informative\n" for line in lines]
    rows.append(f"{FIRST + 900}\t2013_Test_bombings\tThe bombing was on all channels\t{facts}\tNot related\n")
    rows.append(f"{FIRST + 901}\t2013_Other\tA train with fish derailed\t{facts}\tRelated and informative\n")
    (folder / "crisislex_t26.tsv").write_text(head + "".join(rows))
    dfe = ["unit_id\tkeyword\ttext\tchoose_one\n"]
    for at, (place, load) in enumerate(zip(PLACES, CARRIED, strict=True)):
        dfe.append(f"{at}\tcollision\tLorry with {load} in collision on the {place} road\tRelevant\n")
        dfe.append(f"{100 + at}\tsuicide%20bomb\tA bomb hidden in {load} killed a guard in {place}\tRelevant\n")
    dfe.append("300\tcollision\tLove the collision of styles\tNot Relevant\n")
    dfe.append("301\tstorm\tRoof gone in the storm\tRelevant\n")
    (folder / "crowdflower_dfe.tsv").write_text("".join(dfe))
    return UrbanParams(crisislex_t26=str(folder), crowdflower=str(folder))


CLASSES = {
    "traffic": {"train": ["dfe_traffic"], "unseen": ["2013_Test_train_crash"]},
    "bombing": {"train": ["dfe_bombing"], "unseen": []},
}


def reference(folder, number=6, text=None):
    """Marks in the first tweets of one event: in the first pass all words, in the second all but one."""
    folder.mkdir()
    texts = [f"A train with {CARRIED[at]} derailed near {PLACES[at]}" for at in range(number)]
    rows = {"tweets": [["tweet_id", "event", "text_sha256"]], "spans": [["tweet_id", "start", "end", "label"]]}
    rows["passes"] = [["annotator", *rows["spans"][0]]]
    for at, own in enumerate(texts):
        name = str(FIRST + at)
        digest = hashlib.sha256((text or own).encode()).hexdigest()
        rows["tweets"].append([name, "2013_Test_train_crash", digest])
        for annotator, start in (("first", 0), ("second", 2)):
            rows["passes"].append([annotator, name, start, len(own), "TRAFFIC"])
        rows["spans"].append([name, 0, len(own), "TRAFFIC"])
    for name, own in rows.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            csv.writer(file).writerows(own)
    return folder


def made(folder, classes=CLASSES, **values):
    own = params(collection=params().collection.model_dump() | {"classes": classes, "positives": values}).collection
    found = (folder / "urban.parquet", folder / "spans.parquet")
    urban.run(sets(folder), own.classes, reference(folder / "reference"), *found, folder / "urban.json")
    return own, found


def test_tweets_are_of_the_events_that_classes_name_and_marked_ones_have_their_marks(tmp_path):
    _, (tweets, spans) = made(tmp_path, train=8, test=4)
    rows = read_parquet(tweets, TWEETS).to_pylist()
    events = [row["event"] for row in rows]
    assert {name: events.count(name) for name in events} == {
        "2013_Test_train_crash": 6,  # the marked ones alone
        "dfe_traffic": 10,
        "dfe_bombing": 10,
    }
    assert {row["class_label"] for row in rows if row["event"] == "dfe_bombing"} == {"suicide bomb"}
    own = list(read_spans(spans))
    marked = {str(FIRST + at) for at in range(6)}
    assert {span.source for span in own if span.tweet_id in marked} == {"gold"}
    assert {span.source for span in own if span.tweet_id not in marked} == {"urban"}
    found = read_json(tmp_path / "urban.json")
    assert found["marked"] == 6 and found["passes"]["spans"]["f1"] == 0
    assert 0.8 < found["passes"]["words"]["recall"] < 1 and 0 < found["rules"]["words"]["f1"] <= 1


def test_the_study_runs_on_urban_types_to_aligned_tweets_with_their_labels(small_run, tiny_encoder, tmp_path, corpus):
    own, (tweets, spans) = made(tmp_path, train=12, test=4)
    positives = tmp_path / "positives.parquet"
    corpus_files = (corpus / "tweets.parquet", corpus / "gold.parquet")
    collection.run(*corpus_files, tweets, spans, own, [], positives, tmp_path / "collection.json")
    rows = read_parquet(positives, POSITIVES).to_pylist()
    assert labels_of(positives, POSITIVES) == urban_labels()
    assert {(row["role"], row["class"]) for row in rows} == {
        ("train", "traffic"),
        ("train", "bombing"),
        ("test", "traffic"),  # bombing has no unseen event
    }
    (tmp_path / "pool.parquet").write_bytes((small_run / "pool.parquet").read_bytes())
    write_parquet(tmp_path / "gold.parquet", [], GOLD)
    study = params(tiny_encoder, collection=own.model_dump(), train=["none", "random"], test=["random", "2sigma"])
    mined(tmp_path, study, tmp_path)
    assert read_json(tmp_path / "fit.json")["classes"]["bombing"]["positives"]["test"] is None
    make_datasets(tmp_path, study, tmp_path / "mined.parquet", tmp_path / "datasets")
    table = read_parquet(tmp_path / "datasets.parquet", DATASETS).to_pylist()
    labels = labels_of(tmp_path / "datasets.parquet", DATASETS)
    assert labels == urban_labels()
    used = {labels.bio[label] for row in table if row["positive"] for label in row["labels"] if label >= 0}
    assert {"B-TRAFFIC", "B-BOMBING"} <= used <= {*labels.bio}


def test_without_urban_events_nothing_is_read_and_labels_are_the_taxonomy_s(small_run, tmp_path):
    tweets, _ = no_urban(tmp_path)
    assert read_parquet(tweets, TWEETS).num_rows == 0
    assert labels_of(small_run / "positives.parquet", POSITIVES) == LABELS


def test_events_of_the_corpus_and_urban_ones_are_not_mixed(corpus, tmp_path):
    mixed = CLASSES | {"storm": {"train": ["hurricane_irma_2017"], "unseen": ["hurricane_maria_2017"]}}
    own, found = made(tmp_path, mixed, train=8, test=4)
    corpus_files = (corpus / "tweets.parquet", corpus / "gold.parquet")
    with pytest.raises(CrisisflowError, match="some events are of the corpus and some urban"):
        collection.run(*corpus_files, *found, own, [], tmp_path / "out.parquet", tmp_path / "counts.json")


def test_a_text_that_is_not_the_marked_one_is_refused(tmp_path):
    own = params(collection=params().collection.model_dump() | {"classes": CLASSES}).collection
    folder = reference(tmp_path / "reference", text="another text")
    files = (tmp_path / "out.parquet", tmp_path / "spans.parquet", tmp_path / "urban.json")
    with pytest.raises(CrisisflowError, match="is not in CrisisLexT26 with the text that was marked"):
        urban.run(sets(tmp_path), own.classes, folder, *files)
    assert not any(file.exists() for file in files)


def test_codings_that_are_alike_agree_wholly_and_others_less():
    texts = {"1": "train derailed near town", "2": "nothing here"}
    marks = {"1": [(0, 14, "TRAFFIC")], "2": []}
    assert compared(texts, marks, marks) == {
        "spans": {"true": 1, "found": 1, "precision": 1.0, "recall": 1.0, "f1": 1.0},
        "words": {"true": 2, "found": 2, "precision": 1.0, "recall": 1.0, "f1": 1.0},
        "kappa": 1.0,
    }
    other = compared(texts, marks, {"1": [(0, 19, "TRAFFIC")]})
    assert other["spans"]["f1"] == 0 and other["words"]["precision"] == pytest.approx(2 / 3)
    assert compared(texts, marks, {})["words"]["precision"] is None


def test_the_marks_of_the_repository_have_known_labels_and_no_text():
    folder = ROOT / "data/reference/urban"
    listed = {row["tweet_id"] for row in csv.DictReader((folder / "tweets.csv").open())}
    rows = list(csv.DictReader((folder / "spans.csv").open()))
    assert {row["tweet_id"] for row in rows} <= listed
    assert {row["label"] for row in rows} <= {*urban_labels().entities}
    assert all(int(row["start"]) < int(row["end"]) for row in rows)
