"""Claims: what the paper says in numbers or by eye, beside this run, and whether it holds here."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from crisisflow.reporting.over_seeds import OverSeeds
from crisisflow.studies.analytics.classify_params import STRATIFIED, EncoderRow, SvmRow
from crisisflow.studies.analytics.classify_scores import difference as row_difference
from crisisflow.studies.analytics.cluster_scores import FIRST, SECOND, difference
from crisisflow.studies.analytics.english import synonyms
from crisisflow.studies.analytics.made import Made
from crisisflow.studies.analytics.params import AnalyticsParams
from crisisflow.studies.analytics.reproduction import (
    BERT,
    MODELS,
    accuracies,
    constant,
    figure4,
    fitting_totals,
    search_terms,
)

HOLDS, FAILS, UNKNOWN = "holds", "does not", "cannot be said"
MOST_TOTAL = 4_000  # posts, up to which totals that fit Table 5 are looked for
NEARLY_NONE = 0.05  # of the posts: what "almost reduced to zero" is read as
LENGTH = 3  # words of a label, as in Table 2


class Claim(NamedTuple):
    """A claim: where the paper has it, in its own number or words; this run's; and the verdict."""

    place: str
    claim: str
    corpus: str
    paper: str
    ours: str
    verdict: str


def above_zero(low: float, high: float) -> str:
    """What an interval says of "is above zero"."""
    return HOLDS if low > 0 else FAILS if high < 0 else UNKNOWN


def ranged(value: float, low: float, high: float, form: str = ".3f") -> str:
    """A value and its interval."""
    return f"{value:{form}} ({low:{form}} to {high:{form}})"


def claims(made: Made, params: AnalyticsParams) -> list[Claim]:
    """All claims, in the order of the paper's sections."""
    found = [*_of_data(), *_of_wordnet()]
    for corpus in params.corpora:
        found += [*_of_posts(corpus, made), *_of_topics(corpus, made), *_of_labels(corpus, made)]
        found += _of_clusters(corpus, made)
    return [*found, *_of_classes(made, params), *_of_totals()]


def _of_data() -> Iterator[Claim]:
    terms = search_terms()
    without_case = len({term.lower() for term in terms})
    ours = f"{len(terms)} ({without_case} without case) in the paper's own list"
    paper = constant("search terms")
    fits = f"{len(terms)} ({without_case} without case)" == paper
    yield Claim("5.1", "search terms", "–", paper, ours, HOLDS if fits else FAILS)


def _of_wordnet() -> Iterator[Claim]:
    mapped = {word: synonyms()[word] for word in ("calamity", "mishap", "tragedy")}
    ours = ", ".join(f"{word}: {other}" for word, other in mapped.items())
    holds = {*mapped.values()} == {"accident"}
    yield Claim(
        "4.1",
        "WordNet's synsets map calamity, mishap and tragedy to one word",
        "–",
        "accident",
        f"first lemma of the most frequent synset: {ours}",
        HOLDS if holds else FAILS,
    )


def _of_posts(corpus: str, made: Made) -> Iterator[Claim]:
    posts = made.normalised[corpus]["posts"]
    collected, kept = (
        int(constant(what)) for what in ("tweets collected", "after preprocessing and removing duplicates")
    )
    yield Claim(
        "5.1",
        "posts left after preprocessing and without repeats",
        corpus,
        f"{kept:,} of {collected:,} ({kept / collected:.0%})",
        f"{posts['kept']:,} of {posts['read']:,} ({posts['kept'] / posts['read']:.0%})",
        UNKNOWN,
    )


def _of_topics(corpus: str, made: Made) -> Iterator[Claim]:
    paper = int(constant("topics"))
    by_k: dict[int, dict[int, float | None]] = {}
    for own in made.coherences[corpus]:
        by_k.setdefault(own["k"], {})[own["seed"]] = own["c_v"]
    known = {k: own for k, own in by_k.items() if None not in own.values()}
    if paper not in known:
        yield Claim("5.2", "8 topics have the highest coherence", corpus, "8", "not run here: 8 topics", UNKNOWN)
        return
    means = {k: fmean(own.values()) for k, own in known.items()}
    shown = ", ".join(f"{k}: {means[k]:.3f}" for k in sorted(means))
    yield Claim("5.2", "8 topics have the highest coherence", corpus, "8", f"c_v by K: {shown}", _highest(known, paper))
    yield Claim(
        "5.2",
        "coherence of 8 topics",
        corpus,
        constant("coherence of the chosen number"),
        str(OverSeeds.over(known[paper].values())),
        UNKNOWN,
    )


def _highest(by_k: Mapping[int, Mapping[int, float]], k: int) -> str:
    """Whether this K has the highest coherence: by Student's t of the differences over the seeds, from each other K."""
    verdicts = []
    for other, own in by_k.items():
        if other != k:
            over = OverSeeds.over(by_k[k][seed] - own[seed] for seed in own)
            half = over.half_interval
            verdicts.append(UNKNOWN if half is None else above_zero(over.mean - half, over.mean + half))
    if FAILS in verdicts:
        return FAILS
    return HOLDS if verdicts and {*verdicts} == {HOLDS} else UNKNOWN


