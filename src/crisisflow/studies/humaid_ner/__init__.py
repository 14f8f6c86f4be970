"""HUMAID-NER: joint NER and classification of disaster tweets, with an ablation of weighting and freezing (paper 1)."""

STUDY = "humaid_ner"  # in all that it makes
