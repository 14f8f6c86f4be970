"""What the commands say, what params.yaml may say of the study, and that the same posts give the same files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from crisisflow import cli
from crisisflow.artifacts import write_json, write_parquet
from crisisflow.errors import CrisisflowError
from crisisflow.studies.analytics import labels, posts
from crisisflow.studies.analytics.explain import normalised, topic_lines
from crisisflow.studies.analytics.named import Settings, absent
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.analytics.posts import POSTS
from tests.presets import read_preset_of
from tests.studies.analytics.settings import corpus, normalise_params
from tests.studies.analytics.small import make

ROOT = Path(__file__).parents[3]
PRESETS = ROOT / "presets"


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    return make(tmp_path_factory.mktemp("run"))


def test_the_same_posts_give_the_same_files_whatever_the_cores_and_the_hash_seed(small_run, tmp_path):
    script = (
        "import sys; from pathlib import Path; from tests.studies.analytics.small import make\n"
        "make(Path(sys.argv[1])); import tomotopy; print(tomotopy.isa)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "2", "TOMOTOPY_ISA": "avx2"}
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("sse2", "none")  # none on other processors than x86
    first, second = (
        {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (small_run, tmp_path)
    )
    assert len(first) == 14
    assert first == second


def test_a_topic_is_explained_by_its_terms_labels_and_posts(small_run):
    lines = list(topic_lines(small_run, "pandemic", 0, 2))
    assert lines[0].startswith("topic 0 of 3 of pandemic: ") and lines[1].startswith("terms: ")
    assert [line.partition(":")[0] for line in lines[2:5]] == list(labels.METHODS)
    assert len(lines) == 7 and all(" pandemic_sample:" in line for line in lines[5:])
    with pytest.raises(CrisisflowError, match="has the topics 0 to 2, and no topic 3"):
        list(topic_lines(small_run, "pandemic", 3, 2))
    with pytest.raises(CrisisflowError, match="does not exist; run the step that makes it"):
        list(topic_lines(small_run, "other", 0, 2))


def test_what_is_shown_of_a_post_is_masked(small_run, tmp_path):
    import shutil

    folder = shutil.copytree(small_run, tmp_path / "run")
    path = folder / "corpora/pandemic/posts.parquet"
    rows = posts.read_parquet(path, POSTS).to_pylist()
    write_parquet(path, [{**row, "text": "call @some_one on +1 555 123 4567"} for row in rows], POSTS)
    shown = "\n".join(topic_lines(folder, "pandemic", 0, 2))
    assert "@some_one" not in shown and "4567" not in shown and "••••" in shown


def test_a_text_is_shown_behind_each_step_that_changed_it(tmp_path):
    lines = list(normalised("@one pls w8 http://t.co/x #rain", normalise_params(least_words=1), None))
    steps = [line.split()[0] for line in lines]
    assert steps == ["text", "urls", "mentions", "hashtags", "tokens", "slang", "stop_words", "left"]
    assert "@one" not in lines[0] and lines[-1].split() == ["left", "wait"]
    assert list(normalised("w8", normalise_params(), None))[-1].endswith("too few words: the post is dropped")


def test_the_protected_words_of_a_corpus_count(tmp_path):
    path = tmp_path / "protected.json"
    write_json(path, {"query": ["zorvid"], "vocabulary": [], "acronyms": [], "names": False})
    params = normalise_params(least_words=1)
    assert list(normalised("zorvid qqxz", params, path))[-1].split() == ["left", "zorvid"]
    assert list(normalised("zorvid qqxz", params, None))[-1].split()[0] == "left"


def test_the_commands(small_run, capsys, monkeypatch):
    for arguments in (
        ["explain-topic", "pandemic", "0", "--folder", str(small_run)],
        ["analytics", "explain_normalise", "pls w8", "--params", str(ROOT / "params.yaml")],
    ):
        monkeypatch.setattr(sys, "argv", ["crisisflow", *arguments])
        with pytest.raises(SystemExit) as done:
            cli.main()
        assert done.value.code in (0, None)
    assert "topic 0 of 3 of pandemic" in (said := capsys.readouterr().out) and "please wait" in said


# Parameters


def section(**own):
    plain = read_preset_of("analytics", "sample", PRESETS)["analytics"]
    for key, value in own.items():
        plain[key] = {**plain[key], **value}
    return AnalyticsParams.model_validate(plain)


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"lda": {"k": 5}}, "no model has 5 topics; add it to analytics.lda.sweep"),
        ({"lda": {"sweep": [4]}}, "no model has 8 topics"),
        ({"lda": {"seeds": [13, 13]}}, "each may stand there once"),
        ({"lda": {"k": 1}}, "greater than or equal to 2"),
        ({"terms": {"ngrams": [1, 1]}}, "each may stand there once"),
        ({"terms": {"ngrams": [3]}}, "less than or equal to 2"),
        ({"labels": {"length": 0}}, "greater than or equal to 1"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(own, message):
    with pytest.raises(ValidationError, match=message):
        section(**own)
    assert section(lda={"k": 12})


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ({"reader": "covidsenti"}, "the reader covidsenti needs a path"),
        ({"source": "x"}, "has no source; write null"),
        ({"reader": "crisisnlp", "source": "x"}, "may not be passed on; write confidential"),
        ({"size": "all"}, "say how many posts are generated"),
        ({"k": 1}, "greater than or equal to 2"),
        ({"reader": "facebook"}, "Input should be"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_refused(own, message):
    with pytest.raises(ValidationError, match=message):
        corpus(**own)


def test_a_source_that_is_absent_is_named_with_its_key(tmp_path):
    plain = read_preset_of("analytics", "sample", PRESETS)
    own = {**plain["analytics"]["corpora"]["pandemic"], "reader": "jsonl", "source": str(tmp_path / "a"), "query": "b"}
    plain["analytics"]["corpora"]["mine"] = own
    (first, second) = absent(Settings.model_validate(plain))
    assert first == f"analytics.corpora.mine.source: {tmp_path / 'a'} does not exist"
    assert second == "analytics.corpora.mine.query: b does not exist"
