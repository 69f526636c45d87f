"""MELD: how soon may a patient with end-stage liver disease die, from bilirubin, creatinine and INR."""

import numpy as np

from twin.scores.base import Array, Output, Score
from twin.scores.inputs import ADULT_AGE, on_dialysis, positive


def meld(bilirubin: Array, creatinine: Array, inr: Array, dialysis: Array) -> Array:
    """Return MELD (6-40, whole); bilirubin and creatinine in mg/dL.

    Floors and caps are the rule's own: each input at least 1.0, creatinine at most 4.0, and 4.0 with two dialyses (or
    24 hours of CVVHD) in the last seven days. An anticoagulant raises the INR and so the score.
    """
    return np.clip(rounded(meld_unrounded(bilirubin, creatinine, inr, dialysis)), 6, 40)


def meld_unrounded(bilirubin: Array, creatinine: Array, inr: Array, dialysis: Array) -> Array:
    """Return the sum before it is rounded and limited."""
    held = np.where(dialysis > 0.5, 4.0, np.clip(creatinine, 1.0, 4.0))
    return 9.57 * np.log(held) + 3.78 * np.log(np.maximum(bilirubin, 1.0)) + 11.2 * np.log(np.maximum(inr, 1.0)) + 6.43


def rounded(value: Array) -> Array:
    """Return the nearest whole number, halves up."""
    return np.floor(value + 0.5)


SCORE = Score(
    key="meld",
    inputs=(
        positive("bilirubin", "bilirubin_total", "mg/dL"),
        positive("creatinine", "creatinine", "mg/dL"),
        positive("inr", "inr", "1"),
        on_dialysis(),
    ),
    formula=meld,
    outputs=(Output(key="score", whole=True),),
    source="Kamath PS; Hepatology 2001;33:464; UNOS limits",
    reviewed="2026-11",
    verification="verified",
    excludes=("liver_transplant",),
    min_age=ADULT_AGE,
    confounders={"anticoagulant": "An anticoagulant raises the INR: the score overstates."},
)
