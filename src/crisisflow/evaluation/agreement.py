"""Agreement of codings beyond chance: Cohen's and Fleiss' kappa, and McHugh's words for them."""

import numpy as np

# McHugh 2012, "Interrater reliability: the kappa statistic", Biochemia Medica 22(3), table 3, whose bands have two
# decimals: .80-.90 is strong, above .90 almost perfect; so a kappa has the word of the first bound that it is above.
MCHUGH = ((0.90, "almost perfect"), (0.795, "strong"), (0.595, "moderate"), (0.395, "weak"), (0.205, "minimal"))
NONE = "none"


def kappa(tables: np.ndarray) -> np.ndarray:
    """Cohen's kappa of tables of two codings, shape (..., classes, classes); NaN where both coded one class only.

    Cohen 1960, "A coefficient of agreement for nominal scales".
    """
    total = tables.sum(axis=(-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = np.trace(tables, axis1=-2, axis2=-1) / total
        expected = (tables.sum(axis=-1) * tables.sum(axis=-2)).sum(axis=-1) / total**2
        return (observed - expected) / (1 - expected)


def fleiss_kappa(counts: np.ndarray) -> float:
    """Fleiss' kappa of how many coders gave an item each class, shape (items, classes); NaN where all gave one class.

    Every item has the same number of coders, at least two. Fleiss 1971, "Measuring nominal scale agreement among many
    raters", Psychological Bulletin 76(5).
    """
    coders = counts[0].sum()
    with np.errstate(invalid="ignore", divide="ignore"):
        observed = ((counts**2).sum() - len(counts) * coders) / (len(counts) * coders * (coders - 1))
        expected = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
        return float((observed - expected) / (1 - expected))


def in_words(value: float | None) -> str | None:
    """McHugh's word for a kappa; None where there is no kappa."""
    if value is None or not np.isfinite(value):
        return None
    return next((word for bound, word in MCHUGH if value > bound), NONE)
