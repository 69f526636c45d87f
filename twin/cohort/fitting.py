"""Fit a cohort's models: trajectories, then risks on what they say, then calibration; and judge them for the card."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin import __version__
from twin.cohort import tables
from twin.cohort.course import followed, middles, readings
from twin.cohort.fitted import Fitted, known
from twin.cohort.known import looks, spreads
from twin.cohort.landmarks import folds, moments
from twin.cohort.spec import Spec
from twin.cohort.tables import Cohort, Outcomes
from twin.cohort.units import unit_of
from twin.forecast import calibrate
from twin.forecast.card.build import build
from twin.forecast.card.run import Described, Endpoint, InputColumn, People, Run
from twin.forecast.evaluate import rows as judged
from twin.forecast.hazards.choose import Chosen, TooFewEvents, choose
from twin.forecast.hazards.penalty import Tried
from twin.forecast.hazards.rows import FOLDS, Rows
from twin.forecast.joint.calibrate import calibrate as correct
from twin.forecast.joint.fit import fit as fit_course
from twin.forecast.joint.model import JointModel

Array = NDArray[np.float64]
Tell = Callable[[str], None]

AHEAD = (0.5, 1.0, 2.0, 6.0)  # years: horizons at which forecasts are corrected by past errors
_PAIRS_AT_LEAST = 200  # forecasts of a biomarker that came to pass: below it there is nothing to correct by


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A fitted model with its card, and what to tell of the run."""

    fitted: Fitted
    card: dict[str, Any]
    summary: dict[str, Any]


def fit(spec: Spec, data: Path, ids: NDArray[np.object_] | None, made_on: date, tell: Tell = lambda text: None) -> Made:
    """Fit the models of `spec` on the patients in `data`, or on those of `ids` only.

    Raises:
        BadTable: a table can't be used. TooFewEvents: there is nothing to learn from.
    """
    cohort = tables.read(data, spec, ids)
    outcomes = tables.outcomes(data, spec, cohort, is_part=ids is not None)
    tell(f"{len(cohort.ids)} patients, {len(cohort.visits.time)} visits")
    spread, middle = spreads(cohort, spec), middles(cohort, spec)
    course = _course(spec, cohort, middle, tell)
    patient, at, is_own = moments(cohort, spec, outcomes)
    tell(f"risks at {len(at)} moments")
    rows = Rows(
        predictors=known(spec, course, spread, middle, cohort, patient, at),
        patient=patient,
        fold=folds(cohort.ids, FOLDS)[patient],
        time=outcomes.time[patient] - at,
        status=outcomes.status[patient],
        judges=is_own,
    )
    chosen = choose(rows, spec.horizons, looks(rows.predictors), tell)
    lines, predictions, why_not = _recalibration(spec, cohort, outcomes, rows, chosen, at, is_own)
    fitted = Fitted(spec=spec, hazard=chosen.model, course=course, recalibration=lines, spread=spread, middle=middle)
    tell("judging it on the patients left out")
    try:
        card = _card(spec, cohort, outcomes, rows, chosen, predictions, is_own, made_on)
    except judged.NotJudgeable as error:
        raise TooFewEvents(f"the model can't be judged, so there is none: {error}") from error
    return Made(
        fitted=fitted,
        card=card,
        summary={
            "patients": len(cohort.ids),
            "visits": len(cohort.visits.time),
            "moments": len(at),
            "events": int((outcomes.status == 1).sum()),
            "without_outcome": int(np.isnan(outcomes.time).sum()),
            "not_followed": [
                each.column for each in spec.biomarkers if course is None or each.column not in course.keys
            ],
            "left_out": cohort.left_out | outcomes.left_out,
            "penalty": {
                cause: {_called(each): [round(each.loss, 6), round(each.weight, 3)] for each in tried}
                for cause, tried in chosen.tried.items()
            },
            "net": {
                cause: {"losses": [round(each, 6) for each in found.losses], "kept": found.net}
                for cause, found in chosen.beside.items()
            },
            "recalibrated": why_not or True,
        },
    )


