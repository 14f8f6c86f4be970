"""What the study's texts are labelled with. The names stand in artifacts, params.yaml and the generated set's truth."""

from collections.abc import Iterable

REQUEST, OFFER, BOTH, IRRELEVANT = LABELS = ("request", "offer", "request_and_offer", "irrelevant")
# Texts that look like requests or offers, and are irrelevant (section 2.2 of the paper).
TRAPS = ("emotional_support", "behavioural_guidance", "outdated", "promotion")
# What is requested or offered: the paper's six (money to food), and two of ours.
RESOURCES = ("money", "volunteers", "clothing", "shelter", "medical", "food", "water", "protective")

# The task of the generated set, and of each set that a label map brings to LABELS.
HELP = "help"
# That of sets which say of what a text speaks; a post may have several values.
RESOURCE = "resource"


def label_of(values: Iterable[str]) -> str | None:
    """The label of a tweet of which a set says these labels: a request and an offer are both at once.

    None where it says nothing, or what no tweet can be at once.
    """
    said = frozenset(values)
    return BOTH if said == {REQUEST, OFFER} else next(iter(said)) if len(said) == 1 else None
