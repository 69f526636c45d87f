"""The fitted landmark model: risks with their own uncertainty, and what each predictor adds.

    H_k(u) = sum_j h_kj (time of (0, u] in interval j)              cause k: the event, or what competes with it
    F(w)   = sum_j S(start of j) h_1j / (h_1j + h_2j) (1 - exp(-(h_1j + h_2j) dt_j))        cumulative incidence

The uncertainty is that of the coefficients: their sandwich variance over patients (Lin and Wei 1989,
doi:10.1080/01621459.1989.10478874), for several landmarks of one patient are no several patients. It does not hold what
the model leaves out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards.design import Matrix, Term, matrix, owners

Array = NDArray[np.float64]
_ROWS_AT_ONCE = 20_000  # bounds the memory of a large batch; no digit depends on it
_Z95 = 1.959963984540054
_LOG_HAZARD_AT_MOST = 8.0  # as in the fit
_ALMOST_ONE = 1.0 - 1e-12


class BeyondHorizon(TwinError):
    """A risk was asked further ahead than the model was fitted for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cause:
    """The hazard of one cause. theta: (T,) as `newton.fit` returns it; covariance: (T, T) of theta, over patients."""

    theta: Array
    covariance: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class HazardModel:
    """The terms, the intervals (cuts: (J + 1,) years after the landmark), growth (J,), and a hazard for each cause."""

    terms: tuple[Term, ...]
    cuts: Array
    growth: Array
    event: Cause
    competing: Cause | None

    def predictors(self) -> tuple[str, ...]:
        """The keys it asks for."""
        return tuple(term.key for term in self.terms)


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
    count = len(model.cuts) - 1
    width = laid.columns.shape[1]
    added = laid.columns * model.event.theta[count : count + width]
    found = {key: np.zeros(len(added)) for key in model.predictors()}
    for column, key in enumerate(owners(model.terms)):
        found[key] = found[key] + added[:, column]
    return found


def hazards(model: HazardModel, laid: Matrix, cause: Cause) -> Array:
    """Return the hazard in each interval (N, J), per year.

    Summed term by term, not by a matrix product, whose order of addition depends on how many rows there are: one
    patient's digits are the same alone and in a batch.
    """
    count = len(model.cuts) - 1
    columns = laid.columns
    steady = _summed(columns, cause.theta[count : count + columns.shape[1]])
    fading = _summed(laid.lines, cause.theta[count + columns.shape[1] :])
    log_hazard = cause.theta[:count] + steady[:, np.newaxis] + fading[:, np.newaxis] * model.growth
    return np.asarray(np.exp(np.minimum(log_hazard, _LOG_HAZARD_AT_MOST)))


def to_arrays(model: HazardModel) -> tuple[dict[str, Array], dict[str, Any]]:
    """Return the model as arrays and JSON."""
    knots = np.full((len(model.terms), max((len(term.knots) for term in model.terms), default=0), 3), np.nan)
    for row, term in enumerate(model.terms):
        knots[row, : len(term.knots)] = np.array(term.knots).reshape(-1, 3)
    bounds = [[term.low, term.high, term.mean, term.sd] for term in model.terms]
    arrays = {
        "cuts": model.cuts,
        "growth": model.growth,
        "bounds": np.array(bounds, dtype=np.float64).reshape(-1, 4),
        "knots": knots,
        "event.theta": model.event.theta,
        "event.covariance": model.event.covariance,
    }
    if model.competing is not None:
        arrays |= {"competing.theta": model.competing.theta, "competing.covariance": model.competing.covariance}
    return arrays, {
        "predictors": list(model.predictors()),
        "can_miss": [term.can_miss for term in model.terms],
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]], written: Mapping[str, Any]) -> HazardModel:
    """Return the model that `to_arrays` wrote."""
    rows = zip(
        *(written[name] for name in ("predictors", "can_miss")),
        arrays["bounds"].tolist(),
        arrays["knots"],
        strict=True,
    )
    has_competing = "competing.theta" in arrays
    return HazardModel(
        terms=tuple(
            Term(
                key=key,
                low=low,
                high=high,
                mean=mean,
                sd=sd,
                knots=tuple((float(a), float(b), float(c)) for a, b, c in knots if np.isfinite(a)),
                can_miss=can_miss,
            )
            for key, can_miss, (low, high, mean, sd), knots in rows
        ),
        cuts=arrays["cuts"],
        growth=arrays["growth"],
        event=Cause(theta=arrays["event.theta"], covariance=arrays["event.covariance"]),
        competing=Cause(theta=arrays["competing.theta"], covariance=arrays["competing.covariance"])
        if has_competing
        else None,
    )


