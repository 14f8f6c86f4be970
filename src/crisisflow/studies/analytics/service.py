"""Service: the topics of a corpus as the model of topics that the server asks."""

from pathlib import Path

from crisisflow.artifacts import read_json
from crisisflow.checksums import file_sha256
from crisisflow.params import SharedParams, read_own
from crisisflow.serving.choice import GENERATED, check_recorded
from crisisflow.serving.schema import TopicFacts
from crisisflow.serving.topics import TopicModel
from crisisflow.studies.analytics import FOLDER
from crisisflow.studies.analytics.assign import Reader, Topics, run_of
from crisisflow.studies.analytics.params import PANDEMIC, STUDY_CORPUS, Own


def open_topics(params: Path, corpus: str | None = None) -> TopicModel:
    """The topics of a corpus of the run that is here.

    Args:
        params: the params.yaml that was run. corpus: its name; the first one with topics without it.

    Raises:
        CrisisflowError: there is no such corpus, its topics were not made here, or are others than dvc.lock names.
    """
    own = read_own(params, Own).analytics
    run = run_of(FOLDER, corpus, own)
    topics, read = Topics(run), Reader(run, own)
    recorded = check_recorded(topics.path.parent, Path.cwd())
    reader = read_json(run.file("posts.json"), "reader")["reader"]
    generated = reader == PANDEMIC or (
        reader == STUDY_CORPUS and read_own(params, SharedParams).corpus.source == GENERATED
    )
    facts = TopicFacts(
        name=f"{topics.model.own.k} topics of {run.corpus}, seed {topics.model.own.seed}",
        trained_on=f"{len(topics.model.document_topics):,} {'generated posts' if generated else 'posts'}",
        generated=generated,
        model=file_sha256(topics.path),
        recorded=recorded,
    )

    def predict(texts: list[str]) -> list[int | None]:
        kept = read(texts)
        found = dict(zip(kept.places, topics(kept.counts), strict=True))
        return [found.get(at) for at in range(len(texts))]

    return TopicModel(predict, tuple(topics.labels), facts)
