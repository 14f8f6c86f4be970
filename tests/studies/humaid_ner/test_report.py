"""The report: what it shows is what the artifacts hold, as text, in one file that loads nothing."""

import base64
import hashlib
import json
import re
import subprocess
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from markupsafe import escape
from PIL import Image
from playwright.sync_api import sync_playwright

from crisisflow.artifacts import read_json, write_json
from crisisflow.errors import CrisisflowError
from crisisflow.params import read_sections
from crisisflow.reporting import exhibits, provenance, report_page
from crisisflow.reporting.ledger import PARAMETER, read_ledger
from crisisflow.reporting.places import names_in
from crisisflow.reporting.references import references
from crisisflow.reporting.shown_settings import as_yaml
from crisisflow.studies.humaid_ner import report, run_exhibits, sections
from crisisflow.studies.humaid_ner.opening import choice, opening_numbers
from crisisflow.studies.humaid_ner.params import StudyParams
from crisisflow.studies.humaid_ner.used_works import unused_works

ROOT = Path(__file__).parents[3]


def preset(name: str) -> StudyParams:
    return read_sections([ROOT / "presets" / name / f"{part}.yaml" for part in ("shared", "humaid_ner")], StudyParams)[
        0
    ]


SAMPLE = preset("sample")
HOSTILE = "<script>alert(1)</script> & \"'"
HOSTILE_CELL = '"' + HOSTILE.replace('"', '""') + '"'
BROKEN_FIGURE = "<svg onload='alert(1)'></svg>"


class Page(HTMLParser):
    """What a page holds: tables (caption, headings, rows), figures (address, caption), ids, links, what it loads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.figures: dict[str, str] = {}
        self.ids: list[str] = []
        self.anchors: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.scopes: list[str | None] = []
        self.headings: list[str] = []
        self._text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        own = dict(attributes)
        self.tags.append(tag)
        self.ids += [own["id"]] if "id" in own else []
        self.loaded += [own[name] for name in ("src", "srcset", "data", "poster") if name in own]
        if tag == "link":
            self.loaded.append(own["href"])
        if tag == "a":
            self.anchors.append(own["href"])
        if tag == "table":
            self._rows = []
        if tag == "tr":
            self._rows.append([])
        if tag == "th":
            self.scopes.append(own.get("scope"))
        if tag == "img":
            self._image = own["src"]
        if tag in ("caption", "th", "td", "figcaption", "h1", "h2", "h3"):
            self._text = []

    def handle_data(self, data):
        self._text.append(data)

    def handle_endtag(self, tag):
        text = "".join(self._text)
        if tag == "caption":
            self._caption = text
        if tag in ("th", "td"):
            self._rows[-1].append(text)
        if tag == "table":
            self.tables[self._caption] = self._rows
        if tag == "figcaption":
            self.figures[text] = self._image
        if tag in ("h1", "h2", "h3"):
            self.headings.append(text)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def exhibits_of(folder: str) -> list[str]:
    return names_in(folder, sections.SECTIONS)


@pytest.fixture
def artifacts(tmp_path, monkeypatch) -> Path:
    """A small run's artifacts, hostile wherever text is free."""
    monkeypatch.chdir(tmp_path)
    counts = {"train": 1, "validation": 1, "test": 1}
    near = {"pairs": 3, "jaccard": 0.8, "held_out_tweets_with_a_training_neighbour": 2}
    scores = {"ner_micro_f1": 0.8, "cls_macro_f1": 0.7, "combined_score": 0.75}
    facts = {
        "manifest": {"source": HOSTILE, "sha256": "f" * 64, "rows": 4},
        "repair": {"html_entities": {"tweets": 1, "applied": True}},
        "corpus": {
            "tweets": 3,
            "tweets_per_class_and_split": {HOSTILE: counts},
            "duplicates_across_splits": {"exact": {"texts": 0, "tweets": 0}, "near": near},
        },
        "annotation": {"spans": 1, "dropped": 2},
        "quality": {
            HOSTILE: {"resolved": {"all": {"gold": 2, "found": 1, "precision": 1, "recall": 0.5, "f1": 0.667}}}
        },
        "metrics": {
            "chosen_row": "C",
            "rows": {"A": {**scores, "cls_macro_f1": 0.6}, "C": scores, "floor": {"cls_macro_f1": 0.9}},
            "differences": {"cls_macro_f1": {"A - C": -0.1}},
        },
    }
    for name, value in facts.items():
        write_json(tmp_path / f"{name}.json", value)
    for name in exhibits_of("tables"):
        write(tmp_path / "tables" / f"{name}.csv", f"Row,F1\n{HOSTILE_CELL},0.5 ± 0.1\nNA,\n")
    for name in exhibits_of("figures"):
        write(tmp_path / "figures" / f"{name}.svg", BROKEN_FIGURE)
    for folder in ("tables", "figures"):
        captions = {name: f"{folder} {name}: {HOSTILE}." for name in exhibits_of(folder)}
        write(tmp_path / folder / "captions.json", json.dumps(captions))
    write(tmp_path / "tables" / "sources.csv", "stage,label,spans,tweet_share,kept\nspacy,all,3125,0.8008,\n")
    write(tmp_path / "figures" / "sources.svg", BROKEN_FIGURE)
    write(tmp_path / "errors.csv", f"task,kind,found,expected\nner,type,{HOSTILE_CELL},LOCATION\n")
    write(tmp_path / "final_test.json", "[]")
    write(tmp_path / "ledger.md", f"# Ledger\n\n### 1. The paper\n`x` {HOSTILE} [a](b.md)\n\nParameter: none\n")
    write(tmp_path / "logs" / "train-C-13.tsv", "s\th:m:s\tmax_rss\tcpu_time\n3.5\t0:0:3\t100\t2\n")
    return tmp_path


