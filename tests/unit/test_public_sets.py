"""Public sets: each layout to one table of posts, each dropped row counted, near duplicates in one group."""

import json
import re
import sys
import tarfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow import cli
from crisisflow.artifacts import read_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.public_set import read
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import POSTS, snowflake_time
from crisisflow.corpus.sources.relevance import undamaged
from crisisflow.corpus.sources.sets import SETS
from crisisflow.corpus.tweet_words import NEAR, tokens
from tests.public_sets import CATEGORY, COPIES, ID, PUBLISHED, SANDY, csv, humaid, lines, put

SHARED = Path(__file__).parents[3] / "shared" / "data"
FORMS = [
    *(pytest.param(name, COPIES[name], True, id=name) for name in COPIES),
    *(pytest.param(name, PUBLISHED[name], False, id=f"{name}-published") for name in PUBLISHED),
]
PANDEMIC, WORKERS = "2020_COVID19_Pandemic", ("stance_label1", "stance_label2", "stance_label3")
ECUADOR = {"crisis_related": "related"} | dict.fromkeys(
    ("category", "category_a1", "category_a2", "category_a3"), CATEGORY
)
# The first post of each set: id, text, labels, language, event, official split.
FIRST = {
    "idrisi": (ID, "Storm", {"class": CATEGORY, "has_location": "no"}, "en", "flood_0", "train"),
    "crisislex_t26": (
        ID,
        "Storm",
        {
            "information_source": "Media",
            "information_type": "Caution and advice",
            "informativeness": "Not related",
        },
        None,
        "event_0",
        None,
    ),
    "crisislex_t6": (ID, "Storm", {"relevance": "on-topic"}, "en", "event_0", None),
    "background": ("background:1", "Storm", {"source": "emoji"}, "en", None, "test"),
    "neq": (ID, 'Storm "here', {"relevance": "relevant"}, "en", "2015_Nepal_Earthquake", "train"),
    "neq_damaged": (ID, 'Storm "here', {"relevance": "relevant"}, "en", "2015_Nepal_Earthquake", "train"),
    "qfl": (ID, 'Storm "here', {"relevance": "relevant"}, "en", "2013_Queensland_Floods", "train"),
    "fire16": (ID, "Storm", {"class": ["resources_needed", "damage"]}, "en", "2015_Nepal_Earthquake", "train"),
    "smerp17": (ID, "Storm", {"class": ["resources_needed", "rescue"]}, "en", "2016_Italy_Earthquake", "train"),
    "ecuador_en": (ID, "Storm", ECUADOR, "en", "2016_Ecuador_Earthquake", None),
    "ecuador_es": (ID, "Storm", ECUADOR, "es", "2016_Ecuador_Earthquake", None),
    "chile": (ID, "Storm", {"relevance": "relevant"}, "es", "2010_Chile_Earthquake", None),
    "sositaly": (ID, "Storm", {"class": "damage"}, "it", "2013_Sardinia_Flood", None),
    "crisisnlp_lrec2016": (ID, "Storm", {"class": CATEGORY}, "en", "event_0", None),
    "crisisnlp_sandy": ("sandy:9001", "Storm", {"type_of_message": SANDY}, "en", "2012_Sandy_Hurricane", None),
    "need_offer": (
        ID,
        "Storm",
        {"need_offer": "need", "label_origin": "published_gold"},
        "en",
        "2015_Nepal_Earthquake",
        None,
    ),
    "need_offer_other": ("need_offer_other:1", "Storm", {"need_offer": "need"}, "en", "2015_Nepal_Earthquake", "dev"),
    "crowdflower": ("crowdflower:9001", "Storm", {"relevance": "Relevant", "keyword": "car crash"}, "en", None, None),
    "kaggle": ("kaggle:9001", "Storm", {"disaster": "1"}, "en", None, "train"),
    "covidsenti": ("covidsenti:1", "Storm", {"sentiment": "neu", "subset": "A"}, "en", PANDEMIC, None),
    "corona_nlp": ("corona_nlp:1", "Storm", {"sentiment": "Neutral"}, "en", PANDEMIC, "test"),
    "poddar": (
        ID,
        "Storm",
        {"stance": "ProVax"} | dict(zip(WORKERS, ("ProVax", "ProVax", "Neutral"), strict=True)),
        "en",
        PANDEMIC,
        None,
    ),
    "cotfas": (ID, "Storm", {"stance": "ProVax"}, "en", PANDEMIC, None),
    "sad": (
        "sad:9001",
        "Storm",
        {"is_stressor": "1", "is_covid": "0", "stressor": "Work", "source": "Inquire"},
        "en",
        None,
        None,
    ),
    "disaster_response": (
        "disaster_response:9001",
        "Storm",
        {"genre": "direct", "category": "request"},
        "en",
        None,
        "dev",
    ),
}


