"""`crisisflow predict` and `crisisflow serve`, through their commands."""

import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import sys
import threading
from io import BufferedReader, BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.errors import CrisisflowError
from crisisflow.inference import Findings
from crisisflow.serving.access import check_user, listen
from crisisflow.serving.choice import Choice, check_recorded, choose, folder_md5, folder_of
from crisisflow.serving.lines import predicted, run
from crisisflow.serving.served import open_served
from crisisflow.text_input import open_input
from tests.cheap import check_told_cheaply


def crisisflow(*arguments, stdin=""):
    command = [sys.executable, "-m", "crisisflow", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)


@pytest.fixture
def options(results, params):
    return ("--results", results, "--params", params, "--runtime", "torch")


def test_lines_come_out_as_they_went_in_with_what_was_found(options, tmp_path, client):
    lines = [{"id": "1", "text": "17 dead in Kerala 🔥"}, {"text": "flood " * 100, "lang": "en"}]
    file = tmp_path / "tweets.jsonl"
    file.write_text("\n\n".join(json.dumps(line) for line in lines))
    done = crisisflow("predict", file, *options)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [{key: own[key] for key in line} for own, line in zip(found, lines, strict=True)] == lines
    assert "learnt from generated tweets: its answers mean nothing about real tweets" in done.stderr
    for own in found:
        answer = client.post("/v1/predict", json={"text": own["text"]}).json()
        assert own["class"]["scores"] == pytest.approx(answer["class"]["scores"], abs=1e-3)
    piped = crisisflow("predict", "-", *options, stdin=file.read_text())
    assert len(piped.stdout.splitlines()) == 2


def test_masking_names_covers_what_the_rules_find_and_what_the_model_marks():
    line = json.dumps({"id": "7", "text": "Zqx at 12 Maple Street, call @bob", "who": "Zqx"})
    entities = [FoundSpan(0, 3, "PERSON", 1.0), FoundSpan(10, 15, "LOCATION", 1.0)]
    (written,) = predicted(lambda texts: [Findings(entities, None, False)], [line], "", names=True)
    assert written["text"] == "••• at •••••••••••••••, call ••••"
    assert [own["text"] for own in written["entities"]] == ["•••", "•••••"]
    assert written["id"] == "7"
    assert "who" not in written


@pytest.mark.parametrize("masking", [False, True])
def test_a_text_of_white_space_is_written_back_and_the_model_is_not_asked(masking):
    asked = []

    def predict(texts):
        asked.extend(texts)
        return [Findings([FoundSpan(0, 1, "NUMBER", 0.9)], None, False) for _ in texts]

    texts = ["", "1 dead", " \n", "2 dead"]
    written = list(predicted(predict, [json.dumps({"text": text}) for text in texts], "", masking))
    assert asked == ["1 dead", "2 dead"]
    assert [own["text"] for own in written] == texts
    assert [own["entities"] and own["entities"][0]["text"] for own in written] == [None, "1", None, "2"]
    assert [own["class"] for own in written] == [None] * 4


def test_masking_covers_what_is_written_and_changes_nothing_that_is_found(options, tmp_path):
    private = ("@helper", "help@example.org", "0123 4567890")
    text = "17 dead in Kerala 🔥 @helper needs water: help@example.org, 0123 4567890"
    line = {"id": "1234567890123456789", "user": "helper", "tweet_id": ["@helper"], "text": text}
    file = tmp_path / "tweets.jsonl"
    file.write_text(json.dumps(line))
    plain, masked = (json.loads(crisisflow("predict", file, *options, *more).stdout) for more in ([], ["--mask"]))
    assert {key: plain[key] for key in line} == line
    assert set(masked) == {"id", "text", "entities", "class", "truncated", "language", "judged"}
    assert masked["id"] == line["id"]
    covered = text
    for own in private:
        covered = covered.replace(own, "•" * len(own))
    assert masked["text"] == covered
    assert masked["entities"] == [{**own, "text": covered[own["start"] : own["end"]]} for own in plain["entities"]]
    assert masked["class"] == plain["class"]


def test_an_entity_that_is_covered_is_covered_in_the_list_too():
    text = "🔥 call @helper"
    found = {text: Findings([FoundSpan(7, 14, "PERSON", 0.9)], None, False)}
    (written,) = predicted(lambda texts: [found[own] for own in texts], [json.dumps({"text": text})], "", True)
    assert [own["text"] for own in written["entities"]] == ["•" * 7]


@pytest.mark.parametrize(
    ("tweet_id", "kept"),
    [("1234567890123456789", True), (17, True), ("t-1", True), ("＠ada", False), ("a@b.org", False)],
)
def test_an_id_that_names_somebody_is_not_written(tweet_id, kept):
    line = json.dumps({"id": tweet_id, "text": "flood"})
    (written,) = predicted(lambda texts: [Findings([], None, False)], [line], "", True)
    assert written.get("id") == (tweet_id if kept else None)