def run(folder: Path, params: StudyParams = SAMPLE) -> str:
    report.run(
        params,
        *(folder / f"{name}.json" for name in ("manifest", "repair", "corpus", "annotation", "quality", "metrics")),
        folder / "tables" / "captions.json",
        folder / "figures" / "captions.json",
        folder / "tables" / "sources.csv",
        folder / "figures" / "sources.svg",
        folder / "errors.csv",
        folder / "final_test.json",
        folder / "ledger.md",
        ROOT / "CITATION.cff",
        [folder / "logs" / f"train-{row}-13.tsv" for row in "CD"],
        folder / "report.html",
        folder / "provenance.html",
    )
    return (folder / "report.html").read_text()


def test_every_cell_and_caption_is_in_the_page(artifacts):
    page = Page(run(artifacts))
    captions = read_json(artifacts / "tables" / "captions.json")
    for name, caption in captions.items():
        frame = pd.read_csv(artifacts / "tables" / f"{name}.csv", dtype=str, keep_default_na=False)
        assert page.tables[caption] == [list(frame.columns), *frame.to_numpy().tolist()]
    sources = [["Stage", "Label", "Spans", "Tweet share", "Kept"], ["spacy", "all", "3,125", "80.1%", "–"]]
    assert page.tables[report.SOURCES] == sources
    drawings = read_json(artifacts / "figures" / "captions.json")
    found = dict.fromkeys((report.STAGES.format(3), *drawings.values()))
    for text, address in page.figures.items():
        (caption,) = (caption for caption in found if text.startswith(caption))
        found[caption] = base64.b64decode(address.removeprefix("data:image/svg+xml;base64,")).decode()
    assert set(found.values()) == {BROKEN_FIGURE}  # as an image it runs no script
    assert page.tags.count("figure") == page.tags.count("figcaption") == len(found)
    assert page.tags.count("table") == page.tags.count("caption") == len(page.tables)
    assert set(page.scopes) == {"col", "row"}


