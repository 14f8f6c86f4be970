"""Train row: a row on a source, a share of the labels and a seed, scored on its settings (paper, section 4.3)."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import numpy
import torch
import transformers

from crisisflow.artifacts import table_of, write_csv, write_json, write_parquet
from crisisflow.embedding import tokenize
from crisisflow.identity import CONFIG, Identity, identified, identified_lines
from crisisflow.inputs import IN_PROCESSES, InputFile
from crisisflow.model.encoder_model import EncoderModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import ComputeParams, Name, Seed
from crisisflow.pretrained import check_length, load_encoder, load_tokenizer
from crisisflow.sources import digest
from crisisflow.studies.gnom import STUDY
from crisisflow.studies.gnom.attention import Reader
from crisisflow.studies.gnom.corpus import confidential, named_by
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.formats import WORDS
from crisisflow.studies.gnom.glossary import glossary, words_of
from crisisflow.studies.gnom.graph import adds_similarity, changed, graph_facts
from crisisflow.studies.gnom.graph_files import WordGraph, read_graph
from crisisflow.studies.gnom.models import build, sizes_of, write_model
from crisisflow.studies.gnom.network import GraphClassifier, GraphFeaturizer, settled
from crisisflow.studies.gnom.overlap import overlap_of
from crisisflow.studies.gnom.params import (
    GENERATED,
    ClassifierParams,
    EncoderParams,
    GraphChanges,
    NetworkParams,
    Percentage,
    PlainRowParams,
    RowParams,
    SetParams,
    SettingParams,
    SplitsParams,
    TrainingParams,
    WordGraphParams,
)
from crisisflow.studies.gnom.predictions import Facts, facts_of, write_predictions
from crisisflow.studies.gnom.scored import Parts, decided, predictions_of
from crisisflow.studies.gnom.sets import Tweets, classes_of, training_of
from crisisflow.studies.gnom.tasks import WeightedClassification, WeightedMultiLabel
from crisisflow.studies.gnom.words import means_of
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training import seeds
from crisisflow.training.batching import Examples
from crisisflow.training.classification import CLASS_ID, CLASSES
from crisisflow.training.device import open_device
from crisisflow.training.early_stopping import EarlyStopping
from crisisflow.training.history import Speed, history_table
from crisisflow.training.loop import Trainer
from crisisflow.training.schedule import BETAS, Optimization, Stage

EXPLAINED = 24  # test texts of attention.json
MOST_NODES = 500  # nodes of words.parquet beside those of the glossary


def _examples(parts: Parts, tweets: Tweets, input_ids: list[list[int]]) -> Examples:
    """The tweets as the loop reads them."""
    chosen = classes_of(tweets.labels, parts.classes)
    if parts.multi_label:
        return Examples(tweets.ids, input_ids, {CLASSES: list(chosen.astype(numpy.float32))})
    return Examples(tweets.ids, input_ids, {CLASS_ID: chosen.argmax(axis=1).tolist()})


def run(
    name: Name,
    row: RowParams | PlainRowParams,
    training_name: Name,
    settings: dict[Name, SettingParams],
    sets_params: dict[Name, SetParams],
    splits: SplitsParams,
    encoder: dict[Name, EncoderParams],
    word_graph: WordGraphParams | None,
    graphs: dict[Name, GraphChanges] | None,
    network: NetworkParams | None,
    classifier: ClassifierParams,
    training: TrainingParams,
    compute: Annotated[ComputeParams, IN_PROCESSES],
    keep_weights: list[Name],
    share: Percentage,
    seed: Seed,
    sets: Sequence[InputFile],
    overlaps: Sequence[InputFile],
    graph: Path | None,
    checkpoint: Path,
    out: Path,
    speed: Path,
) -> None:
    """Train the row, and write its predictions of the source's validation and the targets' test tweets.

    A row with a word graph has one setting, of which the graph is. One without has those of one source and encoder. The
    epoch is chosen on the source's validation part. No label of a target is read before the test. An interrupted run
    goes on from its last checkpoint.

    Args:
        name: of the row
        row: section gnom.rows.NAME or gnom.plain_rows.NAME
        training_name: of the training: the setting, or of gnom.plain_rows.NAME.trainings
        settings: of section gnom.settings those that are scored
        sets_params: section gnom.sets
        splits: section gnom.splits
        encoder: section gnom.encoder
        word_graph: section gnom.word_graph; a plain row has none
        graphs: section gnom.graphs; a plain row has none
        network: section gnom.network; a plain row has none
        classifier: section gnom.classifier
        training: section gnom.training
        compute: section compute
        keep_weights: gnom.keep_weights
        share: of the training part, in per cent
        sets: of the step read_set
        overlaps: of the step overlap; repeat
        graph: folder of a graph of the step graph; a plain row has none
        checkpoint: folder of the checkpoints, removed at the end
        out: folder of what formats.py and predictions.py describe
        speed: seconds and memory per epoch; differs from run to run

    Raises:
        CrisisflowError: the encoder, graph or device is not to be had, the graph is of other parameters, a setting has
            no overlap, a class is left without a tweet, a loss is not finite, or memory does not suffice.
    """
    setting = next(iter(settings.values()))
    own, about = encoder[setting.encoder], sets_params[setting.source]
    check_length(own.name, training.max_length, "training.max_length")
    near = {scored: overlap_of(overlaps, scored) for scored in settings}
    by_setting = {
        scored: Parts(
            training_of(sets, found, splits.training_tweets, share, seed), sorted(about.classes), about.multi_label
        )
        for scored, found in settings.items()
    }
    parts = next(iter(by_setting.values()))
    identity = Identity(STUDY, name, seed, setting=training_name, share=share)
    found, used = None, None
    if isinstance(row, RowParams):
        used = changed(word_graph, graphs[row.graph])
        languages = named_by(setting, sets_params).languages
        similarity = adds_similarity(used, languages)
        found = read_graph(graph, graph_facts(used, own.name, training_name, share, seed, similarity))
    device = open_device(compute.device, compute.threads, compute.processes)
    tokenizer, opened = load_tokenizer(own.name), load_encoder(own.name, own.layers)
    learnt = {"train": parts.training.train, "validation": parts.training.validation}
    asked = {scored: found.training.test for scored, found in by_setting.items()}
    examples, tested = (
        {
            part: _examples(parts, tweets, tokenize(tweets.texts, tokenizer, training.max_length))
            for part, tweets in of_part.items()
        }
        for of_part in (learnt, asked)
    )
    pretrained = checkpoints.weights_digest(opened)
    device.seed(seeds.of_heads(seed))
    model = build(opened, tokenizer, parts.classes, row, found, used, network, classifier, seed)
    before = _node_vectors(model) if name in keep_weights else None
    trainer = Trainer(
        name=str(identity),
        model=model,
        task=(WeightedMultiLabel if parts.multi_label else WeightedClassification)(parts.classes),
        weighting=WEIGHTINGS["fixed"](1),
        optimization=Optimization(
            batch_size=training.batch_size,
            learning_rate=training.learning_rate,
            weighting_learning_rate=training.learning_rate,
            betas=BETAS,
            weight_decay=training.weight_decay,
            clip_norm=training.clip_norm,
            head_learning_rate=training.head_learning_rate,
        ),
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        max_length=training.max_length,
        frozen_cache_gb=compute.frozen_cache_gb,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("studies.gnom.train_row"),
            {package.__name__: package.__version__ for package in (numpy, torch, transformers)},
            *(section and section.model_dump() for section in (row, own, network, classifier, training, compute)),
            [pretrained, tokenizer.pad_token_id, parts.classes, seed],
            *(
                {part: [own.ids, own.input_ids, _plain(own.targets)] for part, own in of_part.items()}
                for of_part in (examples, tested)
            ),
            None if found is None else [[*map(list, found.pieces)], *(column.tolist() for column in found.edges)],
        ),
        early_stopping=None if training.patience is None else EarlyStopping(training.patience),
    )
    best = trainer.fit([_stage(training, own, len(examples["train"].ids))], examples["train"], examples["validation"])
    answers = {scored: trainer.predict(best, own)["probabilities"] for scored, own in tested.items()}
    if device.writes:
        predictions = []
        for scored, of_test in answers.items():
            facts = Facts(setting.source, settings[scored].target, own.name, tuple(parts.classes), parts.multi_label)
            probabilities = torch.cat([best.predictions["probabilities"], of_test]).numpy()
            predicted = decided(probabilities, parts.multi_label)
            of_run = identity._replace(setting=scored)
            predictions.append(
                predictions_of(of_run, facts, by_setting[scored], predicted, probabilities, near[scored])
            )
        write_predictions(out / OF_RUN["predictions"], predictions)
        trained = {
            "best_epoch": best.epoch,
            "epochs": len(trainer.records.history),
            "parameters": sizes_of(trainer.model),
        }
        runs = [{**facts_of(one, len(parts.training.train.ids)), **trained} for one in predictions]
        write_json(out / OF_RUN["training"], {"runs": runs})
        head, lines = history_table(trainer.task, trainer.records.history)
        within = [training_name, share]
        write_csv(
            out / OF_RUN["epochs"],
            *identified_lines(identity, ["setting", "share", *head], [[*within, *line] for line in lines]),
        )
        kept = name in keep_weights
        nodes = _words(trainer.model, tokenizer, found, before, setting) if kept and found is not None else []
        write_parquet(out / OF_RUN["words"], table_of(nodes, WORDS), identified(WORDS, identity))
        shown = sets_params[setting.target].show_texts
        explained = _explained(trainer.model, tokenizer, parts, training.max_length, shown) if kept else []
        write_json(out / OF_RUN["attention"], {**identity.facts(), "texts": explained})
        rebuilt = {
            CONFIG: identity.facts(),
            "row": row.model_dump(),
            "plain": isinstance(row, PlainRowParams),
            "encoder": own.model_dump(),
            "freeze_embeddings": training.freeze_embeddings,
            "network": network and network.model_dump(),
            "classifier": classifier.model_dump(),
            "classes": parts.classes,
            "nodes": [list(own) for own in found.pieces] if kept and found is not None else [],
            "whole_words": used is not None and used.nodes == "word",
            "multi_label": parts.multi_label,
            "max_length": training.max_length,
            "source": setting.source,
            "targets": [one.target for one in settings.values()],
            "generated": about.reader == GENERATED,
            "confidential": confidential(settings.values(), sets_params),
        }
        weights, config = out / OF_RUN["weights"], out / OF_RUN["config"]
        write_model(device, trainer.model, kept, rebuilt, weights, config)
        write_csv(speed, Speed._fields, trainer.records.speeds)
        checkpoints.discard(checkpoint)
    device.wait()
    device.close()


def _stage(training: TrainingParams, encoder: EncoderParams, tweets: int) -> Stage:
    steps = training.epochs * -(-tweets // training.batch_size)
    warmup = int(training.warmup_share * steps)
    frozen = encoder.freeze_layers
    return Stage(training.epochs, warmup, frozen, training.freeze_embeddings, frozen_dropout=frozen == 0)


def _plain(targets: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """Targets as JSON values."""
    return {name: numpy.asarray(list(own)).tolist() for name, own in targets.items()}


def _node_vectors(model: EncoderModel) -> torch.Tensor | None:
    """h_G of all nodes as the model is: [nodes, d]; None of a row without a graph."""
    featurizer = getattr(model, "featurizer", None)
    if not isinstance(featurizer, GraphFeaturizer):
        return None
    return settled(featurizer, model.encoder.get_input_embeddings().weight).table.cpu()


def _words(
    model: EncoderModel,
    tokenizer: transformers.PreTrainedTokenizerBase,
    graph: WordGraph,
    before: torch.Tensor | None,
    setting: SettingParams,
) -> list[tuple[Any, ...]]:
    """The rows of words.parquet: nodes of the glossary, and the most frequent ones of source and target."""
    after = _node_vectors(model)
    if before is None or after is None:
        return []
    known = {word for entry in glossary() for word in entry.values()}
    chosen = {at for at, word in words_of(graph.tokens).items() if word in known}
    order = sorted(range(len(graph.tokens)), key=lambda at: (-int(graph.frequency[at]), at))
    for name in (setting.source, setting.target):
        chosen |= {*[at for at in order if name in graph.sets[at]][:MOST_NODES]}
    embedding = model.encoder.get_input_embeddings().weight.detach().cpu().numpy()
    return [
        (
            list(graph.pieces[at]),
            graph.tokens[at],
            int(graph.frequency[at]),
            list(graph.sets[at]),
            means_of(embedding, [graph.pieces[at]])[0].tolist(),
            before[at].tolist(),
            after[at].tolist(),
        )
        for at in sorted(chosen)
    ]


def _explained(
    model: EncoderModel, tokenizer: transformers.PreTrainedTokenizerBase, parts: Parts, max_length: int, shown: bool
) -> list[dict[str, Any]]:
    """The texts of attention.json: the first ones of the test part; only numbers of those that may not be shown."""
    if not isinstance(model, GraphClassifier) or model.importance is None:
        return []
    reader = Reader(model, tokenizer, max_length, parts.multi_label)
    test = parts.training.test.at(range(min(EXPLAINED, len(parts.training.test.ids))))
    found = [
        {"tweet_id": tweet_id, **reader.explain(text)} for tweet_id, text in zip(test.ids, test.texts, strict=True)
    ]
    return found if shown else [{key: own[key] for key in ("tweet_id", "drops")} for own in found]