def test_a_stream_is_answered_before_it_ends(options):
    command = [sys.executable, "-m", "crisisflow", "predict", "-", *map(str, options)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        for text in ("flood", "dead"):
            process.stdin.write(json.dumps({"text": text}) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["text"] == text
        process.stdin.close()
        assert process.wait() == 0


def nothing(texts):
    return [Findings([], None, False) for _ in texts]


def answered(stream, out=None):
    """The lines that `predict` writes for the bytes of a stream."""
    written = StringIO()
    run(nothing, BufferedReader(BytesIO(stream)), "tweets", out or written)
    return [json.loads(line) for line in written.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"text": "a", "user": "\\ud800"}', "line 2: holds what cannot be written back as UTF-8"),
        (b'{"text": "a", "\\ud800": 1}', "line 2: holds what cannot be written back as UTF-8"),
        (b'{"text": "caf\xe9"}', "line 2: is not UTF-8"),
        (b'{"text": "a", "n": 1e400}', "line 2: holds a number that is too large: 1e400"),
        (b'{"text": "a", "n": [{"n": -1e400}]}', "line 2: holds a number that is too large: -1e400"),
        (b'{"text": "a", "n": 1e-400}', "line 2: holds a number that is too small: 1e-400"),
        (b'{"text": "a", "n": NaN}', "line 2: holds NaN, which is no JSON"),
        (b'{"text": "a", "n": -Infinity}', "line 2: holds -Infinity, which is no JSON"),
        (b'{"text": "a", "n": 1' + b"0" * 5000 + b"}", "line 2: holds a number of 5,001 digits, which is too large"),
        (b'{"text": "\\ud83d"}', "line 2: its text holds half of a surrogate pair"),
        (b'{"text": "a", "n": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "line 2: is nested too deeply"),
        (b'[{"text": "a"}]', "line 2: is no JSON object .*; of a JSON array, write each object on a line"),
        (b'{"text": "a", "text": "b"}', "line 2: has the key 'text' twice"),
        (b'{"text": "a", "user": {"n": 1, "n": 1}}', "line 2: has the key 'n' twice"),
    ],
)
def test_what_cannot_be_written_back_is_named_by_its_line(line, said):
    out = StringIO()
    with pytest.raises(CrisisflowError, match=said):
        answered(b'{"text": "flood"}\n' + line + b"\n", out)
    assert json.loads(out.getvalue())["text"] == "flood"


LINES = '{"text": "Füße im Wasser 🔥", "n": 12345678901234567890123}\r\n{"text": "flood"}'


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_lines_are_the_same_however_they_are_encoded(mark, codec, pack):
    if codec != "utf-8":
        mark = "\ufeff"  # without it nothing tells UTF-16
    found = answered(pack((mark + LINES).encode(codec)))
    assert [(own["text"], own.get("n")) for own in found] == [
        ("Füße im Wasser 🔥", 12345678901234567890123),
        ("flood", None),
    ]


@pytest.mark.parametrize("number", ["0", "-0.0", "0e5", "0.000", "1e300", "5e-324", "-1.5", str(10**4000)])
def test_numbers_that_can_be_written_back_are(number):
    (found,) = answered(f'{{"text": "a", "n": {number}}}'.encode())
    assert found["n"] == json.loads(number)


def test_the_marks_of_files_that_were_joined_are_passed_over():
    assert len(answered('\ufeff{"text": "a"}\n\ufeff{"text": "b"}\n'.encode())) == 2


def test_files_that_were_joined_after_gzip_are_read_to_their_end():
    assert len(answered(b"".join(gzip.compress(b'{"text": "a"}\n') for _ in range(3)))) == 3


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (gzip.compress(b'{"text": "a"}\n' * 99, mtime=0)[:-9], "tweets is no whole file of gzip"),
        (bz2.compress(b'{"text": "a"}\n' * 99)[:-9], "tweets is no whole file of gzip"),
        (lzma.compress(b'{"text": "a"}\n' * 99)[:-9], "tweets is no whole file of gzip"),
        (b"\x1f\x8bno", "tweets is no whole file of gzip"),
        (b"BZhno", "tweets is no whole file of gzip"),
        (b"\xfd7zXZ\x00no", "tweets is no whole file of gzip"),
        (b"PK\x03\x04no", "tweets is a zip file or workbook"),
        (b"\x28\xb5\x2f\xfdno", "tweets is packed by zstd"),
        (b"PAR1no", "tweets is a Parquet file"),
        ('{"text": "a"}'.encode("utf-32"), "tweets is UTF-32"),
        (gzip.compress('{"text": "a"}'.encode("utf-32"), mtime=0), "tweets is UTF-32"),
        (b"\xff\xfe{\x00\x00", "tweets begins as UTF-16 and is not"),
    ],
)
def test_a_damaged_file_is_named(stream, said):
    with pytest.raises(CrisisflowError, match=said):
        answered(stream)


