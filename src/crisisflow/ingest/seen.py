"""Posts as the detection sees them: their words, places, and whether they tell of a disaster."""

from collections.abc import Callable, Collection

from crisisflow.corpus.tweet_words import words
from crisisflow.ingest.detection import Seen
from crisisflow.ingest.terms import KINDS, LANGUAGES, Terms, terms_of
from crisisflow.places.coordinates import Place

SHORT = 3  # letters that a term has at least


class Reader:
    """Reads posts.

    Args:
        places: the places that a text names, such as `named_in`; None for none.
    """

    def __init__(self, places: Callable[[str], Collection[Place]] | None) -> None:
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        self._places, self._common = places, ENGLISH_STOP_WORDS
        self._kinds = {kind: Terms(terms_of(LANGUAGES, [kind])) for kind in KINDS}

    def __call__(self, post: int, at: int, text: str) -> Seen:
        """A post with its terms: words that are no function words, no numbers, no links and no handles."""
        own = words(text)
        terms = frozenset(
            word for word in own if len(word) >= SHORT and word not in self._common and not word.isnumeric()
        )
        named = frozenset(place.name for place in self._places(text)) if self._places else frozenset()
        kinds = frozenset(kind for kind, words_of_it in self._kinds.items() if words_of_it.found(text))
        return Seen(post, at, " ".join(sorted(set(own))), terms, named, kinds)
