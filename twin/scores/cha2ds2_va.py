"""CHA2DS2-VA: how likely is a stroke in atrial fibrillation without an anticoagulant, without the point for women."""

from twin.scores.base import Output, Score
from twin.scores.cha2ds2_vasc import cha2ds2_va, conditions
from twin.scores.inputs import age

SCORE = Score(
    key="cha2ds2_va",
    inputs=(age(), *conditions()),
    formula=cha2ds2_va,
    outputs=(Output(key="points", whole=True),),
    source="ESC guideline on atrial fibrillation 2024; points of Lip GYH; Chest 2010;137:263",
    reviewed="2026-11",
    verification="single_source",
)