def _course(spec: Spec, cohort: Cohort, middle: dict[str, float], tell: Tell) -> JointModel | None:
    keys = followed(cohort, spec)
    if not keys:
        return None
    tell(f"trajectories of {len(keys)} biomarkers")
    series = readings(cohort, spec, middle, keys)
    chosen = [each for key in keys if (each := spec.biomarker(key)) is not None]
    scales = [each.scale for each in chosen]
    found = fit_course(series, keys, scales, since=spec.course_since)
    count = np.bincount(series.signal, minlength=len(keys))
    wanted = [at for at, each in enumerate(chosen) if each.is_forecast and count[at] >= _PAIRS_AT_LEAST]
    tell("forecasts corrected by their past errors")
    return correct(found, series, wanted, AHEAD, since=max(spec.course_since, 0.0))


def _recalibration(
    spec: Spec, cohort: Cohort, outcomes: Outcomes, rows: Rows, chosen: Chosen, at: Array, is_own: NDArray[np.bool_]
) -> tuple[calibrate.Recalibration, judged.Predictions, str]:
    """The lines that make the risks of patients left out come true at the specification's own moments.

    With the risks so moved, by lines of other patients; or no lines, the risks as they are, and why: too few events, or
    risks that come no truer.
    """
    told, became = _told(spec, cohort, rows, chosen.out_of_fold, at, is_own), _became(cohort, outcomes)
    try:
        moved = calibrate.out_of_fold(told, became)
        if not calibrate.helps(told, moved, became):
            return calibrate.NONE, told, "risks of patients left out come true without"
        return calibrate.fit(told, became), moved, ""
    except calibrate.CannotRecalibrate as error:
        return calibrate.NONE, told, str(error)


def _told(
    spec: Spec, cohort: Cohort, rows: Rows, risk: Array, at: Array, chosen: NDArray[np.bool_]
) -> judged.Predictions:
    count = len(spec.horizons)
    return judged.Predictions(
        patient=judged.ids(cohort.ids[np.repeat(rows.patient[chosen], count)]),
        landmark=np.repeat(at[chosen], count),
        horizon=np.tile(np.array(spec.horizons), int(chosen.sum())),
        risk=risk[chosen].ravel(),
    )


def _became(cohort: Cohort, outcomes: Outcomes) -> judged.Outcomes:
    concerned = np.isfinite(outcomes.time)
    return judged.Outcomes(
        patient=judged.ids(cohort.ids[concerned]), time=outcomes.time[concerned], status=outcomes.status[concerned]
    )


def _card(
    spec: Spec, cohort: Cohort, outcomes: Outcomes, rows: Rows, chosen: Chosen, predictions: judged.Predictions,
    is_own: NDArray[np.bool_], made_on: date,
) -> dict[str, Any]:  # fmt: skip
    inputs = tuple(
        InputColumn(key=key, unit=unit, values=rows.predictors[key][is_own], held=held)
        for key in chosen.model.predictors()
        for unit, held in (unit_of(spec, key),)
    )
    everybody = np.full(len(cohort.ids), np.nan)
    age = cohort.baseline[spec.people.age] if spec.people.age else everybody
    sex = cohort.baseline[spec.people.sex] if spec.people.sex else everybody
    people = People(
        patient=judged.ids(cohort.ids),
        sex=np.where(np.isnan(sex), "unknown", np.where(sex == spec.people.male, "male", "female")),
        age=age,
    )
    described = Described(
        title=spec.title,
        kind="risk",
        slot=f"{spec.organ}.{spec.key}" if spec.organ else spec.key,
        organ=spec.organ,
        endpoint=Endpoint(label=spec.endpoint, concepts=spec.concepts, is_death=spec.is_death),
        competing=None
        if chosen.model.competing is None
        else Endpoint(label="what comes first and ends it", is_death=bool(spec.concepts)),
        intended_use=spec.card.intended_use,
        source=spec.card.source,
        setting=spec.card.setting,
        method="Landmark model of piecewise constant hazards on trajectories and history: a sum of terms"
        + (" and a small net" if any(each.net is not None for each in chosen.beside.values()) else "")
        + " (twin.forecast.hazards)",
        validation=f"{FOLDS}-fold by patient, recalibration included; the trajectory model saw all patients' readings",
        limits=spec.card.limits,
        serves=spec.card.serves,
    )
    run = Run(
        predictions=predictions,
        outcomes=_became(cohort, outcomes),
        people=people,
        inputs=inputs,
        by_landmark=bool(spec.landmarks),
        made_on=made_on,
        software=f"patient-twin {__version__}",
    )
    return build(described, run)


def _called(tried: Tried) -> str:
    return f"{tried.strength:g}, summaries apart" if tried.is_apart else f"{tried.strength:g}"
