"""What a trained network leaves besides what every trained row does: a line per epoch, and the speed of each epoch."""

from collections.abc import Mapping
from pathlib import Path

from crisisflow.artifacts import write_csv
from crisisflow.identity import Identity, identified_lines
from crisisflow.studies.actionable_help.task_texts import Task
from crisisflow.studies.actionable_help.trained import HELD_OUT, Guess, write_trained
from crisisflow.training.batching import Examples
from crisisflow.training.history import Speed, history_table
from crisisflow.training.loop import Trainer
from crisisflow.training.state import Best


def write_network(
    identity: Identity,
    task: Task,
    trainer: Trainer,
    best: Best,
    examples: Mapping[str, Examples],
    least_support: int,
    paths: dict[str, Path],
    metrics: Path,
    history: Path,
    speed: Path,
) -> None:
    """Write what every trained row leaves, of a network that Classification or SoftLabels has trained.

    Args:
        best: its best epoch.
        examples: by split.
        paths: of the predictions of the held-out splits.
        history: a line per epoch. speed: seconds and memory per epoch.
    """
    predicted = {"validation": best.predictions, "test": trainer.predict(best, examples["test"])}
    guesses = {}
    for split in HELD_OUT:
        probabilities = predicted[split]["probabilities"]
        guesses[split] = Guess(probabilities.argmax(dim=-1).tolist(), probabilities.tolist())
    trained = {
        "best_epoch": best.epoch,
        "epochs": len(trainer.records.history),
        "training_texts": len(examples["train"].ids),
        "parameters": sum(parameter.numel() for parameter in trainer.model.parameters()),
    }
    write_trained(identity, task, guesses, trained, least_support, paths, metrics)
    head, lines = history_table(trainer.task, trainer.records.history)
    write_csv(history, *identified_lines(identity, ["task", *head], [[task.name, *line] for line in lines]))
    write_csv(speed, Speed._fields, trainer.records.speeds)
