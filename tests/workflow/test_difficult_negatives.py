"""The study difficult_negatives by the real commands: what a changed value of the mining remakes."""

import yaml

from tests.workflow.conftest import ROOT, Study

CLASSES = {
    "storm": {"train": ["hurricane_irma_2017", "hurricane_harvey_2017"], "unseen": ["hurricane_maria_2017"]},
    "wildfire": {"train": ["california_wildfires_2018"], "unseen": ["canada_wildfires_2016"]},
}
MADE = [
    "data/difficult_negatives/datasets.json",
    "results/difficult_negatives/style.json",
    "results/difficult_negatives/rows/lstm-crf/random/seed13/folds.csv",
]
FROM_MINING = {
    "negatives_mine_bands": 1,
    "negatives_datasets": 1,
    "negatives_datasets_of_row": 1,
    "negatives_word_states": 1,
    "negatives_tag": 1,
}
BEFORE = {
    "negatives_urban",
    "negatives_pool",
    "negatives_collection",
    "negatives_gold",
    "negatives_style",
    "negatives_mark",
}


def test_another_sample_remakes_the_mining_and_what_follows_and_nothing_before(tmp_path):
    study = Study(tmp_path, "difficult_negatives")
    for path, value in {
        "pool.sample.tweets": 400,
        "collection.classes": CLASSES,
        "collection.positives": {"train": 8, "test": 4},
        "mining.sample": 60,
        "train": ["none", "random", "2sigma"],
        "test": ["random"],
        "tagging.epochs": 1,
    }.items():
        study.vary(f"difficult_negatives.{path}", value)
    study.run("snakemake", "--cores", "1", *MADE)
    assert study.planned(*MADE) == {}
    study.vary("difficult_negatives.mining.sample", 70)
    assert study.planned(*MADE) == FROM_MINING


def test_in_dvc_the_sample_is_of_the_searches_and_what_follows_reads_their_files():
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    own = {name: stage for name, stage in stages.items() if name.startswith("negatives_")}
    watching = {name for name, stage in own.items() if "difficult_negatives.mining" in stage.get("params", [])}
    assert watching == {"negatives_mine_bands", "negatives_for_rows"}  # which searches the same pool further
    follows = set(watching)
    for name, stage in own.items():  # in the order of the rules: what is read stands before
        made = [next(iter(out)) if isinstance(out, dict) else out for at in follows for out in own[at]["outs"]]
        made = [path.partition("/${item")[0] for path in made]
        if name not in follows and any(
            path == dep or path.startswith(f"{dep}/") for dep in stage["deps"] for path in made
        ):
            follows.add(name)
    assert own.keys() - follows == BEFORE