def _risk(
    model: HazardModel, predictors: Mapping[str, Array], horizons: Array, safe: Array, has_interval: bool
) -> tuple[Array, ...]:
    laid = matrix(model.terms, predictors)
    safe = safe[: len(laid.lines)]
    event = hazards(model, laid, model.event)
    other = np.zeros_like(event) if model.competing is None else hazards(model, laid, model.competing)
    value, low, high = (np.zeros((len(event), len(horizons))) for _ in range(3))
    for column, horizon in enumerate(horizons):
        low_edge = np.maximum(model.cuts[:-1], safe[:, np.newaxis])
        years = np.clip(np.minimum(model.cuts[1:], horizon) - low_edge, 0.0, None)
        incidence = _incidence(event, other, years)
        value[:, column] = incidence
        ends = _interval(model, laid, event, other, years, incidence) if has_interval else (incidence, incidence)
        low[:, column], high[:, column] = ends
    return value, low, high


def _incidence(event: Array, other: Array, years: Array) -> Array:
    total = event + other
    left, found = np.ones(len(event)), np.zeros(len(event))
    for j in range(event.shape[1]):
        ends = -np.expm1(-total[:, j] * years[:, j])
        found += left * ends * event[:, j] / np.maximum(total[:, j], 1e-300)
        left *= 1 - ends
    return np.minimum(found, 1.0)  # the sum can pass it by a rounding


def _interval(
    model: HazardModel, laid: Matrix, event: Array, other: Array, years: Array, value: Array
) -> tuple[Array, Array]:
    """The delta method on log(-log(1 - F)), in the coefficients of both causes, which are fitted apart."""
    told = np.clip(value, 1e-300, _ALMOST_ONE)
    cumulative = -np.log1p(-told)
    steep = 1.0 / ((1.0 - told) * cumulative)
    variance = np.zeros(len(told))
    for cause, slope in zip((model.event, model.competing), _slopes(event, other, years), strict=True):
        if cause is not None:
            share = slope * steep[:, np.newaxis]
            columns = laid.columns * _summed(share, np.ones(share.shape[1]))[:, np.newaxis]
            fading = laid.lines * _summed(share, model.growth)[:, np.newaxis]
            variance += _quadratic(np.concatenate((share, columns, fading), axis=1), cause.covariance)
    factor = np.exp(_Z95 * np.sqrt(np.maximum(variance, 0.0)))
    low, high = -np.expm1(-cumulative / factor), -np.expm1(-np.minimum(cumulative * factor, 700.0))
    # at 0 and at 1 the scale ends
    return np.minimum(low, value), np.where(value > 0.0, np.maximum(high, value), 0.0)


def _slopes(event: Array, other: Array, years: Array) -> tuple[Array, Array]:
    """dF / d log h of the event and of what competes, in each interval: (N, J) each."""
    total = np.maximum(event + other, 1e-300)
    stays = np.exp(-total * years)
    left = np.cumprod(np.concatenate((np.ones((len(event), 1)), stays[:, :-1]), axis=1), axis=1)
    ends = -np.expm1(-total * years) / total
    found = left * ends * event
    later = np.cumsum(found[:, ::-1], axis=1)[:, ::-1] - found  # what is still to come after an interval
    lasting = left * event / total * years * stays - years * later
    both = left * ends / total
    return event * (both * other + lasting), other * (lasting - both * event)


@njit(cache=True)
def _quadratic(vectors: Array, square: Array) -> Array:
    """v'Sv of each row of (N, T): row by row, for the digits of a matrix product depend on how many rows there are."""
    out = np.zeros(len(vectors))
    for row in range(len(vectors)):
        for i in range(len(square)):
            if vectors[row, i] != 0.0:
                part = 0.0
                for j in range(len(square)):
                    part += square[i, j] * vectors[row, j]
                out[row] += vectors[row, i] * part
    return out


def _summed(columns: Array, weights: Array) -> Array:
    found = np.zeros(len(columns))
    for column, weight in enumerate(weights):
        found += columns[:, column] * weight
    return found
