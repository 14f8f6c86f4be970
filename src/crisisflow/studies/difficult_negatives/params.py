"""The section of params.yaml that is this study's."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from crisisflow.corpus.normalise_steps import Step
from crisisflow.params import Fault, Line, Name, ParamsSection, Positive, Seed, Text, refuse, repeated
from crisisflow.studies.difficult_negatives.bands import JUDGED, base_of, checked_test, checked_train
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
    unseen: Annotated[list[Name], Field(description="none of a class that only trains")]

    def events(self, role: str) -> list[str]:
        """Its events in a role, `train` or `test`."""
        return self.train if role == "train" else self.unseen


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
        return refuse(self, [*self._events_twice(), *self._too_few(), *self._none_unseen()])

    def _events_twice(self) -> Iterator[Fault]:
        named = Counter(event for own in self.classes.values() for event in (*own.train, *own.unseen))
        if twice := sorted(event for event, times in named.items() if times > 1):
            yield ("classes",), f"an event is of one class, and trains or is unseen; named twice: {', '.join(twice)}"

    def _too_few(self) -> Iterator[Fault]:
        tested = [own for own in self.classes.values() if own.unseen]
        for role, classes in (("train", len(self.classes)), ("test", len(tested))):
            if getattr(self.positives, role) < 2 * classes:
                yield ("positives", role), f"each of the {classes} classes needs two positives; raise it"

    def _none_unseen(self) -> Iterator[Fault]:
        if not any(own.unseen for own in self.classes.values()):
            yield ("classes",), "no class has an event that is unseen; name one"


class MiningParams(ParamsSection):
    """How similar negatives are found."""

    encoder: Annotated[Line, Field(description="sentence encoder: embedded:NAME, hub NAME@REVISION, or a folder")]
    sample: Annotated[
        int, Field(ge=20, le=1_000_000, description="tweets of the pool to which the normal curves are fitted")
    ]
    seed: Annotated[Seed, Field(description="seed of the order in which the pool is searched")]


class ExtraTestsParams(ParamsSection):
    """Negatives that people judged; each is a test where its set is named, and may be a training setting."""

    dfe: Annotated[
        Line | None, Field(description="folder of the public set crowdflower; its tweets that are not relevant")
    ]
    stream: Annotated[
        Line | None, Field(description="folder of the public set crisislex_t6; its tweets that are off topic")
    ]

    def named(self) -> dict[str, str]:
        """The folder of each that is named."""
        return {name: folder for name, folder in self.model_dump().items() if folder is not None}


class UrbanParams(ParamsSection):
    """The public sets with tweets of the paper's urban types; classes of the collection may name their events."""

    crisislex_t26: Annotated[Line | None, Field(description="folder of the public set crisislex_t26, with its events")]
    crowdflower: Annotated[
        Line | None,
        Field(description="folder of the public set crowdflower; its events are dfe_traffic, dfe_bombing …"),
    ]


class JointRowsParams(ParamsSection):
    """Rows of a joint model with mined negatives: what they are tried on."""

    ordinary: Annotated[Positive, Field(description="ordinary tweets that nothing is trained on")]


class RowNegativesParams(ParamsSection):
    """The negatives that a row of a joint model wants; the rows are another study's."""

    band: Text
    tweets: Positive


TrainSetting = Annotated[str, AfterValidator(checked_train)]
TestSetting = Annotated[str, AfterValidator(checked_test)]


class FurtherParams(ParamsSection):
    """Training settings of some taggers only."""

    taggers: Annotated[list[Name], Field(description="which of difficult_negatives.taggers")]
    train: Annotated[list[TrainSetting], Field(description="none of difficult_negatives.train is among them")]


class BatchSizesParams(ParamsSection):
    """Taggers with other batch sizes, for Figure 10; no size leaves it out."""

    taggers: Annotated[list[Name], Field(description="which of difficult_negatives.taggers")]
    train: Annotated[list[TrainSetting], Field(description="what each is trained on: random and the setting compared")]
    sizes: Annotated[list[Positive], Field(description="tweets of a step; a tagger's own is trained anyway")]