@pytest.fixture
def public_set(tmp_path, monkeypatch, capsys):
    """Runs the command; returns its exit code, what it said, and the table and manifest that it wrote."""

    def run(name: str, source: Path) -> tuple[int, str, list[dict] | None, dict | None]:
        out, manifest = tmp_path / "posts.parquet", tmp_path / "manifest.json"
        for path in (out, manifest):
            path.unlink(missing_ok=True)
        arguments = ["public_set", name, str(source), "--out", str(out), "--manifest", str(manifest)]
        monkeypatch.setattr(sys, "argv", ["crisisflow", *arguments])
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert out.exists() == manifest.exists() == (not end.value.code)
        posts = read_parquet(out, POSTS).to_pylist() if out.exists() else None
        return end.value.code or 0, capsys.readouterr().err, posts, json.loads(manifest.read_text()) if posts else None

    return run


@pytest.fixture
def refused(public_set):
    """Runs the command, which must refuse in one line; returns the line."""

    def run(name: str, source: Path) -> str:
        code, said, *_ = public_set(name, source)
        assert code == 2, said
        assert said.count("\n") == 1 and said.startswith("crisisflow: ")
        return said

    return run


def first(post: dict) -> tuple:
    """The fields of a post that FIRST has; several values of a task as a list."""
    labels: dict = {}
    for label in post["labels"]:
        held = labels.get(label["task"])
        labels[label["task"]] = [held, label["value"]] if held else label["value"]
    return post["tweet_id"], post["text"], labels, post["language"], post["event"], post["official_split"]


@pytest.mark.parametrize(("name", "files", "packed"), FORMS)
def test_each_layout_gives_its_posts(name, files, packed, tmp_path, public_set):
    _, _, posts, manifest = public_set(name, put(tmp_path / "set", files, packed))
    assert first(posts[0]) == FIRST[name]
    readable = {f"{file}.gz" if packed else file for file, content in files.items() if content}
    assert manifest["files"].keys() == readable and manifest["posts"] == len(posts)


