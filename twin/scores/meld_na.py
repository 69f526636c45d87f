"""MELD-Na (OPTN 2016): MELD with sodium, for patients whose MELD is above 11."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.inputs import ADULT_AGE, measured, on_dialysis, positive
from twin.scores.meld import meld_unrounded, rounded


def meld_na(bilirubin: Array, creatinine: Array, inr: Array, dialysis: Array, sodium: Array) -> Array:
    """Return MELD-Na (6-40, whole); mg/dL, sodium in mmol/L.

    MELD is rounded to a whole number first: rounding only at the end is a point off in one case of five. The older
    formula of 2008, MELD - Na - 0.025 MELD (140 - Na) + 140, is another score.
    """
    initial = rounded(meld_unrounded(bilirubin, creatinine, inr, dialysis))
    low_sodium = 137 - np.clip(sodium, 125, 137)
    with_sodium = initial + 1.32 * low_sodium - 0.033 * initial * low_sodium
    return np.clip(rounded(np.where(initial > 11, with_sodium, initial)), 6, 40)


SCORE = Score(
    key="meld_na",
    inputs=(
        positive("bilirubin", "bilirubin_total", "mg/dL"),
        positive("creatinine", "creatinine", "mg/dL"),
        positive("inr", "inr", "1"),
        on_dialysis(),
        measured("sodium", "sodium", "mmol/L"),
    ),
    formula=meld_na,
    outputs=(Output(key="score", whole=True),),
    source="OPTN policy of 2016",
    reviewed="2026-11",
    verification="verified",
    excludes=("liver_transplant",),
    min_age=ADULT_AGE,
    confounders={"anticoagulant": "An anticoagulant raises the INR: the score overstates."},
)
