"""What the page reads of files: tables, JSON and lines, by their content."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import expect

READ = """async ([bytes, name]) => {
  const { decoded } = await import("/page/decoding.js");
  const { tweetsOf, leftOut } = await import("/page/replay.js");
  try {
    const read = await tweetsOf(await decoded(Uint8Array.from(bytes).buffer), name);
    return { tweets: read.tweets, told: leftOut(read) };
  } catch (error) {
    return { refused: error.message };
  }
}"""
FLOOD, WATER = "Flood in Kerala, 12 dead", 'they say: "water"\nis needed; now'


@pytest.fixture(scope="module")
def reader(browser, address):
    """Reads bytes under a file's name, as the page does."""
    page = browser.new_page()
    page.goto(address)
    yield lambda content, name="": page.evaluate(
        READ, [list(content.encode() if isinstance(content, str) else content), name]
    )
    page.close()


def texts(read):
    assert "refused" not in read, read
    return [tweet["text"] for tweet in read["tweets"]]


@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda own: own.encode("utf-8-sig"),
        lambda own: own.encode("utf-16"),
        lambda own: gzip.compress(own.encode()),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_are_read_with_any_delimiter_line_end_and_encoding(reader, delimiter, end, encode):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["tweet_id", "tweet_text", "class_label"], ["1", FLOOD, "x"], ["2", WATER, "y"]])
    read = reader(encode(out.getvalue()))
    assert read == {"tweets": [{"text": FLOOD, "id": "1"}, {"text": WATER, "id": "2"}], "told": ""}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a flood\rwater\r", ["a flood", "water"]),
        ("a flood\r\n\r\n  \nwater, food", ["a flood", "water, food"]),
        ("Text, they say\nwater, food and tents", ["Text, they say", "water, food and tents"]),
        ('"Pray" for us\n[NEWS] a flood\n{sic} water', ['"Pray" for us', "[NEWS] a flood", "{sic} water"]),
        ('[{"text": "a flood"}, {"full_text": "water needed", "text": "water…"}]', ["a flood", "water needed"]),
        ('["a flood", "water"]', ["a flood", "water"]),
        ('{"data": [{"text": "a flood"}], "users": [{"id": 1}]}', ["a flood"]),
        ('{\n  "text": "a flood"\n}', ["a flood"]),
        ('{"text": "a flood"}\r{"Tweet Text": "water"}\r', ["a flood", "water"]),
        (
            'tweet_id\ttweet_text\n1\t"Pray" for us\n2\t"half a\n3\tquotation"',
            ['"Pray" for us', '"half a', 'quotation"'],
        ),
        ("sep=;\nid;text\n1;a, b", ["a, b"]),
        ('id, text\n1, "a, b"\n2,c', ["a, b", "c"]),
        (",text,id\n0,a flood,7\n1,water,8", ["a flood", "water"]),
        ('text\n"a, b"\nc', ["a, b", "c"]),
    ],
)
def test_the_form_is_recognised_by_the_content(reader, content, expected):
    assert texts(reader(content)) == expected


