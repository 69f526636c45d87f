"""Child-Pugh: how far has cirrhosis gone, from three bloods and two findings at the bedside."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import Array, Given, Output, Score
from twin.scores.inputs import ADULT_AGE, coded, measured

Flags = NDArray[np.bool_]
_CLASSES = {1.0: "A", 2.0: "B", 3.0: "C"}


def child_pugh(bilirubin: Array, albumin: Array, inr: Array, ascites: Array, encephalopathy: Array) -> dict[str, Array]:
    """Return points (5-15) and class; bilirubin in mg/dL, albumin in g/dL, the two findings as 1-3 points.

    Ascites and encephalopathy are findings of an examination and never guessed from bloods: without them no points.
    """
    points = (
        _points(bilirubin < 2, bilirubin > 3)
        + _points(albumin > 3.5, albumin < 2.8)
        + _points(inr < 1.7, inr > 2.3)
        + ascites
        + encephalopathy
    )
    return {"points": points, "class": np.where(points <= 6, 1.0, np.where(points <= 9, 2.0, 3.0))}


def _points(is_good: Flags, is_bad: Flags) -> Array:
    return np.where(is_good, 1.0, np.where(is_bad, 3.0, 2.0))


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _CLASSES[outputs["class"]]


SCORE = Score(
    key="child_pugh",
    inputs=(
        measured("bilirubin", "bilirubin_total", "mg/dL"),
        measured("albumin", "albumin", "g/dL"),
        measured("inr", "inr", "1"),
        coded("ascites", "ascites", {"none": 1.0, "mild": 2.0, "moderate-severe": 3.0}),
        coded("encephalopathy", "hepatic_encephalopathy", {"none": 1.0, "grade1-2": 2.0, "grade3-4": 3.0}),
    ),
    formula=child_pugh,
    outputs=(Output(key="points", whole=True), Output(key="class", names=_CLASSES)),
    category=_category,
    source="Pugh RNH; Br J Surg 1973;60:646",
    reviewed="2026-11",
    verification="verified",
    excludes=("liver_transplant",),
    min_age=ADULT_AGE,
    confounders={"anticoagulant": "An anticoagulant raises the INR: the score overstates."},
)
