"""The ledger of the paper's gaps (docs/reproduction.md) as a table of the report."""

from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from crisisflow.errors import CrisisflowError
from crisisflow.reporting.exhibits import Table

LINKS = {"link_open", "link_close"}  # to other files of the repository, which the report does not have beside it


def read_ledger(path: Path) -> Table:
    """The first table of a Markdown file; HTML in it is text.

    Raises:
        CrisisflowError: it has no table.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    cells: list[list[Markup]] = []
    for token in markdown.parse(path.read_text(encoding="utf-8")):
        if token.type == "tr_open":
            cells.append([])
        elif token.type == "inline" and cells:
            cells[-1].append(_cell(markdown, token))
        elif token.type == "table_close":
            head, *rows = cells
            return Table("Where the paper is silent or contradicts itself (docs/reproduction.md).", head, rows)
    raise CrisisflowError(f"{path} has no table; the ledger of the paper's gaps was expected there")


def _cell(markdown: MarkdownIt, token: Token) -> Markup:
    parts = [part for part in token.children or [] if part.type not in LINKS]
    return Markup(markdown.renderer.render(parts, markdown.options, {}))
