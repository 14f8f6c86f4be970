"""The section of params.yaml that is this study's."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crisisflow.corpus.sources.sets import SETS
from crisisflow.params import Count, Fault, Line, Name, ParamsSection, Positive, Rate, Seed, Text, refuse, repeated
from crisisflow.studies.analytics.classify_params import ClassifyParams

PANDEMIC, STUDY_CORPUS, JSONL = "pandemic_sample", "study", "jsonl"
PAPER = "paper"  # the query of the paper
# The readers of public sets, and the name of each set in corpus/sources.
PUBLIC = {
    "covidsenti": "covidsenti",
    "corona_nlp": "corona_nlp",
    "crisisnlp": "crisisnlp_lrec2016",
    "crisislex_t26": "crisislex_t26",
}

Step = Literal[
    "entities",
    "emoji_repair",
    "duplicates",
    "language",
    "urls",
    "mentions",
    "emoji",
    "smileys",
    "special",
    "numbers",
    "hashtags",
    "tokens",
    "lower",
    "repeats",
    "slang",
    "joined",
    "spelling",
    "stop_words",
    "wordnet_filter",
    "wordnet_synonyms",
    "short",
]
# What these do is said of words; the others are of texts, or of both.
OF_WORDS = ("repeats", "slang", "joined", "spelling", "stop_words", "wordnet_filter", "wordnet_synonyms", "short")


class CorpusParams(ParamsSection):
    """A corpus of posts."""

    reader: Literal["covidsenti", "corona_nlp", "crisisnlp", "crisislex_t26", "study", "pandemic_sample", "jsonl"]
    source: Annotated[
        Line | None,
        Field(
            description="folder, archive or file of the set; of jsonl a table with a column `text`; null for study "
            "(the corpus of all studies) and pandemic_sample (generated)"
        ),
    ]
    terms: Annotated[
        Literal["open", "confidential"],
        Field(description="whether texts may be passed on; those of a confidential corpus stay out of DVC's remotes"),
    ]
    events: Annotated[
        Annotated[list[Text], Field(min_length=1)] | None, Field(description="groups that are read; null reads all")
    ]
    size: Annotated[Positive | Literal["all"], Field(description="posts to draw, or to generate; or all")]
    seed: Annotated[Seed, Field(description="seed of the draw, or of the generator")]
    k: Annotated[int, Field(ge=2, le=1_000, description="clusters; a topic model of so many topics is trained too")]
    query: Annotated[
        Line | None,
        Field(
            description="search terms of the corpus: paper for the paper's, or the path of a text with one in each "
            "line; null where there are none"
        ),
    ]

    @model_validator(mode="after")
    def _reader_and_source_fit(self) -> "CorpusParams":
        return refuse(self, self._unfit())

    def _unfit(self) -> Iterator[Fault]:
        own = self.reader in (PANDEMIC, STUDY_CORPUS)
        if own and self.source is not None:
            yield ("source",), f"the reader {self.reader} has no source; write null"
        if not own and self.source is None:
            yield ("source",), f"the reader {self.reader} needs a path"
        if self.reader in PUBLIC and SETS[PUBLIC[self.reader]].confidential and self.terms != "confidential":
            yield ("terms",), f"texts of {self.reader} may not be passed on; write confidential"
        if self.reader == PANDEMIC and self.size == "all":
            yield ("size",), "say how many posts are generated"


class SpellingParams(ParamsSection):
    """Which words are corrected."""

    distance: Annotated[
        int, Field(ge=1, le=2, description="edits (Damerau and Levenshtein) up to which a word is meant")
    ]
    least_letters: Annotated[Positive, Field(description="of a word that is corrected")]


class JoinedParams(ParamsSection):
    """Which words are parted."""

    least_letters: Annotated[Positive, Field(description="of a word that is parted")]


class NormaliseParams(ParamsSection):
    """What texts become before their words are counted; section 4.1 of the paper."""

    steps: Annotated[list[Step], Field(min_length=1, description="in the order in which they run")]
    languages: Annotated[
        list[Annotated[str, Field(pattern="^[a-z]{2,3}$")]],
        Field(min_length=1, description="codes (ISO 639) that are kept; what is undecided counts as English"),
    ]
    hashtags: Annotated[
        Literal["drop", "keep_word", "segment"],
        Field(description="drop them (paper), keep the word, or keep the words in it"),
    ]
    stop_words: Annotated[Literal["spacy", "sklearn", "none"], Field(description="which list")]
    joined: JoinedParams
    spelling: SpellingParams
    protect_above: Annotated[
        Count | None,
        Field(
            description="words that occur more often are protected, beside search terms, names of the lexicons and "
            "acronyms; null protects nothing (paper)"
        ),
    ]
    least_words: Annotated[Positive, Field(description="a post of fewer words is dropped (paper: 3)")]

    @model_validator(mode="after")
    def _steps_fit(self) -> "NormaliseParams":
        return refuse(self, [*repeated(self, "steps", "languages"), *self._out_of_order()])

    def _out_of_order(self) -> Iterator[Fault]:
        if "tokens" not in self.steps:
            yield ("steps",), "tokens is missing: the words of a post come from it"
            return
        before = self.steps[: self.steps.index("tokens")]
        if early := [step for step in before if step in OF_WORDS]:
            yield ("steps",), f"{', '.join(early)}: not before tokens, since it is of words"


class TermsParams(ParamsSection):
    """Which terms count."""

    ngrams: Annotated[
        list[Annotated[int, Field(ge=1, le=2)]],
        Field(min_length=1, description="1 for words, 2 for pairs of neighbours (paper: both)"),
    ]
    min_df: Annotated[Positive, Field(description="posts that a term needs at least")]
    max_df: Annotated[float, Field(gt=0, le=1, description="share of the posts that have a term at most")]

    @model_validator(mode="after")
    def _each_once(self) -> "TermsParams":
        return refuse(self, repeated(self, "ngrams"))


Topics = Annotated[int, Field(ge=2, le=1_000)]


class LdaParams(ParamsSection):
    """The topic models."""

    model: Literal["tomotopy", "gensim"]
    input: Annotated[
        Literal["counts", "tfidf"],
        Field(description="what of a term counts: how often, or its weight (Eq. 3; gensim)"),
    ]
    k: Annotated[Topics | Literal["auto"], Field(description="topics; auto takes those of the highest mean c_v")]
    sweep: Annotated[list[Topics], Field(min_length=1, description="numbers of topics among which auto chooses")]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    iterations: Annotated[
        int, Field(ge=1, le=100_000, description="sweeps of Gibbs sampling (tomotopy); passes over the posts (gensim)")
    ]
    alpha: Annotated[float, Field(gt=0, le=100, description="prior of the topics of a post")]
    eta: Annotated[float, Field(gt=0, le=100, description="prior of the terms of a topic")]
    top: Annotated[int, Field(ge=2, le=1_000, description="terms of a topic that are shown and scored (paper: 10)")]

    @model_validator(mode="after")
    def _parts_fit(self) -> "LdaParams":
        faults = [*repeated(self, "sweep", "seeds")]
        if self.model == "tomotopy" and self.input == "tfidf":
            faults.append((("input",), "tomotopy counts whole occurrences; write counts, or model: gensim"))
        return refuse(self, faults)


class LabelsParams(ParamsSection):
    """How topics are named; Eq. 4 to 7."""

    relevant: Annotated[
        Literal["argmax"] | Rate,
        Field(description="posts of a topic (Eq. 4): those of which it is the first topic, or has at least this share"),
    ]
    min_threshold: Annotated[Positive, Field(description="MinThreshold of Eq. 5")]
    top_documents: Annotated[Positive, Field(description="posts of a topic that are looked at (m), the heaviest")]
    salience: Annotated[
        Literal["product", "marginal", "weight"],
        Field(description="of a word (Eq. 7): P(w|k), its weights in these posts, or the product"),
    ]
    penalty: Annotated[
        Literal["square", "drop"],
        Field(description="of a term that shares a word with the label: its salience squared, or nothing left of it"),
    ]
    length: Annotated[int, Field(ge=1, le=10, description="terms of a label (paper: two to four words)")]
    drop_query_words: Annotated[bool, Field(description="leave the words of the search terms out of the labels")]


ClusterMethod = Literal[
    "argmax", "features", "theta", "tfidf_svd", "tfidf_centred", "embedding", "centred", "both_centred"
]
CENTRED = ("tfidf_centred", "centred", "both_centred")  # the methods that need groups


class ClustersParams(ParamsSection):
    """How posts are clustered; section 4.4 of the paper, and what is better."""

    methods: Annotated[
        list[ClusterMethod],
        Field(min_length=1, description="argmax is the paper's method (a), features its method (b)"),
    ]
    seeds: Annotated[list[Seed], Field(min_length=1, description="of k-means; each is one of analytics.lda.seeds")]
    top_words: Annotated[Positive, Field(description="of each topic, for features (paper: 15)")]
    features: Annotated[Literal["counts", "tfidf"], Field(description="how often a post has each of them, or Eq. 3")]
    empty: Annotated[
        Literal["nearest", "group"],
        Field(description="posts without any of these words: to the nearest centre, or a group of their own"),
    ]
    pca_variance: Annotated[Rate, Field(description="share of the variance that the components hold (paper: 0.5)")]
    kmeans_starts: Annotated[Positive, Field(description="starts of k-means, of which the best counts")]
    encoder: Annotated[Line, Field(description="sentence encoder: embedded:NAME, hub NAME@REVISION, or a folder")]
    max_length: Annotated[int, Field(ge=8, le=4_096, description="subwords of a post that are embedded")]
    both_weight: Annotated[float, Field(gt=0, le=100, description="of the words beside the embedding, in both_centred")]
    centre_least: Annotated[
        Count, Field(description="posts of the overall mean that are added to the mean of each group")
    ]

    @model_validator(mode="after")
    def _each_once(self) -> "ClustersParams":
        return refuse(self, repeated(self, "methods", "seeds"))


class ScoresParams(ParamsSection):
    """How sure a score is."""

    resamples: Annotated[
        int, Field(ge=100, le=100_000, description="of the bootstrap over the posts, for 95 % intervals")
    ]
    people: Annotated[
        Line | None, Field(description="what `crisisflow label-agreement` wrote; null where nobody was asked yet")
    ]


Switch = Literal["hashtags", "spelling", "protection", "wordnet_filter", "synonyms", "bigrams", "query_words"]
AS_SET = "as_set"  # nothing is switched


class AblationParams(ParamsSection):
    """What one step of normalisation changes."""

    switches: Annotated[
        list[Literal["as_set"] | Switch],
        Field(min_length=1, description="each is turned to the other of its two values, one at a time; as_set: none"),
    ]
    method: Annotated[
        Literal["argmax", "features", "theta", "tfidf_svd", "tfidf_centred"],
        Field(description="of clustering, one that reads the normalised words"),
    ]

    @model_validator(mode="after")
    def _parts_fit(self) -> "AblationParams":
        faults = [*repeated(self, "switches")]
        if AS_SET not in self.switches:
            faults.append((("switches",), f"{AS_SET} is missing, with which the others are compared"))
        return refuse(self, faults)


class AnalyticsParams(ParamsSection):
    """Topics, labels, clusters and classes of posts about a crisis; paper 4."""

    corpora: Annotated[dict[Name, CorpusParams], Field(min_length=1)]
    normalise: NormaliseParams
    terms: TermsParams
    lda: LdaParams
    labels: LabelsParams
    clusters: ClustersParams
    scores: ScoresParams
    classify: ClassifyParams
    ablation: AblationParams

    @model_validator(mode="after")
    def _models_are_trained(self) -> "AnalyticsParams":
        return refuse(self, self._untrained())

    def _untrained(self) -> Iterator[Fault]:
        asked = {("corpora", name, "k"): own.k for name, own in self.corpora.items()}
        if self.lda.k != "auto":
            asked["lda", "k"] = self.lda.k
        for keys, k in asked.items():
            if k not in self.lda.sweep:
                yield keys, f"no model has {k} topics; add it to analytics.lda.sweep"
        if untrained := sorted({*self.clusters.seeds} - {*self.lda.seeds}):
            yield ("clusters", "seeds"), f"no topic model has the seed {untrained[0]}; add it to analytics.lda.seeds"
        if self.classify.corpus not in self.corpora:
            yield ("classify", "corpus"), f"no corpus is called {self.classify.corpus}; see analytics.corpora"


class ReportParams(ParamsSection):
    """What the report shows of params.yaml."""

    preset: Name
    analytics: AnalyticsParams


class Own(ParamsSection):
    """The section alone, as commands read it."""

    analytics: AnalyticsParams
