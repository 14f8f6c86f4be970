"""The study in one number, and its line in the list of all studies."""

import json

import pytest

from crisisflow.errors import CrisisflowError
from crisisflow.reporting import index
from crisisflow.studies.humaid_ner import headline


def made(folder, rows, source="a.tgz"):
    (folder / "metrics.json").write_text(json.dumps({"chosen_row": "C", "rows": rows}))
    (folder / "manifest.json").write_text(json.dumps({"source": source}))
    out = folder / "headline.json"
    headline.run(folder / "metrics.json", folder / "manifest.json", out)
    return out


def test_the_score_of_the_chosen_row_beside_the_paper_s(tmp_path):
    found = index.read_headline(made(tmp_path, {"C": {"cls_macro_f1": 0.7}, "D": {"cls_macro_f1": 0.9}}))
    assert (found.study, found.paper, found.ours, found.note) == ("humaid_ner", 0.761, 0.7, "")
    assert "paper: D, here: C" in found.measure
    assert found.difference == pytest.approx(-0.061)
    (line,) = index.lines([tmp_path / "headline.json"])
    assert line.startswith("humaid_ner: class macro-F1")
    assert line.endswith("(paper: D, here: C): paper 0.761, here 0.700 (−0.061)")
    generated = index.read_headline(made(tmp_path, {"C": {"ner_micro_f1": 0.7}}, "sample"))
    assert "nothing about real tweets" in generated.note
    assert generated.ours is generated.difference is None


def test_the_index_has_a_line_a_study_and_is_the_same_bytes_again(tmp_path):
    first = made(tmp_path, {"C": {"cls_macro_f1": 0.7}})
    second = tmp_path / "second.json"
    index.write_headline(index.Headline("gnom", "Words <as> a graph", "F1", 0.5, None, ""), second)
    pages = []
    for _ in range(2):
        index.run([first, second], tmp_path / "index.html")
        pages.append((tmp_path / "index.html").read_text())
    assert pages[0] == pages[1]
    line, other = (text for text in pages[0].splitlines() if text.startswith('<tr><th scope="row">'))
    assert "<td>0.761</td><td>0.700</td><td>−0.061</td>" in line
    assert '<a href="humaid_ner/report.html">' in line
    assert "Words &lt;as&gt; a graph" in other
    assert "<td>0.500</td><td>–</td><td>–</td>" in other


def test_a_headline_of_another_version_is_refused(tmp_path):
    path = made(tmp_path, {"C": {}})
    facts = json.loads(path.read_text())
    for other in ({"paper": 1}, {**facts, "further": 1}):
        path.write_text(json.dumps(other))
        with pytest.raises(CrisisflowError, match="another version"):
            index.run([path], tmp_path / "index.html")


@pytest.mark.parametrize("rows", [{"D": {}}, {"C": 1}, []])
def test_metrics_without_the_chosen_row_are_refused(tmp_path, rows):
    with pytest.raises(
        CrisisflowError, match=r"metrics.json has no scores of the chosen row, C; .*: snakemake .*/metrics.json"
    ):
        made(tmp_path, rows)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("ours", "0.7", 'ours is "0.7", no number or null'),
        ("paper", True, "paper is true, no number or null"),
        ("title", None, "title is null, no text"),
        ("note", 1, "note is 1, no text"),
    ],
)
def test_a_value_of_another_type_is_named(tmp_path, key, value, said):
    path = made(tmp_path, {"C": {}})
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(CrisisflowError) as error:
        index.lines([path])
    assert str(error.value) == f"{path}: {said}; make it again"


def test_a_whole_number_is_a_number(tmp_path):
    assert index.read_headline(made(tmp_path, {"C": {"cls_macro_f1": 1}})).ours == 1


def test_no_results_at_all_say_what_makes_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CrisisflowError, match="no study has results here; run: make reproduce"):
        index.here()
