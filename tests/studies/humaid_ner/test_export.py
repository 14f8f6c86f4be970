"""Export: each format is read back by the library that it is for, and the card says what was counted."""

import os
import re
import resource
import subprocess
import sys
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from huggingface_hub import DatasetCard
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities
from spacy.lang.en import English
from spacy.tokens import Doc, DocBin
from spacy.training.converters import conll_ner_to_docs

from crisisflow.artifacts import TWEETS, write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.spans import Span, write_spans
from crisisflow.studies.humaid_ner.dataset import card, export, tokens
from crisisflow.studies.humaid_ner.dataset.formats import FORMATS, conll
from crisisflow.studies.humaid_ner.dataset.tokens import tokenise
from crisisflow.studies.humaid_ner.dataset.tweets import Tweet, read_dataset
from crisisflow.taxonomy import CLASSES, ENTITY_TYPES, SPLITS

ROOT = Path(__file__).parents[3]

# Text with the entities in brackets, as [LABEL words]; what follows is where CoNLL and DocBin have them.
MARKED = [
    (
        "17 people at the [LOCATION Apia] [DISASTER_TYPE floods] 🔥🔥 #[DISASTER_TYPE ApiaFloods]",
        ["Apia", "floods", "ApiaFloods"],
    ),
    (
        "[LOCATION Haiti][LOCATION -Nepal], [NUMBER 17 ]dead\n\n# [ORGANIZATION Red  Cross]’s",
        ["Haiti", "-Nepal", "17", "Red  Cross"],
    ),
    ("#PrayFor[LOCATION Samoa] and a [DISASTER_TYPE fl]ood", ["flood"]),
    ("[PERSON 👩‍👩‍👧] e\u0301t\u2028\u00a0[NUMBER 5]km", ["👩‍👩‍👧", "5"]),
    ('# is no comment, "quoted"\t<3', []),
    ("nothing here", []),
]
MANIFEST = {"source": "some_archive.tar.gz", "sha256": "ab" * 32, "rows": 4321}
CORPUS = {
    "duplicates_across_splits": {
        "exact": {"texts": 3, "tweets": 7},
        "near": {"jaccard": 0.8, "pairs": 1234, "held_out_tweets_with_a_training_neighbour": 56},
    }
}
SCORE = {"gold": 2000, "found": 1000, "precision": 0.5, "recall": 0.25, "f1": 0.3333}
QUALITY = {"reference_tuning": {"spacy": {"all": SCORE}, "resolved": {"NUMBER": SCORE, "all": SCORE}}}


# Where the workflow leaves them, and where the command looks for them.
TWEETS_FILE, RESOLVED_FILE = "data/corpus/tweets.parquet", "data/annotations/resolved.parquet"
FACTS = {
    "data/raw/manifest.json": MANIFEST,
    "data/corpus/statistics.json": CORPUS,
    "results/annotation/quality.json": QUALITY,
}


class Run(NamedTuple):
    """A folder with the artifacts of a run, and what they hold."""

    folder: Path
    tweets: list[Tweet]
    read: list[list[str]]  # of each tweet, the entities that tokens can hold

    def export(self, out: str = "out", names: tuple[str, ...] = (), standoff: bool = False) -> Path:
        artifacts = [self.folder / name for name in (TWEETS_FILE, RESOLVED_FILE, *FACTS)]
        export.run(*artifacts, names, standoff, self.folder / out)
        return self.folder / out

    def of(self, split: str) -> list[Tweet]:
        return [tweet for tweet in self.tweets if tweet.split == split]

    def write(self, tweets: list[Tweet]) -> None:
        table = [dict(zip(TWEETS.names, tweet[:5], strict=True)) for tweet in tweets]
        write_parquet(self.folder / TWEETS_FILE, table, TWEETS)
        write_spans(self.folder / RESOLVED_FILE, (span for tweet in tweets for span in tweet.spans))


def parse(marked: str, tweet_id: str) -> tuple[str, list[Span]]:
    text, spans, end = "", [], 0
    for found in re.finditer(r"\[([A-Z_]+) ([^\]]*)\]", marked):
        text += marked[end : found.start()]
        spans.append(Span(tweet_id, len(text), len(text) + len(found[2]), found[1], "ruler", "rule-1"))
        text, end = text + found[2], found.end()
    return text + marked[end:], spans


@pytest.fixture
def made(tmp_path: Path) -> Run:
    tweets, read = [], []
    for at in range(18):
        marked, entities = MARKED[at % len(MARKED)]
        text, spans = parse(marked, f"90{at:017}")
        event = "apia_floods_2019" if at % 5 else None
        tweets.append(Tweet(f"90{at:017}", text, CLASSES[at % 4], event, SPLITS[at * 7 % 3], spans))
        read.append(entities)
    run = Run(tmp_path, tweets, read)
    run.write(tweets)
    for name, value in FACTS.items():
        write_json(tmp_path / name, value)
    return run