def _of_labels(corpus: str, made: Made) -> Iterator[Claim]:
    scores = made.labels[corpus]
    claim = "a tf-idf label tells of its posts better than the top terms"
    found = next(
        (
            own
            for own in scores["identification_differences"]
            if (own["second"], own["length"]) == ("top_terms", LENGTH)
        ),
        None,
    )
    if found is None:
        yield Claim("5.2, Table 2", claim, corpus, "so says the text", "no labels to measure it with", UNKNOWN)
        return
    value = ranged(*(found[name] for name in ("value", "low", "high")), form="+.3f")
    yield Claim(
        "5.2, Table 2",
        claim,
        corpus,
        "so says the text",
        f"reciprocal rank of the right class, {LENGTH} words: {value}",
        above_zero(found["low"], found["high"]),
    )
    for what in ("precision", "recall"):
        own = scores["prediction"]["micro"][what]
        paper = figure4(f"{what} (percent)") / 100
        yield Claim(
            "5.2, Fig. 4",
            f"{what} of predicted labels",
            corpus,
            f"{paper:.0%}",
            f"{ranged(own['value'], own['low'], own['high'])}, each topic as its class on the other half",
            HOLDS if own["low"] >= paper else FAILS if own["high"] < paper else UNKNOWN,
        )


def _of_clusters(corpus: str, made: Made) -> Iterator[Claim]:
    scores = made.clusters[corpus]
    less = difference(scores, SECOND, FIRST)
    claim = "method (b) clusters better than method (a)"
    if less is None:
        yield Claim("5.3", claim, corpus, "by eye", "no labels, or a method not run", UNKNOWN)
        return
    yield Claim(
        "5.3", claim, corpus, "by eye", f"NMI with the classes: {ranged(*less, form='+.3f')}", above_zero(*less[1:])
    )
    purity = next(own["purity"] for own in scores["methods"] if own["method"] == SECOND)
    outside = (1 - purity["mean"], 1 - purity["high"], 1 - purity["low"])
    yield Claim(
        "5.3, Fig. 5",
        "with method (b) misclassification is almost zero",
        corpus,
        "by eye",
        f"share of posts outside of their cluster's class: {ranged(*outside)}",
        HOLDS if outside[2] <= NEARLY_NONE else FAILS if outside[1] > NEARLY_NONE else UNKNOWN,
    )


def _of_classes(made: Made, params: AnalyticsParams) -> Iterator[Claim]:
    own = params.classify
    test = next((one for one in made.classes["tests"] if one["test"] == STRATIFIED), None)
    encoders = [name for name, row in own.rows.items() if isinstance(row, EncoderRow)]
    if test is None or not encoders:
        return
    rows = {row["row"]: row for row in test["rows"]}
    bert = encoders[0]
    networks = [name for name, row in own.rows.items() if not isinstance(row, EncoderRow | SvmRow)]
    kind = MODELS[BERT]
    for part, paper in zip(("validation", "test"), accuracies()[kind], strict=True):
        score = rows[bert][part]["accuracy"]
        yield Claim(
            "5.4, Table 5",
            f"{part} accuracy of BERT",
            own.corpus,
            f"{paper} %",
            f"{ranged(*(100 * score[name] for name in ('mean', 'low', 'high')), form='.2f')} %, row {bert}",
            UNKNOWN,
        )
        if networks:
            yield _against(test, part, bert, networks, own.corpus)
    for floor in (name for name, row in own.rows.items() if isinstance(row, SvmRow)):
        less = row_difference(test, "test", "macro_f1", bert, floor)
        yield Claim(
            "not in the paper",
            "BERT is better than a linear SVM, macro-F1 on the test posts",
            own.corpus,
            "not asked",
            ranged(*less.values(), form="+.3f"),
            above_zero(less["low"], less["high"]),
        )


def _against(test: Mapping[str, Any], part: str, bert: str, networks: list[str], corpus: str) -> Claim:
    """BERT against the best of the networks, and so against all."""
    rows = {row["row"]: row for row in test["rows"]}
    best = max(networks, key=lambda name: rows[name][part]["accuracy"]["mean"])
    less = row_difference(test, part, "accuracy", bert, best)
    return Claim(
        "5.4, Table 5",
        f"BERT is better than the standard models, {part} accuracy",
        corpus,
        "91.78 % against 71 to 81 %" if part == "validation" else "so says the text",
        f"{bert} less {best}, the best of them: {ranged(*less.values(), form='+.3f')}",
        above_zero(less["low"], less["high"]),
    )


def _of_totals() -> Iterator[Claim]:
    validation, test = accuracies()[MODELS[BERT]]
    totals = fitting_totals(float(validation), float(test), MOST_TOTAL)
    labelled = int(constant("tweets labelled by hand"))
    shown = f"{min(totals):,} to {max(totals):,}" if totals else "none"
    yield Claim(
        "5.4, Table 5",
        "both accuracies are shares of the splits of the labelled tweets",
        "–",
        f"{labelled:,} tweets",
        f"totals up to {MOST_TOTAL:,} that fit: {shown}",
        HOLDS if labelled in totals else FAILS,
    )
