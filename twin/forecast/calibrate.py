"""How must a model's risks be moved so that they come true here?

For each horizon a line on the logit, fitted by weighted logistic regression (Cox 1958, doi:10.1093/biomet/45.3-4.562;
updating by intercept and slope: Janssen et al. 2008, doi:10.1016/j.jclinepi.2007.04.018). A rising line keeps the order
of patients, and so the AUC of a horizon; what the model ranks wrong it can't mend.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.forecast.evaluate.calibration import logit, recalibration
from twin.forecast.evaluate.cells import Cell, cells
from twin.forecast.evaluate.rows import Array, Outcomes, Predictions

EVENTS_FOR_SLOPE = 100  # patients with the event: Collins, Ogundimu and Altman 2016, doi:10.1002/sim.6787
EVENTS_FOR_INTERCEPT = 20  # the shift's standard error is about 1 / sqrt(20) = 0.22 logits (house value)
FOLDS = 5
_CLIP = 1e-9  # of the risk: keeps 0 and 1 finite on the logit, below any risk that is told
_PREFIX = "recalibration."


class CannotRecalibrate(ValueError):
    """The local data do not bear a recalibration."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalibration:
    """The line on the logit at each horizon, all (H,): horizons in years, rising; between them it is interpolated.

    `events`: patients with the event that each line rests on. Without a horizon it changes nothing.
    """

    horizons: Array
    intercept: Array
    slope: Array
    events: NDArray[np.int64]


NONE = Recalibration(horizons=np.empty(0), intercept=np.empty(0), slope=np.empty(0), events=np.empty(0, dtype=np.int64))


def fit(predictions: Predictions, outcomes: Outcomes) -> Recalibration:
    """Return the lines that make these risks come true in these outcomes, all landmarks of a horizon together.

    Below 100 patients with the event only the intercept is fitted.

    Raises:
        CannotRecalibrate: a horizon with fewer than 20 such patients, or where higher risks have fewer events.
        NotJudgeable: as `cells` says.
    """
    found = [_line(cell) for cell in cells(predictions, outcomes, by_landmark=False)]
    if not found:
        raise CannotRecalibrate("no predictions")
    horizons, intercept, slope, events = (np.array(column) for column in zip(*found, strict=True))
    return Recalibration(horizons=horizons, intercept=intercept, slope=slope, events=events)


def apply(lines: Recalibration, risk: Array, horizon: Array) -> Array:
    """Return the recalibrated risks (N,); each is of its own risk and horizon alone, whatever stands beside it."""
    if not len(lines.horizons):
        return np.array(risk, dtype=np.float64)
    a = np.interp(horizon, lines.horizons, lines.intercept)
    b = np.interp(horizon, lines.horizons, lines.slope)
    x = logit(np.ascontiguousarray(risk, dtype=np.float64), _CLIP)
    return np.asarray(1 / (1 + np.exp(-(a + b * x))))


def apply_to_curves(lines: Recalibration, risk: Array, horizons: Array) -> Array:
    """Return recalibrated risks (N, H) of rising horizons (H,), none below that of an earlier horizon."""
    moved = [apply(lines, risk[:, column], np.full(len(risk), at)) for column, at in enumerate(horizons)]
    return np.asarray(np.maximum.accumulate(np.stack(moved, axis=1), axis=1))


def chained(first: Recalibration, then: Recalibration) -> Recalibration:
    """Return the one line that does what two do one after the other, at the horizons of both."""
    if not len(first.horizons):
        return then
    at = np.union1d(first.horizons, then.horizons)
    a0, b0, a1, b1 = (
        np.interp(at, lines.horizons, values) for lines in (first, then) for values in (lines.intercept, lines.slope)
    )
    events = np.interp(at, then.horizons, then.events).astype(np.int64)
    return Recalibration(horizons=at, intercept=a1 + b1 * a0, slope=b1 * b0, events=events)


def out_of_fold(predictions: Predictions, outcomes: Outcomes, *, seed: int = 0) -> Predictions:
    """Return the predictions recalibrated by lines fitted on other patients, five folds: how well will it do?

    Raises:
        CannotRecalibrate: a fold's rest has too few events.
    """
    people, number = np.unique(predictions.patient, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(people))[number] % FOLDS
    risk = np.empty(len(predictions))
    for one in range(FOLDS):
        lines = fit(predictions.take(fold != one), outcomes)
        held = predictions.take(fold == one)
        risk[fold == one] = apply(lines, held.risk, held.horizon)
    return Predictions(
        patient=predictions.patient, landmark=predictions.landmark, horizon=predictions.horizon, risk=risk
    )


def helps(before: Predictions, after: Predictions, outcomes: Outcomes) -> bool:
    """Return whether risks come truer once moved, by more than one standard error of the log loss over patients.

    Where they come true already, lines only add the noise of their own fit (house rule).
    """
    gain = np.bincount(*_gains(before, after, outcomes))
    error = gain.std() * np.sqrt(len(gain))
    return bool(gain.sum() > error)


def _gains(before: Predictions, after: Predictions, outcomes: Outcomes) -> tuple[NDArray[np.int64], Array]:
    """Of each row: the number of its patient, and by how much its weighted log loss falls."""
    patients, gains = [], []
    pairs = zip(cells(before, outcomes, by_landmark=False), cells(after, outcomes, by_landmark=False), strict=True)
    for raw, moved in pairs:
        patients.append(raw.patient)
        gains.append(raw.weight * (_log_loss(raw) - _log_loss(moved)))
    return np.unique(np.concatenate(patients), return_inverse=True)[1], np.concatenate(gains)


def _log_loss(cell: Cell) -> Array:
    risk = np.clip(cell.risk, _CLIP, 1 - _CLIP)
    return np.asarray(-cell.event * np.log(risk) - (1 - cell.event) * np.log1p(-risk))


def to_arrays(lines: Recalibration) -> dict[str, NDArray[Any]]:
    """Return the lines as arrays of a model file."""
    return {
        f"{_PREFIX}horizons": lines.horizons,
        f"{_PREFIX}intercept": lines.intercept,
        f"{_PREFIX}slope": lines.slope,
        f"{_PREFIX}events": lines.events,
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Recalibration:
    """Return the lines that a model file holds; `NONE` where it was never recalibrated."""
    if f"{_PREFIX}horizons" not in arrays:
        return NONE
    return Recalibration(
        horizons=arrays[f"{_PREFIX}horizons"],
        intercept=arrays[f"{_PREFIX}intercept"],
        slope=arrays[f"{_PREFIX}slope"],
        events=arrays[f"{_PREFIX}events"],
    )


def _line(cell: Cell) -> tuple[float, float, float, int]:
    """(horizon, intercept, slope, events) of one horizon."""
    events = cell.patients_with_event
    at = f"at {cell.horizon:g} years"
    if events < EVENTS_FOR_INTERCEPT:
        raise CannotRecalibrate(f"{at}: {events} patients with the event, {EVENTS_FOR_INTERCEPT} are needed")
    is_slope_free = events >= EVENTS_FOR_SLOPE
    x = logit(cell.risk, _CLIP)
    a, b = recalibration(x, cell.event, cell.weight[None], is_slope_free=is_slope_free)
    if not np.isfinite(a[0]) or not np.isfinite(b[0]):
        raise CannotRecalibrate(f"{at}: no line fits; are all outcomes alike?")
    if not b[0] > 0:
        raise CannotRecalibrate(f"{at}: patients with higher risks have fewer events; the model ranks wrongly here")
    return cell.horizon, float(a[0]), float(b[0]), events