@pytest.mark.parametrize("codec", ["latin-1", "ascii", "utf-8", "cp1252"])
def test_lines_are_written_on_any_terminal(codec):
    out = TextIOWrapper(BytesIO(), encoding=codec)
    run(nothing, BufferedReader(BytesIO(LINES.encode())), "tweets", out)
    written = out.buffer.getvalue().decode(codec)
    assert [json.loads(line)["text"] for line in written.splitlines()] == ["Füße im Wasser 🔥", "flood"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
OWN = {"entities", "class", "truncated", "language", "judged"}  # keys that the answer writes


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.text(), st.dictionaries(st.text().filter(lambda key: key not in OWN), VALUES)), max_size=4),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    st.sampled_from([bytes, gzip.compress]),
    st.sampled_from(["ascii", "latin-1", "utf-8"]),
    st.booleans(),
)
def test_any_record_comes_back_as_it_went_whatever_the_encodings(lines, codec, pack, terminal, escaped):
    records = [{**own, "text": text} for text, own in lines]
    stream = "\n".join(json.dumps(record, ensure_ascii=escaped) for record in records).encode(codec)
    out = TextIOWrapper(BytesIO(), encoding=terminal)
    answered(pack(stream), out)
    found = [json.loads(line) for line in out.buffer.getvalue().decode(terminal).split("\n") if line]
    assert [{key: value for key, value in own.items() if key not in OWN} for own in found] == records


@pytest.mark.parametrize("named", [True, False])
def test_pipes_are_read_as_files_are(named, tmp_path):
    """As `mkfifo` makes them, and as the shell's `<(…)` does."""
    path, out = tmp_path / "named", StringIO()
    if named:
        os.mkfifo(path)
    else:
        reading, writing = os.pipe()
        path = f"/dev/fd/{reading}"

    def write():
        with open(path if named else writing, "wb") as file:  # noqa: PTH123
            file.write(gzip.compress(LINES.encode()))

    thread = threading.Thread(target=write)
    thread.start()
    run(nothing, open_input(str(path), "a file"), str(path), out)
    thread.join()
    if not named:
        os.close(reading)
    assert [json.loads(line)["text"] for line in out.getvalue().splitlines()] == ["Füße im Wasser 🔥", "flood"]


@pytest.mark.parametrize(
    ("line", "words"),
    [(line, "is no JSON object") for line in ("no json", '{"tweet": "a"}', '{"text": 5}', "[1]")]
    + [('{"text": "\\ud800"}', "half of a surrogate pair")],
)
def test_a_bad_line_is_named_and_those_before_it_are_written(line, words):
    written = []
    stream = StringIO(f'{{"text": "flood"}}\n{line}\n')
    with pytest.raises(CrisisflowError, match=f"tweets, line 2: .*{words}"):
        written.extend(predicted(lambda texts: [Findings([], None, False) for _ in texts], stream, "tweets"))


def test_the_rows_and_seeds_that_are_there_are_named(tmp_path):
    for place in ("B/seed13", "B/seed7", "A/seed13"):
        (tmp_path / "rows" / place).mkdir(parents=True)
        (tmp_path / "rows" / place / "model.safetensors").touch()
    (tmp_path / "rows" / "C" / "seed13").mkdir(parents=True)
    with pytest.raises(CrisisflowError, match=r"Z has no trained seed; .*; there are: A, B$"):
        folder_of(Choice(tmp_path, "Z"))
    with pytest.raises(CrisisflowError, match=r"seed99 has no model\.safetensors; .*; there are: seed13, seed7$"):
        folder_of(Choice(tmp_path, "B", 99))
    with pytest.raises(CrisisflowError, match=r"run: make reproduce, or dvc checkout$"):
        folder_of(Choice(tmp_path / "nothing", "B"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "absent.jsonl"), "absent.jsonl does not exist"),
        (("predict", "-", "--row", "Z"), "Z has no trained seed; run: make reproduce"),
        (("predict", "-", "--seed", "99"), "seed99 has no model.safetensors"),
        (("predict", "-", "--sha256", "0" * 64), "is not the expected file: its sha256 is"),
        (("serve", "--host", "0.0.0.0"), "--host 0.0.0.0 is open to the network; protect it with --token-file"),
        (("serve", "--token-file", "absent"), "absent does not exist; make a token with"),
    ],
)
def test_what_is_wrong_is_one_line(options, arguments, said):
    done = crisisflow(arguments[0], *options, *arguments[1:])
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_port_that_is_taken_is_named_in_one_line():
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CrisisflowError, match=f"at 127.0.0.1, port {port}: Address already in use; try another"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8"])
def test_nobody_is_told_that_it_ran(results, params, tmp_path, monkeypatch, runtime):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "ORT_DISABLE_TELEMETRY"):
        monkeypatch.delenv(name, raising=False)
    options = ("--results", results, "--params", params, "--runtime", runtime)
    assert crisisflow("predict", "-", *options, stdin='{"text": "flood"}').stdout
    assert not list(tmp_path.rglob("*onnxruntime*"))


