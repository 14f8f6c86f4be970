"""The references of a run: those of CITATION.cff (Citation File Format 1.2.0) that it used."""

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crisisflow.pretrained import bare_name
from crisisflow.strict_yaml import read_yaml


class Reference(NamedTuple):
    """A work in words; what it does not have is empty."""

    authors: str
    year: str
    title: str
    published: str
    address: str
    notes: str


def _authors(work: Mapping[str, Any]) -> str:
    names = [
        author.get("name") or f"{author.get('given-names', '')} {author['family-names']}".strip()
        for author in work["authors"]
    ]
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _published(work: Mapping[str, Any]) -> str:
    place = work.get("journal") or work.get("collection-title") or ""
    issue = f"({work['issue']})" if "issue" in work else ""
    pages = "–".join(str(work[key]) for key in ("start", "end") if key in work)
    return ", ".join(filter(None, (f"{place} {work.get('volume', '')}{issue}".strip(), pages)))


# Works behind an encoder, by their abbreviation in CITATION.cff, and what the encoder's name then looks like.
ENCODERS = {"MiniLM": "minilm", "Sentence-BERT": "minilm", "BERT": "^bert", "RoBERTa": "^roberta", "E5": "(^|-)e5"}


def unused_encoders(encoders: Iterable[str]) -> set[str]:
    """Abbreviations of the works behind encoders that a run does not have.

    Args:
        encoders: of the run, as params.yaml names them.
    """
    names = [bare_name(encoder) for encoder in encoders]
    used = {work for work, part in ENCODERS.items() if any(re.search(part, name, re.IGNORECASE) for name in names)}
    return {*ENCODERS} - used


def references(citation: Path, study: str, unused: Collection[str]) -> list[Reference]:
    """The references of a run, in the order of CITATION.cff.

    Args:
        study: whose run it is; works that are of other studies alone are left out.
        unused: abbreviations of the works that the run did not use.

    Raises:
        CrisisflowError: the file cannot be read.
    """
    return [
        Reference(
            authors=_authors(work),
            year=str(work.get("year", "")),
            title=work["title"],
            published=_published(work),
            address=f"https://doi.org/{work['doi']}" if "doi" in work else work.get("url", ""),
            notes=work.get("notes", ""),
        )
        for work in read_yaml(citation)["references"]
        if work.get("abbreviation") not in unused and study in work.get("keywords", [study])
    ]
