"""Export: the dataset in the formats of other tools, and its card."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from crisisflow.artifacts import TWEETS, count_rows, read_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.new_folder import new_folder
from crisisflow.progress import say, tracked
from crisisflow.studies.humaid_ner.dataset.card import DatasetCounts, render
from crisisflow.studies.humaid_ner.dataset.formats import FORMATS
from crisisflow.studies.humaid_ner.dataset.tokens import tokenise
from crisisflow.studies.humaid_ner.dataset.tweets import read_dataset
from crisisflow.taxonomy import SPLITS


def _choose(names: Sequence[str], standoff: bool) -> list[str]:
    """The names of the formats to write, in the order of FORMATS."""
    able = [name for name, kind in FORMATS.items() if kind.standoff or not standoff]
    for name in names:
        if name not in FORMATS:
            raise CrisisflowError(f"--format {name} is not known; there are: {', '.join(FORMATS)}")
        if name not in able:
            raise CrisisflowError(f"--format {name} is made of the texts; --without-text leaves: {', '.join(able)}")
    return [name for name in able if name in names or not names]


def run(
    tweets: Path,
    resolved: Path,
    manifest: Path,
    corpus: Path,
    quality: Path,
    names: Sequence[str],
    standoff: bool,
    out: Path,
) -> None:
    """Write a new folder `out`: one file per split for each format, and README.md, the card.

    Args:
        tweets: the corpus with its splits.
        resolved: its spans.
        manifest: of the source.
        corpus: statistics of the corpus.
        quality: scores of the annotation.
        names: of the formats; none of them stands for all that can be written.
        standoff: leave the texts out.
        out: must not be there yet.

    Raises:
        CrisisflowError: `out` is there, an artifact is absent or damaged, the spans are of another corpus, or a format
            is unknown or nothing without the texts.
    """
    chosen = _choose(names, standoff)
    facts = [read_json(path) for path in (manifest, corpus, quality)]
    counts = DatasetCounts()
    dataset = tracked(read_dataset(tweets, resolved), "export", count_rows(tweets, TWEETS))
    with new_folder(out) as folder:
        with ExitStack() as files:
            appends = {}
            for name in chosen:
                suffix, writer, without_text = FORMATS[name]
                for split in SPLITS:
                    path = folder / name / f"{split}.{suffix}"
                    appends[name, split] = files.enter_context((without_text if standoff else writer)(path))
            for batch in tokenise(dataset):
                counts.add(batch)
                for split in SPLITS:
                    part = [entry for entry in batch if entry.tweet.split == split]
                    for name in chosen:
                        appends[name, split](part)
        write_text(folder / "README.md", render(counts, chosen, standoff, *facts))
    form = ", ".join(chosen) + (", without text" if standoff else "")
    say(f"export: {counts.classes.total():,} tweets and {counts.types.total():,} spans in {out} ({form})")
