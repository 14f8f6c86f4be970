"""Labels as a value."""

from crisisflow.labels import Labels
from crisisflow.taxonomy import BIO_LABELS, CLASSES, ENTITY_TYPES, LABELS


def test_bio_labels_are_o_then_b_and_i_of_each_type():
    assert Labels(("X", "Y")).bio == ("O", "B-X", "I-X", "B-Y", "I-Y")
    assert Labels(classes=("a", "b")).bio == ("O",)


def test_the_leading_study_has_21_labels_and_ten_classes():
    assert (LABELS.entities, LABELS.classes, LABELS.bio) == (ENTITY_TYPES, CLASSES, BIO_LABELS)
    assert (len(LABELS.bio), len(LABELS.classes)) == (21, 10)
