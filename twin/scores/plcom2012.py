"""PLCOm2012: how likely is lung cancer within 6 years in people who have ever smoked?"""

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import Array, Input, Output, Range, Refusal, Score, Where, completed_years
from twin.scores.inputs import age, body_mass_index, has, measured, smokes

# Term of each group in the model (Tammemagi 2013)
_RACES: dict[object, float | str] = {
    "white": 0.0,
    "black": 0.3944778,
    "hispanic": -0.7434744,
    "asian": -0.466585,
    "pacific_islander": 1.027152,
}
_NOT_A_DAY = 0.4021541613  # (cigarettes a day / 10) ** -1 at the model's centre


def plcom2012(
    age: Array,
    race: Array,
    education: Array,
    bmi: Array,
    copd: Array,
    cancer_hist: Array,
    fh_lung: Array,
    current_smoker: Array,
    cpd: Array,
    duration: Array,
    quit_years: Array | None,
) -> Array:
    """Return the risk as a fraction; education 1 (less than high school) to 6, smoking in cigarettes a day and years.

    For people who have ever smoked, from the USA. Who smokes still has stopped 0 years ago.
    """
    since = np.where(current_smoker > 0.5, 0.0, np.nan if quit_years is None else quit_years)
    logit = (
        0.0778868 * (age - 62)
        - 0.0812744 * (education - 4)
        - 0.0274194 * (bmi - 27)
        + 0.3553063 * copd
        + 0.4589971 * cancer_hist
        + 0.587185 * fh_lung
        + 0.2597431 * current_smoker
        - 1.822606 * (1 / (cpd / 10) - _NOT_A_DAY)
        + 0.0317321 * (duration - 27)
        - 0.0308572 * (since - 10)
        + race
        - 4.532506
    )
    return 1 / (1 + np.exp(-logit))


def _never_smoked(cpd: Array, **_: object) -> NDArray[np.bool_]:
    return np.asarray(cpd == 0)


SCORE = Score(
    key="plcom2012",
    inputs=(
        age(validated=completed_years(55, 80)),
        Input(key="race", kind="choice", choices=_RACES),
        Input(key="education", unit="1", possible=Range(low=1, high=6), whole=True),
        body_mass_index(),
        has("copd", "copd"),
        has("cancer_hist", "cancer", "cancer_history"),
        has("fh_lung", "family_lung_cancer"),
        smokes("current_smoker"),
        measured("cpd", "cigarettes_per_day", "/d"),
        measured("duration", "smoking_duration", "a"),
        Input(
            key="quit_years",
            unit="a",
            signal="quit_years",
            find=(Where(kind="signal", key="quit_years"),),
            optional=True,
        ),
    ),
    formula=plcom2012,
    outputs=(Output(key="p"),),
    refusals=(Refusal(input="cpd", reason="outside_population", when=_never_smoked),),
    source="Tammemagi MC; NEJM 2013;368:728; doi:10.1056/NEJMoa1211776",
    reviewed="2026-11",
    verification="verified",
    excludes=("lung_cancer",),
)
