"""The CSV files of a study's trainings, whose lines say of which row and seed they are."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from crisisflow.artifacts import check_file
from crisisflow.errors import CrisisflowError
from crisisflow.identity import OF_ROW, Identity, each_once, read_identity
from crisisflow.reporting.exhibits import read_frame


def read_runs(paths: Iterable[Path], study: str) -> list[pd.DataFrame]:
    """The lines of each file, with the columns `row` and `seed` first; a file without lines is of no training.

    Raises:
        CrisisflowError: a file is absent, does not say of which study, row and seed it is, is of another study or of
            several rows, or two are of the same row and seed.
    """
    frames = {path: _read(path, study) for path in paths}

    def identity_of(path: Path) -> Identity:
        return read_identity(frames[path][list(OF_ROW)].to_dict("records")[0], path, study)

    each_once((path for path, frame in frames.items() if len(frame)), identity_of)
    return [frame.drop(columns="study") for frame in frames.values()]


def _read(path: Path, study: str) -> pd.DataFrame:
    check_file(path)
    frame = read_frame(path)
    if not {*OF_ROW} <= {*frame}:
        read_identity({}, path, study)
    if len(frame[list(OF_ROW)].drop_duplicates()) > 1:
        raise CrisisflowError(f"{path} is of several rows or seeds; make it again")
    return frame