def test_the_page_is_one_file_that_loads_nothing(artifacts):
    text = run(artifacts)
    page = Page(text)
    assert all(address.startswith("data:") for address in page.loaded)
    assert not {"script", "link", "iframe", "object", "form", "base"} & {*page.tags}
    assert "url(" not in text
    assert "@import" not in text
    assert len(text.encode()) < 5_000_000
    assert len(page.ids) == len(set(page.ids))
    inner = [anchor.removeprefix("#") for anchor in page.anchors if anchor.startswith("#")]
    assert set(inner) <= set(page.ids)
    assert {*sections.SECTIONS, "about", "references"} - {"opening"} <= set(inner)
    assert all(re.match("#|https://", anchor) for anchor in page.anchors)
    numbered = [text for text in page.headings if text[0].isdigit()]
    assert [re.match(r"\d+", text)[0] for text in numbered] == [str(at + 1) for at in range(len(numbered))]


def test_a_report_has_the_same_bytes_whenever_and_wherever_it_was_made(artifacts, monkeypatch):
    first = run(artifacts)
    beside = (artifacts / "provenance.html").read_text()
    step = provenance.Step("train", 1, 0, 0, 0, 0, "", 0)
    record = provenance.Provenance("1999", provenance.Commit("abc", ["x"]), {"torch": "9"}, {"Cores": "7 of 7"}, [step])
    monkeypatch.setattr(report_page, "provenance", lambda *given: record)
    write(artifacts / "logs" / "train-C-13.tsv", "s\th:m:s\tmax_rss\tcpu_time\n9.5\t0:0:9\t900\t2\n")
    assert run(artifacts) == first
    assert (artifacts / "provenance.html").read_text() != beside


def test_the_page_beside_the_report_says_what_made_it(artifacts):
    text = run(artifacts)
    beside = (artifacts / "provenance.html").read_text()
    page = Page(beside)
    assert hashlib.sha256(text.encode()).hexdigest() in beside
    assert all(value in beside for value in (*provenance.machine().values(), *provenance.versions().values()))
    (costs,) = page.tables.values()
    assert ["train", "2, of which 1 ran here", "3.5 s", "2.0 s", "100 MB", "C-13: 3.5 s"] in costs
    assert not page.loaded
    inner = {anchor.removeprefix("#") for anchor in page.anchors}
    assert inner == {"content", "run", "cost", "versions"}
    assert inner <= set(page.ids)
    assert "Parameters" not in beside
    assert "provenance.html" in text


def test_hostile_text_stays_text(artifacts):
    names = exhibits_of("tables")
    text = run(artifacts, SAMPLE.model_copy(update={"preset": HOSTILE}))
    assert "<script" not in text
    # a cell and a caption of each table, captions of figures, the preset thrice, source, class, gold set and ledger
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 2 * len(names) + len(exhibits_of("figures")) + 7
    page = Page(text)
    assert page.tables["Tweets by humanitarian class and split."][1] == [HOSTILE, "1", "1", "1", "3"]


def test_labels_of_errors_stay_whole_where_they_may_be_broken(artifacts):
    write(
        artifacts / "errors.csv", f"task,kind,found,expected\nner,miss,,DISASTER_TYPE\nner,type,{HOSTILE_CELL},NUMBER\n"
    )
    text = run(artifacts)
    (rows,) = (rows for caption, rows in Page(text).tables.items() if caption.startswith("The most confident errors"))
    assert rows == [
        ["Task", "Kind", "Found", "Expected"],
        ["ner", "miss", "–", "DISASTER_TYPE"],
        ["ner", "type", HOSTILE, "NUMBER"],
    ]
    assert "DISASTER_<wbr>TYPE" in text


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def test_nothing_is_hidden_without_a_word_and_nothing_at_all_in_print(artifacts, browser):
    wide = ",".join(f"column number {at}" for at in range(12))
    write(artifacts / "tables" / "scores.csv", f"{wide}\n" + f"{','.join(['0.123'] * 12)}\n" * 90)
    run(artifacts)
    page = browser.new_page(viewport={"width": 380, "height": 800})
    page.goto((artifacts / "report.html").as_uri())
    box, hints = page.locator("#exhibit-tables-scores"), page.locator("#exhibit-tables-scores ~ .more")
    folded = page.locator("details", has=box)
    assert not box.is_visible()
    assert " ".join(folded.locator("summary").inner_text().split()).endswith("90 rows, 12 columns")
    folded.locator("summary").press("Enter")
    hidden = "box => [box.scrollHeight > box.clientHeight, box.scrollWidth > box.clientWidth]"
    assert box.evaluate(hidden) == [True, True]
    assert hints.all_inner_texts() == [
        "90 rows: scroll in the box to see all.",
        "12 columns: where they do not fit, the table scrolls sideways.",
    ]
    assert page.evaluate("document.documentElement.scrollWidth") == 380
    page.set_viewport_size({"width": 1400, "height": 900})
    assert box.evaluate(hidden) == [True, False]
    assert [hint.is_visible() for hint in hints.all()] == [True, False]
    folded.locator("summary").press("Enter")
    assert not box.is_visible()
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 695, "height": 900})  # A4 without its margins
    assert box.get_by_role("row").last.is_visible()
    assert not folded.locator("summary").is_visible()
    assert box.evaluate(hidden) == [False, False]
    assert not any(hint.is_visible() for hint in hints.all())
    page.close()


