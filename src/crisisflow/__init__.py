"""crisisflow: crisis tweets to a labelled dataset, trained joint models and evaluation tables."""
