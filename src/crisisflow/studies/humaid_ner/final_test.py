"""Final test: the only step that scores a row on the test split, and the record of each time that it did.

It is neither a rule of `snakemake` nor a stage of `dvc repro`: a run that is repeated must not open the test split
again. Each opening is an entry of results/humaid_ner/final_test.json, which stands in git.
"""

import subprocess
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NoReturn

import pyarrow.compute as pc

from crisisflow import inference
from crisisflow.artifacts import ALIGNED, TWEETS, read_json, read_parquet, write_json
from crisisflow.checksums import file_sha256
from crisisflow.errors import CrisisflowError
from crisisflow.evaluation.counts import scores_of
from crisisflow.evaluation.metrics import combined_score
from crisisflow.identity import Identity, of_config
from crisisflow.progress import say
from crisisflow.studies.humaid_ner import STUDY
from crisisflow.studies.humaid_ner.aligned import check_aligned
from crisisflow.taxonomy import LABELS
from crisisflow.versioning.record import opened_repo
from crisisflow.versioning.snakefile import nothing_to_do

RECORD = Path("results/humaid_ner/final_test.json")


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise CrisisflowError(f"final_test: git {arguments[0]} fails ({done.stderr.strip()}); run it in a git checkout")
    return done.stdout


def settled_commit(opened: list[dict[str, Any]]) -> str:
    """The commit that is checked out, once nothing but the record differs from it and it has not been tested yet.

    Raises:
        CrisisflowError: the checkout has changes, the commit stands in the record, Snakemake has something to do, or a
            file is not the one that dvc.lock names (after a checkout, Snakemake's own notes are of another commit).
    """
    changed = [line[3:] for line in _git("status", "--porcelain").splitlines() if line[3:] != str(RECORD)]
    if changed:
        raise CrisisflowError(f"final_test: {changed[0]} is not committed; the test is of a commit: git commit first")
    commit = _git("rev-parse", "HEAD").strip()
    for entry in opened:
        if entry["commit"] == commit:
            _refuse(entry, "this commit")
    if not nothing_to_do(STUDY):
        raise CrisisflowError(
            f"final_test: the results are not those of this commit; run first: snakemake --cores all {STUDY}"
        )
    with opened_repo() as repo:
        if repo is not None and repo.status(targets=[STUDY], with_deps=True):
            raise CrisisflowError("final_test: the results are not those that dvc.lock names; see dvc status")
    return commit


def _refuse(entry: dict[str, Any], what: str) -> NoReturn:
    raise CrisisflowError(
        f"final_test: the test split was opened for {what} already ({entry['commit'][:10]}, row {entry['row']}: "
        f"{_in_words(entry['scores'])}); once is enough"
    )


def _summary(runs: list[dict[str, float | None]]) -> dict[str, dict[str, float]]:
    """Mean and, with several seeds, standard deviation of each score that there is."""
    found = {}
    for score in runs[0]:
        values = [run[score] for run in runs]
        if None not in values:
            found[score] = {"mean": mean(values), **({"deviation": stdev(values)} if len(values) > 1 else {})}
    return found


def _in_words(scores: dict[str, dict[str, float]]) -> str:
    return ", ".join(
        f"{score} {own['mean']:.4f}" + (f" ± {own['deviation']:.4f}" if "deviation" in own else "")
        for score, own in scores.items()
    )


def run(seeds: list[int]) -> None:
    """Score the chosen row of every seed on the test split, and add an entry to the record.

    Raises:
        CrisisflowError: what `settled_commit` raises, the split was opened for the very same weights, or an artifact is
            not here.
    """
    opened = read_json(RECORD) if RECORD.exists() else []
    commit = settled_commit(opened)
    chosen = read_json(Path("results/humaid_ner/metrics.json"), "chosen_row")["chosen_row"]
    folders = {seed: Path(f"results/humaid_ner/rows/{chosen}/seed{seed}") for seed in seeds}
    for seed, folder in folders.items():
        config, expected = folder / "config.json", Identity(STUDY, chosen, seed)
        if (found := of_config(config, STUDY)) != expected:
            raise CrisisflowError(f"final_test: {config} is of {found}, not of {expected}; train the row again")
    weights = {str(seed): file_sha256(folder / "model.safetensors") for seed, folder in folders.items()}
    for entry in opened:  # of another commit: committing the record alone makes one
        if entry["weights"] == weights:
            _refuse(entry, "these very weights")
    say(f"final_test: opens the test split for {commit[:10]}, row {chosen}; it was opened {len(opened)} times before")
    tweets = read_parquet(Path("data/corpus/tweets.parquet"), TWEETS)
    path = Path(f"data/humaid_ner/aligned/{chosen}.parquet")
    aligned = read_parquet(path, ALIGNED)
    of_test = pc.equal(tweets["split"], "test")
    runs = []
    for folder in folders.values():
        row = inference.load(folder / "model.safetensors", folder / "config.json", LABELS)
        check_aligned(path, read_json(folder / "config.json")["row"]["encoder"], row.max_length)
        predictions = inference.predict_aligned(row, tweets.filter(of_test), aligned.filter(of_test))
        own = scores_of(predictions, LABELS)
        both = None not in own.values()
        runs.append({**own, "combined_score": combined_score(*own.values()) if both else None})
    scores = _summary(runs)
    entry = {
        "commit": commit,
        "row": chosen,
        "seeds": seeds,
        "weights": weights,
        "test_tweets": predictions.num_rows,
        "source": read_json(Path("data/raw/manifest.json"))["source"],
        "sha256": read_json(Path("data/raw/manifest.json"))["sha256"],
        "scores": scores,
    }
    write_json(RECORD, [*opened, entry])  # before any score is said: nobody has seen one that stands nowhere
    say(f"final_test: row {chosen} on {predictions.num_rows:,} test tweets: {_in_words(scores)}")
    say(f"final_test: recorded in {RECORD}; commit it")
