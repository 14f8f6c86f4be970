"""The presets, each read as the params.yaml that it becomes."""

from pathlib import Path
from typing import Any

from crisisflow import presets
from crisisflow.params import read_sections
from crisisflow.studies import STUDIES, Params


def read_preset(name: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    """The typed and the plain form of the preset of this name in the folder of the presets."""
    return read_sections(presets.files(folder, name, list(STUDIES)), Params)


def read_preset_of(study: str, name: str, folder: Path) -> dict[str, Any]:
    """The plain form of a preset without the sections of other studies."""
    plain = read_preset(name, folder)[1]
    return {key: section for key, section in plain.items() if key not in STUDIES or key == study}
