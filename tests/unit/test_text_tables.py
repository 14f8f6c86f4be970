"""A table of texts in each form in which it is read, and what is refused."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crisisflow.corpus.sources.texts import read_texts
from crisisflow.errors import CrisisflowError

ROWS = [("a", 'roof gone, "they" say'), ("", "rain\nagain"), ("c", "sun")]


def write(folder, name):
    path = folder / name
    if ".parquet" in name:
        pq.write_table(pa.table({"id": [own or None for own, _ in ROWS], "text": [text for _, text in ROWS]}), path)
        return path
    if ".jsonl" in name:
        import json

        content = "".join(f"{json.dumps({'id': own, 'text': text, 'more': 1})}\n" for own, text in ROWS)
    else:
        sign = "," if ".csv" in name else "\t"
        quoted = [text.replace('"', '""') for _, text in ROWS]
        content = f"\ufeffid{sign}text\n" + "".join(
            f'{own}{sign}"{text}"\n' for (own, _), text in zip(ROWS, quoted, strict=True)
        )
    path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.tsv.gz", "t.jsonl", "t.jsonl.gz", "t.parquet"])
def test_all_forms_give_the_same_rows(tmp_path, name):
    found = read_texts(write(tmp_path, name), ("id", "class"))
    assert [row.text for row in found] == [text for _, text in ROWS]
    assert [row.values for row in found] == [{"id": "a"}, {}, {"id": "c"}]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.txt", b"text\nx\n", "is of no kind that is read here; name a table with a column `text`"),
        ("t.csv", b"tweet\nx\n", "it lacks the column text"),
        ("t.csv", b"text\nx\n", "it lacks the column class"),
        ("t.csv", b"text,class\n", "has no rows"),
        ("t.csv", b"text,class\n\xff\xfe,a\n", "is no CSV in UTF-8"),
        ("t.jsonl", b'{"text": 1, "class": "a"}\n', "line 1: it lacks text or class, or that is no text"),
        ("t.jsonl", b"[]\n", "line 1: it lacks text or class"),
        ("t.jsonl", b"{\n", "line 1: no JSON"),
        ("t.jsonl", b"\xff\n", "is not UTF-8"),
        ("t.jsonl.gz", b"not gzip", "cannot read"),
        ("t.parquet", b"not parquet", "is no readable Parquet file"),
    ],
)
def test_what_is_no_such_table_is_refused_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CrisisflowError, match=message) as error:
        read_texts(tmp_path / name, needed=("class",))
    assert "\n" not in str(error.value)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CrisisflowError, match="does not exist; name a table with a column `text`"):
        read_texts(tmp_path / "no.csv")