@pytest.mark.parametrize(("pair", "sure"), [("B - C", True), ("C - B", True), ("A - C", False)])
def test_the_next_row_is_the_best_of_the_others_with_both_tasks(pair, sure):
    rows = {
        name: {"cls_macro_f1": score, "combined_score": score}
        for name, score in zip("ABC", (0.5, 0.7, 0.8), strict=True)
    }
    rows |= {"D": {"cls_macro_f1": 0.75}, "floor": {"cls_macro_f1": 0.9}}
    found = choice({"rows": rows, "chosen_row": "C", "differences": {"cls_macro_f1": {pair: 0.1}}})
    assert (found["row"], found["next"], found["sure"]) == ("C", "B", sure)


def test_the_report_begins_with_three_numbers_their_warning_and_a_figure(artifacts, browser):
    run(artifacts)
    page = browser.new_page(java_script_enabled=False)
    page.goto((artifacts / "report.html").as_uri())
    opening = page.get_by_role("region", name="In short")
    assert opening.locator("dd.number").all_inner_texts() == ["0.700", "0.800", "0.667"]
    assert "TF-IDF + linear SVM: 0.900" in opening.inner_text()
    assert "Labels by rules." in opening.get_by_role("note").inner_text()
    assert "Generated tweets." not in opening.inner_text()
    assert opening.get_by_role("img").count() == 1
    first, contents = opening.bounding_box(), page.get_by_role("navigation").bounding_box()
    assert first["y"] + first["height"] <= contents["y"]
    page.close()


def test_the_report_is_accessible(artifacts, browser):
    write(artifacts / "tables" / "scores.csv", "Row,F1\n" + "A,0.5\n" * 30)
    run(artifacts)
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto((artifacts / "report.html").as_uri())
        found = Axe().run(page)
        assert found.response["violations"] == [], found.generate_report()
        page.close()


@pytest.mark.parametrize(
    ("caption", "title"),
    [
        (
            "Table 2. The taxonomy, with the spans of all splits. More.",
            "Table 2. The taxonomy, with the spans of all splits",
        ),
        ("The paper beside this run: its numbers.", "The paper beside this run"),
        ("F1 above 0.5 of each type", "F1 above 0.5 of each type"),
        ("", ""),
    ],
)
def test_a_table_is_called_by_the_first_sentence_of_its_caption(caption, title):
    assert exhibits.Table(caption, ["a"], []).title == title


def test_only_a_long_table_is_folded():
    assert [exhibits.Table("", ["a"], [["1"]] * rows).long for rows in (0, 20, 21)] == [False, False, True]


