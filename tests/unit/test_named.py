"""What params.yaml names and is not there is refused with params.yaml."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml

from crisisflow.errors import CrisisflowError
from crisisflow.studies import Params
from crisisflow.versioning import rule_helpers
from crisisflow.versioning.named import check_named
from tests.presets import read_preset

ROOT = Path(__file__).parents[2]
PRESETS = ROOT / "presets"
EVENTS = "humaid_ner.evaluation.leave_one_event_out.events"


def params(preset: str = "sample", **values) -> Params:
    """A preset with values in other places, named as in params.yaml or the study's section with __ for a dot."""
    plain = read_preset(preset, PRESETS)[1]
    for path, value in values.items():
        *parents, key = path.split("__")
        place = plain if parents[0] in plain else plain["humaid_ner"]
        for parent in parents:
            place = place[parent]
        place[key] = value
    return Params.model_validate(plain)


def fault(*given, **values) -> str:
    with pytest.raises(CrisisflowError) as error:
        check_named(params(*given, **values))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("preset", ["sample", "laptop", "paper"])
def test_a_preset_names_what_is_there(preset):
    check_named(params(preset))


@pytest.mark.parametrize(
    ("encoder", "message"),
    [
        ("embedded:minilm-l7", "no embedded encoder is called 'minilm-l7'; there are: minilm-l6"),
        ("embedded:", "no embedded encoder is called ''; there are: minilm-l6"),
        ("embedded:en_core_web_sm", "no embedded encoder is called 'en_core_web_sm'; there are: minilm-l6"),
        ("minilm-l6", "is no local folder, and a name on the model hub needs a revision: minilm-l6@REVISION"),
        ("no/such/folder", "is no local folder"),
        ("/no/such/folder@main", "is no local folder"),
        ("FacebookAI/roberta-large@", "is no local folder"),
        ("@main", "is no local folder"),
        ("folder", "'folder' is a folder without a readable config.json"),
    ],
)
def test_an_encoder_that_is_not_there(tmp_path, monkeypatch, encoder, message):
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    said = fault(rows__C__encoder=encoder)
    assert said.startswith("humaid_ner.rows.C.encoder: ")
    assert message in said


def test_encoders_that_may_be_there(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    for encoder in (str(tmp_path), "FacebookAI/roberta-large@main", "gpt2@607a30d", "embedded:minilm-l6"):
        check_named(params(rows__C__encoder=encoder))


def test_more_layers_than_an_encoder_has(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"num_hidden_layers": 4}))
    assert (
        fault(rows__C__encoder=str(tmp_path), rows__C__layers=5)
        == f"humaid_ner.rows.C.layers: 5, but {tmp_path} has 4 layers"
    )
    check_named(params(rows__C__encoder=str(tmp_path), rows__C__layers=4))
    assert "humaid_ner.rows.D.freeze_layers: 18, but embedded:minilm-l6 has 6 layers" in fault(
        rows__D__freeze_layers=18
    )


@pytest.mark.parametrize("model", ["embedded:en_core_web_lg", "en_core_web_trf", "embedded:minilm-l6"])
def test_a_spacy_model_that_is_not_there(model):
    assert f"annotation.spacy.model: {model} is neither embedded (embedded:en_core_web_sm) nor" in fault(
        annotation__spacy__model=model
    )


def test_lexicons_that_are_not_there():
    said = fault(
        annotation__spacy__lexicon="nmes",
        annotation__ruler__lexicons=["places", "casualties"],
        annotation__regex__lexicons=["fragments"],
    )
    assert "annotation.spacy: no lexicon is called nmes (did you mean names?)" in said
    assert (
        "annotation.ruler: no lexicon is called casualties (there are: bodies, disasters, hazards, organisations, "
        in said
    )
    assert "annotation.regex: no lexicon is called fragments" in said


def test_an_event_that_the_generator_does_not_know():
    said = fault(evaluation__leave_one_event_out__events=["hurricane_irma_2016"])
    assert said == f"{EVENTS}: no event is called hurricane_irma_2016 (did you mean hurricane_irma_2017?)"
    said = fault(evaluation__leave_one_event_out__events=["zzz"])
    assert said.startswith(f"{EVENTS}: no event is called zzz (there are: ")
    assert "hurricane_irma_2017" in said


def archive(path: Path, *names: str) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return str(path)


@pytest.mark.parametrize("packed", [False, True])
def test_the_events_of_a_source_are_those_of_its_tables_and_of_the_table_beside_it(tmp_path, packed):
    names = ["x/flood_a_train.tsv", "x/all_dev.tsv"]
    source = archive(tmp_path / "a.tar.gz", *names) if packed else str(tmp_path / "folder")
    if not packed:
        (tmp_path / "folder" / "x").mkdir(parents=True)
        for name in names:
            (tmp_path / "folder" / name).touch()
    table = tmp_path / "events.tsv.gz"
    table.write_bytes(gzip.compress(b"tweet_id\tevent\n1\tfire_b\n2\t\n"))
    given = {"corpus__source": source, "corpus__events": str(table)}
    check_named(params(**given, evaluation__leave_one_event_out__events=["flood_a", "fire_b"]))
    assert fault(**given, evaluation__leave_one_event_out__events=["quake"]) == (
        f"{EVENTS}: no event is called quake (there are: fire_b, flood_a)"
    )
    assert "(there are: flood_a)" in fault(corpus__source=source, evaluation__leave_one_event_out__events=["quake"])
    # not here to be read: a clone that pulled the results has neither
    for absent in ({"corpus__source": "no/source"}, {"corpus__events": "no/table"}):
        check_named(params(**(given | absent), evaluation__leave_one_event_out__events=["quake"]))


def test_the_official_archive_names_no_event():
    said = fault(corpus__source="official", evaluation__leave_one_event_out__events=["quake"])
    assert said == f"{EVENTS}: no event is called quake (there is none (corpus.events))"


def test_all_that_is_not_there_is_one_line_of_snakemake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plain = params(rows__A__encoder="embedded:x", rows__B__encoder="y").model_dump(mode="json")
    Path("params.yaml").write_text(yaml.safe_dump(plain, sort_keys=False))
    rule_helpers.load_params.cache_clear()
    with pytest.raises(SystemExit) as end:
        rule_helpers.load_params()
    assert end.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("crisisflow: params.yaml: humaid_ner.rows.A.encoder: ")
    assert "; humaid_ner.rows.B.encoder: encoder 'y' is no local folder" in said
    assert said.count("\n") == 1


def test_a_public_set_has_a_known_name_and_its_files(tmp_path):
    assert fault(corpus__public_sets={"crisislex_t5": str(tmp_path)}) == (
        "corpus.public_sets: no public set is called crisislex_t5 (did you mean crisislex_t6?)"
    )
    named = {"corpus__public_sets": {"chile": str(tmp_path)}}
    assert fault(**named) == (
        f"corpus.public_sets.chile: {tmp_path} is not the set chile: it needs ChileEarthquakeT1.tsv; found no file "
        "(docs/public_sets.md)"
    )
    (tmp_path / "ChileEarthquakeT1.tsv.gz").touch()
    check_named(params(**named))
    check_named(params(corpus__public_sets={"chile": "no/folder"}))  # a clone that pulled the results