def spans_of(tweet: Tweet) -> list[dict]:
    return [{key: value for key, value in span._asdict().items() if key != "tweet_id"} for span in tweet.spans]


def entities(doc: Doc) -> list[tuple[str, str]]:
    return [(entity.text, entity.label_) for entity in doc.ents]


def on_tokens(made: Run, split: str) -> list[list[str]]:
    return [read for tweet, read in zip(made.tweets, made.read, strict=True) if tweet.split == split]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def load(folder: Path, cache: Path):
    datasets = pytest.importorskip("datasets")
    return datasets.load_dataset(str(folder), cache_dir=str(cache))


@pytest.mark.parametrize("standoff", [False, True])
def test_the_folder_loads_with_datasets_as_class_labels(made, tmp_path, standoff):
    loaded = load(made.export(standoff=standoff), tmp_path / "cache")
    assert list(loaded) == list(SPLITS)
    features = loaded["train"].features
    assert features["class_label"].names == list(CLASSES)
    label = features["spans"].feature["label"]
    assert label.names == list(ENTITY_TYPES)
    content = "text_sha256" if standoff else "text"
    assert list(features) == ["tweet_id", content, "class_label", "event", "spans"]
    for split in SPLITS:
        for row, tweet in zip(loaded[split], made.of(split), strict=True):
            assert row["tweet_id"] == tweet.tweet_id
            assert row[content] == (sha256(tweet.text.encode()).hexdigest() if standoff else tweet.text)
            assert features["class_label"].int2str(row["class_label"]) == tweet.class_label
            assert row["event"] == tweet.event
            assert [{**span, "label": label.int2str(span["label"])} for span in row["spans"]] == spans_of(tweet)


def test_json_lines_load_with_pandas_and_alone_with_datasets(made, tmp_path):
    folder = made.export(names=("jsonl",))
    assert {path.name for path in folder.iterdir()} == {"jsonl", "README.md"}
    loaded = load(folder, tmp_path / "cache")
    for split in SPLITS:
        expected = [{**tweet._asdict(), "spans": spans_of(tweet)} for tweet in made.of(split)]
        frame = pd.read_json(folder / "jsonl" / f"{split}.jsonl", lines=True, dtype={"tweet_id": str})
        assert frame.astype(object).where(frame.notna(), None).to_dict("records") == expected
        assert loaded[split].to_list() == expected


def test_docbin_loads_with_spacy_texts_entities_and_class(made):
    folder = made.export(names=("docbin",))
    for split in SPLITS:
        docs = list(DocBin().from_disk(folder / "docbin" / f"{split}.spacy").get_docs(English().vocab))
        assert [doc.text for doc in docs] == [tweet.text for tweet in made.of(split)]
        assert [[text for text, _ in entities(doc)] for doc in docs] == on_tokens(made, split)
        for doc, tweet in zip(docs, made.of(split), strict=True):
            assert {label for _, label in entities(doc)} <= {span.label for span in tweet.spans}
            assert doc.cats == {label: float(label == tweet.class_label) for label in CLASSES}
            assert doc.user_data == {}


def test_conll_loads_with_spacy_and_seqeval_and_its_comments_say_which_tweet(made):
    folder = made.export(names=("docbin", "conll"))
    for split in SPLITS:
        text = (folder / "conll" / f"{split}.conll").read_text(encoding="utf-8")
        docs = list(DocBin().from_disk(folder / "docbin" / f"{split}.spacy").get_docs(English().vocab))
        lines = text.split("\n")
        tokens_only = "\n".join(line for line in lines if not line.startswith("# "))
        converted = list(conll_ner_to_docs(tokens_only, n_sents=1, no_print=True))
        assert [[token.text for token in doc] for doc in converted] == [
            [token.text for token in doc if not token.is_space] for doc in docs
        ]
        tags = [[line.split("\t")[1] for line in block.split("\n") if line] for block in tokens_only.split("\n\n")[:-1]]
        for doc, original, sentence in zip(converted, docs, tags, strict=True):
            known = [("".join(text.split()), label) for text, label in entities(original)]
            assert [("".join(text.split()), label) for text, label in entities(doc)] == known
            assert [label for label, _, _ in get_entities(sentence)] == [label for _, label in known]
        comments = [line[2:].split(" = ") for line in lines if line.startswith("# ")]
        assert comments == [
            [name, getattr(tweet, name)]
            for tweet in made.of(split)
            for name in ("tweet_id", "class_label", "event")
            if getattr(tweet, name) is not None
        ]


