"""Annotation stage 2: the phrases, token patterns, regular expressions and gazetteers of the ruler lexicons."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crisisflow.annotation.lexicon_files import Sites, Tools
from crisisflow.annotation.matching import Patterns
from crisisflow.annotation.memory_zones import in_memory_zones
from crisisflow.annotation.people import STORM, TITLED, find, kin_names, without_office
from crisisflow.annotation.phrases import Find, Phrases, folded, unaccented
from crisisflow.annotation.reading import read
from crisisflow.annotation.ruler_lexicon import Ruler, Tag, load_ruler
from crisisflow.annotation.tokens import Tokens, cutter, part_at_signs
from crisisflow.corpus.compounds import CAMEL, segment
from crisisflow.imports import left_out
from crisisflow.inputs import InputFile
from crisisflow.params import LexiconParams
from crisisflow.places.gazetteer import STATE_CODE, TOWN
from crisisflow.spans import Span, hide_contacts, read_texts, write_spans
from crisisflow.taxonomy import EntityType

if TYPE_CHECKING:  # a heavy import
    from spacy.language import Language
    from spacy.matcher import Matcher

SOURCE = "ruler"
HASHTAG = re.compile(r"#(\w+)")
ARTICLES = ("the", "a", "an")
# What the name of a person may be taken for.
MISTAKEN = {EntityType.LOCATION, EntityType.DISASTER_TYPE}
# Rules of names of states.
STATES = {"us-state", "us-state-dotted", "us-state-abbreviation"}
# From this share of words in capitals on, capitals tell nothing: "HELP US" is no country.
SHOUT = 0.6


Match = tuple[int, int, str, str]  # start, end, label, rule


class Stretch(NamedTuple):
    """A part of a hashtag's word, and what it stands for."""

    start: int
    end: int
    tag: Tag


class _Pattern(NamedTuple):
    """A token pattern, its matcher, and what `_needs` says of it."""

    label: str
    rule: str
    matcher: "Matcher"
    words: list[set[str]]
    lower: list[set[str]]


class _Ruler(NamedTuple):
    """The tokenizer, the matchers and what reads hashtags."""

    nlp: "Language"
    tokens_of: Callable[[str], Tokens]
    phrases: Phrases  # found without regard to case
    exact: Phrases  # with regard to it
    patterns: list[_Pattern]  # of tokens
    regexes: Patterns
    lexicons: Ruler
    hashtag: Callable[[str], Stretch | None]
    body: re.Pattern[str]  # white space and what makes a name together with a place before it


@lru_cache(maxsize=1)
def _ruler(names: tuple[str, ...]) -> _Ruler:
    import spacy
    from spacy.attrs import IDS, LOWER
    from spacy.matcher import Matcher

    lexicons = load_ruler(names)
    nlp = spacy.blank("en")
    part_at_signs(nlp)
    # The names of the gazetteers alone would fill the usual 10,000.
    nlp.tokenizer.max_cache_size = 100_000
    phrases, exact = Phrases(nlp.tokenizer, folded), Phrases(nlp.tokenizer, str)
    for phrase in lexicons.phrases:
        phrases.add(*phrase)
    for phrase in lexicons.exact:
        exact.add(*phrase)
    # What no pattern asks of a word need not be found out for each new one.
    asked = {name.upper() for pattern, _, _ in lexicons.tokens for token in pattern for name in token}
    kept = {LOWER, *(IDS[name] for name in asked & IDS.keys())}
    for attribute in nlp.vocab.lex_attr_getters.keys() - kept:
        del nlp.vocab.lex_attr_getters[attribute]
    patterns = []
    for pattern, label, rule in lexicons.tokens:
        matcher = Matcher(nlp.vocab)
        matcher.add(rule, [pattern])
        patterns.append(_Pattern(label, rule, matcher, *_needs(pattern)))
    bodies = "|".join(map(re.escape, sorted(lexicons.after_place, key=lambda word: (-len(word), word))))
    body = re.compile(rf" ({bodies or '(?!)'})(?!\w)", re.IGNORECASE)
    return _Ruler(
        nlp,
        cutter(nlp.tokenizer),
        phrases,
        exact,
        patterns,
        Patterns(lexicons.regexes),
        lexicons,
        _hashtag_reader(lexicons),
        body,
    )


