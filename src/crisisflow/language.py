"""The language of a text, as far as it tells: the models of this version were trained on English tweets alone."""

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

TRAINED_ON = "en"
ENGLISH = ("en", "pcm")  # some short English tweets look like Nigerian Pidgin, which is close enough to be judged
SURE = 0.03  # the probability of English below which a text is in another language
WORDS, LETTERS = 3, 6  # fewer words, or fewer letters of another script, say nothing
PARTICLE = 3  # letters of a word that may be part of a name
READ = 2000  # characters of a text
# What is of no language: links, handles, hashtags, HTML's character names, the mark of a retweet.
NO_WORDS = re.compile(r"https?\S*|[@#]\S+|&\w+;|\bRT\b")


def language_of(text: str) -> str:
    """The code (ISO 639-1 or 639-3) of a text's language; English wherever it is not surely another."""
    return decided_language(text) or TRAINED_ON


def decided_language(text: str) -> str | None:
    """The same, but None where a text has too few words to tell.

    A name tells nothing of the language around it, so the words without a capital must say the same as all of them.
    """
    words = _words(NO_WORDS.sub(" ", unicodedata.normalize("NFKC", text[:READ])))
    own = [word for word in words if _is_latin(word)]
    others = [word for word in words if not _is_latin(word)]
    if sum(map(len, others)) >= max(LETTERS, 4 * sum(map(len, own))):
        return _sure([others])
    if own and all(word.isupper() for word in own):
        own = [word.lower() for word in own] if len(own) >= 2 * WORDS else []
    plain = _without_names(own)
    return None if len(plain) < WORDS else _sure([plain, own])


def _words(text: str) -> list[str]:
    """Its words of two letters or more; a combining mark is part of one."""
    kept = "".join(c if c.isalpha() or unicodedata.category(c)[0] == "M" or c in "'’" else " " for c in text)
    return [word for word in kept.split() if len(word) > 1]


def _without_names(words: list[str]) -> list[str]:
    """Those in small letters, but for short ones within a name: `Santa Cruz de la Sierra`."""
    plain: list[str] = []
    within: list[str] = []
    named = False
    for word in words:
        if word[0].isupper():
            named, within = True, []
        elif named and len(word) <= PARTICLE:
            within.append(word)
        else:
            plain += [*within, word]
            named, within = False, []
    return plain + within


def _is_latin(word: str) -> bool:
    return word.isascii() or unicodedata.name(word[0], "").startswith("LATIN")


def _sure(readings: list[list[str]]) -> str:
    """The language that all readings have, or English."""
    for words in readings:
        ranked = _identifier().rank(" ".join(words))
        if sum(share for code, share in ranked if code in ENGLISH) >= SURE:
            return TRAINED_ON
    return str(ranked[0][0])


@lru_cache(1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