PIECES = [
    "flood",
    "#PrayForApia",
    "@user",
    "🔥",
    "👩‍👩‍👧",
    "doesn’t",
    "1,000",
    "-",
    "日本",
    "e\u0301",
    "U.S.",
    "#",
    "\u200d",
    "O",
]


@settings(deadline=None, max_examples=50)
@given(data=st.data(), parts=st.lists(st.sampled_from(PIECES), max_size=8))
def test_wherever_spans_are_tokens_hold_each_or_it_is_lost(tmp_path_factory, data, parts):
    text = "".join(part + data.draw(st.sampled_from([" ", "  ", "", "\n", "\u00a0"])) for part in parts)
    borders = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [
        Span("1", start, end, data.draw(st.sampled_from(ENTITY_TYPES)), "regex", "x")
        for start, end in pairwise(borders)
        if data.draw(st.booleans())
    ]
    batches = tokenise([Tweet("1", text, CLASSES[0], None, "train", spans)])
    (entry,) = next(batches)
    assert entry.doc.text == text
    assert [label for label, _ in entry.fates] == [span.label for span in spans]
    held = [span for span, (_, fate) in zip(spans, entry.fates, strict=True) if fate != "lost"]
    assert [entity.label_ for entity in entry.doc.ents] == [span.label for span in held]
    starts = {token.idx for token in entry.doc if not token.is_space}
    ends = {token.idx + len(token) for token in entry.doc if not token.is_space}
    for span, (_, fate) in zip(spans, entry.fates, strict=True):
        assert (fate == "exact") == (span.start in starts and span.end in ends)
        assert (fate == "lost") == starts.isdisjoint(range(span.start, span.end))
    path = tmp_path_factory.mktemp("conll") / "one.conll"
    with conll(path) as append:
        append([entry])
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").split("\n") if "\t" in line]
    assert "".join(token for token, _ in lines) == "".join(text.split())
    assert [label for label, _, _ in get_entities([tag for _, tag in lines])] == [span.label for span in held]


def test_same_input_same_bytes_in_any_process_and_without_datasets(made):
    code = (
        "import sys\nfrom crisisflow.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code\nassert 'datasets' not in sys.modules"
    )
    for seed in ("1", "2"):
        command = [sys.executable, "-c", code, "export", "--out", seed]
        subprocess.run(command, cwd=made.folder, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
    written = files(made.folder / "1")
    assert written == files(made.folder / "2")
    assert set(written) == {
        "README.md",
        *(f"{name}/{split}.{kind.suffix}" for name, kind in FORMATS.items() for split in SPLITS),
    }


def test_the_batches_do_not_change_the_bytes(made, monkeypatch):
    whole = files(made.export("whole"))
    monkeypatch.setattr(tokens, "BATCH", 4)
    assert files(made.export("parts")) == whole


def test_without_text_there_is_none(made):
    folder = made.export(standoff=True)
    assert {path.name for path in folder.iterdir()} == {"parquet", "jsonl", "README.md"}
    said = (folder / "README.md").read_text() + "".join(map(Path.read_text, folder.glob("jsonl/*")))
    assert not any(tweet.text in said for tweet in made.tweets)
    assert "The texts are left out" in said
    assert "tells whether a text is the one" in said


@pytest.mark.parametrize("standoff", [False, True])
def test_the_snippets_of_the_card_and_of_the_documentation_run(made, tmp_path, standoff):
    pytest.importorskip("datasets")
    folder = made.export("humaid-ner", standoff=standoff)
    pages = {folder: folder / "README.md"} | ({} if standoff else {tmp_path: ROOT / "docs" / "dataset.md"})
    for place, page in pages.items():
        snippets = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        assert len(snippets) == (2 if standoff else 4)
        environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1"}
        subprocess.run([sys.executable, "-c", "".join(snippets)], cwd=place, env=environment, check=True)


def test_card_is_read_by_the_hub_s_own_library(made):
    data = DatasetCard.load(made.export() / "README.md").data.to_dict()
    assert data["license"] == "cc-by-nc-sa-4.0"
    assert data["configs"][0]["data_files"] == [
        {"split": split, "path": f"parquet/{split}.parquet"} for split in SPLITS
    ]
    assert "configs" not in DatasetCard.load(made.export("other", ("conll",)) / "README.md").data.to_dict()


def rows(text: str) -> list[list[str]]:
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if line.startswith("|")]


