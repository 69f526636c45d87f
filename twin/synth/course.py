"""Which ways does a simulated patient's health take, and how often does each occur among fifty?

Every number is a house value: chosen so that a course is recognisable to a clinician, not estimated from patients.
Rates are a year and on the assay's scale: 0.06 on the log scale is about 6 % a year.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from twin.synth.assay import Panel

Moment = Literal["start", "begins", "treated"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shift:
    """How one signal differs from a healthy person's.

    `by`: the level from the start; `rise`: added slope a year from where the illness begins until treatment takes
    hold; `treated`: change of level once treatment has taken hold.
    """

    signal: str
    by: float = 0.0
    rise: float = 0.0
    treated: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Aim:
    """The truth passes `threshold` of a signal or of FIB-4 between `months` before (negative) or after the end."""

    key: str
    threshold: float
    months: tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Onset:
    """A condition, and when it began: at a moment of the course, or when the truth of a signal reaches a level."""

    concept: str
    at: Moment | tuple[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Course:
    """One way a patient's health takes. `ages`, `begins` and `treated` are years: at the end, and before the end."""

    key: str
    organ: str
    per_fifty: int
    ages: tuple[float, float]
    shifts: tuple[Shift, ...] = ()
    begins: tuple[float, float] | None = None
    treated: tuple[float, float] | None = None
    takes_years: float = 0.5
    aim: Aim | None = None
    onsets: tuple[Onset, ...] = ()
    medicines: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()
    hbsag: bool = False


_FATTY = (
    Shift(signal="alt", by=0.65),
    Shift(signal="ast", by=0.3),
    Shift(signal="ggt", by=0.5),
    Shift(signal="triglycerides", by=0.3),
    Shift(signal="weight", by=13),
    Shift(signal="waist", by=12),
    Shift(signal="hba1c", by=0.15),
)
_FIBROSIS = (
    Shift(signal="alt", by=0.5, rise=0.03),
    Shift(signal="ast", by=0.3, rise=0.09),
    Shift(signal="platelets", rise=-0.06),
    Shift(signal="ggt", by=0.5, rise=0.06),
    Shift(signal="albumin", rise=-0.3),
    Shift(signal="bilirubin_total", rise=0.03),
    Shift(signal="inr", rise=0.006),
    Shift(signal="weight", by=11),
    Shift(signal="waist", by=10),
)

