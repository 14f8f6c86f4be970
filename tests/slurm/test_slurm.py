"""The Slurm profile on a real cluster: the bytes of a local run, whatever is cancelled, timed out or interrupted."""

import os
import signal
from collections.abc import Iterator
from subprocess import Popen
from typing import NamedTuple

import pytest

from tests.slurm.conftest import Cluster, Job, OnSlurm, begin, wait_until
from tests.workflow.conftest import Study, tiny_params

CORPUS = "data/corpus/tweets.parquet"
# Behind it are the shards of stage 1, the gathering and a training of two epochs.
TARGET = "results/humaid_ner/rows/D/seed13/model.safetensors"


class Disturbed(NamedTuple):
    """A study after a run in which much went wrong, and the jobs that the cluster had."""

    study: OnSlurm
    jobs: list[Job]

    def of(self, rule: str) -> list[Job]:
        return [job for job in self.jobs if job.rule.startswith(f"rule_{rule}")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Study:
    """600 tweets are three batches, so that each of three shards has some."""
    study = Study(tmp_path_factory.mktemp("corpus"))
    params = tiny_params()
    params["corpus"]["sample"]["tweets"] = 600
    study.set_params(params)
    study.run("snakemake", "--cores", "2", "--", CORPUS)
    return study


class Local(NamedTuple):
    study: Study
    run: Popen


@pytest.fixture(scope="module")
def local(corpus: Study, tmp_path_factory) -> Iterator[Local]:
    """The run without a cluster, begun before the other one, which waits more than it computes."""
    study = corpus.copied(tmp_path_factory.mktemp("local") / "study")
    run = begin(study, "snakemake", "--cores", "1", "--", TARGET)
    yield Local(study, run)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def disturbed(cluster: Cluster, corpus: Study, local: Local, tmp_path_factory) -> Disturbed:
    study = OnSlurm.at(corpus.copied(tmp_path_factory.mktemp("slurm-study") / "study").folder)

    def running(rule: str) -> list[Job]:
        assert run.poll() is None, (study.folder / "run.log").read_text()
        return [job for job in cluster.jobs() if job.rule.startswith(f"rule_{rule}") and job.state == "RUNNING"]

    def state(job: Job) -> str:
        return next(now.state for now in cluster.jobs() if now.id == job.id)

    run = study.begin(TARGET)
    try:
        # One shard is cancelled, another hangs until its time is over (which it is now, and not in four hours).
        (first,) = wait_until(lambda: running("spacy_shard_wildcards_1-of-3"), "the first shard runs")
        cluster.run("scancel", first.id)
        wait_until(lambda: study.froze("spacy_shard", "2-of-3"), "the second shard runs")
        (second,) = running("spacy_shard_wildcards_2-of-3")
        wait_until(lambda: cluster.times_out(second), "the second shard's time ends")
        # The training hangs in its second epoch. The controller crashes meanwhile and comes back, and then Snakemake is
        # interrupted and started again.
        kept = "results/humaid_ner/checkpoints/D/seed13/epoch0002-*.json"
        wait_until(lambda: running("train") and list(study.folder.glob(kept)), "the first epoch is kept")
        assert study.froze("train")
        (training,) = running("train")
        cluster.crash_controller()
        cluster.start_controller()
        assert state(training) == "RUNNING"
        run.send_signal(signal.SIGINT)
        wait_until(lambda: run.poll() is not None, "Snakemake ends")
        # Snakemake cancels its job, except where it asked for the job's state at the moment of the interrupt: its list
        # of jobs is empty meanwhile (`RemoteExecutor._wait_for_jobs`). Then users cancel it, as docs/scale.md says.
        cluster.run("scancel", training.id)
        wait_until(lambda: state(training) == "CANCELLED", "the job is cancelled")
        run = study.begin(TARGET)
        wait_until(lambda: run.poll() is not None, "Snakemake ends")
        assert run.returncode == 0, (study.folder / "run.log").read_text()
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)
    return Disturbed(study, cluster.jobs())


def test_the_bytes_are_those_of_a_local_run(disturbed, local):
    assert local.run.wait() == 0, (local.study.folder / "run.log").read_text()
    paths = [
        str(path.relative_to(local.study.folder))
        for folder in ("data", "results/humaid_ner/rows")
        for path in (local.study.folder / folder).rglob("*")
        if path.is_file()
    ]
    assert TARGET in paths and "data/annotations/resolved.parquet" in paths
    assert disturbed.study.digests(paths) == local.study.digests(paths)


def test_a_cancelled_shard_comes_again(disturbed):
    assert [job.state for job in disturbed.of("spacy_shard_wildcards_1-of-3")] == ["CANCELLED", "COMPLETED"]


def test_a_shard_beyond_its_time_gets_more(disturbed):
    first, second = disturbed.of("spacy_shard_wildcards_2-of-3")
    assert (first.state, second.state) == ("TIMEOUT", "COMPLETED")
    assert (second.memory, second.limit) == ("8000M", "8:00:00")


def test_an_interrupted_training_goes_on_from_its_checkpoint(disturbed):
    assert [job.state for job in disturbed.of("train")] == ["CANCELLED", "COMPLETED"]
    assert "going on in epoch 2" in (disturbed.study.folder / "logs" / "train-D-13.log").read_text()


def test_what_was_not_disturbed_ran_once(disturbed):
    for rule in ("spacy_shard_wildcards_3-of-3", "ruler_stage", "regex_stage", "resolution", "bio"):
        assert [job.state for job in disturbed.of(rule)] == ["COMPLETED"], rule


def test_jobs_ask_for_what_their_rules_need(disturbed):
    shard, training = disturbed.of("spacy_shard_wildcards_3-of-3")[0], disturbed.of("train")[0]
    assert shard[3:] == ("short", "1", "4000M", "4:00:00")
    assert training[3:] == ("long", "1", "12000M", "1-00:00:00")


def test_nothing_is_left_to_do(disturbed):
    options = ["--profile", "profiles/slurm", "--set-scatter", "shards=3"]
    done = disturbed.study.run("snakemake", "--dry-run", *options, "--", TARGET)
    assert "Nothing to be done" in done.stdout + done.stderr
