"""Tables of topics, labels, clusters and normalisation: text cells, the paper beside this run."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, ONE_SEED
from crisisflow.reporting.over_seeds import NOTHING, OverSeeds
from crisisflow.studies.analytics.cluster_scores import CHANCE, FIRST, SECOND, WHOLE, difference
from crisisflow.studies.analytics.labels import METHODS
from crisisflow.studies.analytics.made import Made
from crisisflow.studies.analytics.params import AS_SET, AnalyticsParams
from crisisflow.studies.analytics.reproduction import ABSENT, figure4, paper_table

NOT_ASKED = "not asked yet"  # of people
NO_LABELS = "no labels"
PAPER_NAMES = {FIRST: "argmax (paper, a)", SECOND: "features (paper, b)", CHANCE: "chance", WHOLE: "one cluster"}


def number(value: float | None, form: str = ".3f") -> str:
    """A number, or a dash."""
    return NOTHING if value is None else f"{value:{form}}"


def over(own: Mapping[str, Any] | None, form: str = ".3f") -> str:
    """Mean ± deviation of what was written of several seeds."""
    if own is None:
        return NOTHING
    return OverSeeds(own["mean"], own["deviation"], own["seeds"]).shown(form)


def between(own: Mapping[str, float] | None, form: str = ".3f") -> str:
    """The interval of what has one."""
    return NOTHING if own is None else f"{own['low']:{form}} to {own['high']:{form}}"


def table_1(made: Made, top: int) -> pd.DataFrame:
    """Topics and their likeliest terms with P(term | topic)."""
    paper = paper_table("table1_topics").set_index("topic")
    rows = []
    for corpus in made.chosen:
        topics = made.topics(corpus)
        for topic, (words, shares) in enumerate(zip(topics["topics"], topics["probabilities"], strict=True)):
            shown = ", ".join(f"{word} {share:.3f}" for word, share in list(zip(words, shares, strict=True))[:top])
            name = str(topic + 1)
            printed = ", ".join(filter(None, paper.loc[name].filter(like="keyword"))) if name in paper.index else None
            rows.append([corpus, str(topic), shown, NOT_PRINTED if printed is None else printed or ABSENT])
    return pd.DataFrame(rows, columns=["Corpus", "Topic", "Terms, with P(term | topic)", "Terms (paper)"])


def table_2(made: Made) -> pd.DataFrame:
    """Labels of each topic by the three methods."""
    paper = paper_table("table2_labels").set_index("topic")
    rows = []
    for corpus, scores in made.labels.items():
        for own in scores["topics"]:
            name = str(own["topic"] + 1)
            cells = (
                [paper.loc[name, column] or ABSENT for column in ("TT_top_3_terms", "tf_idf_label")]
                if (name in paper.index)
                else [NOT_PRINTED] * 2
            )
            labels = [own["labels"][method] or "no post, no label" for method in METHODS]
            rows.append([corpus, str(own["topic"]), *labels, *cells])
    heads = ["Top terms (paper's TT)", "Document weight (paper's tf-idf)", "Class tf-idf"]
    return pd.DataFrame(rows, columns=["Corpus", "Topic", *heads, "TT (paper)", "tf-idf (paper)"])


def table_3(made: Made) -> pd.DataFrame:
    """The label of each topic, the class of most of its posts, and people's word."""
    paper = paper_table("table3_labels_and_humans").set_index("topic")
    rows = []
    for corpus, scores in made.labels.items():
        for own in scores["topics"]:
            name = str(own["topic"] + 1)
            people = (paper.loc[name, "human_interpretation"] or ABSENT) if name in paper.index else NOT_PRINTED
            rows.append(
                [
                    *(corpus, str(own["topic"]), own["labels"]["document_weight"] or "no post, no label"),
                    *(f"{own['posts']:,}", own["class"] or NO_LABELS, number(own["share"], ".2f")),
                    *(_theme(made, corpus, own["topic"]), people),
                ]
            )
    heads = ["Corpus", "Topic", "Label", "Posts", "Class of most", "Its share", "People", "People (paper)"]
    return pd.DataFrame(rows, columns=heads)


