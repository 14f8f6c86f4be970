"""The section of params.yaml that is this study's."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.params import (
    Count,
    Fault,
    Line,
    Name,
    ParamsSection,
    Positive,
    Rate,
    Seed,
    SplitParams,
    Text,
    refuse,
    repeated,
)

GENERATED = "generated"  # the reader of the generated sets
TABLES = ("csv", "tsv")  # the readers of a table of one's own
OFFICIAL = "official"  # the split that the set itself has
RELEVANT, NOT_RELEVANT = "relevant", "not_relevant"

# What trains no encoder: one answer for all tweets (`constant` of the target, or the source's most frequent one), a
# linear SVM over TF-IDF, a logistic regression over the encoder's states.
Other = Literal["constant", "source_majority", "svm", "logistic"]
# The graph of a row as it is; without edges; with random ones; or layers of the same size in its place.
Control = Literal["empty", "rewired", "parameters"]
# No importance, A_i, or A_i times the number of the tweet's nodes.
Importance = Literal["none", "one", "length"]

Percentage = Annotated[int, Field(ge=1, le=100)]
GraphChanges = dict[str, str | int | float | bool]  # keys of WordGraphParams


class GeneratedParams(ParamsSection):
    """The generated sets.

    Args:
        tweets: of each language, with labels. unlabelled: of each language, without.
        control: of the positive control, of each of its parts train, dev and test.
    """

    tweets: Positive
    unlabelled: Positive
    control: Positive
    seed: Seed


class ColumnsParams(ParamsSection):
    """The columns of a table."""

    text: Text
    tweet_id: Annotated[Text | None, Field(description="null numbers the rows")]
    label: Annotated[Text | None, Field(description="null where the table has none; several labels stand in a comma")]
    split: Annotated[Text | None, Field(description="train, dev or test; null where the table has none")]


class SetParams(ParamsSection):
    """A set of tweets: with classes one to learn from and to be scored on, without them unlabelled texts."""

    reader: Annotated[Line, Field(description="generated, csv, tsv, or a public set (docs/public_sets.md)")]
    path: Annotated[Line | None, Field(description="of the table, or of the folder of the public set; or null")]
    columns: Annotated[ColumnsParams | None, Field(description="of a table; null of all others")]
    languages: Annotated[list[Annotated[str, Field(pattern="^[a-z]{2}$")]], Field(min_length=1)]
    events: Annotated[list[Line] | None, Field(description="only tweets of these events; null takes all")]
    task: Annotated[Line | None, Field(description="whose labels are taken; null of unlabelled texts and tables")]
    classes: Annotated[
        dict[Name, Annotated[list[Text], Field(min_length=1)]] | None,
        Field(description="of each class the labels that count as it; null of unlabelled texts"),
    ]
    constant: Annotated[Name | None, Field(description="the class that a constant answer says; or null")]
    multi_label: Annotated[bool, Field(description="whether a tweet may have several classes")]
    split: Annotated[Literal["official"] | SplitParams | None, Field(description="null of unlabelled texts")]
    unlabelled: Annotated[list[Name], Field(description="sets whose texts are in the graphs of settings with this one")]
    terms: Annotated[
        Literal["open", "confidential"], Field(description="texts of a confidential set are in nothing that is shared")
    ]
    show_texts: Annotated[bool, Field(description="whether figures and lists may take examples from it")]

    @model_validator(mode="after")
    def _parts_fit(self) -> "SetParams":
        return refuse(self, self._faults())

    def _faults(self) -> Iterator[Fault]:
        labelled = self.classes is not None
        if labelled != (self.split is not None):
            yield ("split",), "a set with classes needs it, and one without has none"
        if labelled and len(self.classes) < 2:
            yield ("classes",), "name two at least"
        if (self.constant is None) == labelled or (labelled and self.constant not in self.classes):
            yield ("constant",), "name one of the classes; a set without classes has none"
        if (self.path is None) != (self.reader == GENERATED):
            yield ("path",), "the generated sets have none; give null" if self.path else "say where the set is"
        if (self.columns is None) == (self.reader in TABLES):
            yield ("columns",), "a table needs them, and nothing else has them"
        if labelled and self.reader not in TABLES and self.task is None:
            yield ("task",), "say whose labels are taken"
        if self.show_texts and self.terms == "confidential":
            yield ("show_texts",), "the texts of a confidential set are not shown; say false"


class SplitsParams(ParamsSection):
    """How a set without an official split is split, and how much of a training part is used."""

    grouped: Annotated[bool, Field(description="near duplicates stay on one side")]
    seed: Seed
    training_tweets: Annotated[
        Positive | Literal["all"], Field(description="of a training part, at most; a share of 100 is that many")
    ]


class SettingParams(ParamsSection):
    """What is trained on, what is scored, and by which encoder."""

    source: Name
    target: Name
    encoder: Name


class EncoderParams(ParamsSection):
    """An encoder."""

    name: Annotated[Line, Field(description="embedded:NAME, hub NAME@REVISION, or a local folder")]
    layers: Annotated[Positive | None, Field(description="lower layers that are kept; null keeps all")]
    freeze_layers: Annotated[Count, Field(description="lower layers that are not trained, and have no dropout")]


class WordGraphParams(ParamsSection):
    """The word graph (ledger, entries 1 to 6, 20, 22, 24 and 32)."""

    texts: Annotated[
        Literal["whole", "words"],
        Field(description="words: without URLs, handles, retweet marks and punctuation; the classifier reads all"),
    ]
    nodes: Annotated[
        Literal["subword", "word"], Field(description="word: whole words, with the mean of their subwords' vectors")
    ]
    minimum_frequency: Positive
    stop_words: Annotated[Literal["spacy", "none"], Field(description="which lists; of the languages of both sets")]
    window: Annotated[int, Field(ge=2, le=1_000, description="two tokens are less than this apart")]
    normalisation: Literal["max", "sum", "l2", "every_pair"]
    similarity: Annotated[
        Literal["crosslingual", "always", "never"], Field(description="where edges of similar vectors are added")
    ]
    tau: Annotated[float, Field(gt=0, lt=2, description="an edge has a larger S")]
    edge_weights: Annotated[Literal["binary", "similarity"], Field(description="1, or S")]
    unlabelled: Annotated[
        Count | Literal["all"], Field(description="unlabelled texts, drawn from all there are, at most; or all")
    ]
    rest_of_training: Annotated[
        bool, Field(description="whether training texts that are not in the share count as unlabelled ones")
    ]


class NetworkParams(ParamsSection):
    """The Graph Featurizer and the Importance Estimator (ledger, entries 7, 8 and 9a)."""

    hops: Annotated[int, Field(ge=1, le=3)]
    activation: Literal["relu", "none"]
    node_vectors: Literal["fixed", "tied", "trained"]
    dropout: Rate
    attention_bias: bool


class ClassifierParams(ParamsSection):
    """The recurrent classifier (ledger, entry 9)."""

    layers: Positive
    hidden: Annotated[Positive, Field(description="units in each direction")]
    dropout: Rate


class TrainingParams(ParamsSection):
    """How the rows are trained (ledger, entries 12 to 14)."""

    epochs: Positive
    patience: Annotated[Positive | None, Field(description="epochs without a better score; null trains all epochs")]
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    head_learning_rate: Annotated[float | None, Field(gt=0, le=1, description="of all but the encoder; or null")]
    warmup_share: Annotated[float, Field(ge=0, lt=1, description="of the steps")]
    weight_decay: Annotated[float, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0)]
    max_length: Annotated[int, Field(ge=8, le=10_000, description="subwords, specials included")]
    freeze_embeddings: bool


class PlainRowParams(ParamsSection):
    """A row without a word graph."""

    classifier: Annotated[Literal["recurrent", "linear"], Field(description="TR has the paper's, which is recurrent")]
    trainings: Annotated[
        dict[Name, Annotated[list[Name], Field(min_length=1)]],
        Field(
            min_length=1, description="of each training the settings that it is scored on, of one source and encoder"
        ),
    ]
    shares: Annotated[list[Percentage], Field(min_length=1)]

    @property
    def settings(self) -> list[Name]:
        """The settings of all trainings."""
        return [setting for own in self.trainings.values() for setting in own]

    @model_validator(mode="after")
    def _each_once(self) -> "PlainRowParams":
        twice = sorted({own for own in self.settings if self.settings.count(own) > 1})
        faults = [(("trainings",), f"{own} stands there twice") for own in twice]
        return refuse(self, [*faults, *repeated(self, "shares")])


class RowParams(ParamsSection):
    """A row with a word graph."""

    graph: Annotated[Name, Field(description="one of gnom.graphs")]
    control: Annotated[Control | None, Field(description="what is done to the graph; null of a row that is no control")]
    importance: Importance
    settings: Annotated[list[Name], Field(min_length=1)]
    shares: Annotated[list[Percentage], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> "RowParams":
        return refuse(self, repeated(self, "settings", "shares"))


class FiguresParams(ParamsSection):
    """The figures."""

    projection: Annotated[Literal["pca", "umap"], Field(description="umap needs the extra `umap`")]
    words: Annotated[Positive, Field(description="of each language")]


class GnomParams(ParamsSection):
    """Graph-enhanced classification across events and languages; paper 5."""

    generated: GeneratedParams
    sets: Annotated[dict[Name, SetParams], Field(min_length=1)]
    splits: SplitsParams
    settings: Annotated[dict[Name, SettingParams], Field(min_length=1)]
    shares: Annotated[list[Percentage], Field(min_length=1, description="of the training part, in per cent")]
    encoder: Annotated[dict[Name, EncoderParams], Field(min_length=1)]
    word_graph: WordGraphParams
    graphs: Annotated[
        dict[Name, GraphChanges],
        Field(min_length=1, description="of each graph the keys in which it is not word_graph"),
    ]
    network: NetworkParams
    classifier: ClassifierParams
    training: TrainingParams
    plain_rows: Annotated[dict[Name, PlainRowParams], Field(min_length=1)]
    rows: Annotated[dict[Name, RowParams], Field(min_length=1)]
    others: Annotated[list[Other], Field(min_length=1)]
    keep_weights: Annotated[list[Name], Field(description="rows whose weights are kept")]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    figures: FiguresParams

    @model_validator(mode="after")
    def _parts_fit(self) -> "GnomParams":
        faults = [*self._faults_of_sets(), *self._faults_of_settings(), *self._faults_of_graphs()]
        faults += [*self._faults_of_rows()]
        return refuse(self, [*faults, *repeated(self, "shares", "others", "seeds", "keep_weights")])

    def graph(self, name: str) -> WordGraphParams:
        """The parameters of a graph."""
        return WordGraphParams.model_validate(self.word_graph.model_dump() | self.graphs[name])

    def languages(self, setting: SettingParams) -> list[str]:
        """The languages of both sets of a setting."""
        return sorted({*self.sets[setting.source].languages, *self.sets[setting.target].languages})

    def _faults_of_sets(self) -> Iterator[Fault]:
        for name, own in self.sets.items():
            for other in own.unlabelled:
                if other not in self.sets:
                    yield ("sets", name, "unlabelled"), _unknown("set", other, self.sets)
                elif self.sets[other].classes is not None:
                    yield ("sets", name, "unlabelled"), f"{other} has classes, and is no set of unlabelled texts"

    def _faults_of_settings(self) -> Iterator[Fault]:
        for name, own in self.settings.items():
            if own.encoder not in self.encoder:
                yield ("settings", name, "encoder"), _unknown("encoder", own.encoder, self.encoder)
            unknown = False
            for key in ("source", "target"):
                if getattr(own, key) not in self.sets:
                    unknown = True
                    yield ("settings", name, key), _unknown("set", getattr(own, key), self.sets)
                elif self.sets[getattr(own, key)].classes is None:
                    unknown = True
                    yield ("settings", name, key), f"{getattr(own, key)} has no classes"
            if not unknown:
                source, target = self.sets[own.source], self.sets[own.target]
                if {*source.classes} != {*target.classes}:
                    yield ("settings", name), "the classes of source and target differ"
                elif source.multi_label != target.multi_label:
                    yield ("settings", name), "one of source and target has several classes a tweet, the other one"

    def _faults_of_graphs(self) -> Iterator[Fault]:
        base = self.word_graph.model_dump()
        for name, changed in self.graphs.items():
            if unknown := [key for key in changed if key not in base]:
                yield ("graphs", name, unknown[0]), _unknown("key", unknown[0], base)
                continue
            try:
                self.graph(name)
            except ValueError as error:
                yield ("graphs", name), str(error.errors()[0]["msg"]) if hasattr(error, "errors") else str(error)

    def _faults_of_rows(self) -> Iterator[Fault]:
        groups = {"plain_rows": self.plain_rows, "rows": self.rows}
        names = [*self.plain_rows, *self.rows, *self.others]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield ("rows", name), "another row has this name"
        for group, rows in groups.items():
            for name, own in rows.items():
                for setting in own.settings:
                    if setting not in self.settings:
                        yield (group, name, "settings"), _unknown("setting", setting, self.settings)
                for share in own.shares:
                    if share not in self.shares:
                        yield (group, name, "shares"), f"{share} is none of gnom.shares"
        for name, plain in self.plain_rows.items():
            yield from self._faults_of_trainings(name, plain)
        for name, row in self.rows.items():
            if row.graph not in self.graphs:
                yield ("rows", name, "graph"), _unknown("graph", row.graph, self.graphs)
            elif self.graph(row.graph).nodes == "word" and self.network.node_vectors == "tied":
                yield ("network", "node_vectors"), f"{name} has whole words as nodes, whose vectors cannot be tied"
            elif self.graphs[row.graph] == {"similarity": "never"}:
                for setting in row.settings:
                    if setting in self.settings and self._is_monolingual(setting):
                        yield (
                            ("rows", name, "settings"),
                            f"{setting} is monolingual, where the graph has no edges of similarity to leave out",
                        )
        for name in self.keep_weights:
            if name not in self.plain_rows and name not in self.rows:
                yield ("keep_weights",), _unknown("row", name, [*self.plain_rows, *self.rows])

    def _faults_of_trainings(self, row: str, own: PlainRowParams) -> Iterator[Fault]:
        known: dict[tuple[str, str], str] = {}
        for name, settings in own.trainings.items():
            of = {(self.settings[one].source, self.settings[one].encoder) for one in settings if one in self.settings}
            if len(of) > 1:
                yield ("plain_rows", row, "trainings", name), "its settings differ in source or encoder"
            elif of and (other := known.setdefault(next(iter(of)), name)) != name:
                yield ("plain_rows", row, "trainings", name), f"{other} has the same source and encoder; join them"

    def _is_monolingual(self, setting: str) -> bool:
        own = self.settings[setting]
        known = own.source in self.sets and own.target in self.sets
        return known and len(self.languages(own)) == 1 and self.word_graph.similarity == "crosslingual"


class ReportParams(ParamsSection):
    """What the report shows of params.yaml."""

    preset: Name
    gnom: GnomParams


def _unknown(what: str, name: str, known: Mapping[str, object] | list[str]) -> str:
    return f"no {what} is called {name}; there are: {', '.join(known)}"
