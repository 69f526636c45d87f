"""Body mass index: how heavy is a person for their height."""

from collections.abc import Mapping

from twin.scores.base import POSITIVE, Array, Given, Input, Output, Score, Where
from twin.scores.inputs import ADULT_AGE


def bmi(weight_kg: Array, height_cm: Array) -> Array:
    """Return kg/m2. Says nothing of where the fat is, nor of muscle."""
    metres = height_cm / 100
    return weight_kg / (metres * metres)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """Bands of China (WS/T 428): 18.5, 24, 28. WHO: 18.5, 25, 30."""
    value = outputs["value"]
    bounds = ((18.5, "underweight"), (24, "normal"), (28, "overweight"))
    return next((name for high, name in bounds if value < high), "obese")


SCORE = Score(
    key="bmi",
    inputs=(
        Input(
            key="weight_kg", unit="kg", signal="weight", find=(Where(kind="signal", key="weight"),), possible=POSITIVE
        ),
        Input(
            key="height_cm",
            unit="cm",
            signal="height",
            find=(Where(kind="signal", key="height"),),
            lasting=True,
            possible=POSITIVE,
        ),
    ),
    formula=bmi,
    outputs=(Output(key="value", unit="kg/m2"),),
    category=_category,
    source="Definition; bands WS/T 428-2013 (China)",
    reviewed="2026-11",
    verification="verified",
    excludes=("pregnancy",),
    min_age=ADULT_AGE,  # house value: the bands are those of adults
)
