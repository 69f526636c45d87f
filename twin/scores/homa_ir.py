"""HOMA-IR: how resistant is the body to insulin, from fasting glucose and insulin."""

from twin.scores.base import Array, Score
from twin.scores.inputs import ADULT_AGE, measured


def homa_ir(glucose_mmol: Array, insulin: Array) -> Array:
    """Return the index (dimensionless); fasting glucose in mmol/L, fasting insulin in mIU/L.

    Only fasting values: a signal without that statement is never taken. No cut-off holds everywhere, and insulin
    assays differ.
    """
    return glucose_mmol * insulin / 22.5


SCORE = Score(
    key="homa_ir",
    inputs=(
        measured("glucose_mmol", "glucose_fasting", "mmol/L"),
        measured("insulin", "insulin_fasting", "m[IU]/L"),
    ),
    formula=homa_ir,
    source="Matthews DR; Diabetologia 1985;28:412",
    reviewed="2026-11",
    verification="verified",
    min_age=ADULT_AGE,  # house value: it is a measure of adults
    confounders={"insulin": "Insulin is injected: HOMA-IR says nothing."},
)