@pytest.mark.parametrize(("name", "files", "packed"), FORMS)
def test_a_byte_order_mark_and_line_ends_of_windows_make_no_difference(name, files, packed, tmp_path, public_set):
    plain = public_set(name, put(tmp_path / "plain", files, packed))[2]
    windows = {file: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") for file, content in files.items()}
    assert public_set(name, put(tmp_path / "windows", windows, packed))[2] == plain


def test_every_set_is_known_here():
    assert COPIES.keys() == FIRST.keys() == SETS.keys() - {"humaid"} and PUBLISHED.keys() < COPIES.keys()


# A label and a column of each set, in the copies and as published.
SPOILED = {
    "idrisi": ((CATEGORY, '"text"'), (CATEGORY, '"text"')),
    "crisislex_t26": (("Not related", "text"), ("Not related", "Tweet Text")),
    "crisislex_t6": (("on-topic", "text"), ("on-topic", "tweet,")),
    "background": (("emoji", "text"), None),
    "neq": (("relevant\n", "text"),) * 2,
    "neq_damaged": (("relevant\n", "text"),) * 2,
    "qfl": (("relevant\n", "text"),) * 2,
    "fire16": (("1,6", "text"), ("[1, 6", "tweet_text")),
    "smerp17": (("1,3", "text"), None),
    "ecuador_en": (("yes", "text"), None),
    "ecuador_es": (("yes", "text"), None),
    "chile": (("relevant", "text"), None),
    "sositaly": (("damage", "text"), ("damage", '"text"')),
    "crisisnlp_lrec2016": ((CATEGORY, "text"), (CATEGORY, "tweet_text")),
    "crisisnlp_sandy": ((SANDY, "text"), None),
    "need_offer": (("need\t", "text"), None),
    "need_offer_other": (("need\t", "text"), ("__label__1", "[CLS]")),
    "crowdflower": (("Relevant", "text"), ("Relevant", "text")),
    "kaggle": (("\t1\n", "text"), ("1\n", "text")),
    "covidsenti": (("neu", "text"), ("neu", "tweet")),
    "corona_nlp": (("Neutral", "text"), ("Neutral", "OriginalTweet")),
    "poddar": (("ProVax", "text"), ("ProVax", "tweet")),
    "cotfas": (("ProVax", "text"), ("ProVax", "tweet")),
    "sad": (("Work", "sentence"), ("Work", "sentence")),
    "disaster_response": (("direct\t", "message"), ("direct,0", "message")),
}
SPOILABLE = [form for form in FORMS if SPOILED[form.values[0]][not form.values[2]]]
IDS = (ID[:-2], "9001")
WITH_IDS = [
    form for form in FORMS if any(own.encode() in content for own in IDS for content in form.values[1].values())
]


def replaced(files: dict[str, bytes], old: str, new: str) -> dict[str, bytes]:
    """The files with other bytes in place of some."""
    changed = {file: content.replace(old.encode(), new.encode("latin-1")) for file, content in files.items()}
    assert changed != files
    return changed


@pytest.mark.parametrize(("name", "files", "packed"), SPOILABLE)
def test_an_unknown_label_is_refused_with_its_line(name, files, packed, tmp_path, refused):
    label = SPOILED[name][not packed][0]
    spoilt = replaced(files, label, re.sub(r"[\w (),:]+", "7777", label))
    said = refused(name, put(tmp_path / "set", spoilt, packed))
    assert "line " in said and "7777" not in said


@pytest.mark.parametrize(("name", "files", "packed"), SPOILABLE)
def test_a_missing_column_is_refused(name, files, packed, tmp_path, refused):
    column = SPOILED[name][not packed][1]
    said = refused(
        name, put(tmp_path / "set", replaced(files, column, column.replace(column.strip('",'), "zzz")), packed)
    )
    assert "header" in said or column.strip('",') in said


@pytest.mark.parametrize(("name", "files", "packed"), WITH_IDS)
def test_an_id_that_lost_its_digits_is_refused(name, files, packed, tmp_path, refused):
    own = next(own for own in IDS if any(own.encode() in content for content in files.values()))
    said = refused(name, put(tmp_path / "set", replaced(files, own, "1.21209E+18"), packed))
    assert "is not a number" in said or "lost its digits" in said


@pytest.mark.parametrize(("name", "files", "packed"), FORMS)
def test_empty_files_are_refused(name, files, packed, tmp_path, refused):
    refused(name, put(tmp_path / "set", dict.fromkeys(files, b""), packed))


def test_one_empty_file_of_several_is_refused(tmp_path, refused):
    files = PUBLISHED["crisislex_t6"]
    last = list(files)[-1]
    for kind, content in (("nothing", b""), ("header", files[last].splitlines()[0])):
        assert last in refused("crisislex_t6", put(tmp_path / kind, files | {last: content}))


@pytest.mark.parametrize(("name", "files", "packed"), FORMS)
def test_bytes_of_another_encoding_are_refused_where_utf_8_is_expected(name, files, packed, tmp_path, public_set):
    code, said, posts, _ = public_set(name, put(tmp_path / "set", replaced(files, "Storm", "Storm \xe9"), packed))
    if name in ("neq", "neq_damaged", "qfl"):  # damaged by the publisher, and restored
        assert posts[0]["text"].startswith("Storm \ufffd" if name == "neq_damaged" else "Storm ")
    elif name in ("crowdflower", "corona_nlp") and not packed:  # the publisher's files are Latin-1
        assert posts[0]["text"] == "Storm \xe9"
    else:
        assert code == 2 and "UTF-8" in said and said.count("\n") == 1


@pytest.mark.parametrize(("name", "files", "packed"), FORMS)
def test_a_file_cut_short_is_refused(name, files, packed, tmp_path, refused):
    folder = put(tmp_path / "set", files, packed)
    for path in filter(Path.is_file, folder.rglob("*")):
        content = path.read_bytes()
        last = len(content.splitlines()[-1]) if content and not packed else 18
        path.write_bytes(content[: -last * 2 // 3])
    if packed or name not in ("background", "need_offer"):  # there, a text that ends early is a text
        refused(name, folder)


@pytest.mark.parametrize("name", COPIES)
def test_a_gz_file_that_is_not_gzipped_is_refused(name, tmp_path, refused):
    said = refused(name, put(tmp_path / "set", {f"{file}.gz": content for file, content in COPIES[name].items()}))
    assert "cannot read" in said


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_set_is_read_from_a_zip_or_tar_as_from_a_folder(name, tmp_path, public_set):
    folder = put(tmp_path / "set", PUBLISHED[name])
    posts = public_set(name, folder)[2]
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for file, content in PUBLISHED[name].items():
            archive.writestr(file, content)
            place, _, own = file.rpartition("/")
            archive.writestr(f"__MACOSX/{place}/._{own}", b"twin")
    with tarfile.open(tmp_path / "set.tar.gz", "w:gz") as archive:
        archive.add(folder, "set")
    for packed in (tmp_path / "set.zip", tmp_path / "set.tar.gz"):
        _, _, found, manifest = public_set(name, packed)
        assert found == posts and list(manifest["files"]) == [packed.name]


def test_what_is_dropped_is_counted(tmp_path, public_set):
    header = "tweet_id|event|label|text|label_origin"
    said = ["1|E|need|Tents", "1|E|offer|Tents", "1|E|need|Water", "2|E|need| ", "3|E|need|tents!"]
    rows = [f"{row}|unverified" for row in said]
    manifest = public_set("need_offer", put(tmp_path / "set", {"need_offer_tweets.tsv": lines(header, *rows)}))[3]
    assert manifest["posts"] == 2 and manifest["groups"] == 1
    assert manifest["dropped"] == {"empty text": 1, "id of another text": 1, "repeated row, labels joined": 1}
    assert manifest["labels"]["need_offer"] == {"need": 2, "offer": 1}
    assert list(manifest["files"]) == ["need_offer_tweets.tsv"]


def test_ids_that_lost_their_digits_and_tweets_without_a_majority_are_dropped(tmp_path, public_set):
    [(name, content)] = COPIES["ecuador_en"].items()
    cut = content.splitlines()[1].replace(ID.encode(), b"7.21635E+17") + b"\n"
    untimed = content.splitlines()[1].replace(ID.encode(), b"9").replace(b"2016-04-17 08:00:00", b"") + b"\n"
    _, _, posts, manifest = public_set("ecuador_en", put(tmp_path / "set", {name: content + cut + untimed}))
    assert manifest["dropped"] == {"id that lost its digits": 1}
    assert [post["time"] for post in posts] == [datetime(2016, 4, 17, 8, tzinfo=UTC), None]
    manifest = public_set("poddar", put(tmp_path / "poddar", PUBLISHED["poddar"]))[3]
    assert manifest["dropped"] == {"no majority of the annotators": 1}


def test_quoted_fields_hold_line_breaks(tmp_path, public_set):
    rows = lines("tweet_id|text|label", '9|"Sismo\nen ""Chile"""|relevant')
    assert public_set("chile", put(tmp_path, {"ChileEarthquakeT1.tsv": rows}))[2][0]["text"] == 'Sismo\nen "Chile"'


def test_the_text_of_covidsenti_is_repaired(tmp_path, public_set):
    text = "Stay safe \u2014 caf\u00e9 \U0001f637"
    damaged = text.encode("utf-8").decode("mac_roman")
    files = PUBLISHED["covidsenti"] | {"COVIDSenti-A.csv": csv("tweet|label", f"{damaged}|neu")}
    assert public_set("covidsenti", put(tmp_path, files))[2][0]["text"] == text


def test_humaid_is_read_from_its_archive_its_folder_and_with_a_table_of_events(tmp_path, public_set):
    folder = put(tmp_path / "set", {"HumAID_data_all_combined.tar.gz": humaid()})
    posts = public_set("humaid", folder)[2]
    assert {(post["text"], post["official_split"], post["event"]) for post in posts} == {
        (f"Storm {split}", split, None) for split in ("train", "dev", "test")
    }
    assert public_set("humaid", folder / "HumAID_data_all_combined.tar.gz")[2] == posts
    with tarfile.open(folder / "HumAID_data_all_combined.tar.gz") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert {post["text"] for post in public_set("humaid", tmp_path / "unpacked")[2]} == {post["text"] for post in posts}
    table = lines("tweet_id|event", f"{posts[0]['tweet_id']}|storm_2019")
    put(folder, {"humaid_events.tsv": table}, packed=True)
    assert public_set("humaid", folder)[2][0]["event"] == "storm_2019"


@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])))
def test_damaged_lines_are_restored_where_nothing_was_lost(text):
    damaged = text.encode("utf-8").decode("cp1252", "replace").encode("mac_roman", "replace")
    if b"?" not in damaged:
        assert undamaged(damaged) == text


