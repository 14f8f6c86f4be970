"""Presets: folders with one file a section, the shared sections and each study's, which joined are a params.yaml."""

import shlex
import subprocess
from collections.abc import Sequence
from pathlib import Path

import yaml

from crisisflow.artifacts import write_text
from crisisflow.errors import CrisisflowError
from crisisflow.params import Section, check, read_plain, read_sections
from crisisflow.strict_yaml import parse

SHARED = "shared"  # the name of the file with the sections that are of no study
# For editors; it is of params.yaml, so it stands in no file of a preset.
HEADER = "# yaml-language-server: $schema=workflow/schemas/params.schema.json\n"


def files(folder: Path, name: str, studies: Sequence[str]) -> list[Path]:
    """The files of a preset, in the order in which they are joined.

    Raises:
        CrisisflowError: there is no such preset; it says which there are.
    """
    known = sorted(path.parent.name for path in folder.glob(f"*/{SHARED}.yaml"))
    if name not in known:
        there = ", ".join(known) or "none (wrong folder?)"
        raise CrisisflowError(f"no preset {name!r} in {folder}/; there are: {there}")
    return [folder / name / f"{section}.yaml" for section in (SHARED, *studies)]


def write(
    name: str, folder: Path, out: Path, studies: Sequence[str], kind: type[Section], study: str | None = None
) -> None:
    """Join the files of a preset, with their comments, to `out`; with `study` replace only that section of `out`.

    Args:
        folder: of all presets. studies: the names of the sections after the shared ones. kind: of the whole.

    Raises:
        CrisisflowError: there is no such preset or study, what would be written breaks the schema, or `out` holds
            edits that would be lost.
    """
    if study is not None and study not in studies:
        raise CrisisflowError(f"no study {study!r}; there are: {', '.join(studies)}")
    paths = files(folder, name, studies)
    if study is None:
        read_sections(paths, kind)
        text = HEADER + "".join(map(_text, paths))
        edited = out.exists() and not _is_joined(_text(out), folder, studies)
    else:
        own = paths[1 + studies.index(study)]
        plain = read_plain(out) | read_plain(own)
        check(plain, kind, str(out))
        before, block, after = _around(_text(out), study)
        text = before + _text(own) + after
        if parse(text) != plain:
            raise CrisisflowError(f"{out}: the lines of the section {study} cannot be told from the others; edit it")
        edited = block not in ("", *(_text(path) for path in folder.glob(f"*/{study}.yaml")))
    if edited and not _committed(out):
        raise CrisisflowError(
            f"{out} was edited and is in no commit, and the edits would be lost; git commit it, or keep a copy: "
            f"mv {shlex.quote(str(out))} {shlex.quote(str(out.with_name(f'mine-{out.name}')))}"
        )
    write_text(out, text)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _is_joined(text: str, folder: Path, studies: Sequence[str]) -> bool:
    """Whether a text is joined from the files of presets, each section from any of them."""
    text = text.removeprefix(HEADER)
    for section in (SHARED, *studies):
        known = map(_text, folder.glob(f"*/{section}.yaml"))
        text = text.removeprefix(next(filter(text.startswith, known), "no preset"))
    return not text


def _around(text: str, section: str) -> tuple[str, str, str]:
    """A params.yaml in three: what is before a section, the section with the comments above it, and what is behind.

    A section that is not there is empty, and at the end.
    """
    if not text.endswith("\n"):
        text += "\n"
    lines = text.splitlines(keepends=True)
    starts = {key.value: key.start_mark.line for key, _ in yaml.compose(text, Loader=yaml.SafeLoader).value}
    for key, line in starts.items():
        while line > 0 and lines[line - 1].startswith(("#", "\n")):
            line -= 1
        starts[key] = line
    start = starts.get(section, len(lines))
    end = min((line for line in starts.values() if line > start), default=len(lines))
    return "".join(lines[:start]), "".join(lines[start:end]), "".join(lines[end:])


def _committed(path: Path) -> bool:
    """Whether a file is in git's last commit as it is now."""

    def git(*arguments: str) -> str | None:
        command = ["git", "-C", str(path.absolute().parent), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    try:
        recorded = git("rev-parse", f"HEAD:./{path.name}")
        return recorded is not None and recorded == git("hash-object", "--", path.name)
    except OSError:  # no git
        return False
