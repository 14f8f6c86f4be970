"""The section of params.yaml that is this study's."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from crisisflow.corpus.normalise import Step
from crisisflow.params import Fault, Line, Name, ParamsSection, Positive, Seed, Text, refuse, repeated
from crisisflow.studies.difficult_negatives.bands import NO, PATTERN
from crisisflow.studies.difficult_negatives.tagger_params import TaggerParams, TaggingParams

SAMPLE = "sample"  # the source of the pool that is generated


class GeneratedParams(ParamsSection):
    """The generated pool."""

    tweets: Annotated[int, Field(ge=200, le=1_000_000, description="number of generated tweets")]
    seed: Annotated[Seed, Field(description="seed of the generator")]


class PoolParams(ParamsSection):
    """The pool of ordinary tweets, from which negatives are taken."""

    source: Annotated[
        Line,
        Field(
            description="sample, or the path of a table with a column `text` (.csv, .tsv, plain or .gz; .parquet; "
            ".jsonl, plain or .gz); columns `id` and `source` are kept"
        ),
    ]
    kinds: Annotated[
        Annotated[list[Text], Field(min_length=1)] | None,
        Field(description="which values of the column `source` are read; null reads all"),
    ]
    sample: GeneratedParams


class ClassParams(ParamsSection):
    """A class of crisis tweets: the events whose tweets train, and those that are unseen until the test."""

    train: Annotated[list[Name], Field(min_length=1)]
    unseen: Annotated[list[Name], Field(min_length=1)]


class PositivesParams(ParamsSection):
    """Crisis tweets, over all classes evenly. The paper: 864 and 269."""

    train: Annotated[Positive, Field(description="from events that train")]
    test: Annotated[Positive, Field(description="from unseen events")]


class CollectionParams(ParamsSection):
    """The crisis tweets."""

    classes: Annotated[dict[Name, ClassParams], Field(min_length=1)]
    positives: PositivesParams
    seed: Annotated[Seed, Field(description="seed of the draw")]

    @model_validator(mode="after")
    def _parts_fit(self) -> "CollectionParams":
        return refuse(self, [*self._events_twice(), *self._too_few()])

    def _events_twice(self) -> Iterator[Fault]:
        named = Counter(event for own in self.classes.values() for event in (*own.train, *own.unseen))
        if twice := sorted(event for event, times in named.items() if times > 1):
            yield ("classes",), f"an event is of one class, and trains or is unseen; named twice: {', '.join(twice)}"

    def _too_few(self) -> Iterator[Fault]:
        for role in ("train", "test"):
            if getattr(self.positives, role) < 2 * len(self.classes):
                yield ("positives", role), f"each of the {len(self.classes)} classes needs two positives; raise it"


class MiningParams(ParamsSection):
    """How similar negatives are found."""

    encoder: Annotated[Line, Field(description="sentence encoder: embedded:NAME, hub NAME@REVISION, or a folder")]
    sample: Annotated[
        int, Field(ge=20, le=1_000_000, description="tweets of the pool to which the normal curves are fitted")
    ]
    seed: Annotated[Seed, Field(description="seed of the order in which the pool is searched")]


class ExtraTestsParams(ParamsSection):
    """Tests with negatives that people judged; each is a setting of the tests where its set is named."""

    dfe: Annotated[
        Line | None, Field(description="folder of the public set crowdflower; its tweets that are not relevant")
    ]
    stream: Annotated[
        Line | None, Field(description="folder of the public set crisislex_t6; its tweets that are off topic")
    ]

    def named(self) -> dict[str, str]:
        """The folder of each that is named."""
        return {name: folder for name, folder in self.model_dump().items() if folder is not None}


TrainSetting = Annotated[str, Field(pattern=rf"^(?:{NO}|{PATTERN})$")]
TestSetting = Annotated[str, Field(pattern=rf"^(?:random\+|{PATTERN})$")]


class DifficultNegativesParams(ParamsSection):
    """Negatives that are similar to crisis tweets, and tests on unseen events; paper 2."""

    pool: PoolParams
    normalise: Annotated[
        list[Step], Field(description="what is taken out of all texts, so that both sides have one style")
    ]
    match_length: Annotated[
        bool, Field(description="random negatives have the numbers of words that the positives have")
    ]
    collection: CollectionParams
    mining: MiningParams
    train: Annotated[
        list[TrainSetting], Field(min_length=1, description="none, random, or a band: 1sigma, 3sigma_upper …")
    ]
    test: Annotated[list[TestSetting], Field(min_length=1, description="random, random+ (ten for each), or a band")]
    extra_tests: ExtraTestsParams
    tagging: TaggingParams
    taggers: Annotated[dict[Name, TaggerParams], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1, description="of the folds and the trainings")]

    @model_validator(mode="after")
    def _each_once(self) -> "DifficultNegativesParams":
        return refuse(self, repeated(self, "normalise", "train", "test", "seeds"))

    @model_validator(mode="after")
    def _folds_have_positives(self) -> "DifficultNegativesParams":
        least = self.collection.positives.train // len(self.collection.classes)
        faults = [(("tagging", "folds"), f"a class has {least} positives to train on; give no more folds than that")]
        return refuse(self, faults if self.tagging.folds > least else [])


class ReportParams(ParamsSection):
    """What the report shows of params.yaml."""

    preset: Name
    difficult_negatives: DifficultNegativesParams
