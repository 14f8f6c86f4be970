"""Own tables: difficult negatives from anybody's own texts, by the code of the study."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from crisisflow.artifacts import write_csv, write_parquet
from crisisflow.corpus.near_duplicates import groups_of
from crisisflow.corpus.normalise import STEPS, normalise
from crisisflow.corpus.sources.texts import TextRow, read_texts
from crisisflow.corpus.tweet_words import tokens
from crisisflow.errors import CrisisflowError
from crisisflow.progress import say
from crisisflow.studies.difficult_negatives.bands import band_of, checked_own
from crisisflow.studies.difficult_negatives.collection import TRAIN
from crisisflow.studies.difficult_negatives.mine_bands import MAX_LENGTH, SUBWORDS, common
from crisisflow.studies.difficult_negatives.search_pool import Crisis, mine

ONLY = "positives"  # the class, where none is told
ALL_BUT_CASE = [step for step in STEPS if step not in ("paper", "case")]

NEGATIVES = pa.schema(
    [
        ("band", pa.string()),
        ("class", pa.string()),
        ("id", pa.string()),
        ("text", pa.string()),
        ("similarity", pa.float64()),
        ("z", pa.float64()),
    ]
)
SUFFIXES = (".csv", ".parquet")
NAMED = 5  # rows that an error names


def _normalised(rows: Sequence[TextRow]) -> list[str]:
    return [normalise(row.text, ALL_BUT_CASE).text for row in rows]


def _refuse_rows(path: Path, what: str, at: Sequence[int]) -> None:
    """Refuse a table with such rows, the first of them by number; the first row, below a header, is 1."""
    if at:
        rows = ", ".join(str(own + 1) for own in at[:NAMED]) + (" …" if len(at) > NAMED else "")
        raise CrisisflowError(f"{path}: {what}: {len(at):,} (row {rows}); leave them out")


def mine_tables(
    positives: Path, pool: Path, bands: Sequence[str], sample: int, seed: int, encoder: str, out: Path
) -> None:
    """Write the negatives of each band: for each class as many as it has positives.

    Texts are normalised to be compared, and written as they came. Of near duplicates in the pool the first is kept; a
    text without a word is left out.

    Args:
        positives: a table with a column `text`, and with `class` where there are several. pool: a table with a column
            `text`; `id` is kept. bands: names of bands.py, at least one. sample: texts of the pool to which the curves
            are fitted. out: CSV or Parquet.

    Raises:
        CrisisflowError: a table is not to be read, a positive has no word or no class, the pool has a positive or
            fewer texts than `sample`, there is no such band, or what `mine` raises.
    """
    from crisisflow.embedding import SentenceEncoder
    from crisisflow.training.device import open_device

    try:
        bands = list(dict.fromkeys(map(checked_own, bands)))
    except ValueError as error:
        raise CrisisflowError(str(error)) from None
    if out.suffix not in SUFFIXES:
        raise CrisisflowError(f"{out}: the negatives are written as {' or '.join(SUFFIXES)}; name such a file")
    crisis, ordinary = read_texts(positives, ("class",)), read_texts(pool, ("id",))
    crisis_texts, texts = _normalised(crisis), _normalised(ordinary)
    _refuse_rows(positives, "texts without a word", [at for at, text in enumerate(crisis_texts) if not tokens(text)])
    classless = [at for at, row in enumerate(crisis) if "class" not in row.values]
    if len(classless) < len(crisis):
        _refuse_rows(positives, "texts without a class, where others have one", classless)
    _refuse_rows(pool, "texts with the words of a positive", common(texts, crisis_texts))
    model = SentenceEncoder(encoder, MAX_LENGTH, 1, open_device("cpu", threads=1, processes=1))
    usable = [at for at, text in enumerate(texts) if tokens(text)]
    first: dict[int, int] = {}
    for at, group in zip(usable, groups_of([texts[at] for at in usable]).tolist(), strict=True):
        first.setdefault(group, at)
    kept = list(first.values())
    if len(kept) < len(ordinary):
        say(
            f"mine: {len(kept):,} of {len(ordinary):,} texts of the pool are left; dropped: "
            f"{len(usable) - len(kept):,} near duplicates, {len(ordinary) - len(usable):,} without a word"
        )
    if sample > len(kept):
        raise CrisisflowError(
            f"{pool}: {len(kept):,} texts are left and --sample is {sample:,}; lower it, or give a larger pool"
        )
    of_class = [row.values.get("class") or ONLY for row in crisis]
    names = list(dict.fromkeys(of_class))
    mined = mine(
        lambda own: model.embed_in_blocks(own, SUBWORDS),
        [texts[at] for at in kept],
        [len(texts[at].split()) for at in kept],
        {TRAIN: Crisis(crisis_texts, list(map(names.index, of_class)), [len(own.split()) for own in crisis_texts])},
        names,
        [(TRAIN, name) for name in bands],
        sample,
        seed,
    )
    place = {int(position): at for at, position in enumerate(mined.positions)}
    rows = []
    for pick in mined.picks:
        row, at, own, band = ordinary[kept[mined.order[pick.position]]], place[pick.position], pick.class_id, None
        band = band_of(pick.name)
        rows.append(
            {
                "band": pick.name,
                "class": None if own is None else names[own],
                "id": row.values.get("id"),
                "text": row.text,
                "similarity": None if own is None else float(mined.scored.similarities[at, own]),
                "z": None
                if own is None
                else round(float(mined.scored.z[band.scale if band else "anchor"][at, own]), 6),
            }
        )
    if out.suffix == ".csv":
        write_csv(out, NEGATIVES.names, [["" if value is None else value for value in row.values()] for row in rows])
    else:
        write_parquet(out, rows, NEGATIVES)
    say(f"mine: {len(rows):,} negatives in {out}; {len(mined.positions):,} of {len(kept):,} texts were embedded")
