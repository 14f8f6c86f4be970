"""Stop words: tokens that are no nodes of the word graph."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crisisflow.errors import CrisisflowError
from crisisflow.studies.gnom.cooccurrence import chunk_of
from crisisflow.studies.gnom.words import WordIds

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def stop_words(language: str) -> frozenset[str]:
    """spaCy's list of a language (ISO 639-1), as it is and capitalised.

    Raises:
        CrisisflowError: spaCy has no list of this language.
    """
    from spacy.util import get_lang_class

    try:
        words = get_lang_class(language).Defaults.stop_words
    except ImportError:
        words = set()
    if not words:
        raise CrisisflowError(f"spaCy has no stop words of the language {language!r}")
    return frozenset([*words, *map(str.capitalize, words)])


def stop_tokens(tokenizer: "PreTrainedTokenizerBase", words: Iterable[str], whole: WordIds | None = None) -> set[int]:
    """The ids of the words that the tokenizer does not split; with the ids of whole words those of split ones too."""
    found = tokenizer(sorted(words), add_special_tokens=False, return_attention_mask=False)["input_ids"]
    chunks = [chunk_of([ids]) for ids in found if ids]
    if whole is not None:
        chunks = [whole.chunk(own) for own in chunks]
    return {int(own.ids[0]) for own in chunks if len(own.ids) == 1}
