"""The fitted landmark model: risks with their own uncertainty, and what each predictor adds.

    H_k(u) = sum_j h_kj (time of (0, u] in interval j)              cause k: the event, or what competes with it
    F(w)   = sum_j S(start of j) h_1j / (h_1j + h_2j) (1 - exp(-(h_1j + h_2j) dt_j))        cumulative incidence

A log hazard is a sum of terms, or the mean of such a sum and of a net (`net`). The uncertainty is that of what was
learnt (`interval`): of the sum the sandwich variance over patients (Lin and Wei 1989,
doi:10.1080/01621459.1989.10478874), for several landmarks of one patient are no several patients. It does not hold what
the model leaves out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards import net as nets
from twin.forecast.hazards.design import LOG_HAZARD_AT_MOST, Matrix, Term, matrix, owners
from twin.forecast.hazards.interval import Told, interval, summed
from twin.forecast.hazards.net import Net

Array = NDArray[np.float64]
_ROWS_AT_ONCE = 20_000  # bounds the memory of a large batch; no digit depends on it


class BeyondHorizon(TwinError):
    """A risk was asked further ahead than the model was fitted for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """The hazard of one cause. theta: (T,) as `newton.fit` returns it; covariance: (T, T) of theta, over patients.

    With a net the log hazard is the mean of both.
    """

    theta: Array
    covariance: Array
    net: Net | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HazardModel:
    """The sums' terms, the intervals (cuts: (J + 1,) years after the landmark), growth (J,), a hazard a cause."""

    terms: tuple[Term, ...]
    cuts: Array
    growth: Array
    event: Cause
    competing: Cause | None

    def predictors(self) -> tuple[str, ...]:
        """The keys it asks for."""
        own = (cause.net for cause in (self.event, self.competing) if cause is not None)
        asked = (*self.terms, *(term for net in own if net is not None for term in net.terms))
        return tuple(dict.fromkeys(term.key for term in asked))


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """value, low, high: (N, H); low to high is the 95 % interval of the risk itself, not of the outcome."""

    value: Array
    low: Array
    high: Array


def risk(
    model: HazardModel,
    predictors: Mapping[str, Array],
    horizons: Sequence[float],
    safe_for: Array | None = None,
    *,
    has_interval: bool = True,
) -> Risk:
    """Return P(event within each horizon), an event that competes coming first counting as none.

    Args:
        predictors: (N,) each, NaN where not known. horizons: (H,) years.
        safe_for: (N,) years after the landmark during which the event can't be, for it starts the clock; default 0.
        has_interval: without it `low` and `high` are the value itself.

    Raises:
        BeyondHorizon: a horizon of 0 or less, or past the last interval.
    """
    asked = np.asarray(horizons, dtype=np.float64)
    if not ((asked > 0) & (asked <= model.cuts[-1] + 1e-9)).all():
        raise BeyondHorizon(f"a horizon lies above 0 and within the {model.cuts[-1]:g} years the model was fitted for")
    rows = len(next(iter(predictors.values())))
    start = np.zeros(rows) if safe_for is None else np.maximum(safe_for, 0.0)
    parts = [
        _risk(
            model,
            {key: values[at : at + _ROWS_AT_ONCE] for key, values in predictors.items()},
            asked,
            start[at:],
            has_interval,
        )
        for at in range(0, rows, _ROWS_AT_ONCE)
    ]
    empty = np.zeros((0, len(asked)))
    value, low, high = (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else (empty,) * 3
    return Risk(value=value, low=low, high=high)


def pulls(model: HazardModel, predictors: Mapping[str, Array]) -> dict[str, Array]:
    """Return what each predictor adds to the log hazard of the event, (N,) each, 0 for an average patient.

    Averaged over the time since the landmark; a predictor that is not known adds what its absence adds.
    """
    laid = matrix(model.terms, predictors)
    count, net = len(model.cuts) - 1, model.event.net
    share = 1.0 if net is None else 0.5
    average = matrix(model.terms, {term.key: np.array([term.mean]) for term in model.terms}) if model.terms else laid
    off = laid.columns - average.columns
    added = off * model.event.theta[count : count + off.shape[1]] * share
    found = {key: np.zeros(len(added)) for key in model.predictors()}
    for column, key in enumerate(owners(model.terms)):
        found[key] = found[key] + added[:, column]
    if net is not None:
        for key, values in nets.pulls(net, predictors).items():
            found[key] = found[key] + values * share
    return found


def log_hazards(laid: Matrix, theta: Array, growth: Array) -> Array:
    """Return the log hazard of a sum in each interval (N, J)."""
    count, columns = len(growth), laid.columns
    steady = summed(columns, theta[count : count + columns.shape[1]])
    fading = summed(laid.lines, theta[count + columns.shape[1] :])
    log_hazard = theta[:count] + steady[:, np.newaxis] + fading[:, np.newaxis] * growth
    return np.asarray(np.minimum(log_hazard, LOG_HAZARD_AT_MOST))


def incidences(event: Array, other: Array, cuts: Array, horizons: Sequence[float]) -> Array:
    """Return the cumulative incidence (N, H) of an event beside what competes, hazards (N, J) a year."""
    spent = (np.clip(np.minimum(cuts[1:], horizon) - cuts[:-1], 0.0, None) for horizon in horizons)
    return np.stack([_incidence(event, other, np.broadcast_to(years, event.shape)) for years in spent], axis=1)


def _risk(
    model: HazardModel, predictors: Mapping[str, Array], horizons: Array, safe: Array, has_interval: bool
) -> tuple[Array, ...]:
    laid = matrix(model.terms, predictors)
    safe = safe[: len(laid.lines)]
    causes = [_told(model, cause, laid, predictors) for cause in (model.event, model.competing) if cause is not None]
    event = causes[0].hazard
    other = causes[1].hazard if len(causes) > 1 else np.zeros_like(event)
    value, low, high = (np.zeros((len(event), len(horizons))) for _ in range(3))
    for column, horizon in enumerate(horizons):
        low_edge = np.maximum(model.cuts[:-1], safe[:, np.newaxis])
        years = np.clip(np.minimum(model.cuts[1:], horizon) - low_edge, 0.0, None)
        incidence = _incidence(event, other, years)
        value[:, column] = incidence
        ends = interval(laid, model.growth, causes, years, incidence) if has_interval else (incidence, incidence)
        low[:, column], high[:, column] = ends
    return value, low, high


def _told(model: HazardModel, cause: Cause, laid: Matrix, predictors: Mapping[str, Array]) -> Told:
    log_hazard, off = log_hazards(laid, cause.theta, model.growth), None
    if cause.net is not None:
        beside, off = nets.log_hazards(cause.net, predictors)
        log_hazard = np.minimum((log_hazard + beside) / 2.0, LOG_HAZARD_AT_MOST)
    return Told(hazard=np.exp(log_hazard), covariance=cause.covariance, off=off)


def _incidence(event: Array, other: Array, years: Array) -> Array:
    total = event + other
    left, found = np.ones(len(event)), np.zeros(len(event))
    for j in range(event.shape[1]):
        ends = -np.expm1(-total[:, j] * years[:, j])
        found += left * ends * event[:, j] / np.maximum(total[:, j], 1e-300)
        left *= 1 - ends
    return np.minimum(found, 1.0)  # the sum can pass it by a rounding
