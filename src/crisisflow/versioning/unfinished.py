"""Files that a killed write left; .dvcignore hides them from DVC, which would take them for results."""

from pathlib import Path

UNFINISHED = ("*.partial", ".tmp*")


def finished_files(folder: Path) -> list[Path]:
    """All files in a folder and below it but those, in order."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not any(map(path.match, UNFINISHED)))