def test_root_must_be_meant(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(CrisisflowError, match="--allow-root"):
        check_user(allow_root=False)
    check_user(allow_root=True)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    check_user(allow_root=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="asks what root is told")
def test_root_is_told_before_anything_is_opened():
    done = crisisflow("serve", "--results", "absent")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "--allow-root" in done.stderr


@pytest.fixture
def recorded(results, tmp_path):
    """A checkout whose dvc.lock names what was served; the folder of the row."""
    root = tmp_path / "checkout"
    row = "results/humaid_ner/rows/both"
    shutil.copytree(results / "rows" / "both", root / row)
    for name in (".dvc", ".git"):
        (root / name).mkdir()
    outs = [{"path": row, "md5": folder_md5(root / row)}]
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"train@both": {"outs": outs}, "x": {}}}))
    return root / row / "seed13"


def test_weights_are_those_that_were_recorded(recorded, params):
    choice = Choice(recorded.parents[2], "both", 13)
    assert open_served(choose(choice, params), "torch", 1).version.recorded
    assert not check_recorded(recorded.parents[1] / "another" / "seed13", recorded.parents[4])


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_others_are_refused_in_one_line(recorded, params, name):
    with (recorded / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(
        CrisisflowError, match=r"results/humaid_ner/rows/both is not the one in dvc\.lock; run: dvc checkout, or"
    ) as told:
        choose(Choice(recorded.parents[2], "both", 13), params)
    assert "\n" not in str(told.value)


def test_params_that_can_be_read_once_only_are_refused_since_their_digest_is_told(recorded, params):
    reader, writer = os.pipe()
    os.write(writer, params.read_bytes())
    os.close(writer)
    try:
        with pytest.raises(CrisisflowError, match="is no plain file; name the params"):
            choose(Choice(recorded.parents[2], "both", 13), Path(f"/dev/fd/{reader}"))
    finally:
        os.close(reader)


def test_whatever_is_logged_is_masked():
    code = (
        "import logging.config; from crisisflow.serving.serve import LOGS; logging.config.dictConfig(LOGS); "
        "[logging.getLogger(name).error('of @somebody') for name in ('crisisflow.serving', 'uvicorn.error', 'any')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["ERROR: of •••••••••"] * 3


def test_cheap_mistakes_are_told_before_anything_heavy_is_imported(results, params, shipped, tmp_path):
    of_run = ["--params", str(params)]
    of_row = ["--results", str(results), *of_run]
    of_shipped = ["predict", os.devnull, "--model", str(shipped), *of_run]
    serve = ["serve", "--allow-root", *of_row]
    long = tmp_path / "long"
    long.write_text("a" * 10_001)
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    with listen("127.0.0.1", 0) as taken, long.open() as stdin:
        port = str(taken.getsockname()[1])
        cases = {
            "absent does not exist": ["predict", "absent", *of_row],
            "is a folder": ["predict", str(tmp_path), *of_row],
            "Z has no trained seed": ["predict", os.devnull, "--row", "Z", *of_row],
            "seed99 has no model.safetensors": ["predict", os.devnull, "--seed", "99", *of_row],
            "is not the expected file": ["predict", os.devnull, "--sha256", "0" * 64, *of_row],
            "--model is a model without rows; leave out --results": ["predict", os.devnull, "--model", "a", *of_row],
            "a is no model that crisisflow export_model has written": ["predict", os.devnull, "--model", "a", *of_run],
            "model.onnx is not the expected file": [*of_shipped, "--sha256", "0" * 64],
            f"cannot listen at 127.0.0.1, port {port}": [*serve, "--port", port],
            "cannot listen at a..b, port 8000": [*serve, "--host", "a..b", "--token-file", str(token)],
            "both has no trained seed": [*serve, "--results", str(tmp_path), "--row", "both"],
            "metrics.json does not exist": [*serve, "--results", str(tmp_path)],
            "absent.yaml does not exist": [*serve, "--params", "absent.yaml"],
            "there is no text to explain": ["explain", " "],
            "the text is not UTF-8": ["explain", "\udcff"],
            "standard input has more than 10,000 characters": ["explain", "-"],
        }
        check_told_cheaply(cases, stdin)
