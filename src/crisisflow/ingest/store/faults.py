"""What may go wrong with a store."""

from crisisflow.errors import CrisisflowError


class StoreError(CrisisflowError):
    """A store cannot be read or written: why, and what to do."""


class FullError(StoreError):
    """The disk is full, or the store may not be written now: the same may be tried again later."""


class StaleError(CrisisflowError):
    """Something was changed by another since it was read."""


class LeasedError(CrisisflowError):
    """Somebody else works on it."""


class ForbiddenError(CrisisflowError):
    """Somebody may not do this."""
