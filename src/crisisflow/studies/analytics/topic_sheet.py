"""Topic sheet: topics for people to judge, blind: which of three labels fits best, and which theme (paper, 5.2)."""

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from crisisflow.annotation.label_studio import choices_configuration
from crisisflow.artifacts import read_json, read_parquet, write_csv, write_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.masking import mask
from crisisflow.params import Seed
from crisisflow.progress import say
from crisisflow.studies.analytics import STUDY
from crisisflow.studies.analytics.labels import LABELS, METHODS
from crisisflow.studies.analytics.posts import POSTS
from crisisflow.studies.analytics.reproduction import descriptions

BEST, THEME = "fits_best", "theme"
OPTIONS = ("A", "B", "C")  # of the labels, in the order of the sheet
NONE_FITS = "none"
HEADER = ["corpus", "topic", "terms", "posts", *OPTIONS, BEST, THEME]


def run(folder: Path, corpus: str, posts: int, seed: Seed, out: Path) -> None:
    """Write the sheet of a corpus: tasks.json and config.xml for Label Studio, sheet.csv, and key.json.

    The key says which label is of which method: who judges does not look at it.

    Args:
        folder: of a run's data
        corpus: of analytics.corpora
        posts: how many of each topic are shown, drawn from its heaviest
        seed: of the order of the labels and of the posts
        out: a folder

    Raises:
        CrisisflowError: the run has not got so far, or no topic has a post.
    """
    own = folder / "corpora" / corpus
    chosen = read_json(own / "k.json", "k", "seed")
    top = read_json(folder / "coherence" / corpus / f"k{chosen['k']}-seed{chosen['seed']}.json", "topics")["topics"]
    labels: dict[int, dict[str, Mapping[str, Any]]] = {}
    for row in read_parquet(own / "labels.parquet", LABELS).to_pylist():
        labels.setdefault(row["topic"], {})[row["method"]] = row
    table = read_parquet(own / "posts.parquet", POSTS).select(["post_id", "text"]).to_pylist()
    texts = {row["post_id"]: row["text"] for row in table}
    rng = Random(f"{corpus} {seed}")
    tasks, lines, key = [], [], {}
    for topic, by_method in sorted(labels.items()):
        heavy = by_method[METHODS[0]]["posts"]
        if not heavy:
            continue
        order = rng.sample(METHODS, len(METHODS))
        shown = [mask(" ".join(texts[post].split())) for post in rng.sample(heavy, min(posts, len(heavy)))]
        data = {
            "corpus": corpus,
            "topic": topic,
            "terms": ", ".join(top[topic]),
            "posts": "\n".join(shown),
            **{option: by_method[method]["label"] for option, method in zip(OPTIONS, order, strict=True)},
        }
        tasks.append({"data": data})
        lines.append([*(data[name] for name in HEADER[:-2]), "", ""])
        key[str(topic)] = dict(zip(OPTIONS, order, strict=True))
    if not tasks:
        raise CrisisflowError(f"corpus {corpus}: no topic has a post, so there is nothing to judge")
    write_json(out / "tasks.json", tasks)
    write_text(out / "config.xml", configuration())
    write_csv(out / "sheet.csv", HEADER, lines)
    write_json(out / "key.json", {"study": STUDY, "corpus": corpus, "k": chosen["k"], "options": key})
    say(f"{out}: {len(tasks)} topics; import tasks.json into Label Studio with config.xml, or fill in sheet.csv")
    say("both hold texts of posts: they are for this machine only, share or commit none of them")


def configuration() -> str:
    """The labelling configuration of the sheet."""
    shown = {"terms": "Terms of the topic", "posts": "Posts of the topic"}
    shown |= {option: f"Label {option}" for option in OPTIONS}
    fits = {option: f"label {option} fits best" for option in OPTIONS} | {NONE_FITS: "no label fits"}
    return choices_configuration(shown, {BEST: fits, THEME: dict(descriptions())})
