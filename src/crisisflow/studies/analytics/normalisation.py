"""The steps of normalisation (Khatoon et al. 2021, 4.1), each a function of a text or of a word.

Until the step `tokens` a post is a text, behind it a list of words. A step of texts may run behind it as well: it is
then applied to each word. `duplicates`, `language` and `short` drop posts, and change none.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from itertools import product
from typing import NamedTuple

from crisisflow.corpus.compounds import parts
from crisisflow.corpus.edits import Edit, edited
from crisisflow.corpus.repair import decode_entities, restore_emoji
from crisisflow.corpus.texts import mention_edits, url_edits
from crisisflow.studies.analytics.english import is_word, lemma_of, slang, speller, synonyms
from crisisflow.studies.analytics.params import NormaliseParams, Step

OfText = Callable[[str], str]
OfWord = Callable[[str], Sequence[str]]

_HASHTAG = re.compile(r"#(\w+)")
_RETWEET = re.compile(r"^\s*RT\b\s*:?|\bRT\b(?=\s*[@:])\s*:?")
# Eyes, nose and mouth, or the other way round; hearts; faces in a row. Blanks or an end stand around it.
_SMILEY = re.compile(
    r"(?<!\S)(?:[<>]?[:;=8xX][-'^o]?[()\[\]{}dDpPoO0/\\|*3sSxX@$]+|[()\[\]/\\|][-'^o]?[:;=]|<+/?3+|\^[_.]?\^|[-oOT][_.]+[-oOT])(?!\S)"
)
_APOSTROPHE = re.compile("[’‘ʼ＇`´]")
_POSSESSIVE = re.compile(r"(?<=\w)'s?\b")
# b/c, w/ and w/o; letters and digits, with apostrophes in between; else a run of signs.
_TOKEN = re.compile(r"\b[bw]/[co]?(?!\w)|\w+(?:'\w+)*|'\w+|[^\w\s]+", re.IGNORECASE)
_SPECIAL = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"(?<![^\W_])\d[\d.,:/%\u066b\u066c]*(?![^\W_])")
_STRETCHED = re.compile(r"([^\W\d_])\1{2,}")
MOST_KNOWN = 100_000  # words whose outcome a step keeps: memory stays flat over any number of posts
_MOST_STRETCHED = 3  # stretches of a word whose lengths are tried out one by one


def _blanks(edits: Callable[[str], Iterable[Edit]], text: str) -> str:
    return edited(text, [own._replace(new=" ") for own in edits(text)])


def entities(text: str) -> str:
    """Decode HTML entities once."""
    return decode_entities(text)[0]


def emoji_repair(text: str) -> str:
    """Join the split code points of HumAID's emoji."""
    return restore_emoji(text)[0]


def urls(text: str) -> str:
    """Drop URLs."""
    return _blanks(url_edits, text)


def mentions(text: str) -> str:
    """Drop handles, and the mark of a retweet."""
    return _blanks(mention_edits, _RETWEET.sub(" ", text))


def emoji(text: str) -> str:
    """Drop emoji."""
    if text.isascii():
        return text
    from emoji import replace_emoji

    return replace_emoji(text, " ")


def smileys(text: str) -> str:
    """Drop smileys of ASCII signs that stand by themselves."""
    return _SMILEY.sub(" ", text)


def special(text: str) -> str:
    """Drop what is no letter or digit; of an apostrophe with an s behind it both, else the sign alone."""
    return _SPECIAL.sub(" ", _POSSESSIVE.sub("", _APOSTROPHE.sub("'", text)).replace("'", ""))


def numbers(text: str) -> str:
    """Drop numbers; one with letters, such as 2nd, is none."""
    return _NUMBER.sub(" ", text)


def hashtags(how: str, text: str) -> str:
    """Drop hashtags (`drop`), or their sign (`keep_word`), or part their words (`segment`)."""

    def instead(found: re.Match[str]) -> str:
        if how == "segment":
            return " ".join(_parts(found[1]))
        return found[1] if how == "keep_word" else " "

    return _HASHTAG.sub(instead, text)


def tokens(text: str) -> list[str]:
    """The words of a text, and its signs apart from them."""
    return _TOKEN.findall(_APOSTROPHE.sub("'", text))


def lower(text: str) -> str:
    """Small letters."""
    return text.lower()


def repeats(word: str) -> tuple[str]:
    """Three or more of a letter become two, or one where only that makes a word (soooo, so; goooood, good)."""
    pieces = _STRETCHED.split(word)
    if len(pieces) == 1:
        return (word,)
    letters = pieces[1::2]
    some = len(letters) <= _MOST_STRETCHED
    lengths = product((2, 1), repeat=len(letters)) if some else ((length,) * len(letters) for length in (2, 1))
    forms = ["".join(_woven(pieces[::2], letters, own)) for own in lengths]
    return (next((form for form in forms if is_word(form) or form in slang()), forms[0]),)


def _woven(pieces: Sequence[str], letters: Sequence[str], lengths: Sequence[int]) -> Iterator[str]:
    for piece, letter, length in zip(pieces, letters, lengths, strict=False):
        yield piece
        yield letter * length
    yield pieces[-1]


def of_slang(word: str) -> Sequence[str]:
    """What an abbreviation, phonetic form, contraction or ordinal stands for."""
    return slang().get(word, (word,))


@lru_cache(MOST_KNOWN)
def _parts(word: str) -> tuple[str, ...]:
    return tuple(parts(word))


