"""What is the truth of a simulated patient? The oracle that forecasts and recalls are tested on."""

from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import UnknownKey
from twin.record.signal import signal as signal_of
from twin.record.units import from_canonical
from twin.scores import SCORES, evaluate, score
from twin.scores.base import Input, Where
from twin.synth.patient import SyntheticPatient
from twin.synth.truth import Array, day_after, years_between

_TRIGLYCERIDE_SHARE = 1 / 2.2  # Friedewald in mmol/L: cholesterol that travels with triglycerides
_STEP_YEARS = 1 / 52  # crossings are looked for week by week


def latent(patient: SyntheticPatient, key: str, years: ArrayLike) -> Array:
    """Return the true value of a signal or score, `years` after the patient's start, in the shape of `years`.

    `key` is a simulated signal (canonical unit), `total_cholesterol`, `bmi`, `egfr`, a score (its first output) or
    `score.output`. A score is NaN where the source defines none.

    Raises:
        UnknownKey: neither a simulated signal nor a score.
    """
    t = np.asarray(years, dtype=np.float64)
    if key in patient.truth:
        return patient.truth[key].at(t)
    if key == "total_cholesterol":
        ldl, hdl, triglycerides = (patient.truth[part].at(t) for part in ("ldl_c", "hdl_c", "triglycerides"))
        return ldl + hdl + _TRIGLYCERIDE_SHARE * triglycerides
    if key == "bmi":
        return np.asarray(patient.truth["weight"].at(t) / (patient.truth["height"].at(t) / 100) ** 2)
    if key == "egfr":
        return latent(patient, "ckdepi.cr_2021", t)
    name, _, output = key.partition(".")
    if name not in {each.key for each in SCORES}:
        raise UnknownKey(f"{key!r} is not simulated")
    found = evaluate(score(name), {item.key: _given(patient, item, t) for item in score(name).inputs})
    return np.asarray(found[output or score(name).outputs[0].key].reshape(t.shape))


def latent_on(patient: SyntheticPatient, key: str, at: date) -> float:
    """Return the true value of a signal or score on a day."""
    return float(latent(patient, key, years_between(patient.start, at)))


def crossing(
    patient: SyntheticPatient, key: str, threshold: float, *, rising: bool = True, horizon_years: float = 20
) -> date | None:
    """Return the first day (to the week) on which the truth stands past `threshold`, or None within the horizon.

    The horizon counts from the start of the history; the truth goes on after its end as it went before.
    """
    t = np.arange(0.0, horizon_years, _STEP_YEARS)
    values = latent(patient, key, t)
    past = values > threshold if rising else values < threshold
    return day_after(patient.start, float(t[int(np.argmax(past))])) if past.any() else None


def timeline_values(patient: SyntheticPatient, key: str) -> tuple[tuple[datetime, float, float], ...]:
    """Return (time, measured value, true value) of a signal at each visit that measured it; canonical, oldest first.

    What the laboratory printed as "< limit" is left out.
    """
    return tuple(
        (visit.at, reading.value, latent_on(patient, key, visit.at.date()))
        for visit in patient.visits
        for reading in visit.readings
        if reading.signal == key and not reading.is_below_limit
    )


def _given(patient: SyntheticPatient, item: Input, t: Array) -> object:
    """The true value of one input of a score, in the score's unit; its default, or None, where nothing is simulated."""
    for where in item.find:
        if where.kind == "age":
            return years_between(patient.birth_date, patient.start) + t
        if where.kind == "sex":
            return item.choices.get(patient.sex, float(patient.sex == "male"))  # no choices: yes/no, "male"
        if where.kind == "code":
            is_told = where.key == "smoking_status" and where.output
            return float(patient.smoking in where.output.split("|")) if is_told else None
        if where.kind == "site":
            return np.zeros_like(t)  # a site's own setting (China-PAR: north, urban); off
        if where.kind in ("concept", "weekly"):
            return _has(patient, where.key, t)
        if where.kind == "concepts":
            return _among(patient, item, where, t)
        if where.kind == "score":
            return latent(patient, f"{where.key}.{where.output}" if where.output else where.key, t)
        if where.kind == "signal":
            value = _signal(patient, where.key, t)
            if value is not None:
                return from_canonical(value, item.unit, signal_of(where.key)) if item.unit else value  # type: ignore[arg-type]
    return item.choices.get(item.default, item.default) if item.default is not None else None


def _signal(patient: SyntheticPatient, key: str, t: Array) -> Array | None:
    try:
        return latent(patient, key, t)
    except UnknownKey:
        return None


def _among(patient: SyntheticPatient, item: Input, where: Where, t: Array) -> Array:
    """1 where any of the concepts is there; of a set of codes the sum of what those mean whose concept is there."""
    there: dict[str, Array] = {}
    for code, concept in where.among:
        there[code] = np.maximum(there.get(code, np.zeros_like(t)), _has(patient, concept, t))
    if item.kind == "codes":
        return np.asarray(np.sum([float(item.choices[code]) * flags for code, flags in there.items()], axis=0))
    return np.asarray(np.max(list(there.values()), axis=0))


_TREATS = {"amlodipine": "antihypertensive", "losartan": "antihypertensive", "simvastatin": "statin",
           "metformin": "glucose_lowering", "entecavir": "antiviral_hbv"}  # fmt: skip


def _has(patient: SyntheticPatient, concept: str, t: Array) -> NDArray[np.float64]:
    starts = [each.onset for each in patient.problems if each.concept == concept]
    starts += [each.start for each in patient.medicines if _TREATS.get(each.key) == concept and each.stop is None]
    if concept == "family_cvd" and patient.father_had_infarction:
        return np.ones_like(t)
    first = min((years_between(patient.start, day) for day in starts), default=np.inf)
    return (t >= first).astype(np.float64)