def test_a_snowflake_holds_its_time():
    assert snowflake_time("1212092628029698048") == datetime(2019, 12, 31, 19, 26, 16, tzinfo=UTC)
    assert snowflake_time("8500000000") is None and snowflake_time("7.2E+17") is None


def test_what_is_not_the_set_is_refused_with_what_is_there_and_what_is_needed(tmp_path, refused):
    said = refused("kaggle", put(tmp_path / "other", {"notes.txt": b"a", "b.csv": b"b"}))
    assert "needs kaggle_nlp_getting_started_train.tsv; or train.csv; found other/b.csv, other/notes.txt" in said
    incomplete = dict(list(PUBLISHED["crisislex_t6"].items())[1:])
    said = refused("crisislex_t6", put(tmp_path / "part", incomplete))
    assert "6 of <event>-ontopic_offtopic.csv; found 5 of <event>-ontopic_offtopic.csv" in said
    assert "found no file" in refused("sad", put(tmp_path / "nothing", {".hidden/SAD_v1.csv": b""}))
    both = put(tmp_path / "both", COPIES["cotfas"] | PUBLISHED["cotfas"])
    assert "more than once: cotfas_stance.tsv and cotfas.csv; leave one of them" in refused("cotfas", both)
    assert "does not exist" in refused("sad", tmp_path / "nowhere")
    assert "there are: background" in refused("nothing", tmp_path)