def test_what_else_a_record_says_is_read_under_many_names(reader):
    records = [
        {
            "full_text": "a",
            "id": 12345678901234567890,
            "created_at": "Wed Oct 10 20:19:24 +0000 2018",
            "user": {"screen_name": "x"},
        },
        {"content": "b", "id_str": "9", "id": 8, "timestamp": 1539202764000, "account": {"username": "y"}},
    ]
    expected = [
        {"text": "a", "id": "12345678901234567890", "created_at": records[0]["created_at"], "author": "x"},
        {"text": "b", "id": "9", "created_at": "1539202764000", "author": "y"},
    ]
    assert reader(json.dumps(records))["tweets"] == expected
    assert reader("\n".join(map(json.dumps, records)))["tweets"] == expected
    table = "Body;Date;Time;Author\na;2018-10-10;20:19;@x"
    assert reader(table)["tweets"] == [{"text": "a", "created_at": "2018-10-10 20:19", "author": "@x"}]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("content,message\na,b\nc,d", "", "It is not clear which column is the text: “content”, “message”"),
        ("tweet_id,class_label\n1,x\n2,y", "", "no column of texts among “tweet_id”, “class_label”"),
        ("one,two\n1,x", "a.csv", "no column of texts among “one”, “two”"),
        ('[{"words": "a"}]', "", "no column of texts among “words”"),
        ('{"id": 1}\n{"id": 2}', "", "no column of texts among “id”"),
        ('[{"text": "a"},', "", "It begins like JSON, but is none"),
        ('{\n"text": "a"\n}\n{\n"text": "b"\n}', "", "It begins like JSON, but is none"),
        ('{"a": [{"text": "a"}], "b": [{"text": "b"}]}', "", "several lists with texts: “a”, “b”"),
        ("[[1], [2]]", "", "not one of objects or of texts"),
        ("1\ta flood\n2\twater", "", "a table without a heading"),
        ("id,text\n1,a, b\n2,c, d", "a.csv", "No row has as many cells as the heading (2)"),
        ("<!doctype html><p>a", "", "It is XML or HTML"),
        ("a\ncaf\xe9".encode("latin-1"), "", "Line 2 is not UTF-8"),
        ("text".encode("utf-16-le"), "", "an encoding that is not UTF-8"),
        (b"\xff\xfe\x00\xd8", "", "It begins like UTF-16, but is not"),
        (b"PK\x03\x04", "", "a ZIP archive or an Excel workbook"),
        (b"\x1f\x8b\x00", "", "cannot be unpacked"),
        (b"PAR1\x00", "", "It is no text"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(reader, content, name, said):
    assert said in reader(content, name)["refused"]


def test_what_is_left_out_of_a_file_is_told(reader):
    told = reader('id,text\n1,"a\nb"\n2,c, d\n3,e', "a.csv")["told"]
    assert "not as many cells as the heading, which are left out: 1 (the first in line 4)" in told
    assert "begin like JSON but are none, which are left out: 1." in reader('{"text": "a"}\n{"text": "b')["told"]


# Half of a surrogate pair is no text, and NUL in none.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
ONCE = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def is_text(own):
    return bool(own.strip()) and any(ord(c) > 0xA0 or 0x20 < ord(c) < 0x7F for c in own)


@ONCE
@given(
    st.lists(TEXT.filter(is_text), min_size=1, max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_whatever_a_table_was_written_of_is_read(reader, own, delimiter, end):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([["text", "id"], *([text, str(at)] for at, text in enumerate(own))])
    assert texts(reader(out.getvalue(), "a.csv")) == own


@ONCE
@given(
    st.lists(TEXT.filter(is_text), min_size=1, max_size=5),
    st.booleans(),
    st.sampled_from(["list", "lines", "object", "texts"]),
)
def test_whatever_json_was_written_of_is_read(reader, own, ascii_only, form):
    records = [{"text": text, "id": at} for at, text in enumerate(own)]

    def written(value):
        return json.dumps(value, ensure_ascii=ascii_only)

    content = {
        "list": lambda: written(records),
        "lines": lambda: "\n".join(map(written, records)),
        "object": lambda: written({"tweets": records}),
        "texts": lambda: written(own),
    }[form]()
    assert texts(reader(content)) == own


def test_a_file_is_chosen_and_replayed_or_refused(page, address):
    page.goto(f"{address}#live")
    page.check("[value=file]")
    content = b'id,text\r\n1,"Flood in\r\nKerala, 12 dead"\r\n2,water\r\n'
    page.set_input_files("#file", {"name": "a.csv", "mimeType": "text/csv", "buffer": content})
    page.fill("#rate", "1000")
    page.click("#start")
    expect(page.locator("#live-status")).to_have_text("The feed has ended: 2 tweets.")
    page.click("#other")
    page.set_input_files("#file", {"name": "b.csv", "mimeType": "text/csv", "buffer": b"text\ncaf\xe9"})
    page.click("#start")
    expect(page.locator("#live-status")).to_have_text(
        "b.csv is not read. Line 2 is not UTF-8: save the file as UTF-8 and choose it again."
    )
    expect(page.locator("#count-all")).to_have_text("2")
