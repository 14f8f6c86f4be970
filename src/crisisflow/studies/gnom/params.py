"""The section of params.yaml that is this study's."""

from crisisflow.params import ParamsSection, Positive, Seed


class GeneratedParams(ParamsSection):
    """The generated sets.

    Args:
        tweets: of each language, with labels. unlabelled: of each language, without.
        control: of the positive control, of each of its parts train, dev and test.
    """

    tweets: Positive
    unlabelled: Positive
    control: Positive
    seed: Seed
