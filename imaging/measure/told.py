"""How is a measurement of one organ, or its refusal, put into words that are the same for all?"""

from imaging.gate import Fitness, Use
from imaging.labels import Labels
from imaging.measure.base import Measurement


def refused(key: str, unit: str, method: str, source: str, reason: str, level: str | None = None) -> Measurement:
    """Return a refusal with its reason."""
    return Measurement(key=key, unit=unit, method=method, source=source, refused=reason, level=level)


def measured(
    key: str, unit: str, method: str, source: str, value: float, sd: float | None, *, digits: int = 1,
    level: str | None = None, caution: str | None = None,
) -> Measurement:  # fmt: skip
    """Return a value, rounded to what can be told; its sd to one digit more."""
    return Measurement(
        key=key, unit=unit, method=method, source=source, value=round(value, digits),
        sd=None if sd is None else round(sd, digits + 1), level=level, caution=caution,
    )  # fmt: skip


def unfit(fitness: Fitness, use: Use) -> str | None:
    """Return why a series may not be used so, or None."""
    return fitness.unfit.get(use)


def by(method: str, labels: Labels) -> str:
    """Return the method with who drew the labels."""
    return f"{method}; {labels.method}"
