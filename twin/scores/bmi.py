"""Body mass index: how heavy is a person for their height."""

from collections.abc import Mapping

from twin.scores.base import POSITIVE, Array, Given, Input, Output, Score, Where
from twin.scores.inputs import ADULT_AGE

BANDS = {"china": ((18.5, "underweight"), (24, "normal"), (28, "overweight")),
         "who": ((18.5, "underweight"), (25, "normal"), (30, "overweight"))}  # fmt: skip
"""Upper ends, kg/m2: WS/T 428-2013 (China); WHO Technical Report Series 894 (2000)."""


def bmi(weight_kg: Array, height_cm: Array, bands: Array) -> Array:
    """Return kg/m2, whatever bands it is put into. Says nothing of where the fat is, nor of muscle."""
    metres = height_cm / 100
    return weight_kg / (metres * metres)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    bounds = list(BANDS.values())[int(float(given["bands"]))]
    return next((name for high, name in bounds if outputs["value"] < high), "obese")


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
        Input(
            key="bands",
            kind="choice",
            choices={name: float(place) for place, name in enumerate(BANDS)},
            find=(Where(kind="site", key="bmi_bands"),),
            default="china",
        ),
    ),
    formula=bmi,
    outputs=(Output(key="value", unit="kg/m2"),),
    category=_category,
    source="Definition; bands WS/T 428-2013 (China) or WHO TRS 894 (2000)",
    reviewed="2026-11",
    verification="verified",
    excludes=("pregnancy",),
    min_age=ADULT_AGE,  # house value: the bands are those of adults
)
