"""The data on English words: the table of WordNet as its script makes it, and the slang dictionary."""

import csv
import re
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from crisisflow.studies.analytics.english import is_word, lemma_of, slang, synonyms

ROOT = Path(__file__).parents[3]
SOURCE = ROOT.parent / "shared" / "data" / "wordnet" / "wordnet-3.0.tar.gz"
DATA = files("crisisflow.studies.analytics") / "data"


def test_a_synonym_is_its_own_synonym():
    table = synonyms()
    assert len(table) > 70_000 and all(table[first] == first for first in table.values())


@pytest.mark.parametrize(
    ("word", "lemma", "first"),
    [
        ("tragedy", "tragedy", "calamity"),
        ("tragedies", "tragedy", "calamity"),
        ("mishap", "mishap", "mischance"),
        ("accident", "accident", "accident"),  # in no synset with the paper's three words
        ("viruses", "virus", "virus"),
        ("coughing", "coughing", "cough"),
        ("boxes", "box", "box"),
        ("wing", "wing", "wing"),
    ],
)
def test_a_word_and_its_regular_forms_are_found_in_wordnet(word, lemma, first):
    assert lemma_of(word) == lemma and synonyms()[lemma] == first


@pytest.mark.parametrize("word", ["coronavirus", "ncov", "hubei", "viruss", "xqzt", "", "12"])
def test_what_is_no_word(word):
    assert not is_word(word) and lemma_of(word) is None


def test_each_entry_of_the_slang_dictionary_has_source_and_licence():
    rows = list(csv.DictReader(DATA.joinpath("slang.csv").read_text(encoding="utf-8").splitlines()))
    forms = [row["form"] for row in rows]
    assert len(rows) >= 1_559  # the paper's
    assert forms == sorted(set(forms))
    for row in rows:
        assert re.fullmatch(r"[a-z0-9'/]+", row["form"]) and re.fullmatch(r"[a-z]+( [a-z]+)*", row["words"]), row
        assert row["kind"] in ("abbreviation", "phonetic", "contraction", "ordinal") and row["licence"], row
        assert row["source"].startswith("crisisflow, ")


def test_what_slang_stands_for_is_no_slang():
    assert [form for form, words in slang().items() if any(word in slang() for word in words)] == []


@pytest.mark.skipif(not SOURCE.exists(), reason="WordNet's own files are not in this repository")
def test_the_script_makes_the_table_from_wordnet_s_files(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import wordnet_table

    wordnet_table.write(SOURCE, tmp_path / "table.gz")
    assert (tmp_path / "table.gz").read_bytes() == DATA.joinpath("wordnet.tsv.gz").read_bytes()
    del sys.modules["wordnet_table"]


def test_the_licence_of_wordnet_stands_beside_its_table():
    text = DATA.joinpath("wordnet_licence.txt").read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in text and "Permission to use, copy, modify" in text
