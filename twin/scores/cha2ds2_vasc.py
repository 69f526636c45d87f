"""CHA2DS2-VASc: how likely is a stroke in atrial fibrillation without an anticoagulant."""

import numpy as np

from twin.scores.base import Array, Input, Output, Score
from twin.scores.inputs import age, has, sex


def cha2ds2_vasc(
    age: Array, sex: Array, chf: Array, htn: Array, dm: Array, stroke_tia_te: Array, vascular: Array
) -> Array:
    """Return the points (0-9); sex 1 = male. Says nothing of people without atrial fibrillation."""
    return cha2ds2_va(age, chf, htn, dm, stroke_tia_te, vascular) + (1 - sex)


def cha2ds2_va(age: Array, chf: Array, htn: Array, dm: Array, stroke_tia_te: Array, vascular: Array) -> Array:
    """Return the points without the one for women (0-8)."""
    years = np.select([age >= 75, age >= 65], [2.0, 1.0], 0.0)
    return chf + htn + years + dm + 2 * stroke_tia_te + vascular


def conditions() -> tuple[Input, ...]:
    """Return the diseases that count; thromboembolism and aortic plaque are in no coded concept and go unseen."""
    return (
        has("chf", "heart_failure"),
        has("htn", "hypertension"),
        has("dm", "diabetes"),
        has("stroke_tia_te", "stroke", "tia"),
        has("vascular", "myocardial_infarction", "peripheral_artery_disease"),
    )


SCORE = Score(
    key="cha2ds2_vasc",
    inputs=(age(), sex(), *conditions()),
    formula=cha2ds2_vasc,
    outputs=(Output(key="points", whole=True),),
    source="Lip GYH; Chest 2010;137:263",
    reviewed="2026-11",
    verification="verified",
)
