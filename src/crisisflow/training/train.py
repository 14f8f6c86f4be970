"""Train: one ablation row with one seed, from the aligned tweets to a model and its validation predictions."""

from pathlib import Path

import torch
from transformers.utils import logging as transformers_logging

from crisisflow.artifacts import ALIGNED, PREDICTIONS, read_parquet, write_csv, write_json, write_parquet
from crisisflow.corpus.stratify import draw
from crisisflow.errors import CrisisflowError
from crisisflow.model.freezing import encoder_layers
from crisisflow.model.joint import JointModel
from crisisflow.model.weighting import WEIGHTINGS
from crisisflow.params import AlignmentParams, ModelParams, RowParams, TrainingParams
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.sources import digest
from crisisflow.taxonomy import BIO_LABELS, EVENT_CLASSES
from crisisflow.training import checkpoint as checkpoints
from crisisflow.training.batching import Examples
from crisisflow.training.device import open_device
from crisisflow.training.loop import Epoch, Trainer, predict, stages_of


def read_examples(aligned: Path, split: str) -> Examples:
    """The aligned tweets of one split."""
    table = read_parquet(aligned, ALIGNED)
    table = table.filter([name == split for name in table["split"].to_pylist()])
    if table.num_rows == 0:
        raise CrisisflowError(f"{aligned} has no tweet in the {split} split")
    columns = ("tweet_id", "input_ids", "labels", "class_id")
    return Examples(*(table[column].to_pylist() for column in columns))


def _limit(examples: Examples, size: int | str, seed: int) -> Examples:
    """`size` examples with the class shares of all."""
    if size == "all":
        return examples
    total = len(examples.tweet_ids)
    if size > total:
        raise CrisisflowError(f"training.tweets is {size:,} but the train split has {total:,}; lower it, or say all")
    chosen, _ = draw(list(range(total)), examples.class_ids, size, seed)
    return Examples(*([column[position] for position in chosen] for column in examples))


def run(
    name: str,
    aligned: Path,
    row: RowParams,
    training: TrainingParams,
    model: ModelParams,
    alignment: AlignmentParams,
    seed: int,
    checkpoint: Path,
    out: Path,
    config: Path,
    history: Path,
    predictions: Path,
) -> None:
    """Write the best epoch's weights (`out`), what rebuilds the model (`config`), one line per epoch (`history`) and
    the validation predictions of the best epoch.

    An interrupted run goes on from the checkpoint of its last whole epoch.

    Raises:
        CrisisflowError: the encoder or device is not to be had, the row asks for more layers than there are, or a
            stage is all warm-up.
    """
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    device = open_device(training.device, training.threads)
    torch.manual_seed(seed)
    joint = JointModel(load_encoder(row.encoder, row.layers), model.dropout)
    tokenizer = load_tokenizer(row.encoder)
    depth = len(encoder_layers(joint.encoder))
    if row.freeze_layers > depth:
        raise CrisisflowError(f"rows.{name}.freeze_layers is {row.freeze_layers} but the encoder has {depth} layers")
    # RoBERTa counts positions from behind the padding id, so its tokenizer's limit is the true one.
    positions = min(joint.encoder.config.max_position_embeddings, tokenizer.model_max_length)
    if alignment.max_length > positions:
        raise CrisisflowError(f"alignment.max_length is {alignment.max_length} but {row.encoder} takes {positions}")
    validation = read_examples(aligned, "validation")
    train = _limit(read_examples(aligned, "train"), training.tweets, seed)
    stages = stages_of(row, training)
    steps = -(-len(train.tweet_ids) // training.batch_size)
    for number, stage in enumerate(stages, start=1):
        if stage.warmup_steps >= stage.epochs * steps:
            raise CrisisflowError(
                f"rows.{name}: all {stage.epochs * steps} steps of stage {number} are warm-up ({stage.warmup_steps}), "
                f"so its learning rate would never fall; lower warmup_steps in training.{row.schedule}"
            )
    trainer = Trainer(
        name=f"row {name}, seed {seed}",
        model=joint,
        weighting=WEIGHTINGS[row.weighting](),
        params=training,
        seed=seed,
        device=device,
        padding_id=tokenizer.pad_token_id,
        fixed_length=alignment.max_length if device.fixed_shapes else None,
        folder=checkpoint,
        run=checkpoints.fingerprint(
            digest("training.train"),
            row.model_dump(),
            training.model_dump(),
            model.model_dump(),
            seed,
            train,
            validation,
        ),
    )
    best = trainer.fit(stages, train, validation)
    joint.load_state_dict(
        {key.removeprefix("model."): value for key, value in best.tensors.items() if key.startswith("model.")}
    )
    guess = predict(joint, validation, device, trainer.padding_id, trainer.fixed_length)
    write_parquet(
        predictions,
        [
            {
                "tweet_id": tweet_id,
                "class_id": class_id,
                "predicted_class_id": predicted,
                "class_probabilities": probabilities,
                "labels": labels,
                "predicted_labels": predicted_labels,
            }
            for tweet_id, class_id, predicted, probabilities, labels, predicted_labels in zip(
                validation.tweet_ids,
                validation.class_ids,
                guess.class_ids,
                guess.class_probabilities,
                validation.labels,
                guess.labels,
                strict=True,
            )
        ],
        PREDICTIONS,
    )
    write_csv(history, Epoch._fields, trainer.history)
    write_json(
        config,
        {
            "row": row.model_dump(),
            "encoder": joint.encoder.config.to_diff_dict(),
            "dropout": model.dropout,
            "max_length": alignment.max_length,
            "bio_labels": BIO_LABELS,
            "event_classes": EVENT_CLASSES,
            "seed": seed,
            "best_epoch": best.epoch,
            "epochs": len(trainer.history),
            "training_tweets": len(train.tweet_ids),
            "parameters": sum(parameter.numel() for parameter in joint.parameters()),
        },
    )
    device.save(best.tensors, out)
    checkpoints.discard(checkpoint)
