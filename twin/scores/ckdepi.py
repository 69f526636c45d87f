"""CKD-EPI: how well do the kidneys filter, from creatinine, cystatin C or both."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twin.scores.base import POSITIVE, Array, Given, Output, Score
from twin.scores.inputs import ADULT, age, measured, sex

UNIT = "mL/min/{1.73_m2}"
Flags = NDArray[np.bool_]


def ckdepi(sex: Array, age: Array, scr: Array | None, scys: Array | None) -> dict[str, Array]:
    """Return eGFR in mL/min/1.73 m2 by the 2021 creatinine, 2012 cystatin and 2021 combined equations; sex 1 = male.

    Creatinine and cystatin in mg/dL and mg/L. An equation whose marker is not given is NaN. Creatinine misleads where
    muscle mass is far from average; none holds in acute kidney injury or on dialysis.
    """
    female, nothing = sex < 0.5, np.asarray(np.nan)
    return {
        "cr_2021": nothing if scr is None else _creatinine(female, age, scr),
        "cys_2012": nothing if scys is None else _cystatin(female, age, scys),
        "crcys_2021": nothing if scr is None or scys is None else _combined(female, age, scr, scys),
    }


def _creatinine(female: Flags, age: Array, scr: Array) -> Array:
    below, above = _around(scr / np.where(female, 0.7, 0.9))
    markers = np.power(below, np.where(female, -0.241, -0.302)) * np.power(above, -1.200)
    return 142 * markers * np.power(0.9938, age) * np.where(female, 1.012, 1.0)


def _cystatin(female: Flags, age: Array, scys: Array) -> Array:
    below, above = _around(scys / 0.8)
    markers = np.power(below, -0.499) * np.power(above, -1.328)
    return 133 * markers * np.power(0.996, age) * np.where(female, 0.932, 1.0)


def _combined(female: Flags, age: Array, scr: Array, scys: Array) -> Array:
    below, above = _around(scr / np.where(female, 0.7, 0.9))
    markers = np.power(below, np.where(female, -0.219, -0.144)) * np.power(above, -0.544)
    below, above = _around(scys / 0.8)
    markers = markers * np.power(below, -0.323) * np.power(above, -0.778)
    return 135 * markers * np.power(0.9961, age) * np.where(female, 0.963, 1.0)


def _around(ratio: Array) -> tuple[Array, Array]:
    """The part of a ratio below one and the part above: the equations bend there."""
    return np.minimum(ratio, 1.0), np.maximum(ratio, 1.0)


def _category(outputs: Mapping[str, float], given: Given) -> str:
    """KDIGO G category of the first equation there is; it needs three months to be chronic kidney disease."""
    egfr = next(iter(outputs.values()))
    bounds = ((90, "G1"), (60, "G2"), (45, "G3a"), (30, "G3b"), (15, "G4"))
    return next((name for low, name in bounds if egfr >= low), "G5")


SCORE = Score(
    key="ckdepi",
    inputs=(
        sex(),
        age(population=ADULT),
        measured("scr", "creatinine", "mg/dL", possible=POSITIVE, optional=True),
        measured("scys", "cystatin_c", "mg/L", possible=POSITIVE, optional=True),
    ),
    formula=ckdepi,
    outputs=(Output(key="cr_2021", unit=UNIT), Output(key="cys_2012", unit=UNIT), Output(key="crcys_2021", unit=UNIT)),
    category=_category,
    source="Inker LA; NEJM 2021;385:1737; doi:10.1056/NEJMoa2102953; cystatin: NEJM 2012;367:20",
    reviewed="2026-11",
    verification="verified",
    excludes=("dialysis",),
    confounders={"pregnancy": "Creatinine falls in pregnancy: eGFR overstates."},
)
