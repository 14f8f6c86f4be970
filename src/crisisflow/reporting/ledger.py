"""A study's ledger of the gaps in its paper (docs/studies/<study>.md) as a table of its report."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import Table

TITLE = re.compile(r"(\d+)\. (.+)")
SECTION = "Ledger"
PARAMETER = "Parameter: "
LINKS = {"link_open", "link_close"}  # to other files of the repository, which the report does not have beside it


def read_ledger(path: Path) -> Table:
    """The entries of a Markdown file: headings `### 1. Title`, a paragraph, and a line `Parameter: …`; HTML is text.

    Raises:
        CrisisflowError: it has no entry, or one that lacks its paragraph or parameter, or is out of order.
    """
    markdown = MarkdownIt("commonmark", {"html": False})
    rows = []
    for number, (title, parts) in enumerate(_entries(markdown, path), start=1):
        found = TITLE.fullmatch(title)
        if not found or int(found[1]) != number or len(parts) < 2 or not parts[-1].content.startswith(PARAMETER):
            raise CrisisflowError(
                f"{path}: entry {number} of the ledger ({title}) is not `### {number}. Title`, a paragraph and a line "
                f"`{PARAMETER}…`"
            )
        texts = [_shown(markdown, part) for part in parts]
        rows.append([str(number), found[2], Markup(" ").join(texts[:-1]), texts[-1].removeprefix(PARAMETER)])
    if not rows:
        raise CrisisflowError(f"{path} has no ledger; headings `### 1. Title` were expected there")
    caption = f"Where the paper is silent or contradicts itself (docs/studies/{path.name})."
    return Table(caption, ["#", "Entry", "Decision", "Parameter"], rows)


def _entries(markdown: MarkdownIt, path: Path) -> Iterator[tuple[str, list[Token]]]:
    """The titles of the third level, and the paragraphs below each; of a file with sections, those of the ledger."""
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    title, parts = None, []
    inside = True
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            if title is not None:
                yield title, parts
            if before.tag == "h2":
                inside = token.content == SECTION
            title, parts = (token.content if before.tag == "h3" and inside else None), []
        elif before.type == "paragraph_open" and title is not None:
            parts.append(token)
    if title is not None:
        yield title, parts


def _shown(markdown: MarkdownIt, token: Token) -> Markup:
    parts = [part for part in token.children or [] if part.type not in LINKS]
    return Markup(markdown.renderer.render(parts, markdown.options, {}))
