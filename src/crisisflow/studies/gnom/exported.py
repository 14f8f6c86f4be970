"""Exported: a kept run without what belongs to the workflow, and its model card."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from crisisflow.artifacts import read_json, write_text
from crisisflow.errors import CrisisflowError
from crisisflow.new_folder import new_folder
from crisisflow.studies.gnom.files import OF_RUN
from crisisflow.studies.gnom.models import read_model
from crisisflow.training.weights import KEY

TEMPLATE, CARD = "model_card.md.jinja", "README.md"


def write_exported(run: Path, licence: str, out: Path) -> None:
    """Write config.json, model.safetensors and README.md.

    Args:
        run: folder of a run. licence: of its training set. out: a new folder.

    Raises:
        CrisisflowError: a set of the run is confidential, `out` is there already, or what `read_model` raises.
    """
    weights, config = (run / OF_RUN[name] for name in ("weights", "config"))
    read_model(weights, config)
    facts = read_json(config, "source", "targets", "generated", "confidential", KEY)
    if facts["confidential"]:
        raise CrisisflowError(
            f"{run} has texts of {', '.join(facts['confidential'])}, which are confidential; export another run"
        )
    card = rendered(facts, read_json(run / OF_RUN["training"], "runs")["runs"], licence)
    with new_folder(out) as folder:
        folder.mkdir(parents=True)
        for path in (weights, config):
            shutil.copyfile(path, folder / path.name)
        write_text(folder / CARD, card)


def rendered(facts: Mapping[str, Any], runs: Sequence[Mapping[str, Any]], licence: str) -> str:
    """The card as Markdown.

    Args:
        facts: config.json. runs: of training.json beside it.
    """
    environment = Environment(
        loader=PackageLoader("crisisflow.studies.gnom", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    template = environment.get_template(TEMPLATE)
    return template.render(facts=facts, runs=runs, licence=licence, number="{:,}".format)
