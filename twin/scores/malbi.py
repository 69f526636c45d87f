"""mALBI: ALBI with its middle grade split in two. Not verified: the split is recalled."""

from collections.abc import Mapping

import numpy as np

from twin.scores.albi import albi
from twin.scores.base import Array, Given, Output, Score
from twin.scores.inputs import ADULT_AGE, measured, positive

_SPLIT = -2.27  # recalled, not compared with its source (formulas.md [U])


def malbi(albumin_gl: Array, bilirubin_umol: Array) -> dict[str, Array]:
    """Return ALBI (dimensionless, higher is worse) and the modified grade: 1, 2a, 2b, 3."""
    found = albi(albumin_gl, bilirubin_umol)
    grade = np.where((found["grade"] == 2) & (found["score"] > _SPLIT), 2.5, found["grade"])
    return {"score": found["score"], "grade": grade}


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return f"grade {_GRADES[outputs['grade']]}"


_GRADES = {1.0: "1", 2.0: "2a", 2.5: "2b", 3.0: "3"}

SCORE = Score(
    key="malbi",
    inputs=(measured("albumin_gl", "albumin", "g/L"), positive("bilirubin_umol", "bilirubin_total", "umol/L")),
    formula=malbi,
    outputs=(Output(key="score"), Output(key="grade", names=_GRADES)),
    category=_category,
    source="ALBI: Johnson PJ; J Clin Oncol 2015;33:550; doi:10.1200/JCO.2014.57.9151; split at -2.27 recalled",
    reviewed="2026-11",
    verification="unverified",
    # House choice, no source: albumin changes in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
    min_age=ADULT_AGE,
)
