"""The terms of the log hazard: a line for each predictor, bent at its quartiles, and a step where it is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KNOTS = 3  # quartiles: enough for a bend at either end, few enough to stay readable
BENDS_FROM_DISTINCT = 8  # a predictor with fewer distinct values is a grade: a line is all it can bear
_AT_LEAST = 10  # rows in which it is known, and in which it is not as in most: a term from fewer would be their names
_TAIL = 0.005  # beyond these quantiles a predictor counts as at the quantile: no extrapolation from one wild value
LOG_HAZARD_AT_MOST = 8.0  # exp: an event within hours, past what a year's intervals can tell
_FLAT = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """How one predictor enters: held within (low, high), centred and scaled, bent at `knots` (place, mean, SD)."""

    key: str
    low: float
    high: float
    mean: float
    sd: float
    knots: tuple[tuple[float, float, float], ...]
    can_miss: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Matrix:
    """The columns of (N,) rows: lines (N, L), steps where a predictor is missing (N, S), bends (N, B)."""

    lines: Array
    steps: Array
    bends: Array

    @property
    def columns(self) -> Array:
        """(N, L + S + B), in this order."""
        return np.concatenate((self.lines, self.steps, self.bends), axis=1)


def terms(predictors: Mapping[str, Array]) -> tuple[Term, ...]:
    """Return the terms for predictors, each (N,) with NaN where not known; one that never varies gets none."""
    found = (_term(key, values) for key, values in predictors.items())
    return tuple(term for term in found if term is not None)


def matrix(chosen: Sequence[Term], predictors: Mapping[str, Array]) -> Matrix:
    """Return the columns of `chosen`; a predictor that is not known lies at its mean, with its step set."""
    lines, steps, bends = [], [], []
    rows = len(next(iter(predictors.values())))
    for term in chosen:
        values = predictors[term.key]
        known = np.isfinite(values)
        held = np.clip(np.where(known, values, term.mean), term.low, term.high)
        line = np.where(known, (held - term.mean) / term.sd, 0.0)
        lines.append(line)
        if term.can_miss:
            steps.append(np.where(known, 0.0, 1.0))
        for place, mean, sd in term.knots:
            bends.append(np.where(known, (np.maximum(line - place, 0.0) - mean) / sd, 0.0))
    return Matrix(lines=_stacked(lines, rows), steps=_stacked(steps, rows), bends=_stacked(bends, rows))


def owners(chosen: Sequence[Term]) -> tuple[str, ...]:
    """Return the predictor each of `Matrix.columns` belongs to."""
    steps = (term.key for term in chosen if term.can_miss)
    bends = (term.key for term in chosen for _ in term.knots)
    return (*(term.key for term in chosen), *steps, *bends)


def _term(key: str, values: Array) -> Term | None:
    known = values[np.isfinite(values)]
    if len(known) < _AT_LEAST or np.std(known) < _FLAT:
        return None
    distinct, count = np.unique(known, return_counts=True)
    if len(known) - count.max() < _AT_LEAST:
        return None
    low, high = (float(bound) for bound in np.quantile(known, (_TAIL, 1 - _TAIL)))
    if low == high:  # a rare yes: its tail is all there is of it
        low, high = float(known.min()), float(known.max())
    held = np.clip(known, low, high)
    mean, sd = float(held.mean()), float(held.std())
    if sd < _FLAT:
        return None
    line = (held - mean) / sd
    bends = len(distinct) >= BENDS_FROM_DISTINCT
    places = np.unique(np.quantile(line, np.linspace(0, 1, KNOTS + 2)[1:-1])) if bends else ()
    hinges = [(float(place), np.maximum(line - place, 0.0)) for place in places]
    return Term(
        key=key,
        low=low,
        high=high,
        mean=mean,
        sd=sd,
        knots=tuple((place, float(hinge.mean()), float(hinge.std())) for place, hinge in hinges if hinge.std() > _FLAT),
        can_miss=len(known) < len(values),
    )


def _stacked(columns: list[Array], rows: int) -> Array:
    return np.stack(columns, axis=1) if columns else np.zeros((rows, 0))