COURSES: tuple[Course, ...] = (
    Course(key="healthy", organ="none", per_fifty=13, ages=(30, 56)),
    Course(
        key="fatty_liver", organ="liver", per_fifty=3, ages=(34, 56), shifts=_FATTY,
        onsets=(Onset(concept="fatty_liver", at="start"),), panels=("liver", "cbc"),
    ),
    Course(
        key="fibrosis_slow", organ="liver", per_fifty=3, ages=(46, 62), begins=(7, 9),
        shifts=(
            Shift(signal="alt", by=0.5, rise=0.01),
            Shift(signal="ast", by=0.3, rise=0.03),
            Shift(signal="platelets", rise=-0.025),
            Shift(signal="weight", by=10),
            Shift(signal="waist", by=9),
        ),
        aim=Aim(key="fib4", threshold=2.67, months=(60, 100)),
        onsets=(Onset(concept="fatty_liver", at="start"),), panels=("liver", "cbc"),
    ),
    Course(
        key="fibrosis_fast", organ="liver", per_fifty=4, ages=(47, 64), begins=(5, 7), shifts=_FIBROSIS,
        aim=Aim(key="fib4", threshold=2.67, months=(0, 11)),
        onsets=(Onset(concept="fatty_liver", at="start"),), panels=("liver", "cbc", "coagulation"),
    ),
    Course(
        key="hepatitis_b_treated", organ="liver", per_fifty=3, ages=(36, 56), treated=(4, 7), takes_years=0.75,
        shifts=(
            Shift(signal="alt", by=1.3, treated=-1.25),
            Shift(signal="ast", by=0.95, treated=-0.85),
            Shift(signal="ggt", by=0.3, treated=-0.2),
            Shift(signal="platelets", by=-0.18, treated=0.12),
        ),
        onsets=(Onset(concept="hbv", at="start"),), medicines=("entecavir",),
        panels=("liver", "cbc", "tumour"), hbsag=True,
    ),
    Course(
        key="hepatitis_b_carrier", organ="liver", per_fifty=1, ages=(34, 52),
        onsets=(Onset(concept="hbv", at="start"),), panels=("liver", "cbc", "tumour"), hbsag=True,
    ),
    Course(
        key="cirrhosis", organ="liver", per_fifty=1, ages=(56, 68), treated=(5, 8), takes_years=1.0,
        shifts=(
            Shift(signal="alt", by=0.8, treated=-0.5),
            Shift(signal="ast", by=0.9, treated=-0.4),
            Shift(signal="platelets", by=-0.85),
            Shift(signal="albumin", by=-6, rise=-0.1),
            Shift(signal="bilirubin_total", by=0.7),
            Shift(signal="inr", by=0.15),
            Shift(signal="afp", by=0.6),
        ),
        onsets=(Onset(concept="hbv", at="start"), Onset(concept="cirrhosis", at="start")),
        medicines=("entecavir",), panels=("liver", "cbc", "coagulation", "tumour"), hbsag=True,
    ),
    Course(
        key="hypertension_rising", organ="vascular", per_fifty=3, ages=(45, 60), begins=(5, 7),
        shifts=(Shift(signal="sbp", by=3, rise=2.6), Shift(signal="dbp", rise=0.9), Shift(signal="weight", by=6)),
        aim=Aim(key="sbp", threshold=140, months=(0, 11)), panels=("lipids", "renal"),
    ),
    Course(
        key="hypertension_treated", organ="vascular", per_fifty=4, ages=(48, 60), treated=(3, 7), takes_years=0.3,
        shifts=(Shift(signal="sbp", by=30, treated=-24), Shift(signal="dbp", by=14, treated=-11)),
        onsets=(Onset(concept="hypertension", at="treated"),), medicines=("amlodipine",), panels=("lipids", "renal"),
    ),
    Course(
        key="lipid_rising", organ="vascular", per_fifty=2, ages=(42, 58), begins=(4, 6),
        shifts=(Shift(signal="ldl_c", by=0.2, rise=0.17), Shift(signal="triglycerides", rise=0.04)),
        aim=Aim(key="ldl_c", threshold=3.4, months=(0, 11)), panels=("lipids",),
    ),
    Course(
        key="lipid_treated", organ="vascular", per_fifty=3, ages=(46, 60), treated=(3, 6), takes_years=0.25,
        shifts=(Shift(signal="ldl_c", by=1.6, treated=-1.7),),
        onsets=(Onset(concept="hyperlipidemia", at="treated"),), medicines=("simvastatin",), panels=("lipids",),
    ),
    Course(
        key="infarction", organ="vascular", per_fifty=2, ages=(54, 68), treated=(3, 6), takes_years=0.25,
        shifts=(Shift(signal="ldl_c", by=1.2, treated=-1.4), Shift(signal="sbp", by=14, treated=-10)),
        onsets=(Onset(concept="ascvd", at="treated"),), medicines=("simvastatin",), panels=("lipids", "renal"),
    ),
    Course(
        key="infarction_at_goal", organ="vascular", per_fifty=1, ages=(54, 68), treated=(3, 6), takes_years=0.25,
        shifts=(Shift(signal="ldl_c", by=1.2, treated=-2.85), Shift(signal="sbp", by=14, treated=-12)),
        onsets=(Onset(concept="ascvd", at="treated"),), medicines=("simvastatin",), panels=("lipids", "renal"),
    ),
    Course(
        key="diabetes_onset", organ="vascular", per_fifty=3, ages=(44, 60), begins=(5, 7),
        shifts=(
            Shift(signal="hba1c", by=0.2, rise=0.13),
            Shift(signal="glucose_fasting", by=0.3, rise=0.22),
            Shift(signal="triglycerides", by=0.25),
            Shift(signal="weight", by=10),
            Shift(signal="waist", by=9),
        ),
        aim=Aim(key="hba1c", threshold=6.5, months=(0, 11)),
        onsets=(Onset(concept="prediabetes", at=("hba1c", 5.7)), Onset(concept="diabetes", at=("hba1c", 6.5))),
        panels=("glucose", "lipids", "urine"),
    ),
    Course(
        key="kidney_decline", organ="kidney", per_fifty=2, ages=(54, 66), begins=(6, 8), treated=(2, 3),
        shifts=(
            Shift(signal="creatinine", by=0.15, rise=0.08),
            Shift(signal="urine_acr", by=1.8, rise=0.3, treated=-0.3),
            Shift(signal="sbp", by=14, treated=-6),
            Shift(signal="hemoglobin", rise=-1.2),
        ),
        onsets=(Onset(concept="ckd", at=("egfr", 60)), Onset(concept="hypertension", at="begins")),
        medicines=("losartan",), panels=("renal", "urine", "cbc"),
    ),
    Course(
        key="multi", organ="several", per_fifty=2, ages=(52, 64), begins=(5, 7), treated=(8, 9), takes_years=0.3,
        shifts=(
            *_FIBROSIS,
            Shift(signal="sbp", by=24, treated=-16),
            Shift(signal="dbp", by=10, treated=-6),
            Shift(signal="hba1c", by=2.0, treated=-0.9),
            Shift(signal="glucose_fasting", by=3.4, treated=-1.6),
            Shift(signal="triglycerides", by=0.4),
            Shift(signal="urine_acr", by=0.9),
        ),
        aim=Aim(key="fib4", threshold=2.67, months=(0, 11)),
        onsets=(
            Onset(concept="fatty_liver", at="start"),
            Onset(concept="diabetes", at="treated"),
            Onset(concept="hypertension", at="treated"),
        ),
        medicines=("amlodipine", "metformin"), panels=("liver", "cbc", "glucose", "lipids", "renal"),
    ),
)  # fmt: skip

BY_KEY = MappingProxyType({course.key: course for course in COURSES})
PER_BLOCK = sum(course.per_fifty for course in COURSES)
"""Fifty: every fifty patients in a row hold each course as often as it says."""