def joined(least_letters: int, word: str) -> Sequence[str]:
    """The words that were written without a blank, where each is one: prayforiran, pray for iran."""
    if len(word) < least_letters or not word.isalpha() or is_word(word):
        return (word,)
    own = _parts(word)
    return own if all(is_word(part) and (len(part) > 1 or part in "ai") for part in own) else (word,)


def spelling(distance: int, least_letters: int, word: str) -> tuple[str]:
    """The nearest word of the dictionary, of these the most frequent; one that is a word already stays."""
    if len(word) < least_letters or not word.isalpha() or is_word(word):
        return (word,)
    from symspellpy import Verbosity

    found = speller(distance).lookup(word, Verbosity.CLOSEST, distance)
    return (min(found, key=lambda own: (own.distance, -own.count, own.term)).term if found else word,)


def stop_words(words: Collection[str], word: str) -> Sequence[str]:
    """Nothing of a stop word."""
    return () if word in words else (word,)


def wordnet_filter(word: str) -> Sequence[str]:
    """Nothing of what neither the dictionary nor WordNet has."""
    return (word,) if is_word(word) else ()


def wordnet_synonyms(word: str) -> tuple[str]:
    """The first lemma of the most frequent synset of WordNet."""
    lemma = lemma_of(word)
    return (word if lemma is None else synonyms()[lemma],)


@cache
def stop_list(name: str) -> frozenset[str]:
    """The stop words of a list by its name."""
    if name == "spacy":
        from spacy.lang.en.stop_words import STOP_WORDS

        return frozenset(STOP_WORDS)
    if name == "sklearn":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(ENGLISH_STOP_WORDS)
    return frozenset()


def text_steps(params: NormaliseParams) -> dict[Step, OfText]:
    """The steps of texts but for `tokens`, by name."""
    return {
        "entities": entities,
        "emoji_repair": emoji_repair,
        "urls": urls,
        "mentions": mentions,
        "emoji": emoji,
        "smileys": smileys,
        "special": special,
        "numbers": numbers,
        "hashtags": partial(hashtags, params.hashtags),
        "lower": lower,
    }


def word_steps(params: NormaliseParams) -> dict[Step, OfWord]:
    """The steps of words, by name."""
    return {
        "repeats": repeats,
        "slang": of_slang,
        "joined": partial(joined, params.joined.least_letters),
        "spelling": partial(spelling, params.spelling.distance, params.spelling.least_letters),
        "stop_words": partial(stop_words, stop_list(params.stop_words)),
        "wordnet_filter": wordnet_filter,
        "wordnet_synonyms": wordnet_synonyms,
    }


class Stage(NamedTuple):
    """A step as it runs on the words of a post; what it makes of a word is kept."""

    name: Step
    known: dict[str, tuple[str, ...]]
    function: OfWord
    protected: Collection[str]

    def __call__(self, words: Iterable[str]) -> list[str]:
        found: list[str] = []
        for word in words:
            own = self.known.get(word)
            if own is None:
                own = self._of(word)
                if len(self.known) < MOST_KNOWN:
                    self.known[word] = own
            found += own
        return found

    def _of(self, word: str) -> tuple[str, ...]:
        return (word,) if word.lower() in self.protected else tuple(self.function(word))


class Short(NamedTuple):
    """The step `short`."""

    least_words: int


class Normaliser:
    """The steps of a section, in its order, with the words that are protected.

    A protected word in small letters is left as it is by each step of words.
    """

    def __init__(self, params: NormaliseParams, protected: Collection[str]) -> None:
        at = params.steps.index("tokens")
        texts, words = text_steps(params), word_steps(params)
        self._before = [(name, texts[name]) for name in params.steps[:at] if name in texts]
        self._behind: list[Stage | Short] = []
        for name in params.steps[at + 1 :]:
            if name == "short":
                self._behind.append(Short(params.least_words))
            elif name in words:
                self._behind.append(Stage(name, {}, words[name], protected))
            elif name in texts:
                self._behind.append(Stage(name, {}, partial(_of_each_word, texts[name]), frozenset()))

    def trace_text(self, text: str) -> Iterator[tuple[Step, str]]:
        """The text behind each step that precedes `tokens`."""
        for name, step in self._before:
            text = step(text)
            yield name, text

    def trace_words(self, words: list[str]) -> Iterator[tuple[Step, list[str] | None]]:
        """The words behind each step that follows `tokens`; None ends them where they are too few.

        The steps run again until nothing changes, since what one leaves may be something to one before it: a synonym
        may be a stop word. So a post that is normalised again stays as it is.
        """
        seen: set[tuple[str, ...]] = set()
        while tuple(words) not in seen:
            seen.add(tuple(words))
            for stage in self._behind:
                if isinstance(stage, Stage):
                    words = stage(words)
                    yield stage.name, words
                elif len(words) < stage.least_words:
                    yield "short", None
                    return

    def trace(self, text: str) -> Iterator[tuple[Step, str | list[str] | None]]:
        """The post behind each step, from its text to its words; None ends it where these are too few."""
        for name, step in self.trace_text(text):
            text = step
            yield name, text
        words = tokens(text)
        yield "tokens", words
        yield from self.trace_words(words)

    def words(self, text: str) -> list[str] | None:
        """The words of a text; None where they are too few."""
        for _, own in self.trace(text):
            last = own
        return last


def _of_each_word(step: OfText, word: str) -> list[str]:
    """A step of texts applied to a word."""
    return step(word).split()