def _needs(pattern: list[dict[str, Any]]) -> tuple[list[set[str]], list[set[str]]]:
    """The words that a token pattern asks for, one of each set: as they stand in a text, and in lower case.

    The token matcher looks at each token; nearly all texts can be told not to match beforehand.
    """
    as_they_stand, lower = [], []
    for token in pattern:
        for attribute in ("LOWER", "ORTH"):
            words = token.get(attribute)
            words = words.get("IN") if isinstance(words, dict) else words and [words]
            if not words or token.get("OP", "1") not in ("1", "+"):
                continue
            if attribute == "ORTH":
                as_they_stand.append(set(words))
            elif token.get("IS_TITLE") is True:
                as_they_stand.append({word.title() for word in words})
            else:
                lower.append(set(words))
    return as_they_stand, lower


def _hashtag_reader(lexicons: Ruler) -> Callable[[str], Stretch | None]:
    """A function from a hashtag's word to the part of it that stands for something."""

    # Hashtags repeat: some ten make up half of all.
    @lru_cache(maxsize=100_000)
    def read(word: str) -> Stretch | None:
        lower = unaccented(word.lower())
        if tag := lexicons.tags.get(lower):
            return Stretch(0, len(word), tag)
        # A letter whose lower-case form is longer would shift what follows.
        if len(lower) != len(word):
            return None
        for pattern, tag in lexicons.hashtags:
            if match := pattern.fullmatch(lower):
                return Stretch(*match.span("name" if "name" in pattern.groupindex else 0), tag)
        # Towns, which are lower-case there, but no codes of states: "#OK" is mostly no Oklahoma.
        if tag := lexicons.place_tags.get(lower):
            return Stretch(0, len(word), tag)
        if (small := lexicons.small_place(lower)) and small.in_context:
            return Stretch(0, len(word), small.tag)
        # "#Puerto_Rico"
        if (plain := lower.replace("_", "")) != lower and (
            tag := lexicons.tags.get(plain) or lexicons.place_tags.get(plain)
        ):
            return Stretch(0, len(word), tag)
        # To segment a word takes long, and few have a place behind an opener.
        behind = {}
        for opener in lexicons.hashtag_openers:
            if lower.startswith(opener):
                left = lower[len(opener) :]
                tag = lexicons.tags.get(left) or lexicons.place_tags.get(left)
                if tag and tag.label == EntityType.LOCATION:
                    behind[len(opener)] = tag
        for at in _word_starts(word, lexicons.hashtag_openers) if behind else ():
            if at in behind:
                return Stretch(at, len(word), behind[at])
        return None

    return read


def _word_starts(hashtag: str, openers: Iterable[str]) -> list[int]:
    """Where the words of a hashtag that begins like an opener start, but for the first.

    By its capitals, or, in one case throughout, by the library wordsegment (corpus.compounds).
    """
    if not hashtag.lower().startswith(tuple(openers)):
        return []
    if hashtag != hashtag.lower() and hashtag != hashtag.upper():
        return [match.start() for match in CAMEL.finditer(hashtag)][1:]
    starts, at = [], 0
    for word in segment(hashtag.lower())[:-1]:
        at += len(word)
        starts.append(at)
    return starts


def annotate(texts: Iterable[tuple[str, str]], params: LexiconParams) -> Iterator[Span]:
    """The ruler's spans of (tweet_id, text) pairs, tweet by tweet; those of different patterns may overlap.

    Raises:
        CrisisflowError: a lexicon is unknown or broken.
    """
    ruler = _ruler(tuple(params.lexicons))
    for zone in in_memory_zones(ruler.nlp, texts):
        for tweet_id, text in zone:
            reading = read(text)
            found = _with_bodies(ruler, reading.form, _spans(ruler, tweet_id, reading.form))
            yield from sorted(set(reading.spans(found)))


