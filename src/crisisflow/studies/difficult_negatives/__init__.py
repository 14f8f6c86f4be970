"""The study difficult_negatives: negatives that are similar to crisis tweets (Zhang, Lo and Win Myint, PACIS 2023)."""

STUDY = "difficult_negatives"  # in all that it makes
