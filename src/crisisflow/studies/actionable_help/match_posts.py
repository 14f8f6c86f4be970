"""Match posts: the requests and offers of a file, or of the study's pool, as pairs with reasons and without texts."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from crisisflow.annotation.annotator import annotate
from crisisflow.corpus.texts import prepare
from crisisflow.errors import CrisisflowError
from crisisflow.params import AnnotationParams, TextsParams
from crisisflow.places.coordinates import gazetteer
from crisisflow.progress import say
from crisisflow.serving.lines import IDS, numbered_records
from crisisflow.serving.output import write
from crisisflow.serving.times import moment
from crisisflow.studies.actionable_help.answers import Answering, judged
from crisisflow.studies.actionable_help.case_params import MatchParams
from crisisflow.studies.actionable_help.labelled import Key
from crisisflow.studies.actionable_help.labels import LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.match import COLUMNS, Tweets, matched, ranked, reasons_of
from crisisflow.studies.actionable_help.mentions import places_in
from crisisflow.studies.actionable_help.resources import resources_of

TIME = str | int | float  # what a time may be written as
REASONS = ("resources", "kilometres", "days", "similarity")


def of_lines(
    lines: Iterator[str], where: str, texts: TextsParams, annotation: AnnotationParams, answer: Answering
) -> Tweets:
    """The tweets of JSON Lines: a `text` in each; where there are, `label`, `id` or `tweet_id`, and `created_at`.

    A tweet without an id has the number of its line.

    Args:
        answer: gives the label of those that have none.

    Raises:
        CrisisflowError: a line is no such object, a label is unknown, or two tweets have one id.
    """
    read, name = list(numbered_records(lines, where)), Path(where).name
    keys: dict[Key, int] = {}
    for number, record in read:
        key = name, next((str(record[own]) for own in IDS if record.get(own) not in (None, "")), f"line {number}")
        if key in keys:
            raise CrisisflowError(f"{where}, line {number}: has the id of line {keys[key]}; ids must differ")
        keys[key] = number
        if record.get("label") not in (None, *LABELS):
            raise CrisisflowError(f"{where}, line {number}: the label is none of {', '.join(LABELS)}")
    prepared = [prepare(record["text"], texts) for _, record in read]
    asked = [at for at, (_, record) in enumerate(read) if record.get("label") is None]
    labels = [record.get("label") for _, record in read]
    given = judged(answer, [read[at][1]["text"] for at in asked], texts)
    for at, own in zip(asked, given, strict=True):
        labels[at] = own["label"]
    if without := labels.count(None):
        say(f"help_match: not judged, since they are blank or not in English: {without:,} of {len(labels):,} tweets")
    # What is neither needs no place.
    matters = [at for at, label in enumerate(labels) if label not in (None, LABELS[-1])]
    found = annotate([(str(at), prepared[at]) for at in matters], annotation)
    known = gazetteer()
    places: list[list[dict[str, Any]]] = [[] for _ in read]
    for at, own in zip(matters, found, strict=True):
        places[at] = places_in(prepared[at], own.kept, known)
    times = [moment(own if isinstance(own := record.get("created_at"), TIME) else None) for _, record in read]
    given_times = sum(record.get("created_at") not in (None, "") for _, record in read)
    if unread := given_times - sum(time is not None for time in times):
        say(f"help_match: created_at cannot be read as a time: {unread:,} of {given_times:,} tweets")
    return Tweets(list(keys), labels, prepared, places, list(map(resources_of, prepared)), times)


def pairs(tweets: Tweets, params: MatchParams) -> Iterator[dict[str, Any]]:
    """A record for each request and offer, under COLUMNS and REASONS.

    Raises:
        CrisisflowError: the encoder cannot be loaded.
    """
    sides, posts, found = matched(tweets, params)
    for rank, match in ranked(found):
        request, offer = tweets.keys[sides[REQUEST][match.request]], tweets.keys[sides[OFFER][match.offer]]
        values = (*request, rank, *offer, round(match.score, 4))
        yield {**dict(zip(COLUMNS, values, strict=True)), **reasons_of(match, posts[REQUEST], posts[OFFER])}


def write_pairs(found: Iterator[dict[str, Any]], as_csv: bool, out: TextIO) -> None:
    """Write each pair as a line of JSON, or of CSV, where several resources are parted by semicolons."""
    if not as_csv:
        write(found, out)
        return
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow([*COLUMNS, *REASONS])
    for own in found:
        lines.writerow(_cells({**own, "resources": ";".join(own["resources"])}))


def _cells(record: dict[str, Any]) -> Sequence[Any]:
    return ["" if (own := record[name]) is None else own for name in (*COLUMNS, *REASONS)]
