"""The names of what the steps write, for the rules. Snakemake reads this module each time that it starts."""

from collections.abc import Iterable

# The generated sets: of each language one with labels, all texts without labels, and the two of the positive control.
OF_LANGUAGE = {"en": "GeneratedE", "es": "GeneratedS", "it": "GeneratedI"}
UNLABELLED = "GeneratedUnlabelled"
CONTROL, CONTROL_UNLABELLED = "GeneratedControl", "GeneratedControlUnlabelled"
GENERATED_SETS = (*OF_LANGUAGE.values(), UNLABELLED, CONTROL, CONTROL_UNLABELLED)

# Of a trained row, by the names of the rule's outputs.
OF_RUN = {
    "predictions": "predictions.parquet",
    "training": "training.json",
    "epochs": "history.csv",
    "words": "words.parquet",
    "attention": "attention.json",
    "config": "config.json",
    "weights": "model.safetensors",
}
OF_OTHER = (OF_RUN["predictions"], OF_RUN["training"])
NODES, EDGES, STATISTICS = OF_GRAPH = ("nodes.parquet", "edges.parquet", "statistics.json")


def files_of_graphs(folder: str, graphs: Iterable[str]) -> list[str]:
    """The files of graphs of these names."""
    return [f"{folder}/{graph}/{file}" for graph in graphs for file in OF_GRAPH]
