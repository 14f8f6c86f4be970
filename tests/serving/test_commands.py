"""`crisisflow predict` and `crisisflow serve`, through their commands."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from io import StringIO

import pytest
import yaml

from crisisflow.alignment.decoding import FoundSpan
from crisisflow.errors import CrisisflowError
from crisisflow.inference import Findings
from crisisflow.serving.lines import predicted, run
from crisisflow.serving.serve import check_user, listen
from crisisflow.serving.served import Choice, check_recorded, open_served


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
    for own in found:
        answer = client.post("/v1/predict", json={"text": own["text"]}).json()
        assert own["event"]["scores"] == pytest.approx(answer["event"]["scores"], abs=1e-3)
    piped = crisisflow("predict", "-", *options, stdin=file.read_text())
    assert len(piped.stdout.splitlines()) == 2


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
    assert [own["event"] for own in written] == [None] * 4


def test_masking_covers_what_is_written_and_changes_nothing_that_is_found(options, tmp_path):
    private = ("@helper", "help@example.org", "0123 4567890")
    text = "17 dead in Kerala 🔥 @helper needs water: help@example.org, 0123 4567890"
    line = {"id": "1234567890123456789", "user": "helper", "tweet_id": ["@helper"], "text": text}
    file = tmp_path / "tweets.jsonl"
    file.write_text(json.dumps(line))
    plain, masked = (json.loads(crisisflow("predict", file, *options, *more).stdout) for more in ([], ["--mask"]))
    assert {key: plain[key] for key in line} == line
    assert set(masked) == {"id", "text", "entities", "event", "truncated"}
    assert masked["id"] == line["id"]
    covered = text
    for own in private:
        covered = covered.replace(own, "•" * len(own))
    assert masked["text"] == covered
    assert masked["entities"] == [{**own, "text": covered[own["start"] : own["end"]]} for own in plain["entities"]]
    assert masked["event"] == plain["event"]


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


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"text": "a", "user": "\\ud800"}', "line 2: holds what cannot be written back as UTF-8"),
        (b'{"text": "a", "\\ud800": 1}', "line 2: holds what cannot be written back as UTF-8"),
        (b'{"text": "caf\xe9"}', "line 2: is not UTF-8"),
    ],
)
@pytest.mark.parametrize("piped", [False, True])
def test_what_is_no_text_is_named_by_its_line(line, said, piped, tmp_path, monkeypatch):
    file, out = tmp_path / "tweets.jsonl", StringIO()
    file.write_bytes(b'{"text": "flood"}\n' + line + b"\n")
    with file.open() as lines:
        monkeypatch.setattr("sys.stdin", lines)
        with pytest.raises(CrisisflowError, match=said):
            run(lambda texts: [Findings([], None, False) for _ in texts], "-" if piped else str(file), out)
    assert json.loads(out.getvalue())["text"] == "flood"


@pytest.mark.parametrize("line", ["no json", '{"tweet": "a"}', '{"text": 5}', "[1]", '{"text": "\\ud800"}'])
def test_a_bad_line_is_named_and_those_before_it_are_written(line):
    written = []
    stream = StringIO(f'{{"text": "flood"}}\n{line}\n')
    with pytest.raises(CrisisflowError, match="tweets, line 2: is no JSON object"):
        written.extend(predicted(lambda texts: [Findings([], None, False) for _ in texts], stream, "tweets"))


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
    shutil.copytree(results / "rows" / "both", root / "results" / "rows" / "both")
    for name in (".dvc", ".git"):
        (root / name).mkdir()
    folder = root / "results" / "rows" / "both" / "seed13"
    outs = [
        {"path": f"results/rows/both/seed13/{name}", "md5": hashlib.md5((folder / name).read_bytes()).hexdigest()}
        for name in ("config.json", "model.safetensors")
    ]
    (root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": {"train@A-13": {"outs": outs}, "x": {}}}))
    return folder


def test_weights_are_those_that_were_recorded(recorded, params):
    choice = Choice(recorded.parents[2], "both", 13)
    assert open_served(choice, params, "torch", 1).version.recorded
    assert not check_recorded(recorded.parent / "seed14", recorded.parents[3])


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_others_are_refused_in_one_line(recorded, params, name):
    with (recorded / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(
        CrisisflowError, match=f"seed13/{name} is not the one in dvc.lock; run: dvc checkout, or"
    ) as told:
        open_served(Choice(recorded.parents[2], "both", 13), params, "torch", 1)
    assert "\n" not in str(told.value)


def test_whatever_is_logged_is_masked():
    code = (
        "import logging.config; from crisisflow.serving.serve import LOGS; logging.config.dictConfig(LOGS); "
        "[logging.getLogger(name).error('of @somebody') for name in ('crisisflow.serving', 'uvicorn.error', 'any')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines() == ["ERROR: of •••••••••"] * 3
