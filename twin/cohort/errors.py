"""What can be wrong with a cohort, its specification or what is asked of a model."""

from twin.errors import TwinError, UnreadableInput


class BadSpec(UnreadableInput):
    """The cohort specification can't be used."""


class BadTable(UnreadableInput):
    """A table of the cohort can't be used."""


class CannotPredict(TwinError):
    """The model can't answer this task."""


class TooFewReadings(TwinError):
    """There are too few readings to fit how signals move."""