def test_the_numbers_name_the_gold_set_on_which_no_rule_was_tuned():
    def third(quality: dict) -> tuple[str, str]:
        chosen = {"row": "B", "scores": {"cls_macro_f1": 0.5, "cls_macro_f1_sd": 0.1}, "floor": {}}
        first, second, rules = opening_numbers(chosen, quality)
        assert (first.value, second.value) == ("0.500 ± 0.100", "–")
        return rules.value, rules.beside

    def scored(f1: float) -> dict:
        return {"resolved": {"all": {"f1": f1, "gold": 1000}}}

    both = {"generated": scored(0.9), "reference_scored": scored(0.6)}
    assert third(both) == ("0.600", "against the gold set reference_scored (1,000 spans)")
    assert third({"generated": scored(0.9)}) == ("0.900", "against the gold set generated (1,000 spans)")
    assert third({}) == ("–", "no gold set is at hand")


def test_in_the_dark_a_drawing_has_the_ground_of_the_page(artifacts, browser):
    size = 'xmlns="http://www.w3.org/2000/svg" width="99" height="99"'
    write(artifacts / "figures" / "figure4.svg", f'<svg {size}><rect {size} fill="white"/></svg>')
    run(artifacts)
    for scheme, channels in (("light", (255, 255, 255)), ("dark", (21, 24, 28))):
        page = browser.new_page(color_scheme=scheme)
        page.goto((artifacts / "report.html").as_uri())
        shot = Image.open(BytesIO(page.locator("#exhibit-figures-figure4 img").screenshot())).convert("RGB")
        assert shot.getpixel((shot.width // 2, shot.height // 2)) == channels
        page.close()


def test_the_choice_is_told_with_its_reason(artifacts):
    text = " ".join(run(artifacts).split())
    assert "chooses <b>row C</b> with a CLS macro-F1 of 0.700 and an NER span micro-F1 of 0.800." in text
    assert "The next is row A with 0.600 and 0.800." in text  # not the floor, which has one task
    assert "interval of their difference in CLS macro-F1 leaves out zero" in text
    assert "mean nothing about real tweets" not in re.sub("\n", " ", text)
    metrics = read_json(artifacts / "metrics.json")
    metrics["differences"], metrics["rows"] = {}, {name: metrics["rows"][name] for name in ("C", "floor")}
    write_json(artifacts / "metrics.json", metrics)
    write_json(artifacts / "manifest.json", {"source": "sample", "sha256": None, "rows": 4})
    text = " ".join(run(artifacts).split())
    assert "there is no other row with both tasks" in text
    assert "mean nothing about real tweets" in text


def test_what_has_no_place_is_named(artifacts):
    captions = artifacts / "tables" / "captions.json"
    write_json(captions, {**read_json(captions), "sources": "again", "table9": "new"})
    write(artifacts / "tables" / "table9.csv", "a\n1\n")
    with pytest.raises(CrisisflowError, match="no place for, or misses: tables/sources, tables/table9"):
        run(artifacts)
    write_json(captions, {"table1": "alone"})
    with pytest.raises(CrisisflowError, match="misses: tables/against_gold, tables/calibration"):
        run(artifacts)
    (artifacts / "tables" / "table1.csv").unlink()
    with pytest.raises(CrisisflowError, match=r"table1\.csv does not exist; run the step"):
        run(artifacts)


def test_columns_of_numbers_are_known():
    table = exhibits.Table(
        "",
        list("abcdef"),
        [["1,728", "0.5 ± 0.1", "~126,000", "B", "0.700–0.730", "x"], ["–", "+0.1", "", "0.5", "N/A", ""]],
    )
    assert table.numeric == [True, True, True, False, True, False]


def test_the_ledger_is_in_the_document_of_the_study():
    table = read_ledger(ROOT / "docs" / "studies" / "humaid_ner.md")
    assert [row[0] for row in table.rows] == [str(at + 1) for at in range(26)]
    assert table.rows[0][1] == "Size of HumAID"
    assert "77,637 tweets" in table.rows[0][2]
    assert "<code>corpus.source</code>" in table.rows[0][-1]
    assert not any("<a " in cell or PARAMETER in cell for row in table.rows for cell in row)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no ledger", r"x\.md has no ledger"),
        ("### 1. A\n\nText.\n", "entry 1 of the ledger"),
        ("### 2. A\n\nText.\n\nParameter: none\n", "entry 1 of the ledger"),
        ("### 1. A\n\nText.\n\nParameter: none\n\n### 3. B\n\nText.\n\nParameter: x\n", "entry 2 of the ledger"),
        ("### A\n\nText.\n\nParameter: none\n", "entry 1 of the ledger"),
    ],
)
def test_a_ledger_that_is_not_whole_is_named(tmp_path, text, said):
    write(tmp_path / "x.md", text)
    with pytest.raises(CrisisflowError, match=said):
        read_ledger(tmp_path / "x.md")