@pytest.mark.parametrize("name", ["set.zip", "set.tar.gz", "set.tgz"])
def test_a_damaged_archive_is_refused(name, tmp_path, refused):
    (tmp_path / name).write_bytes(b"PK no archive")
    assert "cannot read" in refused("sad", tmp_path / name)


def test_a_zip_with_a_password_is_refused(tmp_path, refused):
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("SAD_v1.csv", PUBLISHED["sad"]["SAD_v1.csv"])
    content = bytearray((tmp_path / "set.zip").read_bytes())
    for header, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(header) + flags] |= 1
    (tmp_path / "set.zip").write_bytes(content)
    said = refused("sad", tmp_path / "set.zip")
    assert said.startswith("crisisflow: cannot read SAD_v1.csv (") and "password required" in said


def test_a_set_without_a_post_is_refused(tmp_path, refused):
    rows = csv("id|keyword|location|text|target", "1||| |1")
    assert "no row of the set kaggle is a post" in refused("kaggle", put(tmp_path, {"train.csv": rows}))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("x/storm-a.csv", {"event": "storm", "split": "a"}),
        ("storm-b.csv.gz", {"event": "storm", "split": "b"}),
        ("storm-c.csv", None),
        ("storm-a_csv", None),
    ],
)
def test_a_part_reads_what_a_path_says(path, said):
    assert Part("<event>-<split:a|b>.csv").said(path) == said