def test_card_counts_what_was_exported(made):
    text = (made.export() / "README.md").read_text()
    spans = sum(len(tweet.spans) for tweet in made.tweets)
    table = rows(text)
    assert ["Total", "18", str(spans), f"{spans / 18:.2f}"] in table
    own = [sum(tweet.class_label == CLASSES[1] for tweet in made.of(split)) for split in SPLITS]
    assert [CLASSES[1], *map(str, own), str(sum(own))] in table
    # Three tweets of each kind; of their LOCATION spans, that in #PrayForSamoa begins inside a token.
    assert ["LOCATION", "9", "0", "3", "12"] in table
    assert ["DISASTER_TYPE", "6", "3", "0", "9"] in table
    assert ["LOCATION", "0", "12", "0", "12"] in table
    assert ["reference_tuning", "all", "2,000", "1,000", "0.500", "0.250", "0.333"] in table
    assert "`reference_tuning` (and `idrisi_train`, if it is listed here), so that their scores flatter" in text
    assert "3 texts (7 tweets)" in text
    assert "1,234 pairs of tweets" in text
    assert "4,321 of `some_archive.tar.gz`" in text
    assert "do not pass it on" in text
    assert "may not be passed on" in text
    assert "phone numbers" in text


def test_card_of_the_generated_corpus_says_so(made):
    write_json(made.folder / "data/raw/manifest.json", {"source": "sample", "sha256": None, "rows": 18})
    write_json(made.folder / "results/annotation/quality.json", {})
    folder = made.export()
    text = (folder / "README.md").read_text()
    assert "pretty_name: crisisflow sample" in text
    assert "# crisisflow sample" in text
    assert "# HUMAID-NER" not in text
    assert "These tweets are generated" in text
    assert "no gold spans to score them against" in text
    assert "HumAID is under" not in text
    assert "pass it on" not in text
    assert DatasetCard.load(folder / "README.md").data.to_dict()["license"] == "apache-2.0"


def test_guessing_by_event_is_told_from_guessing_the_commonest_class():
    counts = card.DatasetCounts()
    counts.events.update({("fire", "a"): 6, ("fire", "b"): 2, ("flood", "b"): 2})
    assert card.guessed(counts.events) == (0.6, 0.8)


def test_a_corpus_without_events_says_that_they_are_not_known(made):
    made.write([tweet._replace(event=None) for tweet in made.tweets])
    text = (made.export() / "README.md").read_text()
    assert "does not name the events" in text
    assert "Tweets by event" not in text


def test_a_split_without_a_tweet_is_exported_too(made):
    made.write([tweet for tweet in made.tweets if tweet.split != "test"])
    folder = made.export()
    assert list(DocBin().from_disk(folder / "docbin" / "test.spacy").get_docs(English().vocab)) == []
    assert ["test", "0", "0", "0.00"] in rows((folder / "README.md").read_text())


def halve(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "out").write_text("mine"), r"out is there already; name another folder"),
        (lambda folder: (folder / "out").mkdir(), r"out is there already; name another folder"),
        (lambda folder: (folder / RESOLVED_FILE).unlink(), r"resolved.parquet does not exist; run the step that"),
        (
            lambda folder: (folder / "results/annotation/quality.json").unlink(),
            r"quality.json does not exist; run the step that",
        ),
        (lambda folder: halve(folder / RESOLVED_FILE), r"resolved.parquet is no readable Parquet file"),
        (
            lambda folder: write_spans(folder / RESOLVED_FILE, [Span("91", 0, 1, "NUMBER", "regex", "x")]),
            r"tweet 91 is not in .*tweets.parquet, or not in the order of the ids",
        ),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(made, spoil, message):
    spoil(made.folder)
    before = files(made.folder)
    with pytest.raises(CrisisflowError, match=message) as caught:
        made.export()
    assert "\n" not in str(caught.value)
    assert files(made.folder) == before
    assert not list(made.folder.glob(".*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format=xml"], "--format xml is not known; there are: parquet, conll, docbin, jsonl"),
        (
            ["--without-text", "--format=jsonl", "--format=conll"],
            "--format conll is made of the texts; --without-text leaves: parquet, jsonl",
        ),
    ],
)
def test_a_format_that_cannot_be_is_refused(made, arguments, message):
    done = subprocess.run(
        [sys.executable, "-m", "crisisflow", "export", "--out=out", *arguments],
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, f"crisisflow: {message}\n")
    assert not (made.folder / "out").exists()


def test_a_disk_that_fills_up_leaves_no_folder(made):
    before = files(made.folder)
    done = subprocess.run(
        [sys.executable, "-m", "crisisflow", "export", "--out=out"],
        cwd=made.folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048)),
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("crisisflow: cannot write ")
    assert done.stderr.count("\n") == 1
    assert files(made.folder) == before
    assert not list(made.folder.glob(".*"))


def test_what_a_killed_export_left_does_not_come_back(made):
    left = made.folder / ".out.partial" / "conll"
    left.mkdir(parents=True)
    (left / "train.conll").write_text("with text")
    assert not (made.export(standoff=True) / "conll").exists()


def test_tweets_and_spans_are_merged_as_they_are_read(made):
    assert list(read_dataset(made.folder / TWEETS_FILE, made.folder / RESOLVED_FILE)) == made.tweets
