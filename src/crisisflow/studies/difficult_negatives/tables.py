"""Tables: the paper beside this run, and what the mining rests on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from crisisflow.artifacts import read_json
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.exhibits import NOT_RUN
from crisisflow.reporting.folders import Captioned, write_tables
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.difficult_negatives.choice_tables import advice, table_of_choices
from crisisflow.studies.difficult_negatives.claims import table_of_claims
from crisisflow.studies.difficult_negatives.gate_tables import table_of_gated_taggers, table_of_gates
from crisisflow.studies.difficult_negatives.gold_table import table_of_gold
from crisisflow.studies.difficult_negatives.joint_tables import (
    table_of_joint_differences,
    table_of_joint_rows,
    table_of_row_style,
)
from crisisflow.studies.difficult_negatives.params import SAMPLE, DifficultNegativesParams
from crisisflow.studies.difficult_negatives.reproduction import PRINTED, paper_table
from crisisflow.studies.difficult_negatives.tagger_tables import (
    table_4,
    table_5,
    table_6,
    table_of_decomposition,
    table_of_differences,
    table_of_surest,
)
from crisisflow.studies.difficult_negatives.urban_table import table_of_urban

# By whether the classes are of urban events.
OF_CLASSES = {
    False: "Its six urban types are not these classes.",
    True: "It has six urban types and names five; collapse is ours.",
}
GENERATED = "Generated tweets: the numbers say nothing about real ones"


def table_of_positives(found: Mapping[str, Any]) -> pd.DataFrame:
    """Tables 1 and 3 of this run: the classes, their events, and how many tweets and spans are of each."""
    rows = [
        {"Role": own["role"], "Class": own["class"], "Event": own["event"]}
        | {"Tweets": f"{own['tweets']:,}", "Spans": f"{own['spans']:,}"}
        for own in found["positives"]
    ]
    return pd.DataFrame(rows)


def table_of_pool(found: Mapping[str, Any]) -> pd.DataFrame:
    """What was read for the pool, what was dropped, and what is left."""
    rows = [("read", found["read"])]
    rows += [(f"dropped: {reason}", number) for reason, number in found["dropped"].items()]
    rows += [(f"kept: {source or 'no source told'}", number) for source, number in found["sources"].items()]
    return pd.DataFrame(
        [{"Texts": name, "Number": f"{number:,}"} for name, number in [*rows, ("kept", found["texts"])]]
    )


def table_of_style(found: Mapping[str, Any]) -> pd.DataFrame:
    """How well typography alone tells positives from negatives."""
    rows = [
        {"Texts": treatment, "AUC, punctuation alone": f"{own['punctuation']:.3f}"}
        | {"AUC, lengths of words alone": f"{own['shape']:.3f}"}
        for treatment, own in found["auc"].items()
    ]
    return pd.DataFrame(rows)


def table_of_fit(found: Mapping[str, Any]) -> pd.DataFrame:
    """The normal curve of each class, and how far the sample is from it."""
    rows = []
    for name, own in found["classes"].items():
        ks, ad = own["kolmogorov_smirnov"], own["anderson_darling"]
        unseen = own["positives"]["test"]
        rows.append(
            {
                "Class": name,
                "μ": f"{own['mean']:.3f}",
                "σ": f"{own['deviation']:.3f}",
                "Skewness": f"{own['skewness']:.2f}",
                "Excess kurtosis": f"{own['excess_kurtosis']:.2f}",
                "Kolmogorov–Smirnov": f"{ks['statistic']:.3f}",
                "p (K–S)": f"{ks['p']:.3f}",
                "Anderson–Darling": f"{ad['statistic']:.2f}",
                "p (A–D)": f"{ad['p']:.3f}",
                "z moves without a fifth of the positives": f"{own['without_a_part']['median_move']:.3f}",
                "to another band, %": f"{100 * own['without_a_part']['other_band']:.1f}",
                "Median z of positives": f"{own['positives']['train']['median_z']:.1f}",
                "of unseen events": NOTHING if unseen is None else f"{unseen['median_z']:.1f}",
                "unseen below z = 3, %": NOTHING if unseen is None else f"{100 * unseen['below_3']:.0f}",
            }
        )
    return pd.DataFrame(rows)


def table_of_bands(found: Mapping[str, Any]) -> pd.DataFrame:
    """Of the sample the share in each band and at each end of it, beside a normal curve's."""
    rows = []
    for name, own in found["classes"].items():
        for band, share in own["shares"].items():
            parts = {key: f"{100 * share[key]:.1f}" for key in ("share", "lower", "upper", "normal")}
            rows.append(
                {"Class": name, "Band": band, "Share, %": parts["share"], "lower end, %": parts["lower"]}
                | {"upper end, %": parts["upper"], "normal curve, %": parts["normal"]}
            )
    return pd.DataFrame(rows)


