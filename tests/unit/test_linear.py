"""The linear classifier."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from crisisflow.evaluation import linear

WORDS = ("we need water, water, water", "we give water", "sunny day", "sunny game", "long game")
# More words and pairs than texts, as in a corpus: only then the seed decides the order of the texts.
TEXTS = [f"{text} no{at} {at % 11}" for at, text in enumerate(WORDS * 8)]
CLASS_IDS = [at % 3 % 2 for at in range(len(TEXTS))]


@pytest.mark.parametrize("balanced", [False, True])
def test_it_is_scikit_learn_s_svm_over_words_and_pairs(balanced):
    model = linear.fit(TEXTS, CLASS_IDS, 13, balanced)
    vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    weights = np.bincount(CLASS_IDS)
    weights = dict(enumerate(len(TEXTS) / (2 * weights))) if balanced else None
    svm = LinearSVC(random_state=13, class_weight=weights).fit(vectors.fit_transform(TEXTS), CLASS_IDS)
    np.testing.assert_array_equal(model[-1].coef_, svm.coef_)
    assert linear.parameters(model) == len(vectors.vocabulary_) + 1


def test_a_balanced_one_finds_more_of_the_rare_class():
    texts = ["help"] * 5 + ["help"] * 45 + ["none"] * 50
    class_ids = [1] * 5 + [0] * 95
    assert linear.fit(texts, class_ids, 1, balanced=False).predict(["help"]).tolist() == [0]
    assert linear.fit(texts, class_ids, 1, balanced=True).predict(["help"]).tolist() == [1]


def test_of_several_classes_each_is_decided_by_itself():
    texts = ["water", "rice", "water and rice", "sun"] * 5
    chosen = np.array([[1, 0], [0, 1], [1, 1], [0, 0]] * 5)
    model = linear.fit_multi_label(texts, chosen, 13, balanced=True)
    assert model.predict(["rice and water", "rice", "sun"]).tolist() == [[1, 1], [0, 1], [0, 0]]


def test_a_probe_learns_what_a_line_can_tell_whatever_the_scale():
    rng = np.random.default_rng(1)
    known, asked = (rng.normal(size=(60, 3)) * [1e-3, 1, 1e3] for _ in range(2))
    by_line, by_chance = (own[:, 0] > 0 for own in (known, asked)), rng.integers(0, 2, 60)
    first, second = by_line
    assert linear.probe_score(known, first.astype(int), asked, second.astype(int), ["a", "b"]) > 0.9
    assert linear.probe_score(known, by_chance, asked, second.astype(int), ["a", "b"]) < 0.7
