"""Stop words: tokens that are no nodes of the word graph."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crisisflow.errors import CrisisflowError

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


def stop_tokens(tokenizer: "PreTrainedTokenizerBase", words: Iterable[str]) -> set[int]:
    """The ids of the words that the tokenizer does not split."""
    found = tokenizer(sorted(words), add_special_tokens=False, return_attention_mask=False)["input_ids"]
    return {ids[0] for ids in found if len(ids) == 1}
