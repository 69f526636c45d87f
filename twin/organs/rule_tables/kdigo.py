"""KDIGO grid: how far has kidney disease gone, and how high is its risk, by filtration and albumin in urine?"""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score
from twin.scores.inputs import filtration, measured

_G = {1.0: "G1", 2.0: "G2", 3.0: "G3a", 4.0: "G3b", 5.0: "G4", 6.0: "G5"}
_A = {1.0: "A1", 2.0: "A2", 3.0: "A3"}
_RISK = {1.0: "low", 2.0: "moderate", 3.0: "high", 4.0: "very high"}


def kdigo(egfr: Array, uacr: Array) -> dict[str, Array]:
    """Return the numbers of G, A and risk category; eGFR in mL/min/1.73 m2, albumin-creatinine ratio in mg/g.

    One moment is no chronic kidney disease: that takes both for three months or more, and the low risk of G1 and G2
    with A1 is a disease only with another sign of damage.
    """
    g = np.select([egfr >= 90, egfr >= 60, egfr >= 45, egfr >= 30, egfr >= 15], [1.0, 2.0, 3.0, 4.0, 5.0], 6.0)
    a = np.select([uacr < 30, uacr <= 300], [1.0, 2.0], 3.0)
    return {"g": g, "a": a, "risk": np.minimum(np.maximum(g - 2, 0) + a, 4.0)}


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return _RISK[outputs["risk"]]


TABLE = Score(
    key="kdigo",
    inputs=(
        filtration(),
        measured("uacr", "urine_acr", "mg/g"),
    ),
    formula=kdigo,
    outputs=(Output(key="g", names=_G), Output(key="a", names=_A), Output(key="risk", names=_RISK)),
    category=_category,
    source="KDIGO 2024; Kidney Int 2024;105(4S):S117; doi:10.1016/j.kint.2023.10.018",
    reviewed="2026-11",
    verification="single_source",
    excludes=("dialysis", "kidney_transplant"),
)
