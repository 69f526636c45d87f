"""ALBI: how well does the liver work, from albumin and bilirubin."""

from collections.abc import Mapping

import numpy as np

from twin.scores.base import Array, Given, Output, Score
from twin.scores.inputs import ADULT_AGE, measured, positive


def albi(albumin_gl: Array, bilirubin_umol: Array) -> dict[str, Array]:
    """Return the linear predictor (dimensionless, higher is worse) and its grade 1-3.

    The albumin factor is the published 0.085; some code uses 0.0852, which differs in the second decimal.
    """
    score = 0.66 * np.log10(bilirubin_umol) - 0.085 * albumin_gl
    return {"score": score, "grade": np.where(score <= -2.60, 1.0, np.where(score <= -1.39, 2.0, 3.0))}


def _category(outputs: Mapping[str, float], given: Given) -> str:
    return f"grade {outputs['grade']}"


SCORE = Score(
    key="albi",
    inputs=(
        measured("albumin_gl", "albumin", "g/L"),
        positive("bilirubin_umol", "bilirubin_total", "umol/L"),
    ),
    formula=albi,
    outputs=(Output(key="score"), Output(key="grade", whole=True)),
    category=_category,
    source="Johnson PJ; J Clin Oncol 2015;33:550; doi:10.1200/JCO.2014.57.9151",
    reviewed="2026-11",
    verification="verified",
    # House choice, no source: albumin changes in pregnancy, and the score is of the own liver.
    excludes=("pregnancy", "liver_transplant"),
    min_age=ADULT_AGE,
)
