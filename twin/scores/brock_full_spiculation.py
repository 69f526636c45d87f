"""Brock (PanCan) full model with spiculation (2b): how likely is it that a lung nodule is cancer?"""

import numpy as np

from twin.scores.base import ANY, POSITIVE, Array, Input, Output, Range, Score, Where, completed_years
from twin.scores.inputs import age, coded, female, has

TYPES: dict[object, float | str] = {
    "solid": 0.0,
    "part-solid": 1.0,
    "non-solid": 2.0,
    "part_solid": 1.0,
    "ground_glass": 2.0,
}
_SIZE_AT_4_MM = 1.58113883  # (4 / 10) ** -0.5: sizes are centred at 4 mm (McWilliams 2013)


def brock_full_spiculation(
    age: Array,
    female: Array,
    fh_lung: Array,
    emphysema: Array,
    diameter_mm: Array,
    nodule_type: Array,
    upper_lobe: Array,
    count: Array,
    spiculation: Array,
) -> Array:
    """Return the probability of cancer; diameter in mm, type 0 solid, 1 part-solid, 2 non-solid.

    From smokers of 50 to 75 years in screening: it overstates in people with a lower risk, and says nothing of a
    nodule that grows.
    """
    logit = (
        0.0287 * (age - 62)
        + 0.6011 * female
        + 0.2961 * fh_lung
        + 0.2953 * emphysema
        - 5.3854 * size_term(diameter_mm)
        + np.select([nodule_type == 1, nodule_type == 2], [0.3770, -0.1276], 0.0)
        + 0.6581 * upper_lobe
        - 0.0824 * (count - 4)
        + 0.7729 * spiculation
        - 6.7892
    )
    return 1 / (1 + np.exp(-logit))


def size_term(diameter_mm: Array) -> Array:
    """Return how much smaller than 4 mm the nodule is, on the scale of the model (dimensionless)."""
    return np.power(diameter_mm / 10, -0.5) - _SIZE_AT_4_MM


def nodule_inputs() -> tuple[Input, ...]:
    """Return what the full models take of person and nodule, spiculation aside.

    Emphysema is what the CT shows or a diagnosis says. A count of nodules and their lobe are in no coded signal.
    """
    return (
        age(validated=completed_years(50, 75)),
        female(),
        has("fh_lung", "family_lung_cancer"),
        has("emphysema", "emphysema"),
        diameter(),
        coded("nodule_type", "nodule_type", TYPES),
        has("upper_lobe"),
        Input(key="count", unit="1", possible=Range(low=1), whole=True),
    )


def diameter(*, validated: Range = ANY) -> Input:
    """Return the nodule's mean diameter."""
    return Input(
        key="diameter_mm",
        unit="mm",
        signal="nodule_mean_diameter",
        find=(Where(kind="signal", key="nodule_mean_diameter"),),
        possible=POSITIVE,
        validated=validated,
    )


SCORE = Score(
    key="brock_full_spiculation",
    inputs=(*nodule_inputs(), has("spiculation")),
    formula=brock_full_spiculation,
    outputs=(Output(key="p"),),
    source="McWilliams A; NEJM 2013;369:910; doi:10.1056/NEJMoa1214726 (model 2b)",
    reviewed="2026-11",
    verification="verified",
)
