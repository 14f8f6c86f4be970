"""What the study's texts are labelled with. The names stand in artifacts, params.yaml and the generated set's truth."""

LABELS = ("request", "offer", "request_and_offer", "irrelevant")
# Texts that look like requests or offers, and are irrelevant (section 2.2 of the paper).
TRAPS = ("emotional_support", "behavioural_guidance", "outdated", "promotion")
# What is requested or offered: the paper's six (money to food), and two of ours.
RESOURCES = ("money", "volunteers", "clothing", "shelter", "medical", "food", "water", "protective")

# The task of the generated set, and of each set that a label map brings to LABELS.
HELP = "help"