class GridParams(ParamsSection):
    """The search of footnote 5, which only the rule negatives_grid makes."""

    tagger: Annotated[Name, Field(description="one of difficult_negatives.taggers")]
    setting: Annotated[TrainSetting, Field(description="that of the training tweets; the paper: random")]
    learning_rates: Annotated[
        list[Annotated[float, Field(gt=0)]], Field(min_length=1, description="of encoder and layers alike")
    ]
    batch_sizes: Annotated[list[Positive], Field(min_length=1)]


class DifficultNegativesParams(ParamsSection):
    """Negatives that are similar to crisis tweets, and tests on unseen events; paper 2."""

    pool: PoolParams
    normalise: Annotated[
        list[Step], Field(description="what is taken out of all texts, so that both sides have one style")
    ]
    match_length: Annotated[
        bool, Field(description="random negatives have the numbers of words that the positives have")
    ]
    urban: UrbanParams
    collection: CollectionParams
    mining: MiningParams
    train: Annotated[
        list[TrainSetting], Field(min_length=1, description="none, random, or a band: 1sigma, 3sigma_upper …")
    ]
    further: FurtherParams
    test: Annotated[list[TestSetting], Field(min_length=1, description="random, random+ (ten for each), or a band")]
    extra_tests: ExtraTestsParams
    tagging: TaggingParams
    taggers: Annotated[dict[Name, TaggerParams], Field(min_length=1)]
    batch_sizes: BatchSizesParams
    grid: GridParams
    seeds: Annotated[list[Seed], Field(min_length=1, description="of the folds and the trainings")]
    joint: JointRowsParams

    @model_validator(mode="after")
    def _each_once(self) -> "DifficultNegativesParams":
        return refuse(self, repeated(self, "normalise", "train", "test", "seeds"))

    @model_validator(mode="after")
    def _settings_are_there(self) -> "DifficultNegativesParams":
        return refuse(self, [*self._absent_taggers(), *self._absent_settings()])

    def _absent_taggers(self) -> Iterator[Fault]:
        named = {("further", "taggers"): self.further.taggers, ("batch_sizes", "taggers"): self.batch_sizes.taggers}
        for keys, names in {**named, ("grid", "tagger"): [self.grid.tagger]}.items():
            if absent := [name for name in names if name not in self.taggers]:
                yield keys, f"{', '.join(absent)} is none of the taggers: {', '.join(self.taggers)}"

    def _absent_settings(self) -> Iterator[Fault]:
        for keys, names in {("train",): self.train, ("further", "train"): self.further.train}.items():
            for name in names:
                base = base_of(name)
                if base in JUDGED and getattr(self.extra_tests, base) is None:
                    yield keys, f"{name} needs a folder in extra_tests.{base}"
        if twice := [name for name in self.further.train if name in self.train]:
            yield ("further", "train"), f"{', '.join(twice)} is in train already"
        asked = self.batch_sizes.train if self.batch_sizes.sizes else []
        if absent := [name for name in asked if name not in self.train]:
            yield ("batch_sizes", "train"), f"{', '.join(absent)} is not in train: {', '.join(self.train)}"
        own = {self.taggers[name].batch_size for name in self.batch_sizes.taggers if name in self.taggers}
        if trained := [str(size) for size in self.batch_sizes.sizes if size in own]:
            yield ("batch_sizes", "sizes"), f"a tagger has the batch size {', '.join(trained)} already; leave it out"

    @model_validator(mode="after")
    def _folds_have_positives(self) -> "DifficultNegativesParams":
        least = self.collection.positives.train // len(self.collection.classes)
        faults = [(("tagging", "folds"), f"a class has {least} positives to train on; give no more folds than that")]
        return refuse(self, faults if self.tagging.folds > least else [])


class ReportParams(ParamsSection):
    """What the report shows of params.yaml."""

    preset: Name
    difficult_negatives: DifficultNegativesParams
