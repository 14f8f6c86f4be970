"""Entity types, BIO labels and humanitarian classes (paper, section III-A and Table 2; HumAID's ten classes)."""

from enum import StrEnum

from crisisflow.labels import Labels


class EntityType(StrEnum):
    """The ten entity types of the paper's Table 2, in its order."""

    LOCATION = "LOCATION"
    DISASTER_TYPE = "DISASTER_TYPE"
    CASUALTY = "CASUALTY"
    DISPLACED = "DISPLACED"
    REQUEST = "REQUEST"
    RESOURCE = "RESOURCE"
    RESCUE = "RESCUE"
    ORGANIZATION = "ORGANIZATION"
    PERSON = "PERSON"
    NUMBER = "NUMBER"


ENTITY_TYPES: tuple[str, ...] = tuple(EntityType)

CLASSES: tuple[str, ...] = (
    "caution_and_advice",
    "displaced_people_and_evacuations",
    "infrastructure_and_utility_damage",
    "injured_or_dead_people",
    "missing_or_found_people",
    "not_humanitarian",
    "other_relevant_information",
    "requests_or_urgent_needs",
    "rescue_volunteering_or_donation_effort",
    "sympathy_and_support",
)

# What the leading study's models know. An id is a position here and is stored in every aligned file and model.
LABELS = Labels(ENTITY_TYPES, CLASSES)

# One O label and B-/I- for each type: 21.
BIO_LABELS = LABELS.bio

SPLITS: tuple[str, ...] = ("train", "validation", "test")

# HumAID's own split names, in the order of its files.
OFFICIAL_SPLITS: tuple[str, ...] = ("train", "dev", "test")
