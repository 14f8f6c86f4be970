"""Secrets, each in a file of its own."""

from pathlib import Path

from crisisflow.errors import CrisisflowError


def read_secret(path: Path) -> str:
    """The one line of a file.

    Raises:
        CrisisflowError: it cannot be read, or has none or several lines.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CrisisflowError(f"cannot read the secret {path}: {getattr(error, 'strerror', None) or error}") from None
    if len(lines) != 1 or not lines[0].strip():
        raise CrisisflowError(f"{path}: a secret is one line")
    return lines[0].strip()
