"""Repair: the two known kinds of damage in HumAID's text, undone and counted."""

import html
import re
from pathlib import Path

from crisisflow.artifacts import RAW, parquet_writer, read_in_parts, write_json
from crisisflow.inputs import InputFile
from crisisflow.params import RepairParams
from crisisflow.progress import say

# Only entities that end in a semicolon: HTML5 would also turn the start of "&region" into a sign.
ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
# U+1F525 was stored as U+1F52 and the digit 5, and mathematical letters (U+1D400 to U+1D7FF) in the same way. What is
# left of other planes is not told from true text. Must come before any lower-casing: U+1F6C lower-cases to U+1F64.
BROKEN_EMOJI = re.compile(r"([\u1D40-\u1D7F\u1F00-\u1FFF])([0-9A-F])")


def decode_entities(text: str) -> tuple[str, int]:
    """Decode HTML entities once; returns the text and how many were decoded."""
    decoded, found = ENTITY.subn(lambda match: html.unescape(match[0]), text)
    # An unknown name such as &foo; is left as it is and is no repair.
    unknown = sum(html.unescape(match) == match for match in ENTITY.findall(text))
    return decoded, found - unknown


def restore_emoji(text: str) -> tuple[str, int]:
    """Join the split code point of an emoji or mathematical letter; returns the text and how many were joined."""
    return BROKEN_EMOJI.subn(lambda match: chr((ord(match[1]) << 4) | int(match[2], 16)), text)


REPAIRS = {"html_entities": decode_entities, "broken_emoji": restore_emoji}


def run(raw: InputFile, params: RepairParams, out: Path, counts: Path) -> None:
    """Write the raw table with its text repaired, part by part, and per repair the numbers of tweets and places.

    Args:
        raw: the tweets of the step fetch
        params: section corpus.repair
        counts: JSON, per repair
    """
    report = {name: {"applied": getattr(params, name), "tweets": 0, "places": 0} for name in REPAIRS}
    with parquet_writer(out, RAW) as append:
        for table in read_in_parts(raw, RAW):
            texts = table["text"].to_pylist()
            for name, repair in REPAIRS.items():
                if report[name]["applied"]:
                    repaired = [repair(text) for text in texts]
                    texts = [text for text, _ in repaired]
                    report[name]["tweets"] += sum(places > 0 for _, places in repaired)
                    report[name]["places"] += sum(places for _, places in repaired)
            append(table.set_column(table.schema.get_field_index("text"), RAW.field("text"), [texts]))
    for name, found in report.items():
        if found["applied"]:
            say(f"repair: {name}: {found['places']:,} places in {found['tweets']:,} tweets")
    write_json(counts, report)
