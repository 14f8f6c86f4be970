"""A run of 120 generated posts, small enough for a test."""

from pathlib import Path

from crisisflow.studies.analytics import choose_k, coherence, labels, lda, normalise, posts, terms
from tests.studies.analytics.settings import corpus, labels_params, lda_params, normalise_params, terms_params

STEPS = ["urls", "mentions", "hashtags", "tokens", "lower", "slang", "special", "numbers", "stop_words", "short"]


def make(folder: Path) -> Path:
    """A run of 120 posts, from the corpus to its labels, with the paths that a run has."""
    own = folder / "corpora" / "pandemic"
    models, scores = folder / "models/pandemic/k3-seed13", folder / "coherence/pandemic"
    params = normalise_params(steps=STEPS)
    posts.run("pandemic", corpus(size=120, query="paper"), own / "posts.parquet", own / "posts.json")
    normalise.run(
        own / "posts.parquet",
        own / "posts.json",
        "pandemic",
        params,
        own / "normalised.parquet",
        own / "protected.json",
        own / "normalise.json",
    )
    files = (own / "terms.parquet", own / "documents.parquet")
    terms.run(own / "normalised.parquet", "pandemic", terms_params(min_df=2), *files, own / "terms.json")
    model = models / "model.safetensors"
    lda.run(*files, "pandemic", 3, 13, lda_params(iterations=30), model, models / "model.json")
    coherence.run(model, models / "model.json", *files, "pandemic", 5, scores / "k3-seed13.json")
    choose_k.run([scores / "k3-seed13.json"], "pandemic", "auto", [3], own / "k.json", folder / "k.csv")
    args = (own / "posts.json", "sklearn", labels_params(), own / "labels.parquet")
    labels.run([model], own / "k.json", *files, "pandemic", *args)
    return folder
