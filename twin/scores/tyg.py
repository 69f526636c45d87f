"""TyG: how resistant is the body to insulin, from fasting triglycerides and glucose."""

import numpy as np

from twin.scores.base import Array, Score
from twin.scores.inputs import positive


def tyg(tg_mgdl: Array, glucose_mgdl: Array) -> Array:
    """Return ln(triglycerides x glucose / 2) (dimensionless), both fasting and in mg/dL.

    The half stands inside the logarithm. Only fasting glucose is taken; that triglycerides were fasting the record
    does not always say.
    """
    return np.log(tg_mgdl * glucose_mgdl / 2)


SCORE = Score(
    key="tyg",
    inputs=(
        positive("tg_mgdl", "triglycerides", "mg/dL"),
        positive("glucose_mgdl", "glucose_fasting", "mg/dL"),
    ),
    formula=tyg,
    source="Simental-Mendia 2008",
    reviewed="2026-11",
    verification="single_source",
)