def table_of_examined(found: Mapping[str, Any]) -> pd.DataFrame:
    """How many tweets were looked at until a class had its negatives."""
    rows = [
        {"Setting": f"{own['role']}[{own['setting']}]", "Class": own["class"], "Tweets looked at": f"{own['tweets']:,}"}
        for own in found["examined"]
    ]
    return pd.DataFrame(rows, columns=["Setting", "Class", "Tweets looked at"])


def table_2(found: Mapping[str, Any]) -> pd.DataFrame:
    """The paper's Table 2 beside this run; settings of this run alone stand behind."""
    paper = paper_table("table2_datasets").set_index("dataset")
    ours = {f"{own['role']}[{PRINTED.get(own['setting'], own['setting'])}]": own for own in found["settings"]}
    rows = []
    for name in dict.fromkeys([*paper.index, *ours]):
        printed = paper.loc[name] if name in paper.index else None
        own = ours.get(name)
        rows.append(
            {
                "Dataset": name,
                "Crisis tweets (paper)": NOTHING if printed is None else printed["positives"],
                "Negatives (paper)": NOTHING if printed is None else printed["negatives"],
                "Crisis tweets (this run)": NOT_RUN if own is None else f"{own['positives']:,}",
                "Negatives (this run)": NOT_RUN if own is None else f"{own['negatives']:,}",
            }
        )
    return pd.DataFrame(rows)