def _theme(made: Made, corpus: str, topic: int) -> str:
    if made.people is None or made.people["corpus"] != corpus:
        return NOT_ASKED
    return made.people["themes"].get(str(topic), NOT_ASKED).replace("_", " ")


def table_of_k(made: Made) -> pd.DataFrame:
    """Coherence, diversity and stability by K."""
    rows = []
    for corpus, table in made.k.items():
        for line in table.to_dict("records"):
            shown = [_with_deviation(line, name) for name in ("c_v", "c_npmi", "u_mass", "diversity")]
            taken = "taken" if line["k"] == made.chosen[corpus]["k"] else ""
            stable = ONE_SEED if pd.isna(line["stability"]) else f"{line['stability']:.3f}"
            rows.append([corpus, str(line["k"]), *shown, stable, taken])
    heads = ["Corpus", "K", "c_v", "c_npmi", "u_mass", "Diversity", "Stability", "Choice"]
    return pd.DataFrame(rows, columns=heads)


def _with_deviation(line: Mapping[str, Any], name: str) -> str:
    if pd.isna(line[name]):
        return NOTHING
    deviation = None if pd.isna(line[f"{name}_sd"]) else line[f"{name}_sd"]
    return OverSeeds(line[name], deviation).shown(".3f")


def table_of_clusters(made: Made) -> pd.DataFrame:
    """Every corpus and method: against classes, against groups, and without labels."""
    rows = []
    for corpus, scores in made.clusters.items():
        for own in scores["methods"]:
            nmi = own["nmi"]
            rows.append(
                [
                    *(corpus, PAPER_NAMES.get(own["method"], own["method"])),
                    *(NO_LABELS if nmi is None else over(nmi), between(nmi)),
                    *(over(own[name]) for name in ("ami", "ari", "homogeneity", "completeness", "purity")),
                    *(over(own["groups_nmi"]), over(own["silhouette"])),
                    ONE_SEED if own["agreement"] is None else f"{own['agreement']:.3f}",
                ]
            )
    heads = ["Corpus", "Method", "NMI", "95 % interval", "AMI", "ARI", "Homogeneity", "Completeness", "Purity"]
    return pd.DataFrame(rows, columns=[*heads, "NMI with groups", "Silhouette", "Agreement of seeds"])


def table_of_cluster_differences(made: Made) -> pd.DataFrame:
    """NMI with the classes of each method less that of the paper's two."""
    rows = []
    for corpus, scores in made.clusters.items():
        for own in scores["methods"]:
            for beside in (FIRST, SECOND):
                less = difference(scores, own["method"], beside)
                if own["method"] not in (beside, CHANCE, WHOLE) and less is not None:
                    verdict = "better" if less.low > 0 else "worse" if less.high < 0 else "may be chance"
                    names = [PAPER_NAMES.get(name, name) for name in (own["method"], beside)]
                    rows.append([corpus, *names, f"{less.value:+.3f}", f"{less.low:+.3f} to {less.high:+.3f}", verdict])
    heads = ["Corpus", "Method", "Beside it", "NMI less the other", "95 % interval", "The method is"]
    return pd.DataFrame(rows, columns=heads)


def table_of_labels(made: Made) -> pd.DataFrame:
    """Identification, and the row of people."""
    rows = []
    for corpus, scores in made.labels.items():
        for own in scores["identification"]:
            cells = [own["method"], str(own["length"]), number(own["mrr"]["value"]), between(own["mrr"])]
            rows.append([corpus, *cells, number(own["accuracy"])])
        if not scores["identification"]:
            rows.append([corpus, NO_LABELS, *[NOTHING] * 4])
        if made.people is None or made.people["corpus"] != corpus:
            rows.append([corpus, f"people: {NOT_ASKED}", *[NOTHING] * 4])
            continue
        for method, share in made.people["methods"].items():
            told = f"people: share of {made.people['judgements']} judgements for {method.replace('_', ' ')}"
            rows.append([corpus, told, NOTHING, NOTHING, between(share), number(share["value"])])
    return pd.DataFrame(rows, columns=["Corpus", "Method", "Words", "MRR", "95 % interval", "Accuracy"])


