"""Where a report shows each table and figure: what a study's sections.py says.

Snakemake reads this module each time that it starts, so it imports no package but the standard library's.
"""

from collections.abc import Mapping, Sequence


def names_in(folder: str, sections: Mapping[str, Sequence[str]]) -> list[str]:
    """The tables or figures that the rule of this name makes.

    Args:
        folder: `tables` or `figures`.
        sections: names by section; what has a folder is of that rule.
    """
    prefix = f"{folder}/"
    return [name.removeprefix(prefix) for names in sections.values() for name in names if name.startswith(prefix)]