WORDS = st.lists(st.sampled_from("abcdefghij"), max_size=8).map(" ".join)


@given(st.lists(WORDS, max_size=25))
def test_groups_are_the_chains_of_near_duplicates(texts):
    groups = groups_of(texts).tolist()
    near = [[i == j or _near(a, b) for j, b in enumerate(texts)] for i, a in enumerate(texts)]
    reached = list(range(len(texts)))
    for _ in texts:  # each pass moves every text to the lowest number that a neighbour has
        reached = [min(reached[j] for j in range(len(texts)) if near[i][j]) for i in range(len(texts))]
    assert groups == [sorted(set(reached)).index(own) for own in reached]


def _near(one: str, other: str) -> bool:
    a, b = tokens(one), tokens(other)
    return bool(a & b) and len(a & b) >= NEAR * len(a | b)


# Posts that each set has on this disk, where the real files are: those of their description less what is dropped.
REAL = {
    "humaid/humaid": 71_024,
    "idrisi/idrisi": 13_570,
    "crisislex/crisislex_t26": 27_932,
    "crisislex/crisislex_t6": 60_078,
    "background/background": 154_039,
    "gnom/neq_2015_nepal_earthquake/neq": 11_664,
    "gnom/neq_2015_nepal_earthquake/neq_damaged": 11_664,
    "gnom/qfl_2013_queensland_floods/qfl": 10_031,
    "gnom/fire16/fire16": 1_551,
    "gnom/smerp17/smerp17": 2_695,
    "gnom/ecuador2016_en/ecuador_en": 4_190,
    "gnom/ecuador2016_es/ecuador_es": 4_167,
    "gnom/chile_earthquake_t1/chile": 2_187,
    "gnom/sositaly_t4/sositaly": 5_642,
    "crisisnlp/crisisnlp_lrec2016": 22_099,
    "crisisnlp/crisisnlp_sandy": 1_987,
    "requests_offers/need_offer": 12_949,
    "requests_offers/need_offer_other": 15_007,
    "disasters_on_social_media/crowdflower": 10_876,
    "disasters_on_social_media/kaggle": 7_613,
    "covid/covidsenti": 90_000,
    "covid/corona_nlp": 3_798,
    "covid_stance/poddar": 3_139,
    "covid_stance/cotfas": 2_792,
    "sad/sad": 6_850,
    "disaster_response/disaster_response": 4_719,
}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real sets are not at hand")
@pytest.mark.parametrize("path", REAL)
def test_the_real_sets_have_their_posts(path):
    folder, _, name = path.rpartition("/")
    posts, _ = read(name, SHARED / folder)
    assert len(posts) == REAL[path]
    assert all(post.tweet_id and post.text.strip() and post.labels for post in posts)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the real sets are not at hand")
def test_the_repair_of_neq_changes_the_damaged_rows_alone():
    repaired, damaged = (
        read(name, SHARED / "gnom" / "neq_2015_nepal_earthquake")[0] for name in ("neq", "neq_damaged")
    )
    changed = [(one, other) for one, other in zip(repaired, damaged, strict=True) if one != other]
    texts_alone = all(one._replace(text="") == other._replace(text="") for one, other in changed)
    lost = [sum("\ufffd" in pair[at].text for pair in changed) for at in (0, 1)]  # numbers: no failure shows a text
    assert (texts_alone, lost) == (True, [729 - 267, 729])
