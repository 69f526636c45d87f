"""The sum of one cause: how hard to hold its coefficients, by how well patients left out are foretold.

Some predictors say much of what others say already (the highest reading beside the newest). They are held apart:
thirty times as hard, unless patients left out are foretold better without, by more than one standard error. Of the
strengths of the penalty all count alike that lie within one standard error of the best (`weighing`): the columns are
the same, so their average is again one sum.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.forecast.hazards.design import Matrix, Term, matrix, owners, terms
from twin.forecast.hazards.model import Cause, log_hazards
from twin.forecast.hazards.newton import Penalty, Seen, fit, growth, hessian, scores
from twin.forecast.hazards.rows import Looks, Rows
from twin.forecast.hazards.weighing import by_patient, weights

Array = NDArray[np.float64]
Index = NDArray[np.int64]
Mask = NDArray[np.bool_]

STRENGTHS = (1000.0, 300.0, 100.0, 30.0, 10.0)
APART = 30.0  # times as hard: house value, of 10 and 30 that were tried


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One penalty: its strength, whether predictors are held apart, the mean loss of a judging row, what it counts."""

    strength: float
    is_apart: bool
    loss: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Fold:
    """The patients a fold trains on, and the judging rows of those it leaves out, laid out once for every penalty."""

    terms: tuple[Term, ...]
    laid: Matrix
    seen: Mapping[str, Seen]
    held: Rows
    asked: Matrix
    then: Mapping[str, Seen]


def fold_of(rows: Rows, held: Mask, looks: Looks, cuts: Array, causes: Mapping[str, int]) -> Fold:
    """Return the fold that leaves out the patients of the rows `held`."""
    train, left = rows.take(~held), rows.take(held & rows.judges)
    chosen = terms(train.of(looks.summed))
    return Fold(
        terms=chosen,
        laid=matrix(chosen, train.predictors),
        seen={name: Seen.of(train.time, train.status == status, cuts) for name, status in causes.items()},
        held=left,
        asked=matrix(chosen, left.predictors),
        then={name: Seen.of(left.time, left.status == status, cuts) for name, status in causes.items()},
    )


def search(
    folds: Sequence[Fold], name: str, cuts: Array, apart: Collection[str]
) -> tuple[tuple[Tried, ...], list[Array]]:
    """Return each penalty with its loss and weight, and each fold's theta, averaged by those weights."""
    penalties = [(strength, is_apart) for is_apart in ((True, False) if apart else (False,)) for strength in STRENGTHS]
    held_apart = np.array([is_apart for _, is_apart in penalties])
    judged = np.unique(np.concatenate([fold.held.patient for fold in folds]))
    losses, paths = np.zeros((len(penalties), len(judged))), []
    start: Sequence[Array | None] = [None] * len(folds)
    for number, (strength, is_apart) in enumerate(penalties):
        found = [
            _left_out(fold, name, cuts, _penalty(fold.terms, strength, apart if is_apart else ()), at)
            for fold, at in zip(folds, start, strict=True)
        ]
        start = [theta for theta, _ in found]
        paths.append(start)
        for fold, (_, loss) in zip(folds, found, strict=True):
            losses[number] += by_patient(loss, fold.held.patient, judged)
    averaged = []
    for fold, path in zip(folds, zip(*paths, strict=True), strict=True):
        others = ~np.isin(judged, fold.held.patient)  # or a risk left out would rest on what became of its patient
        averaged.append(np.sum(weights(losses[:, others], held_apart)[:, None] * np.array(path), axis=0))
    rows = sum(len(fold.held.time) for fold in folds)
    tried = tuple(
        Tried(strength=strength, is_apart=is_apart, loss=float(loss), weight=float(weight))
        for (strength, is_apart), loss, weight in zip(
            penalties, losses.sum(axis=1) / rows, weights(losses, held_apart), strict=True
        )
    )
    return tried, averaged


def whole(rows: Rows, looks: Looks, cuts: Array, status: int, tried: Sequence[Tried]) -> Cause:
    """Fit all patients with each penalty that counts, and average: the same columns, so one sum."""
    chosen = terms(rows.of(looks.summed))
    laid = matrix(chosen, rows.predictors)
    seen = Seen.of(rows.time, rows.status == status, cuts)
    counting = [each for each in tried if each.weight > 0]
    penalties = [_penalty(chosen, each.strength, looks.apart if each.is_apart else ()) for each in counting]
    fits: list[Array] = []
    for penalty in penalties:
        fits.append(fit(laid, seen, cuts, penalty, fits[-1] if fits else None))
    theta = np.sum([each.weight * found for each, found in zip(counting, fits, strict=True)], axis=0)
    covariance = np.zeros((len(theta), len(theta)))
    for each, penalty, found in zip(counting, penalties, fits, strict=True):
        apart_by = found - theta
        within = _covariance(rows.patient, laid, seen, cuts, penalty, found)
        covariance += each.weight * (within + np.outer(apart_by, apart_by))
    return Cause(theta=theta, covariance=covariance)


def _left_out(fold: Fold, name: str, cuts: Array, penalty: Penalty, start: Array | None) -> tuple[Array, Array]:
    """Return theta, and the negative log likelihood of each judging row left out."""
    theta = fit(fold.laid, fold.seen[name], cuts, penalty, start)
    return theta, fold.then[name].loss(log_hazards(fold.asked, theta, growth(cuts)))


def _penalty(chosen: Sequence[Term], strength: float, apart: Collection[str]) -> Penalty:
    return Penalty(strength=strength, factor=np.array([APART if key in apart else 1.0 for key in owners(chosen)]))


def _covariance(patient: Index, laid: Matrix, seen: Seen, cuts: Array, penalty: Penalty, theta: Array) -> Array:
    """The sandwich: the inverse Hessian around the variance of the patients' gradients."""
    by_row = scores(laid, seen, cuts, theta)
    _, number = np.unique(patient, return_inverse=True)
    gradients = np.zeros((number.max() + 1, by_row.shape[1]))
    np.add.at(gradients, number, by_row)
    inverse = np.linalg.inv(hessian(laid, seen, cuts, penalty, theta))
    return np.asarray(inverse @ (gradients.T @ gradients) @ inverse)
