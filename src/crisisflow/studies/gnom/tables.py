"""Tables: the paper beside this run, the controls, and what the word graphs are."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crisisflow.artifacts import read_json
from crisisflow.evaluation.bootstrap import RESAMPLES
from crisisflow.inputs import InputFile
from crisisflow.params import Name
from crisisflow.progress import say
from crisisflow.reporting.folders import Captioned, write_tables
from crisisflow.studies.gnom.data_tables import (
    table_1,
    table_2,
    table_3,
    table_of_less_unlabelled,
    table_of_sets,
    table_of_unlabelled,
)
from crisisflow.studies.gnom.graph_tables import (
    table_12,
    table_of_cost,
    table_of_deletion,
    table_of_graphs,
    table_of_readings,
    table_of_translations,
)
from crisisflow.studies.gnom.made import read_attention, read_words
from crisisflow.studies.gnom.params import GENERATED, GnomParams
from crisisflow.studies.gnom.score import read_scores
from crisisflow.studies.gnom.score_tables import (
    table_11,
    table_of_claims,
    table_of_controls,
    table_of_leaks,
    table_of_questions,
    table_of_rows,
    table_of_scores,
)

OF_PAPER = {
    4: "QFL and NEQ, relevance",
    5: "FIRE16 and SMERP17, several classes a tweet",
    6: "ChileEQT1 and SoSItalyT4, relevance, in one language and across two",
    7: "EcuadorE and EcuadorS, relevance, in one language and across two",
    8: "MixUp, which is not public. CrisisLexT26 stands in for it under its own name, T26, in the table of all rows",
    9: "the English sets with fewer labels",
    10: "the other sets with fewer labels",
}


def setting_of(preset: str, params: GnomParams) -> str:
    """What each caption says of the run: encoders, seeds, what 100 % of the labels is, whether tweets are generated."""
    encoders = []
    for own in params.encoder.values():
        quantized = ", 4-bit weights, dequantised" if own.name.startswith("embedded:e5") else ""
        layers = "" if own.layers is None else f", lower {own.layers} layer{'s' * (own.layers > 1)}"
        encoders.append(f"{own.name}{layers}{quantized}")
    used = {name for setting in params.settings.values() for name in (setting.source, setting.target)}
    generated = all(params.sets[name].reader == GENERATED for name in used)
    note = " Generated tweets: the numbers say nothing about real ones." * generated
    seeds = ", ".join(map(str, params.seeds))
    return f"Preset {preset}, encoders {' and '.join(encoders)}; seeds {seeds}.{_of_cap(params)}{note}"


def _of_cap(params: GnomParams) -> str:
    """What a share of 100 % is where training parts are cut."""
    most = params.splits.training_tweets
    return "" if most == "all" else f" A set has at most {most:,} training tweets here: a share of 100 % is that many."


def _read_all(paths: Sequence[Path], *keys: str) -> list[dict[str, Any]]:
    return [read_json(path, *keys) for path in paths]


def run(
    preset: Name,
    params: GnomParams,
    scores: InputFile,
    sets: Sequence[InputFile],
    overlaps: Sequence[InputFile],
    readings: Sequence[InputFile],
    statistics: Sequence[InputFile],
    trainings: Sequence[InputFile],
    words: Sequence[InputFile],
    attention: Sequence[InputFile],
    folder: Path,
) -> None:
    """Write the tables: Markdown, CSV, LaTeX and captions.json.

    Args:
        preset: its name
        params: section gnom
        scores: of the step score
        sets: counts of each set; repeat
        overlaps: counts of each setting; repeat
        readings: of each setting; repeat
        statistics: of each graph; repeat
        trainings: training.json of each training; repeat
        words: words.parquet of each run with a graph; repeat
        attention: attention.json of each run with a graph; repeat
        folder: a folder

    Raises:
        CrisisflowError: a file is absent or damaged.
    """
    found = read_scores(scores)
    read = {own["set"]: own for own in _read_all(sets, "set", "tweets", "classes", "splits")}
    of_sets = {name: read[name] for name in params.sets if name in read}
    graphs = _read_all(statistics, "setting", "graph", "share", "nodes", "edges")
    runs, texts = read_words(words, params), read_attention(attention, params)
    setting = setting_of(preset, params)
    bootstrap = (
        f"Intervals are of the paired bootstrap over groups of near duplicates of the test tweets ({RESAMPLES:,} "
        "resamples), not corrected for the number of comparisons; they know the chance of the tweets, not that of the "
        "training and of the draw of labels"
    )
    measured = f"Weighted F1 in percent, mean ± standard deviation over the seeds. {bootstrap}"
    neighbours = (
        "New tweets are the test tweets that are near no text of the source's training part and no unlabelled one"
    )
    beside = (
        f"{measured}. {neighbours}. “holds” stands where the interval is above zero. BERT and mBERT stand beside TR, "
        "GNoMB and GNoMM beside GNoM; GNoMX beside GNoM with a second encoder. Models that the paper quotes are not "
        "run here"
    )
    made: dict[str, tuple[Any, str]] = {
        "table1": (
            table_1(of_sets),
            "Table 1. Tweets about relevance by class and split. The split of a set without an official one is "
            f"drawn. {setting}",
        ),
        "table2": (table_2(params), f"Table 2. Which class of FIRE16 counts as which one of SMERP17. {setting}"),
        "sets": (
            table_of_sets(of_sets),
            "The sets of the run. Near duplicates have the same words without RT prefix, handles, URLs, punctuation "
            f"and case. {setting}",
        ),
        "table3": (
            table_3(of_sets, params),
            "Table 3. Labels of the sets with several classes a tweet. The paper's FIRE16 follows from another "
            f"mapping than its Table 2. {setting}",
        ),
        **{
            f"table{number}": (
                table_of_scores(f"table{number}", found),
                f"Table {number}. {title[:1].upper()}{title[1:]}. {beside}. {setting}",
            )
            for number, title in OF_PAPER.items()
        },
        "table11": (
            table_11(found),
            "Table 11. The four configurations. An empty cell of the paper is “not in the paper”: in one language "
            f"TR+GF-e+IE is GNoM. The paper's averages do not all follow from its cells. {measured}. {neighbours}. "
            f"{setting}",
        ),
        "rows": (
            table_of_rows(found),
            f"All rows of the run. The floor is a linear SVM over TF-IDF (row svm). {measured}. {neighbours}. "
            f"{setting}",
        ),
        "controls": (
            table_of_controls(found, params),
            "GNoM less the encoder alone, less each control and less each other row with a graph; and each other row "
            "with a graph less the one without edges. Controls: without edges (empty), with random edges and the same "
            "degrees (rewired), with layers of the same size over the encoder’s states in place of the graph "
            "(parameters). A control has the attention as printed. every_pair also leaves out edges of similarity. "
            f"{measured}. {neighbours}. {setting}",
        ),
        "questions": (
            table_of_questions(found),
            "Questions about the encoders of this run: whether TR reaches the paper's BERT and mBERT where source "
            "and target are one set, and whether TR or GNoM passes the paper's mBERT and a constant answer across "
            "languages: the one of the two with the better score on the validation part. With the most labels of the "
            "run. The paper’s numbers have no spread, so an answer about them compares two means and has no interval. "
            f"{measured}. {setting}",
        ),
        "leaks": (
            table_of_leaks(found, _read_all(overlaps, "setting", "test_tweets")),
            "Leaks: test tweets with a near duplicate in the source’s training part, before it is cut to what trains, "
            "or in unlabelled text (without RT prefix, handles, URLs, punctuation and case), and the scores with a "
            f"share of 100 % with and without them. {setting}",
        ),
        "claims": (
            table_of_claims(found),
            "Claims: the number in the paper's sentence, the one that its own tables give, and that of this run, in "
            f"points of weighted F1. {bootstrap}. {setting}",
        ),
        "graphs": (
            table_of_readings(_read_all(readings, "setting", "texts", "readings")),
            "Graphs by reading of the paper: how a row is normalised, and the window. Divided by the sum is the "
            "literal reading, every_pair the authors' published code. From all tweets that train with a share of 100 % "
            f"and all unlabelled texts. {setting}",
        ),
        "trained_graphs": (
            table_of_graphs(graphs),
            "The graphs that rows were trained with. Edges by sum: only both kinds together exceed τ. An edge across "
            "languages joins a word of one language alone with a word of the other alone. Mean over the seeds. "
            f"{setting}",
        ),
        "unlabelled": (
            table_of_unlabelled(of_sets, params),
            f"Unlabelled texts of each set. The paper's came from an interface that is closed. {setting}",
        ),
        "less_unlabelled": (
            table_of_less_unlabelled(found, params, graphs),
            "Scores by the unlabelled texts in the graph, at the smallest share of the labels. Texts "
            f"near a validation or test tweet are left out. {setting}",
        ),
        "cost": (
            table_of_cost([run for own in _read_all(trainings, "runs") for run in own["runs"]]),
            "Parameters by part, and epochs. Seconds differ from run to run: those of this one are in "
            f"provenance.html, and measured ratios in docs/studies/gnom.md. {setting}",
        ),
        "table12": (
            table_12(runs),
            "Table 12. The five nearest words by cosine. Of this run they are among the glossary's words and the "
            f"most frequent ones of the graph; the paper does not say among which. {setting}",
        ),
        "translations": (
            table_of_translations(runs, {name: params.languages(own) for name, own in params.settings.items()}),
            "What Figure 2 cannot show: the mean cosine of translations of our glossary of 120 words less that of "
            "all other pairs of the same words, with the 95 % interval of the bootstrap over the pairs. Words that "
            f"are one token and a node count. {setting}",
        ),
        "deletion": (
            table_of_deletion(texts),
            "Deletion test of Figure 3: what the probability of the predicted class loses when a token is left out, "
            f"mean over the texts, with the 95 % interval of the bootstrap over the texts. {setting}",
        ),
    }
    write_tables(folder, {name: Captioned(*own) for name, own in made.items()})
    say(f"tables: {len(made)} tables in {folder}")
