"""operations.yaml: what it takes, and how it says what it does not take."""

import json
from pathlib import Path

import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.operations import Operations, read_operations

ROOT = Path(__file__).parents[3]
GOOD = """\
sources:
  - id: wire
    kind: push
  - id: sky
    kind: bluesky
    silence: 30s
watches:
  - id: valley
    sources: [wire, sky]
    terms: {en: [flood]}
    keywords: {languages: [en, hi], kinds: [flood]}
    area: {around: [85.3, 27.7], kilometres: 30}
    window: {last: 3d}
    retention: 30d
"""
AROUND = "{around: [85.3, 27.7], kilometres: 30}"
POLYGON = {"type": "Polygon", "coordinates": [[[85, 27], [86, 27], [86, 28], [85, 28], [85, 27]]]}


def read(folder: Path, text: str):
    path = folder / "operations.yaml"
    path.write_text(text, encoding="utf-8")
    return read_operations(path)


def test_the_committed_schema_is_the_one_the_code_makes():
    committed = json.loads((ROOT / "docs" / "operations.schema.json").read_text(encoding="utf-8"))
    assert committed == Operations.model_json_schema(), (
        "write it with: crisisflow schema --of operations --out docs/operations.schema.json"
    )


def test_a_good_file_is_read_with_its_defaults(tmp_path):
    found = read(tmp_path, GOOD)
    assert [own.kind for own in found.sources] == ["push", "bluesky"]
    assert (found.sources[0].host, found.sources[1].silence) == ("127.0.0.1", 30)
    watch = found.watches[0]
    assert (watch.window.last, watch.retention, watch.outside, watch.place_basis) == (
        259_200,
        2_592_000,
        "drop",
        "either",
    )
    assert found.queue.posts == 1_000_000


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("kind: push", "kind: pusj", 2, "pusj"),
        ("    silence: 30s", "    silense: 30s", 6, "silense: is not a known key (did you mean silence?)"),
        ("    silence: 30s", "    silence: 30", 6, "a duration is a number with its unit"),
        ("[wire, sky]", "[wire, skye]", 9, "watch valley: there is no source skye; there are: sky, wire"),
        ("[wire, sky]", "[wire]", 4, "source sky is in no watch"),
        ("id: sky", "id: wire", 4, "sources: two have the id wire"),
        ("kind: push", "kind: push\n    token: 0123456789abcdef", 4, "token: is not a known key"),
        ("kind: push", "kind: push\n    host: 0.0.0.0", 2, "open to the network; protect it with token_file"),
        ("kind: push", "kind: push\n    token_file: none", 4, "source wire: cannot read"),
        ("kilometres: 30", "kilometres: -1", 12, "greater than 0"),
        (", kilometres: 30", "", 12, "around and kilometres belong together"),
        (AROUND, "{around: [27.7, 185.3], kilometres: 30}", 12, "less than or equal to 90"),
        (AROUND, "{box: [80, 30, 90, 20]}", 12, "its south is north of its north"),
        (AROUND, "{polygon: no.geojson}", 12, "watch valley: cannot read"),
        ("{last: 3d}", '{last: 3d, since: "2026-03-01T00:00:00Z"}', 13, "name last, or since and until"),
        ("{last: 3d}", '{since: "2026-03-02T00:00:00Z", until: "2026-03-01T00:00:00Z"}', 13, "not before until"),
        ("{last: 3d}", '{since: "2026-03-01T00:00:00"}', 13, "a time needs its zone"),
        ("[en, hi]", "[en, xx]", 11, "'en'"),
        ("{en: [flood]}", "{English: [flood]}", 10, "String should match"),
        ("watches:", "wotches:", 7, "did you mean watches?"),
    ],
)  # fmt: skip
def test_a_fault_is_one_line_with_file_and_line(tmp_path, before, after, line, said):
    assert before in GOOD
    with pytest.raises(CrisisflowError) as error:
        read(tmp_path, GOOD.replace(before, after, 1))
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"{tmp_path / 'operations.yaml'}, line {line}: "), message
    assert said.lower() in message.lower(), message


@pytest.mark.parametrize(
    ("polygon", "said"),
    [
        (POLYGON | {"coordinates": [[[85, 27], [86, 27], [86, 28], [85, 28]]]}, "open"),
        (POLYGON | {"coordinates": [[[85, 27], [86, 28], [86, 27], [85, 28], [85, 27]]]}, "not valid"),
        (POLYGON | {"coordinates": [[[27, 95], [27, 96], [28, 96], [27, 95]]]}, "longitude first"),
        ({"type": "Point", "coordinates": [1, 2]}, "not a Polygon"),
    ],
)
def test_a_bad_polygon_is_told_with_the_line_that_names_it(tmp_path, polygon, said):
    text = GOOD.replace(AROUND, "{polygon: area.geojson}")
    (tmp_path / "area.geojson").write_text(json.dumps(POLYGON))
    assert read(tmp_path, text).watches[0].area.polygon == "area.geojson"
    (tmp_path / "area.geojson").write_text(json.dumps(polygon))
    with pytest.raises(CrisisflowError, match=f"line 12: watch valley: .*{said}"):
        read(tmp_path, text)


@pytest.mark.parametrize("url", ["https://user:secret@example.org/feed", "file:///etc/passwd", "example.org/feed"])
def test_an_address_has_no_password_and_is_of_the_web(tmp_path, url):
    text = GOOD.replace("kind: push", f"kind: feed\n    url: {url}", 1)
    with pytest.raises(CrisisflowError, match=r"line 4: .*(no password may stand|begins with https)"):
        read(tmp_path, text)


@pytest.mark.parametrize("content", ["", "two\nlines", "naïve"])
def test_a_secret_is_one_line_in_a_file(tmp_path, content):
    text = GOOD.replace("kind: push", "kind: push\n    token_file: token", 1)
    (tmp_path / "token").write_text("0123456789abcdef\n")
    assert read(tmp_path, text).sources[0].token_file == "token"
    (tmp_path / "token").write_text(content)
    with pytest.raises(CrisisflowError, match=r"line 4: source wire: .* holds no secret"):
        read(tmp_path, text)
