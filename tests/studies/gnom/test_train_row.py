"""A row from the sets to its predictions: what a graph is made of, resume, and the kept model on new texts."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic_core import to_json
from safetensors import safe_open

from crisisflow.artifacts import read_json, read_parquet, write_json
from crisisflow.corpus.tweet_words import in_order, tokens
from crisisflow.embedding import tokenize
from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom import others, overlap, train_row
from crisisflow.studies.gnom.answering import answered, chosen_run, explained, kept_runs
from crisisflow.studies.gnom.attention import Reader
from crisisflow.studies.gnom.corpus import texts_of
from crisisflow.studies.gnom.exported import write_exported
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.formats import WORDS
from crisisflow.studies.gnom.graph_files import NODES
from crisisflow.studies.gnom.models import read_model
from crisisflow.studies.gnom.neighbours import near_words
from crisisflow.studies.gnom.params import SettingParams
from crisisflow.studies.gnom.predictions import read_predictions
from crisisflow.studies.gnom.sets import read_tweets, training_of, write_tweets
from tests.studies.gnom.pipeline import COMPUTE, SEED, arguments, make_graphs, params, prepare, train


@pytest.fixture(scope="module")
def made(tiny_encoder, tmp_path_factory):
    return prepare(params(tiny_encoder), tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def trained(made, tmp_path_factory):
    """GNoM on both settings."""
    folder = tmp_path_factory.mktemp("rows")
    return {setting: train(made, "GNoM", setting, 100, folder / "GNoM" / setting / "one") for setting in ("E_E", "E_S")}


# The texts of a graph


@pytest.mark.parametrize("setting", ["E_E", "E_S"])
@pytest.mark.parametrize("rest", [False, True])
def test_no_text_of_a_validation_or_test_part_reaches_a_graph(made, setting, rest):
    own = made.params.settings[setting]
    training = training_of(made.sets, own, "all", 50, SEED)
    found = texts_of(made.sets, own, ["GeneratedUnlabelled"], ["en", "es"], training, rest, "all", 13)
    held_out = {
        tokens(text)
        for part in read_tweets(made.sets, own.source, own.target)
        for text, split in zip(part.texts, part.splits, strict=True)
        if split != "train"
    }
    unlabelled = [text for part in found.of_sets[1:] for text in part.texts]
    assert len(unlabelled) == found.unlabelled and len(held_out) > 40
    assert held_out.isdisjoint(map(tokens, unlabelled))
    assert held_out.isdisjoint(map(tokens, found.of_sets[0].texts))  # the sets are split by groups
    assert found.training == len(training.train.ids) and {*training.train.ids}.isdisjoint(training.rest.ids)
    with_rest = [part for part in found.of_sets[1:] if {*part.ids} & {*training.rest.ids}]
    assert bool(with_rest) == rest


def a_set(folder, name: str, texts, split=None):
    """The file of a set of these texts, with these splits where it has labels."""
    row = {"language": "en", "group": 0}
    labels = [["relevant"] if split else []] * len(texts)
    rows = [
        {"tweet_id": f"{name} {at}", "text": text, "labels": own, "split": part, **row}
        for at, (text, own, part) in enumerate(zip(texts, labels, split or [None] * len(texts), strict=True))
    ]
    write_tweets(folder / f"{name}.parquet", name, rows)
    return folder / f"{name}.parquet"


OFFICIAL = ["train", "train", "train", "validation", "test", "test", "test"]
LABELLED = [
    "the old bridge of the town is closed to cars since noon",
    "a boat of the coast guard came to the school at last",
    "we all hope for a better week",
    "who has a radio with new batteries for the shelter",
    "RT @someone: the old bridge of the town is closed to cars since noon today",  # near the first
    "@someone https://t.co/x",
    "nobody saw the ferry of the island this morning here",
]
UNLABELLED = [
    "nobody saw the ferry of the island this morning here again",  # near the last test tweet, other words
    "who has a radio with new batteries for the shelter?",  # the words of the validation tweet
    "@other http://t.co/y",  # no word, and so near nothing
    "https://t.co/x",
    "nothing like it anywhere",
]


@pytest.fixture
def of_texts(tmp_path):
    """The paths of two sets, a setting, and what it trains on."""
    paths = [a_set(tmp_path, "Labelled", LABELLED, OFFICIAL), a_set(tmp_path, "mine", UNLABELLED)]
    own = SettingParams(source="Labelled", target="Labelled", encoder="tiny")
    return paths, own, training_of(paths, own, "all", 100, SEED)


def test_texts_near_a_validation_or_test_tweet_are_left_out_and_counted(of_texts):
    paths, own, training = of_texts
    found = texts_of(paths, own, ["mine"], ["en"], training, False, "all", 13)
    assert found.of_sets[1].texts == UNLABELLED[2:] and (found.unlabelled, found.left_out) == (3, 2)
    assert found.of_sets[0].texts == LABELLED[1:3] and (found.training, found.training_left_out) == (2, 1)
    assert training.train.texts == LABELLED[:3]  # a row trains on it all the same


def test_a_test_tweet_is_new_only_if_neither_training_nor_unlabelled_text_is_near(of_texts, tmp_path, made):
    paths, own, _ = of_texts
    about = made.params.sets["GeneratedE"].model_copy(update={"unlabelled": ["mine"], "languages": ["en"]})
    out, counts = tmp_path / "overlap.parquet", tmp_path / "overlap.json"
    overlap.run("it", own, {"Labelled": about}, paths, out, counts)
    assert overlap.neighbours(out, [f"Labelled {at}" for at in (4, 5, 6)]).tolist() == [True, False, True]
    found = read_json(counts)
    numbers = [found[f"with_{kind}neighbour"] for kind in ("training_", "unlabelled_", "")]
    assert (found["test_tweets"], numbers) == (3, [1, 1, 2])


def test_fewer_unlabelled_texts_are_some_of_more(made):
    own = made.params.settings["E_S"]
    training = training_of(made.sets, own, "all", 50, SEED)

    def found(most):
        return texts_of(made.sets, own, ["GeneratedUnlabelled"], ["en", "es"], training, True, most, SEED)

    ids = {
        most: {f"{part.set} {one}" for part in found(most).of_sets[1:] for one in part.ids}
        for most in (0, 5, 20, "all")
    }
    assert [len(own) for own in ids.values()][:3] == [0, 5, 20]
    assert ids[5] < ids[20] < ids["all"]
    assert found(20).unlabelled == 20 and found(10**6).unlabelled == found("all").unlabelled


def test_a_graph_has_the_same_bytes_again_and_says_what_it_is_of(made, tmp_path):
    make_graphs(made, "E_S", 50, tmp_path)
    for path in sorted(tmp_path.rglob("*.*")):
        assert path.read_bytes() == (made.graphs("E_S", 50) / path.relative_to(tmp_path)).read_bytes()
    found = read_json(tmp_path / "as_set" / "statistics.json")
    assert (found["setting"], found["share"], found["similarity"]) == ("E_S", 50, True)
    more = read_json(tmp_path / "with_rest" / "statistics.json")
    assert more["unlabelled_tweets"] > found["unlabelled_tweets"]


def test_a_graph_may_be_of_the_words_alone(made):
    texts = "RT @someone: Two bridges (the old ones) are closed! https://t.co/x #flood"
    assert in_order(texts) == "Two bridges the old ones are closed flood"
    nodes = {
        name: read_parquet(made.graphs("E_S", 100) / name / "nodes.parquet", NODES)["token"].to_pylist()
        for name in ("as_set", "words")
    }
    marks = {name: [token for token in own if not any(map(str.isalnum, token))] for name, own in nodes.items()}
    assert marks["as_set"] and not marks["words"] and len({*nodes["as_set"]} & {*nodes["words"]}) > 20


def test_a_word_that_the_tokenizer_splits_may_be_a_node(made):
    pieces = {
        name: [len(own) for own in read_parquet(made.graphs("E_S", 100) / name / "nodes.parquet", NODES)["pieces"]]
        for name in ("as_set", "whole")
    }
    assert {*pieces["as_set"]} == {1} < {*pieces["whole"]}


def test_a_graph_of_another_share_is_refused(made, tmp_path):
    wrong = {**arguments(made, "GNoM", "E_E", 100, tmp_path), "graph": made.graphs("E_E", 50) / "as_set"}
    with pytest.raises(CrisisflowError, match="is the graph of another share"):
        train_row.run(**wrong)


# A row


def test_predictions_are_of_the_source_s_validation_and_the_target_s_test_part(made, trained):
    for setting, folder in trained.items():
        own, (found,) = made.params.settings[setting], read_predictions(folder / OF_RUN["predictions"])
        source, target = read_tweets(made.sets, own.source, own.target)
        assert found.of("validation").tweet_ids == source.part("validation").ids
        assert found.of("test").tweet_ids == target.part("test").ids
        assert (found.facts.source, found.facts.target, found.identity.share) == (own.source, own.target, 100)
        assert (found.labels.sum(axis=1) == 1).all() and (found.predicted.sum(axis=1) == 1).all()
        (told,) = read_json(folder / OF_RUN["training"])["runs"]
        assert told["training_tweets"] == len(source.part("train").ids)
        assert told["parameters"]["featurizer"] == 2 * (32 * 32 + 32)


@pytest.mark.parametrize("row", ["TR", "CLS", "TR-GF", "GNoM-word", "GNoM-empty", "GNoM-rewired", "GNoM-parameters"])
def test_every_kind_of_row_is_trained_and_kept(made, tmp_path, row):
    folder = train(made, row, "E_S", 50, tmp_path)
    (found,), kept = (
        read_predictions(folder / OF_RUN["predictions"]),
        read_model(folder / "model.safetensors", folder / "config.json"),
    )
    check_kept(made, found, kept)
    assert bool(read_json(folder / OF_RUN["attention"])["texts"]) == row.startswith("GNoM")
    assert bool(read_parquet(folder / OF_RUN["words"], WORDS).num_rows) == (
        row in made.params.rows and row != "GNoM-parameters"
    )


def test_of_texts_that_may_not_be_shown_only_numbers_are_kept(made, tmp_path):
    given = arguments(made, "GNoM", "E_E", 50, tmp_path)
    hidden = {name: own.model_copy(update={"show_texts": False}) for name, own in given["sets_params"].items()}
    train_row.run(**{**given, "sets_params": hidden})
    texts = read_json(tmp_path / OF_RUN["attention"])["texts"]
    assert any(own["drops"] for own in texts) and {key for own in texts for key in own} == {"tweet_id", "drops"}
    head, *lines = (tmp_path / OF_RUN["epochs"]).read_text().splitlines()
    by_epoch = [float(line.split(",")[head.split(",").index("weighted_f1")]) for line in lines]
    assert read_json(tmp_path / OF_RUN["training"])["runs"][0]["best_epoch"] == 1 + by_epoch.index(max(by_epoch))


def check_kept(made, found, kept):
    """The kept model says of the test tweets what the training said, and its table of h_G stands for the graph."""
    test = read_tweets(made.sets, found.facts.target)[0].part("test")
    ids = tokenize(test.texts, kept.tokenizer, kept.facts["max_length"])
    again = Reader(kept.model, kept.tokenizer, kept.facts["max_length"], False).probabilities(ids).numpy()
    np.testing.assert_allclose(again, found.of("test").probabilities, atol=1e-5)


def test_the_kept_model_answers_without_its_graph_and_explains_itself(made, trained):
    for folder in trained.values():
        kept = read_model(folder / OF_RUN["weights"], folder / OF_RUN["config"])
        check_kept(made, read_predictions(folder / OF_RUN["predictions"])[0], kept)
    lines = [
        json.dumps({"id": at, "text": text}) for at, text in enumerate(["We need water!", "agua, por favor", "zzz"])
    ]
    answers = list(answered(kept, lines, "here", False))
    assert [own["id"] for own in answers] == [0, 1, 2]
    assert all(abs(sum(own["probabilities"].values()) - 1) < 1e-3 for own in answers)
    told = json.loads(explained(kept, "We need water and blankets at the school, please help"))
    nodes = [own["importance"] for own in told["tokens"] if own["node"]]
    assert len(nodes) > 2 and abs(sum(nodes) - 1) < 1e-3 and {*told["drops"]} == {"attended", "random", "gradient"}
    assert all(own["importance"] == 0 for own in told["tokens"] if not own["node"])


def test_attention_and_words_are_of_the_run(made, trained):
    attention = read_json(trained["E_S"] / OF_RUN["attention"])
    assert attention["setting"] == "E_S" and attention["row"] == "GNoM"
    test = read_tweets(made.sets, "GeneratedS")[0].part("test")
    assert [own["tweet_id"] for own in attention["texts"]] == test.ids[: len(attention["texts"])]
    words = read_parquet(trained["E_S"] / OF_RUN["words"], WORDS)
    nodes = read_parquet(made.graphs("E_S", 100) / "as_set" / "nodes.parquet", NODES)
    assert {*words["token"].to_pylist()} <= {*nodes["token"].to_pylist()}
    before, after = (np.array(words[name].to_pylist()) for name in ("before", "after"))
    assert before.shape == after.shape == (words.num_rows, 32) and np.abs(before - after).max() > 1e-3
    near = json.loads(near_words(words, ["water"], 3))
    assert {*near["water"]} == {"embedding", "before", "after"} and len(near["water"]["after"]) == 3


def test_runs_whose_weights_were_kept_are_found_most_labels_first(made, trained, tmp_path):
    folder = train(made, "TR", "E_E", 50, tmp_path / "TR" / "E_E" / "half")
    unkept = made._replace(params=made.params.model_copy(update={"keep_weights": []}))
    train(unkept, "TR", "E_E", 100, tmp_path / "TR" / "E_E" / "whole")
    assert kept_runs(tmp_path) == [folder]
    with pytest.raises(CrisisflowError, match="were not kept; name the row"):
        read_model(tmp_path / "TR/E_E/whole/model.safetensors", tmp_path / "TR/E_E/whole/config.json")


def test_one_training_is_scored_on_all_its_settings_as_it_would_be_on_each(made, tmp_path):
    settings = {**made.params.settings, "E_S": made.params.settings["E_S"].model_copy(update={"encoder": "tiny"})}
    given = arguments(made, "TR", "E_E", 50, tmp_path / "both")
    train_row.run(**{**given, "training_name": "E", "settings": settings})
    both = {own.identity.setting: own for own in read_predictions(tmp_path / "both" / OF_RUN["predictions"])}
    assert [*both] == ["E_E", "E_S"] and both["E_S"].facts.target == "GeneratedS"
    told = read_json(tmp_path / "both" / OF_RUN["training"])["runs"]
    assert [(own["setting"], own["target"]) for own in told] == [("E_E", "GeneratedE"), ("E_S", "GeneratedS")]
    for name, setting in settings.items():
        out = tmp_path / name
        train_row.run(
            **{**given, "training_name": name, "settings": {name: setting}, "out": out, "checkpoint": out / "c"}
        )
        (alone,) = read_predictions(out / OF_RUN["predictions"])
        assert alone.tweet_ids == both[name].tweet_ids and alone.identity == both[name].identity
        np.testing.assert_array_equal(alone.probabilities, both[name].probabilities)
        np.testing.assert_array_equal(alone.groups, both[name].groups)
    with pytest.raises(CrisisflowError, match="no file of the step overlap is of the setting E_E"):
        train_row.run(**{**given, "settings": settings, "overlaps": [made.overlap("E_S")]})


def test_what_learnt_from_generated_tweets_says_so_and_real_tweets_come_first(trained, tmp_path, capsys):
    def copied(to, **changes):
        shutil.copytree(trained["E_S"], to)
        write_json(to / OF_RUN["config"], {**read_json(to / OF_RUN["config"]), **changes})
        return to

    def chosen(run=None, shipped=None):
        folder = chosen_run("gnom_predict", run, tmp_path / "results", shipped)
        return folder, capsys.readouterr().err

    with pytest.raises(CrisisflowError, match="no run of the study is in"):
        chosen(shipped=tmp_path / "shipped")
    shipped = copied(tmp_path / "shipped", generated=False)
    assert chosen(shipped=shipped) == (shipped, f"gnom_predict: by {shipped}\n")
    made_up = copied(tmp_path / "results/GNoM/A/one")
    warning = f"gnom_predict: {made_up} learnt from generated tweets: its answers mean nothing about real tweets\n"
    assert chosen(made_up, shipped) == (made_up, warning)
    assert chosen(shipped=shipped)[0] == shipped and chosen() == (made_up, f"gnom_predict: by {made_up}\n{warning}")
    real = copied(tmp_path / "results/GNoM/B/one", generated=False)
    assert chosen(shipped=shipped) == (real, f"gnom_predict: by {real}; --run names another: {shipped}, {made_up}\n")


def test_an_exported_run_answers_alike_and_has_only_what_was_trained(made, trained, tmp_path):
    write_exported(trained["E_S"], "CC0", tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"README.md", "config.json", "model.safetensors"}
    card = (tmp_path / "model" / "README.md").read_text()
    assert "**This model learnt from generated tweets.**" in card and "CC0" in card
    kept = read_model(tmp_path / "model" / "model.safetensors", tmp_path / "model" / "config.json")
    check_kept(made, read_predictions(trained["E_S"] / OF_RUN["predictions"])[0], kept)
    with safe_open(tmp_path / "model" / "model.safetensors", "pt") as stored:  # all layers of this encoder are frozen
        assert not [name for name in stored.keys() if ".encoder." in name]  # noqa: SIM118
    hidden = {name: own.model_copy(update={"terms": "confidential"}) for name, own in made.params.sets.items()}
    given = arguments(made, "GNoM", "E_S", 50, tmp_path / "hidden")
    train_row.run(**{**given, "sets_params": hidden})
    with pytest.raises(CrisisflowError, match="GeneratedE, GeneratedS, GeneratedUnlabelled, which are confidential"):
        write_exported(tmp_path / "hidden", "none", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(made, trained, tmp_path, monkeypatch):
    """Frozen weights are in no checkpoint: the embeddings here, and all layers of the other setting."""
    from crisisflow.training import loop

    for setting, finished in trained.items():
        epoch, done = loop.Trainer._epoch, []

        def interrupted(trainer, running, *rest, epoch=epoch, done=done):
            if len(done) == 1:
                raise KeyboardInterrupt
            done.append(epoch(trainer, running, *rest))

        out = tmp_path / setting
        monkeypatch.setattr(loop.Trainer, "_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(made, "GNoM", setting, 100, out)
        monkeypatch.setattr(loop.Trainer, "_epoch", epoch)
        (saved,) = (out / "checkpoint").glob("*.safetensors")
        with safe_open(saved, "pt") as stored:
            names = {*stored.keys()}
        assert not [name for name in names if "encoder.embeddings." in name]
        assert any("encoder.encoder.layer" in name for name in names) == (setting == "E_E")
        train(made, "GNoM", setting, 100, out)
        assert not (out / "checkpoint").exists()
        for name in OF_RUN.values():
            assert (out / name).read_bytes() == (finished / name).read_bytes(), name


def as_options(given) -> Iterator[str]:
    """The options of the command for these arguments of the function."""
    for name, value in given.items():
        own = value if isinstance(value, list) and isinstance(value[0], Path) else [value]
        for one in own if value is not None else []:
            text = one if isinstance(one, str) else str(one) if isinstance(one, Path) else to_json(one).decode()
            yield from (f"--{name.replace('_', '-')}", text)


def test_a_killed_row_goes_on_and_ends_with_the_same_bytes(made, trained, tmp_path):
    given = arguments(made, "GNoM", "E_E", 100, tmp_path)
    command = [sys.executable, "-m", "crisisflow", "gnom", "train_row", *as_options(given)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not [*given["checkpoint"].glob("*.json")]:
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL and not (tmp_path / OF_RUN["predictions"]).exists()
    assert [*given["checkpoint"].glob("*.json")]
    train_row.run(**given)
    for name in OF_RUN.values():
        assert (tmp_path / name).read_bytes() == (trained["E_E"] / name).read_bytes(), name


def test_answers_without_a_trained_encoder(made, tmp_path):
    own = made.params
    rest = (own.sets, own.splits, own.encoder, 32, 50, SEED, made.sets, made.overlap("E_E"), tmp_path)
    others.run(own.others, "E_E", own.settings["E_E"], *rest)
    found = {row: read_predictions(tmp_path / row / OF_RUN["predictions"])[0] for row in own.others}
    relevant = found["constant"].facts.classes.index("relevant")
    assert found["constant"].predicted[:, relevant].all() and found["source_majority"].predicted[:, relevant].all()
    assert found["svm"].probabilities is None and found["logistic"].probabilities is not None
    told = {row: read_json(tmp_path / row / OF_RUN["training"])["runs"][0] for row in found}
    scores = {row: own["scores"]["test"]["weighted_f1"] for row, own in told.items()}
    assert scores["svm"] > scores["constant"]
    np.testing.assert_array_equal(found["svm"].labels, found["constant"].labels)


def test_several_labels_a_tweet(tiny_encoder, tmp_path):
    own = params(tiny_encoder)
    classes = {name: [name] for name in ("rescue", "resources_needed", "damage_and_casualties", "resources_available")}
    update = {"task": "class", "classes": classes, "multi_label": True, "constant": "rescue"}
    sets = {name: found.model_copy(update=update if found.classes else {}) for name, found in own.sets.items()}
    sets = {name: found for name, found in sets.items() if name in ("GeneratedE", "GeneratedUnlabelled")}
    settings = {"E_E": own.settings["E_E"]}
    made = prepare(
        own.model_copy(
            update={
                "sets": sets,
                "settings": settings,
                "shares": [100],
                "generated": own.generated.model_copy(update={"tweets": 300}),
            }
        ),
        tmp_path / "sets",
    )
    (found,) = read_predictions(train(made, "GNoM", "E_E", 100, tmp_path / "out") / OF_RUN["predictions"])
    assert found.facts.multi_label and found.labels.sum(axis=1).max() == 2
    np.testing.assert_array_equal(found.predicted, found.probabilities >= 0.5)
    rest = (sets, own.splits, own.encoder, 32, 100, SEED, made.sets, made.overlap("E_E"), tmp_path / "others")
    others.run(own.others, "E_E", settings["E_E"], *rest)
    (svm,) = read_predictions(tmp_path / "others" / "svm" / OF_RUN["predictions"])
    assert svm.predicted.sum() > 0


def test_labels_of_one_set_answer_texts_of_another_language(tiny_encoder, tmp_path):
    from crisisflow.studies.gnom.transfer import PREDICTIONS, Own, run

    own, out = Own(gnom=params(tiny_encoder), compute=COMPUTE), tmp_path / "out"
    texts = ["Necesitamos agua y mantas", "Un puente está cerrado", "Mi vecino canta en la plaza"] * 4
    lines = [json.dumps({"id": at, "text": text}) for at, text in enumerate(texts)]
    run(own, "GeneratedE", "GNoM", str(tiny_encoder), "es", lines, "here", out)
    answers = [json.loads(line) for line in (out / PREDICTIONS).read_text().splitlines()]
    assert [own["id"] for own in answers] == list(range(12))
    assert all(own["labels"][0] in ("relevant", "not_relevant") for own in answers)
    nodes = read_parquet(out / "graphs" / "as_set" / "nodes.parquet", NODES).to_pylist()
    assert [own["token"] for own in nodes if own["sets"] == ["texts"]]  # of these texts alone
    again = answered(read_model(out / "run" / "model.safetensors", out / "run" / "config.json"), lines, "here", False)
    assert list(again) == answers
    for source, row, message in (
        ("Other", "GNoM", "no set with labels is called Other"),
        ("GeneratedE", "X", "no row"),
    ):
        with pytest.raises(CrisisflowError, match=message):
            run(own, source, row, str(tiny_encoder), "es", lines, "here", tmp_path / "other")
    with pytest.raises(CrisisflowError, match="is there already"):
        run(own, "GeneratedE", "TR", str(tiny_encoder), "es", lines, "here", out)