def test_only_the_section_of_the_ledger_has_entries(tmp_path):
    entry = "### 1. A\n\nText.\n\nParameter: none\n\n"
    write(tmp_path / "x.md", f"# X\n\n## Other\n\n### 1. B\n\n## Ledger\n\n{entry}## Further\n\n### C\n")
    assert [row[:2] for row in read_ledger(tmp_path / "x.md").rows] == [["1", "A"]]


def test_html_in_the_ledger_is_text(tmp_path):
    write(tmp_path / "x.md", "### 1. <b>A</b>\n\n<script>x</script> and [a](b.md)\n\nParameter: `c`\n")
    ((_, title, decision, _),) = read_ledger(tmp_path / "x.md").rows
    assert escape(title) == "&lt;b&gt;A&lt;/b&gt;"
    assert decision == "&lt;script&gt;x&lt;/script&gt; and a"


def varied(**sections) -> StudyParams:
    return StudyParams.model_validate(SAMPLE.model_dump(mode="json") | sections)


def test_references_are_those_that_the_run_used():
    def titles(params: StudyParams) -> set[str]:
        return {
            work.title.partition(":")[0]
            for work in references(ROOT / "CITATION.cff", "humaid_ner", unused_works(params))
        }

    always = {"Humaid-Ner", "HumAID", "spaCy", "Sustainable data analysis with Snakemake", "DVC", "PyTorch", "seqeval"}
    assert always <= titles(SAMPLE)
    assert {"MiniLM", "Sentence-BERT"} <= titles(SAMPLE)
    assert not {"IDRISI-RE", "BERT", "RoBERTa"} & titles(SAMPLE)
    paper = titles(preset("paper"))
    assert {"BERT", "RoBERTa"} <= paper
    assert not {"MiniLM", "Sentence-BERT"} & paper
    annotation = SAMPLE.annotation.model_dump(mode="json") | {"quality": {"idrisi": "somewhere", "outside": None}}
    assert "IDRISI-RE" in titles(varied(annotation=annotation))


def test_a_reference_in_words():
    humaid = references(ROOT / "CITATION.cff", "humaid_ner", unused_works(SAMPLE))[1]
    assert humaid.authors == "Firoj Alam, Umair Qazi, Muhammad Imran and Ferda Ofli"
    assert humaid.published.endswith("Web and Social Media 15(1), 933–942")
    assert humaid.address == "https://doi.org/10.1609/icwsm.v15i1.18116"


def test_the_cost_of_a_step_is_summed_over_its_jobs(tmp_path):
    head = "s\th:m:s\tmax_rss\tmax_vms\tcpu_time\n"
    write(tmp_path / "train-A-13.tsv", f"{head}60.5\t0:01:00\t100.5\t1\t50\n")
    write(tmp_path / "train-B-x-13.tsv", f"{head}3600\t1:00:00\t300\t1\t10\n")
    write(tmp_path / "fetch.tsv", f"{head}0.01\t0:00:00\tNA\tNA\tNA\n")
    write(tmp_path / "tables.tsv", "")  # as a full disk leaves it
    names = ["fetch", "train-A-13", "train-B-x-13", "train-C-13", "tables"]
    found = provenance.steps([tmp_path / f"{name}.tsv" for name in names])
    assert [step.rule for step in found] == ["fetch", "train", "tables"]
    assert found[1] == ("train", 3, 2, 3660.5, 60, 300, "B-x-13", 3600)
    table = provenance.costs(found)
    assert table.rows == [
        ["fetch", "1", "0.0 s", "0.0 s", "0 MB", "–"],
        ["train", "3, of which 2 ran here", "1 h 1 min", "1 min 0 s", "300 MB", "B-x-13: 1 h 0 min"],
        ["tables", "1, of which 0 ran here", "–", "–", "–", "–"],
        ["All together", "5", "1 h 1 min", "1 min 0 s", "300 MB", "–"],
    ]


