"""A table of one's own: a CSV or TSV with a row for each post, whose columns are named by who has it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from crisisflow.corpus.events import event_name
from crisisflow.corpus.sources.posts import Post, Rows, snowflake_time
from crisisflow.delimited import read_records
from crisisflow.errors import CrisisflowError

DELIMITERS = {"csv": ",", "tsv": "\t"}
# What a spreadsheet makes of a long number: 7.2E+17, 720000000000000000.0, 7,2E+17.
_SPREADSHEET_NUMBER = re.compile(r"\d+(?:[.,]\d+)?[eE]\+?\d+|\d+[.,]0+")


class Columns(NamedTuple):
    """The names of the columns; None where there is none."""

    text: str
    tweet_id: str | None
    event: str | None
    labels: Mapping[str, str]  # by task


def read(path: Path, name: str, delimiter: str, encoding: str, columns: Columns) -> Rows:
    """The posts of a table, each with its values of the tasks; an empty value is no label.

    Rows of a table without ids are numbered, `NAME:1` being the first.

    Raises:
        CrisisflowError: what `read_records` refuses; an id that is empty or lost its digits; or there is no row.
    """
    asked = [columns.text, columns.tweet_id, columns.event, *columns.labels.values()]
    number = 0
    records = read_records(path, delimiter, [column for column in asked if column is not None], encoding)
    for number, (line, row) in enumerate(records, 1):
        where = f"{path}, line {line}"
        tweet_id = row[columns.tweet_id].strip() if columns.tweet_id else f"{name}:{number}"
        if not tweet_id:
            raise CrisisflowError(f"{where}: {columns.tweet_id} is empty")
        if _SPREADSHEET_NUMBER.fullmatch(tweet_id):
            raise CrisisflowError(
                f"{where}: {columns.tweet_id} is no whole number, such as 7.2E+17; a spreadsheet took the digits, "
                "so write the ids as text"
            )
        labels = tuple((task, row[column].strip()) for task, column in columns.labels.items() if row[column].strip())
        event = event_name(row[columns.event]) if columns.event else None
        yield where, Post(tweet_id, row[columns.text], labels, None, event, snowflake_time(tweet_id))
    if not number:
        raise CrisisflowError(f"{path} has no rows below its header")