def table_of_prediction(made: Made) -> pd.DataFrame:
    """Precision and recall of the classes that topics stand for, per class, micro and macro."""
    rows = []
    for corpus, scores in made.labels.items():
        found = scores["prediction"]
        if found is None:
            rows.append([corpus, NO_LABELS, *[NOTHING] * 5])
            continue
        for name, own in found["per_class"].items():
            rows.append([corpus, described_short(name), *_of_class(own), NOT_PRINTED])
        paper = f"{figure4('precision (percent)') / 100:.2f} and {figure4('recall (percent)') / 100:.2f}"
        for kind in ("micro", "macro"):
            cells = [
                f"{number(found[kind][what]['value'])} ({between(found[kind][what])})"
                for what in ("precision", "recall")
            ]
            rows.append([corpus, f"all, {kind}", *cells, NOTHING, f"{found['posts']:,}", paper])
        summed = found["summed"]
        shown = ", ".join(f"{summed[name]:,} {name.replace('_', ' ')}" for name in sorted(summed, reverse=True))
        rows.append([corpus, f"all, summed: {shown}", *[NOTHING] * 3, f"{found['posts']:,}", ABSENT])
        rows.append(
            [corpus, "the largest class as an answer", NOTHING, number(found["majority"]), *[NOTHING] * 2, ABSENT]
        )
    heads = ["Corpus", "Class", "Precision", "Recall", "F1", "Posts", "Precision and recall (paper)"]
    return pd.DataFrame(rows, columns=heads)


def _of_class(own: Mapping[str, Any]) -> Iterator[str]:
    yield from (number(own[name]) for name in ("precision", "recall", "f1"))
    yield f"{own['support']:,}"


def described_short(name: str) -> str:
    """A class by its name in words."""
    return name.replace("_", " ")


def table_of_normalisation(made: Made) -> pd.DataFrame:
    """What each step changed, dropped and took away."""
    rows = []
    for corpus, own in made.normalised.items():
        for step in own["steps"]:
            rows.append([corpus, step["step"], *(f"{step[name]:,}" for name in ("changed", "dropped", "words"))])
        posts = own["posts"]
        rows.append(
            [corpus, f"left: {posts['kept']:,} of {posts['read']:,} posts", NOTHING, NOTHING, f"{own['words']:,}"]
        )
    return pd.DataFrame(rows, columns=["Corpus", "Step", "Posts changed", "Posts dropped", "Words taken away, or left"])


def table_of_ablation(made: Made, params: AnalyticsParams) -> pd.DataFrame:
    """What each switch changes."""
    rows = []
    for corpus, switches in made.ablation.items():
        plain = switches.get(AS_SET)
        for switch in params.ablation.switches:
            own = switches.get(switch)
            if own is None:
                continue
            cells = [f"{own['posts']['kept']:,}", f"{own['words']:,}", f"{own['terms']:,}"]
            for name in ("c_v", "nmi", "svm_macro_f1"):
                cells += [number(own[name]), _less(own[name], plain[name] if plain and own is not plain else None)]
            rows.append([corpus, own["what"], *cells])
    heads = ["Corpus", "Switched", "Posts", "Words", "Terms"]
    for name in ("c_v", "NMI", "Macro-F1 of the SVM"):
        heads += [name, f"{name} less as set"]
    return pd.DataFrame(rows, columns=heads)


def _less(value: float | None, plain: float | None) -> str:
    return NOTHING if value is None or plain is None else f"{value - plain:+.3f}"