def run(
    preset: Name,
    params: DifficultNegativesParams,
    positives: InputFile,
    urban: InputFile,
    pool: InputFile,
    style: InputFile,
    fit: InputFile,
    datasets: InputFile,
    scores: InputFile,
    gate: InputFile,
    joint: InputFile,
    row_style: InputFile,
    folder: Path,
) -> None:
    """Write the tables: Markdown, CSV, LaTeX and captions.json.

    Args:
        preset: its name
        params: section difficult_negatives
        positives: counts of the step collection
        urban: report of the step urban
        pool: counts of the step pool
        style: of the step style
        fit: of the step mine_bands
        datasets: counts of the step datasets
        scores: of the step score
        gate: of the step gate
        joint: of the step joint
        row_style: style of the step for_rows
        folder: a folder

    Raises:
        CrisisflowError: a file is absent or damaged.
    """
    fitted = read_json(fit, "classes", "examined", "pool", "embedded")
    styled = read_json(style, "auc", "tweets")
    scored = read_json(scores, "main", "rows", "against_random", "at_equal_numbers", "gold")
    gated = read_json(gate, "gates", "lines", "best_mined", "learnt_from", "crisis", "ordinary")
    urban_spans = read_json(urban, "marked", "rules", "passes")
    of_rows = read_json(joint, "validation", "ordinary", "lines", "compared")
    sizes = params.collection.positives
    note = f" {GENERATED}." if params.pool.source == SAMPLE else ""
    setting = f"Preset {preset}, encoder {params.mining.encoder}.{note}"
    trained = (
        f"Trained on {sizes.train:,} crisis tweets and tested on {sizes.test:,} of unseen events (paper: 864 and 269); "
        f"{params.tagging.folds} folds, {len(params.seeds)} seed{'s' * (len(params.seeds) > 1)}. Numbers of "
        "this run are mean ± "
        f"standard deviation over both. {setting}"
    )
    bootstrap = (
        "Intervals are of the paired bootstrap over the test tweets, not corrected for the number of comparisons"
    )
    made: dict[str, Sequence[Any]] = {
        "positives": (
            table_of_positives(read_json(positives, "positives")),
            "Tables 1 and 3 of this run: crisis tweets by class and event. The paper's are not in our text of it. "
            f"{OF_CLASSES[bool(urban_spans['marked'])]} {setting}",
        ),
        "urban": (
            table_of_urban(urban_spans),
            "Spans of the paper’s urban types (five, and collapse, which is ours): the rules that make the training "
            f"spans, on {urban_spans['marked']:,} tweets of unseen events that language models marked; and "
            "two passes of marking. Words outside of all spans count for κ only. The paper says nothing of agreement. "
            f"{setting}"
            if urban_spans["marked"]
            else f"Spans of the paper’s urban types. The classes of this run have none of their events. {setting}",
        ),
        "pool": (
            table_of_pool(read_json(pool, "read", "texts", "dropped", "sources")),
            f"The pool, from which negatives are taken. The paper has half a million random tweets. {setting}",
        ),
        "style": (
            table_of_style(styled),
            f"Style: how well typography alone tells {styled['tweets']:,} positives from as many tweets of the pool "
            "(area under the ROC curve, five folds; 0.5 is chance). The lengths of words are also a matter of what the "
            f"tweets are about. {setting}",
        ),
        "fit": (
            table_of_fit(fitted),
            "The normal curves: similarities of sampled tweets to the anchor of each class. p-values are for a mean "
            "and deviation that are estimated; they depend on the size of the sample, so look at the distances. The "
            "paper says approximately normal and gives no value. Its anchors hold positives of the tested fold; two "
            f"columns say how far z moves, in the median, without a fifth of them. {setting}",
        ),
        "bands": (
            table_of_bands(fitted),
            f"Shares of the sampled tweets in the bands of one, two and three σ, at both ends. {setting}",
        ),
        "examined": (
            table_of_examined(fitted),
            f"Tweets looked at until a class had its negatives: one search for all settings, in which "
            f"{fitted['embedded']:,} of {fitted['pool']:,} tweets were embedded, each once. {setting}",
        ),
        "table2": (
            table_2(read_json(datasets, "settings")),
            f"Table 2. The datasets. Settings that the paper does not have stand last. {setting}",
        ),
        "table4": (
            table_4(scored),
            "Table 4. F1 in percent by training setting (lines) and test (columns), and the number of epochs. The "
            f"paper's numbers are means of five folds. {trained}",
        ),
        "differences": (
            table_of_differences(scored),
            "Each setting against random negatives, in points of F1. On the crisis tweets alone, the paper's number "
            f"follows from its Table 4. {bootstrap}; where one excludes zero, the setting is better or worse. "
            "The last column draws whole events in place of crisis tweets, which is the chance of other events; with a "
            f"handful of events it is too narrow. {trained}",
        ),
        "choices": (
            table_of_choices(scored),
            "Which negatives, and how many: all training settings, the best first. The difference from random, which "
            "has as many negatives as crisis tweets, shows kind and number together; that from as many random ones "
            f"shows the kind alone. {advice(scored)} {bootstrap}. A "
            f"setting that is chosen as the best of many is better by chance too. {trained}",
        ),
        "gold": (
            table_of_gold(scored),
            "Gold spans in tweets of unseen events: at most 500 tweets of a set, none of them with the words of a "
            "training tweet. The tests have the spans of rules. Spearman's correlation says whether the settings have "
            f"the same order on both. {bootstrap}. The paper has its own annotations only. {trained}",
        ),
        "table5": (
            table_5(scored),
            "Table 5. Precision, recall and F1 in percent on the test random+, with ten ordinary tweets for "
            "each crisis "
            f"tweet. Of the paper's table our text has the three differences only. {trained}",
        ),
        "table6": (
            table_6(scored, params.taggers),
            "Table 6. F1 in percent of each tagger on the test random+ and the gain of 2σ over random. Our "
            "text of the paper "
            f"has the smallest and the largest gain of an embedding only, and names no test. {bootstrap}. {trained}",
        ),
        "decomposition": (
            table_of_decomposition(scored),
            "F1 taken apart. True spans do not depend on the negatives of a test. So F1 is made of F1 on the crisis "
            "tweets alone, and of the false spans in the negatives for each true span. The paper's are "
            "computed from its "
            "printed F1. A false alarm is an ordinary tweet with at least one span, on the largest random test. "
            f"{trained}",
        ),
        "surest": (
            table_of_surest(scored),
            "Figures 8 and 9, as a table: the surest false spans in ordinary and in crisis tweets, without "
            "their texts. "
            "Class and z of an ordinary tweet are of the anchor that it is nearest to. The probability is that "
            "of the least "
            f"sure word, the mean over folds and seeds. The paper's examples are pictures. {trained}",
        ),
        "gate_alone": (
            table_of_gates(gated),
            f"Gates alone, on {gated['crisis']:,} crisis tweets of unseen events and {gated['ordinary']:,} ordinary "
            "tweets. A tweet passes where its z to the nearest anchor is above a threshold, or where a logistic "
            f"regression over the same embeddings takes it for a crisis tweet; that learns from "
            f"{gated['learnt_from']['crisis']:,} crisis tweets and {gated['learnt_from']['ordinary']:,} random ones. "
            f"The paper has no gate. {setting}",
        ),
        "gate": (
            table_of_gated_taggers(gated),
            "Taggers behind a gate. A tagger marks nothing in a tweet that does not pass. F1 at 1:10 is with ten "
            "ordinary tweets for each crisis tweet. A false alarm is an ordinary tweet with at least one span. In "
            "brackets are 95 % intervals. Differences are from the best tagger with mined negatives and "
            f"without a gate; the best was chosen on these very tweets. {bootstrap}. {trained}",
        ),
        "joint": (
            table_of_joint_rows(of_rows),
            "Joint models of entities and classes with mined negatives, and those that are like them but for these. On "
            f"{of_rows['validation']:,} validation tweets of the leading study and {of_rows['ordinary']:,} ordinary "
            "tweets that nothing was trained on; 1:10 is ten ordinary tweets for each validation tweet. In brackets "
            f"are 95 % intervals. {setting}"
            if of_rows["lines"]
            else f"Joint models with mined negatives. No row of this run has any. {setting}",
        ),
        "joint_differences": (
            table_of_joint_differences(of_rows),
            "Joint models with mined negatives less those without: what the negatives cost on validation tweets, and "
            f"what they bring on ordinary ones. {bootstrap}. {setting}",
        ),
        "joint_style": (
            table_of_row_style(read_json(row_style, "style")),
            "What a joint model with mined negatives can tell by typography: the area under the ROC curve (five folds; "
            "0.5 is chance) between corpus tweets of the split train and what rows get, before and after URLs, "
            "quotation marks, places at the end and ellipses are taken out. Where it is well above 0.5, a row can "
            "learn the source of a tweet in place of its content, and the false alarms above are too favourable. "
            f"{setting}",
        ),
        "claims": (
            table_of_claims(scored["rows"][scored["main"]]),
            "What the paper says of its settings, in how many cells its own Table 4 bears it out, and this "
            "run's tagger "
            f"{scored['main']}. A count alone excludes no chance. {trained}",
        ),
    }
    write_tables(folder, {name: Captioned(*own) for name, own in made.items()})
    say(f"tables: {len(made)} tables in {folder}")
