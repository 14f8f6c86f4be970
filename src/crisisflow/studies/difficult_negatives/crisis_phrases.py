"""Crisis phrases: spans of the urban types, by words that name a type and the parse of the clause around them.

The paper's annotators mark what tells "what", "who", "when" and "where" of a crisis, with the words between where that
makes the span grammatically complete. So a word that names a type is widened: a verb to its clause, a noun to its noun
phrase, or to the clause of the verb whose subject or object it is. "12 hurt after bus hits wall" is one span: a clause
goes on to the verb that tells who was harmed.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from crisisflow.annotation.spacy_stage import hide
from crisisflow.pretrained import embedded_folder
from crisisflow.spans import Span
from crisisflow.studies.difficult_negatives.urban_types import UrbanType, urban_types

if TYPE_CHECKING:  # a heavy import
    from spacy.language import Language
    from spacy.tokens import Doc, Token

PIPELINE = "en_core_web_sm"
SOURCE = "urban"
BATCH = 256
# What parts a tweet into headlines, sources and comments; no phrase goes over it.
BORDER = re.compile(r"https?://\S*|[\n|•…“”\"]|\.\.+|[.!?:;]+(?=\s|$)|\s[-–—]+\s|(?<=\S)[-–—]+\s|\bRT\b|@\w+:?")
# Verbs and adjectives that tell who was harmed.
HARMED = frozenset(
    ("kill", "die", "injure", "hurt", "wound", "dead", "miss", "hospitalize", "trap", "destroy", "damage", "evacuate")
)
NOUNS = frozenset(("NOUN", "PROPN"))
WITHIN = frozenset(("compound", "amod", "nmod", "det", "nummod", "poss"))  # before a noun, in its noun phrase
OF_VERB = frozenset(("nsubj", "nsubjpass", "dobj"))
CLAUSES = frozenset(("advcl", "prep", "pcomp"))
LEFT_OUT = frozenset(("mark", "punct", "cc", "parataxis", "intj", "dep"))  # at the ends of a clause


@lru_cache(maxsize=1)
def _pipeline() -> "Language":
    import spacy

    return spacy.load(embedded_folder(PIPELINE), exclude=["ner", "senter"])


def triggers_of(text: str) -> list[tuple[int, int, UrbanType]]:
    """The stretches of a text that name a type, in their order; one stretch names one type."""
    small = text.lower()
    if len(small) != len(text):  # some capitals have a longer small letter
        small = text
    found = []
    for own in urban_types():
        hidden = own.not_triggers.sub(lambda match: " " * len(match[0]), small)
        found += [(match.start(), match.end(), own) for match in own.triggers.finditer(hidden)]
    found.sort(key=lambda each: (each[0], -each[1]))
    kept: list[tuple[int, int, UrbanType]] = []
    for start, end, own in found:
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, own))
    if any(own.name == "bombing" for *_, own in kept):  # what explodes where a bomb is named is the bomb
        bombing = next(own for own in urban_types() if own.name == "bombing")
        explosion = re.compile(r"explo|blast|detonat|blew|blow")
        kept = [
            (start, end, bombing if own.name == "fire_explosion" and explosion.match(small, start) else own)
            for start, end, own in kept
        ]
    return kept


def _piece(text: str, start: int) -> tuple[int, int]:
    """The stretch between two borders in which a place lies."""
    low, high = 0, len(text)
    for match in BORDER.finditer(text):
        if match.end() <= start:
            low = match.end()
        elif match.start() >= start:
            high = match.start()
            break
    return low, high


def _clause(verb: "Token") -> tuple[int, int]:
    """The first and last place of a verb's clause, without what joins it to another one."""
    inside = [verb]
    for child in verb.children:
        if child.dep_ not in LEFT_OUT and not (child.dep_ == "ccomp" and child.i < verb.i):
            inside += list(child.subtree)
    return min(own.i for own in inside), max(own.i for own in inside)


def _noun_phrase(noun: "Token", trigger: "Token") -> tuple[int, int]:
    """From the first word before the noun in its phrase to the end of the place or time behind it."""
    before = [own for own in noun.children if own.dep_ in WITHIN and own.i < noun.i]
    first = min([noun.i, *(child.i for own in before for child in own.subtree)])
    if trigger.i < noun.i:  # "bombing suspect": the suspect is no part of the crisis
        return first, trigger.i
    behind = [child.i for own in noun.children if own.i > noun.i and own.dep_ == "prep" for child in own.subtree]
    return first, max([noun.i, *behind])


def widened(trigger: "Token") -> tuple[int, int]:
    """The first and last token of the phrase that a word is widened to."""
    verb = trigger if trigger.pos_ in {"VERB", "AUX"} else None
    noun = trigger
    if verb is None:
        if trigger.dep_ in {"compound", "nmod"} and trigger.head.pos_ in NOUNS:
            noun = trigger.head
        while noun.dep_ == "pobj" and noun.head.dep_ == "prep" and noun.head.head.lemma_.lower() in {"toll", "number"}:
            noun = noun.head.head
        if noun.i == trigger.i or noun.lemma_.lower() in {"toll", "number"}:
            if noun.dep_ in OF_VERB and noun.head.pos_ == "VERB":
                verb = noun.head
            elif noun.dep_ == "pobj" and noun.head.head.lemma_.lower() in HARMED:
                verb = noun.head.head
    elif verb.dep_ in {"acl", "relcl", "amod"} and verb.head.pos_ in NOUNS:
        first, last = _noun_phrase(verb.head, verb.head)
        return min(first, verb.left_edge.i), max(last, verb.right_edge.i)
    if verb is None:
        return _noun_phrase(noun, trigger)
    while verb.dep_ in CLAUSES and verb.head.lemma_.lower() in HARMED:
        verb = verb.head
    return _clause(verb)


def _phrases(doc: "Doc", text: str) -> Iterator[tuple[int, int, str]]:
    for start, end, own in triggers_of(text):
        covered = doc.char_span(start, end, alignment_mode="expand")
        if covered is None:
            continue
        first, last = widened(covered.root)
        low, high = _piece(text, start)
        begin = max(low, min(start, doc[first].idx))
        stop = min(high, max(end, doc[last].idx + len(doc[last])))
        while begin < start and not text[begin].isalnum():
            begin += 1
        while stop > end and not text[stop - 1].isalnum():
            stop -= 1
        yield begin, stop, own.label


def _apart(phrases: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Phrases that do not overlap: those of one type are joined, of two types the first one stays."""
    kept: list[tuple[int, int, str]] = []
    for start, end, label in sorted(phrases, key=lambda own: (own[0], -own[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, label))
        elif kept[-1][2] == label:
            kept[-1] = kept[-1][0], max(end, kept[-1][1]), label
    return kept


def spans_of(texts: Sequence[tuple[str, str]]) -> Iterator[Span]:
    """The spans of (tweet_id, text) pairs, tweet by tweet."""
    hidden = ((hide(text), (tweet_id, text)) for tweet_id, text in texts)
    for doc, (tweet_id, text) in _pipeline().pipe(hidden, as_tuples=True, batch_size=BATCH):
        for start, end, label in _apart(_phrases(doc, text)):
            yield Span(tweet_id, start, end, label, SOURCE, "phrase")
