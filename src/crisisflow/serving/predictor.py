"""The predictor: what `crisisflow predict`, the page and the API say of texts, judged only where they are English."""

from collections.abc import Sequence

from crisisflow.inference import Findings, Forward, Reader, find
from crisisflow.language import TRAINED_ON, language_of


class Predictor:
    """Predicts texts with a row's forward pass; whose answers depend on a text alone but for rounding."""

    def __init__(self, row: Reader, forward: Forward) -> None:
        self.row, self.forward = row, forward

    def __call__(self, texts: Sequence[str]) -> list[Findings]:
        """What the row finds in each text (`inference.find`); nothing in a language that it was not trained on."""
        languages = [language_of(text) for text in texts]
        known = [text for text, language in zip(texts, languages, strict=True) if language == TRAINED_ON]
        found = iter(find(self.row, self.forward, known))
        return [next(found) if own == TRAINED_ON else Findings(None, None, False, own) for own in languages]