def test_the_commit_and_what_differs_from_it(tmp_path):
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        return subprocess.run(
            ["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout

    assert provenance.commit(tmp_path) == (None, [])
    git("init", "-q")
    assert provenance.commit(tmp_path) == (None, [])  # no commit yet
    write(tmp_path / "params.yaml", "a: 1\n")
    write(tmp_path / "results" / "metrics.json", "{}")
    git("add", "-A")
    git("commit", "-qm", "first")
    sha = git("rev-parse", "HEAD").strip()
    write(tmp_path / "results" / "metrics.json", "{1}")
    write(tmp_path / "dvc.lock", "")
    assert provenance.commit(tmp_path) == (sha, [])
    write(tmp_path / "params.yaml", "a: 2\n")
    write(tmp_path / "src" / "new module.py", "")
    assert provenance.commit(tmp_path) == (sha, ["params.yaml", "src/new module.py"])


def test_the_parameters_are_all_there_and_no_folder_of_the_machine():
    corpus = SAMPLE.corpus.model_dump(mode="json") | {
        "source": "/home/somebody/HumAID.tar.gz",
        "events": "../x/events.tsv",
    }
    params = varied(corpus=corpus)
    shown = yaml.safe_load(as_yaml(params.model_dump(mode="json")))
    expected = params.model_dump(mode="json")
    expected["corpus"] |= {"source": "…/HumAID.tar.gz", "events": "…/events.tsv"}
    assert shown == expected


def test_machine_and_versions():
    found = provenance.versions()
    assert {"Python", "torch", "snakemake", "dvc"} <= set(found)
    assert "pytest" not in found
    assert all(provenance.machine().values())


def test_errors_are_counted_by_kind():
    errors = pd.DataFrame(
        [("ner", "type", "PERSON", "LOCATION")] + [("ner", "spurious", "PERSON", "")] * 2,
        columns=["task", "kind", "found", "expected"],
    )
    assert run_exhibits.kinds_of_errors(errors).rows == [
        ["ner", "spurious", "PERSON", "–", "2"],
        ["ner", "type", "PERSON", "LOCATION", "1"],
    ]


def test_listed_errors_show_texts_where_there_are_any():
    errors = pd.DataFrame([("ner", "1", "", "[17 dead]")], columns=["task", "tweet_id", "found", "text"])
    table = run_exhibits.listed_errors(errors)
    assert table.columns[-1].lower() == "text"
    assert table.rows[0][-1] == "[17 dead]"
    assert "show_errors" not in table.caption
    assert "show_errors" in run_exhibits.listed_errors(errors.drop(columns="text")).caption


def test_openings_of_the_test_split():
    scores = {"cls_macro_f1": {"mean": 0.7512, "deviation": 0.0021}, "ner_micro_f1": {"mean": 0.9}}
    entry = {"commit": "abc", "row": "C", "seeds": [13, 17], "test_tweets": 8400, "scores": scores}
    assert run_exhibits.openings([entry]).rows == [["abc", "C", "13, 17", "8,400", "0.900", "0.751 ± 0.002", "–"]]


def test_the_page_says_whether_the_test_split_was_opened(artifacts):
    assert "The test split is <b>closed</b>" in run(artifacts)
    scores = {"cls_macro_f1": {"mean": 0.7512}}
    entry = {"commit": "abc", "row": "C", "seeds": [13], "test_tweets": 8400, "scores": scores}
    write_json(artifacts / "final_test.json", [entry, entry])
    page = run(artifacts)
    assert "was opened <b>2 times</b>" in page
    assert "closed" not in page.partition('id="test"')[2].partition("</section>")[0]