def _with_bodies(ruler: _Ruler, text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """The spans, and the names that places make with the words behind them: "Kerala police"."""
    for span in spans:
        yield span
        if span.label == EntityType.LOCATION and (body := ruler.body.match(text, span.end)):
            tag = ruler.lexicons.after_place[body[1].lower()]
            yield Span(span.tweet_id, span.start, body.end(), tag.label, SOURCE, tag.rule)


def _spans(ruler: _Ruler, tweet_id: str, text: str) -> Iterator[Span]:
    """What hashtags and running text name; spans may overlap."""
    text = hide_contacts(text)
    for match in HASHTAG.finditer(text):
        if read := ruler.hashtag(match[1]):
            at = match.start(1)
            yield Span(tweet_id, at + read.start, at + read.end, read.tag.label, SOURCE, read.tag.rule)
    tokens = ruler.tokens_of(text)
    found = [Span(tweet_id, *place, label, SOURCE, rule) for *place, label, rule in _matches(ruler, tokens, text)]
    found += ruler.regexes.spans(text, tweet_id, SOURCE)
    # "my friend Brandon": no town, and in "my uncle Harvey" no storm
    if kin := kin_names(tokens, ruler.lexicons.people):
        named = {(tokens.starts[at], tokens.ends[at]) for at in kin}
        found = [span for span in found if (span.start, span.end) not in named or span.label not in MISTAKEN]
    yield from found
    # People and storms named by their names, but what is known for something else.
    taken = [(span.start, span.end) for span in found if span.label != EntityType.PERSON]
    for first, last, rule in find(tokens, text, ruler.lexicons.people, ruler.lexicons.storms, taken):
        label = EntityType.DISASTER_TYPE if rule == STORM else EntityType.PERSON
        yield Span(tweet_id, tokens.starts[first], tokens.ends[last - 1], label, SOURCE, rule)


def _matches(ruler: _Ruler, tokens: Tokens, text: str) -> Iterator[Match]:
    """What the matchers find in running text."""
    lexicons, lower = ruler.lexicons, tokens.lower
    states: set[int] = set()  # the first tokens of names of states
    finds = list(_phrases(ruler, tokens, text))
    # "Sri Lanka", "DR Congo": what begins like a title with a name.
    named = {first for first, last, label, _ in finds if label == EntityType.LOCATION and last > first}
    for first, last, label, rule in finds:
        if rule == TITLED and first in named:
            continue
        if rule in STATES:
            states.add(first)
        if last > first and lower[first] in ARTICLES:
            first += 1
        if lexicons.people and rule == TITLED:
            first = without_office(tokens, first, last + 1, lexicons.people)
        if first == last and _is_tool(lower, first, rule, lexicons.tools):
            continue
        start, end = tokens.starts[first], tokens.ends[last]
        # "Calif." loses its dot, "N.C." keeps it.
        if text[start:end].find(".") == end - start - 1:
            end -= 1
        cased = rule in lexicons.cased or text[start:end] in lexicons.words
        if not ((cased and _lower_word(text, start, end)) or (rule == TOWN and not _capital_ends(text[start:end]))):
            yield start, end, EntityType.LOCATION if _is_site(lower, first, last, rule, lexicons.sites) else label, rule
    # First what is cheapest: most words are in lower case, and no name is a letter or a sign.
    for at in [at for at, word in enumerate(tokens.words) if not word.islower() and len(word) > 1]:
        word = tokens.words[at]
        name = word if len(word) == 2 and word.isupper() else unaccented(word.lower())
        small = lexicons.small_place(name)
        if small and (
            (small.everywhere and not _acronym(word))
            or (small.in_context and _place_is_meant(tokens, at, small.tag.rule, lexicons.context))
            or (small.tag.rule == TOWN and _in_a_state(tokens, at, states, lexicons))
        ):
            start = tokens.starts[at]
            yield start, start + len(word), *small.tag


def _is_site(lower: Sequence[str], first: int, last: int, rule: str, sites: Sequence[Sites]) -> bool:
    """Whether something is told to happen at a body: "at Samoa College", "near the University of Apia"."""
    before = first - 1
    if before > 0 and lower[before] in ARTICLES:
        before -= 1
    return any(
        before >= 0
        and rule in site.rules
        and lower[before] in site.before
        and any(word in site.kinds for word in lower[first : last + 1])
        for site in sites
    )


def _is_tool(lower: Sequence[str], at: int, rule: str, tools: Sequence[Tools]) -> bool:
    """Whether something is done with the body whose name is word `at`: "on Twitter", "our Facebook page"."""
    return any(
        rule in tool.rules
        and lower[at] in tool.names
        and ((at > 0 and lower[at - 1] in tool.before) or (at + 1 < len(lower) and lower[at + 1] in tool.behind))
        for tool in tools
    )


def _phrases(ruler: _Ruler, tokens: Tokens, text: str) -> Iterator[Find]:
    """What phrases and token patterns find."""
    yield from ruler.phrases.find(tokens.words, tokens.spaced)
    exact = list(ruler.exact.find(tokens.words, tokens.spaced))
    if exact and not _shouted(text):
        yield from exact
    words, lower = set(tokens.words), set(tokens.lower)
    possible = [
        pattern
        for pattern in ruler.patterns
        if not (any(map(words.isdisjoint, pattern.words)) or any(map(lower.isdisjoint, pattern.lower)))
    ]
    if possible:
        from spacy.tokens import Doc

        doc = Doc(ruler.nlp.vocab, words=tokens.words, spaces=tokens.spaced)
        for pattern in possible:
            for _, first, end in pattern.matcher(doc):
                yield first, end - 1, pattern.label, pattern.rule


def _shouted(text: str) -> bool:
    words = [word for word in text.split() if word.isalpha() and len(word) > 1]
    return sum(map(str.isupper, words)) > SHOUT * len(words)


def _place_is_meant(tokens: Tokens, at: int, rule: str, words: frozenset[str]) -> bool:
    """Whether a place is spoken of at token `at`: "near X", "Y, X"; of a town also "X, Y"."""
    # In "GIVE IT TO ME" capitals tell nothing.
    own = tokens.words
    if at and tokens.lower[at - 1] in words and (rule != STATE_CODE or own[at - 1].islower()):
        return True
    if at > 1 and own[at - 1] == "," and own[at - 2].istitle():
        return True
    return rule != STATE_CODE and at + 2 < len(own) and own[at + 1] == "," and own[at + 2].istitle()


def _in_a_state(tokens: Tokens, at: int, states: Collection[int], lexicons: Ruler) -> bool:
    """Whether a state stands behind the name at token `at`: "Hope, Arkansas", "Hope AR"; not of a person or storm."""
    words, name, behind = tokens.words, tokens.lower[at], at + 1
    comma = behind < len(words) and words[behind] == ","
    behind += comma
    if behind == len(words) or not words[at].istitle():
        return False
    if lexicons.people and (name in lexicons.people.given or name in lexicons.people.one):
        return False
    if lexicons.storms and name in lexicons.storms.names:
        return False
    if behind in states:
        return comma or words[behind].isupper()
    small = lexicons.small_place(words[behind]) if len(words[behind]) == 2 and words[behind].isupper() else None
    return small is not None and small.tag.rule == STATE_CODE


def _acronym(word: str) -> bool:
    return word.isupper() and len(word) < 6


def _capital_ends(name: str) -> bool:
    """Whether the first and the last word of a name have a capital."""
    words = name.split()
    return words[0][0].isupper() and words[-1][0].isupper()


def _lower_word(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is one lower-case word outside a hashtag, as "nice" or "mobile" are."""
    word = text[start:end]
    return word.islower() and " " not in word and text[start - 1 : start] != "#"


def run(tweets: InputFile, params: LexiconParams, out: Path) -> None:
    """Write the ruler's spans of a tweets file to `out`.

    Args:
        tweets: the tweets of the step subset
        params: section annotation.ruler

    Raises:
        CrisisflowError: the tweets file or a lexicon is absent or broken.
    """
    # Its tokenizer has no use for torch, whose import takes a second and 200 MB. Not in `annotate`: another stage of
    # the same process may need spaCy with it.
    with left_out("torch"):
        import spacy  # noqa: F401
    write_spans(out, annotate(read_texts(tweets, "ruler_stage"), params))
