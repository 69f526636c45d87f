"""Charlson index: how much disease does a person carry, and what does age add?"""

import numpy as np

from twin.scores.base import Array, Input, Output, Score, Where
from twin.scores.inputs import age

# Code: weight (Charlson 1987). The order gives each its power of two: never change it, only add.
_WEIGHTS = {
    "mi": 1,
    "chf": 1,
    "pvd": 1,
    "cerebrovascular": 1,
    "dementia": 1,
    "copd": 1,
    "connective_tissue": 1,
    "peptic_ulcer": 1,
    "mild_liver": 1,
    "diabetes": 1,
    "hemiplegia": 2,
    "moderate_severe_ckd": 2,
    "diabetes_complicated": 2,
    "solid_tumor": 2,
    "leukemia": 2,
    "lymphoma": 2,
    "moderate_severe_liver": 3,
    "metastatic": 6,
    "aids": 6,
}
_BITS = {code: 2.0**place for place, code in enumerate(_WEIGHTS)}
# Milder: severer form that replaces it
_REPLACED = {"diabetes": "diabetes_complicated", "mild_liver": "moderate_severe_liver", "solid_tumor": "metastatic"}
_OTHER_WORDS = {
    "diabetes_with_damage": "diabetes_complicated",
    "diabetes_end_organ": "diabetes_complicated",
    "diabetes_with_complications": "diabetes_complicated",
    "solid_tumour": "solid_tumor",
    "leukaemia": "leukemia",
    "heart_failure": "chf",
    "metastasis": "metastatic",
}
_CHOICES: dict[object, float | str] = {
    **{code: bit for code, bit in _BITS.items()},
    **{word: _BITS[code] for word, code in _OTHER_WORDS.items()},
}
# (code, concept of the record). A concept is listed where it surely means the code: solid tumours by their own
# concepts, not by `cancer`, which holds leukaemia too; kidney disease from stage 4 on, for the paper's moderate form
# begins at a creatinine of 3 mg/dL.
_IN_THE_RECORD = (
    ("mi", "myocardial_infarction"),
    ("chf", "heart_failure"),
    ("pvd", "peripheral_artery_disease"),
    ("pvd", "aortic_aneurysm"),
    ("cerebrovascular", "stroke"),
    ("cerebrovascular", "tia"),
    ("cerebrovascular", "intracranial_haemorrhage"),
    ("dementia", "dementia"),
    ("copd", "copd"),
    ("connective_tissue", "connective_tissue_disease"),
    ("peptic_ulcer", "peptic_ulcer"),
    ("mild_liver", "chronic_liver_disease"),
    ("moderate_severe_liver", "portal_hypertension"),
    ("moderate_severe_liver", "varices"),
    ("diabetes", "diabetes"),
    ("diabetes_complicated", "diabetic_complication"),
    ("hemiplegia", "hemiplegia"),
    ("moderate_severe_ckd", "ckd_g4"),
    ("moderate_severe_ckd", "ckd_g5"),
    ("moderate_severe_ckd", "dialysis"),
    ("moderate_severe_ckd", "kidney_transplant"),
    ("solid_tumor", "liver_cancer"),
    ("solid_tumor", "lung_cancer"),
    ("solid_tumor", "pancreatic_cancer"),
    ("solid_tumor", "germ_cell_tumour"),
    ("solid_tumor", "mesothelioma"),
    ("leukemia", "leukaemia"),
    ("lymphoma", "lymphoma"),
    ("metastatic", "metastatic_cancer"),
    ("aids", "aids"),
)


def charlson(age: Array, conditions: Array) -> dict[str, Array]:
    """Return the index and the age-adjusted index (whole points).

    `conditions` is a sum of powers of two, one a condition. The severer form of a disease replaces the milder. Not
    recorded counts as not there: in a thin record the index reads low.
    """
    there = {code: np.floor(conditions / bit) % 2 for code, bit in _BITS.items()}
    for milder, severer in _REPLACED.items():
        there[milder] = there[milder] * (1 - there[severer])
    index = np.sum([weight * there[code] for code, weight in _WEIGHTS.items()], axis=0)
    years = np.select([age >= 80, age >= 70, age >= 60, age >= 50], [4.0, 3.0, 2.0, 1.0], 0.0)
    return {"index": index, "age_adjusted": index + years}


SCORE = Score(
    key="charlson",
    inputs=(
        age(),
        Input(
            key="conditions",
            kind="codes",
            choices=_CHOICES,
            find=(Where(kind="concepts", among=_IN_THE_RECORD),),
        ),
    ),
    formula=charlson,
    outputs=(Output(key="index", whole=True), Output(key="age_adjusted", whole=True)),
    source="Charlson ME; J Chronic Dis 1987;40:373; age: J Clin Epidemiol 1994;47:1245",
    reviewed="2026-11",
    verification="verified",
)
