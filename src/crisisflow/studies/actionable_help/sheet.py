"""Sheet: the sample that people label, as a sheet for Label Studio, masked and without the labellers' labels."""

from collections import Counter
from pathlib import Path

from crisisflow.annotation import label_studio
from crisisflow.artifacts import read_parquet, write_json, write_text
from crisisflow.inputs import InputFile
from crisisflow.masking import mask
from crisisflow.progress import say
from crisisflow.studies.actionable_help.agree import AGREED
from crisisflow.studies.actionable_help.labelled import keys_of
from crisisflow.studies.actionable_help.labellers.prompts import definitions
from crisisflow.studies.actionable_help.params import CONFIDENTIAL, SetParams, ValidationParams
from crisisflow.studies.actionable_help.pool import POOL
from crisisflow.studies.actionable_help.reference import write_sample
from crisisflow.studies.actionable_help.validation import DISAGREED, draw, in_proportion, margin_of, sample_size


def run(
    pool: InputFile,
    agreed: InputFile,
    params: ValidationParams,
    sets: dict[str, SetParams],
    sample: Path,
    tasks: Path,
    config: Path,
    facts: Path,
) -> None:
    """Write the sample: its ids, the sheet with its masked texts, and what it can tell.

    Args:
        pool: the tweets of the step pool
        agreed: those of the step agree
        params: section actionable_help.validation
        sets: section actionable_help.sets, which says whose texts may not be shown
        sample: CSV without texts
        tasks: JSON to import into Label Studio
        config: its labelling interface
        facts: JSON with the margin of error

    Raises:
        CrisisflowError: a file is absent or broken, or the sample is larger than what there is.
    """
    tweets = read_parquet(pool, POOL)
    texts = dict(zip(keys_of(tweets), tweets["text"].to_pylist(), strict=True))
    table = read_parquet(agreed, AGREED)
    hidden = {name for name, own in sets.items() if own.terms == CONFIDENTIAL}
    labels = dict(zip(keys_of(table), table["label"].to_pylist(), strict=True))
    shown = {key: label for key, label in labels.items() if key[0] not in hidden}
    drawn = draw(shown, params.confidence, params.margin, params.whole_classes, params.disagreed, params.seed)
    population = {one.stratum: one.population for one in drawn}
    numbers = Counter(one.stratum for one in drawn)
    sizes = {name: size for name, size in population.items() if name != DISAGREED}
    agreed_tweets = sum(sizes.values())
    # Those beyond, of classes that are taken whole, narrow the intervals of their classes only.
    counted = sum(in_proportion(sizes, sample_size(agreed_tweets, params.confidence, params.margin)).values())
    report = {
        "tweets": len(drawn),
        "confidential_tweets_left_out": len(labels) - len(shown),
        "strata": {name: {"drawn": numbers[name], "of": population[name]} for name in sorted(numbers)},
        "agreed_tweets": agreed_tweets,
        "confidence": params.confidence,
        "margin": round(margin_of(counted, agreed_tweets, params.confidence), 4),
    }
    write_sample(sample, drawn, texts)
    write_json(
        tasks,
        [
            {"data": {"set": one.key[0], "tweet_id": one.key[1], "text": mask(texts[one.key])}, "predictions": []}
            for one in drawn
        ],
    )
    write_text(config, label_studio.choice_configuration(definitions().labels))
    write_json(facts, report)
    say(
        f"sheet: {len(drawn):,} tweets, of them {numbers[DISAGREED]:,} without an agreed label; for a share of the "
        f"{agreed_tweets:,} agreed tweets ± {100 * report['margin']:.1f} points at {100 * params.confidence:g} %"
    )
    say(f"{tasks} holds texts of tweets: it is for this machine only, share or commit none of it")
