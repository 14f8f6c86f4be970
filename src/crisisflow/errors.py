"""The one error type that a user is meant to see."""


class CrisisflowError(Exception):
    """What is wrong, where, and what to do, in one line; `crisisflow` prints it and exits with 2."""
