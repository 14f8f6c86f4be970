"""Fitted curves: how the similarities of ordinary tweets to each anchor lie beside a normal curve; fit.json."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from crisisflow.evaluation.normality import normality
from crisisflow.studies.difficult_negatives.bands import Band
from crisisflow.studies.difficult_negatives.collection import TEST, TRAIN
from crisisflow.studies.difficult_negatives.mining import Anchors, curves_of
from crisisflow.studies.difficult_negatives.params import MiningParams
from crisisflow.studies.difficult_negatives.search_pool import Mined

PARTS = 5  # of the positives, as the paper has folds
STEP, LEAST, GREATEST = 0.2, -5.0, 9.0  # of z, in the histogram
NORMAL = {"1sigma": 0.682689, "2sigma": 0.271810, "3sigma": 0.042801, "beyond": 0.002700}  # shares of a normal curve


def shares(z: np.ndarray) -> dict[str, dict[str, float]]:
    """Of z the share in each of the paper's bands and at each end of it, and beyond, beside a normal curve's."""
    found = {}
    for number, (name, normal) in enumerate(NORMAL.items()):
        band = Band(name, "anchor", number, number + 1 if name != "beyond" else 10**9, "both")
        inside = band.holds(z)
        found[name] = {
            "share": float(inside.mean()),
            "upper": float((inside & (z > 0)).mean()),
            "lower": float((inside & (z < 0)).mean()),
            "normal": normal,
        }
    return found


def histogram(z: np.ndarray) -> dict[str, list[float] | list[int]]:
    """How many values are in each step of z from LEAST to GREATEST; what is beyond is in the first or last."""
    edges = np.linspace(LEAST, GREATEST, round((GREATEST - LEAST) / STEP) + 1)
    counts, _ = np.histogram(np.clip(z, LEAST, GREATEST), edges)
    return {"edges": edges.round(3).tolist(), "tweets": counts.tolist()}


def without_a_part(positives: np.ndarray, sample: np.ndarray) -> dict[str, float]:
    """How far z moves if the anchor of a class lacks some of its positives, as one without the tested fold would.

    Each of PARTS parts of the positives is left out in turn, the curve fitted anew to the same sample.

    Args:
        positives: embeddings of the class's training positives, of length 1. sample: of the sampled tweets.

    Returns:
        The least cosine of such an anchor with the whole one; the median move of z over the sample; the share of the
        sample that comes to lie in another of the paper's bands; the means of both over the parts.
    """
    whole, z = _fitted(positives, sample)
    cosines, moves, others = [], [], []
    for part in range(min(PARTS, len(positives))):
        anchor, again = _fitted(np.delete(positives, slice(part, None, PARTS), axis=0), sample)
        cosines.append(float(anchor @ whole))
        moves.append(float(np.median(np.abs(again - z))))
        others.append(float((_band_numbers(again) != _band_numbers(z)).mean()))
    return {"least_cosine": min(cosines), "median_move": float(np.mean(moves)), "other_band": float(np.mean(others))}


def _fitted(positives: np.ndarray, sample: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The anchor of positives, and z of the sample by the curve that is fitted to it."""
    anchors = Anchors(positives, [0] * len(positives))
    similarities = anchors.similarities(sample)
    return anchors.means[0], curves_of(similarities, ["that lacks a part"])[0].z(similarities[:, 0])


def _band_numbers(z: np.ndarray) -> np.ndarray:
    """0 to 2 of the paper's bands, both ends alike; 3 beyond."""
    return np.minimum(np.maximum(np.ceil(np.abs(z)), 1) - 1, 3)


def facts_of(
    mined: Mined, names: Sequence[str], params: MiningParams, pool: int, crisis: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The content of fit.json."""
    similarities = mined.anchors.similarities(mined.positives)
    ids = np.array([names.index(row["class"]) for role in (TRAIN, TEST) for row in crisis if row["role"] == role])
    roles = np.array([role for role in (TRAIN, TEST) for row in crisis if row["role"] == role])
    by_class = {}
    for at, (name, curve) in enumerate(zip(names, mined.curves, strict=True)):
        own_z = {role: curve.z(similarities[(ids == at) & (roles == role), at]) for role in (TRAIN, TEST)}
        by_class[name] = {
            **normality(curve.sample, params.seed),
            "shares": shares(curve.z(curve.sample)),
            "histogram": histogram(curve.z(curve.sample)),
            "positives": {
                role: {"median_z": float(np.median(z)), "below_3": float((z < 3).mean())} if len(z) else None
                for role, z in own_z.items()
            },
            "without_a_part": without_a_part(
                mined.positives[(ids == at) & (roles == TRAIN)], mined.vectors[: params.sample]
            ),
        }
    return {
        "classes": by_class,
        "encoder": params.encoder,
        "pool": pool,
        "embedded": len(mined.positions),
        "examined": [
            {"role": role, "setting": name, "class": own, "tweets": number}
            for (role, name), seen in mined.examined.items()
            for own, number in zip(names, seen, strict=True)
        ],
    }
