"""Settings of a run as they may be shown to others: without the folders of the machine."""

from pathlib import PurePath
from typing import Any

import yaml


def as_yaml(plain: Any) -> str:
    """Values of params.yaml as YAML, in their order; of a path that leaves the repository only the last part."""
    return yaml.safe_dump(without_folders(plain), sort_keys=False, allow_unicode=True)


def without_folders(value: Any) -> Any:
    """The same values; of a path that leaves the repository only the last part."""
    if isinstance(value, dict):
        return {key: without_folders(own) for key, own in value.items()}
    if isinstance(value, list):
        return [without_folders(own) for own in value]
    if isinstance(value, str) and value.startswith(("/", "~", ".")):
        return f"…/{PurePath(value).name}"
    return value
