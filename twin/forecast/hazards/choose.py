"""How hard to hold the coefficients: by how well patients left out are foretold; and the model so chosen.

Some predictors say much of what others say already (the highest reading beside the newest). They are held apart:
thirty times as hard, unless patients left out are foretold better without, by more than one standard error. Of the
strengths of the penalty all count alike that lie within one standard error of the best: the columns are the same, so
their average is again one sum. After the rule of Breiman et al. 1984 (Classification and Regression Trees, 3.4.3); that
the error is of the paired difference over patients, and that what lies within is averaged, are house choices.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards.design import Matrix, Term, matrix, owners, terms
from twin.forecast.hazards.model import Cause, HazardModel, hazards, risk
from twin.forecast.hazards.newton import Penalty, Seen, fit, growth, hessian, scores
from twin.forecast.one_thread import one_thread

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STRENGTHS = (1000.0, 300.0, 100.0, 30.0, 10.0)
APART = 30.0  # times as hard: house value, of 10 and 30 that were tried
FOLDS = 5
EVENTS_AT_LEAST = 10  # patients with the event: below it nothing can be chosen, and no model is made
INTERVALS = 5


class TooFewEvents(TwinError):
    """Too few patients with the event to fit a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """What is known at each landmark and what became of it.

    predictors: (N,) each. patient: (N,) index. fold: (N,) 0..4, one for all rows of a patient. time: (N,) years from
    the landmark to the end. status: (N,) 0 censored, 1 event, 2 competing event. judges: (N,) which rows tell how well
    patients left out are foretold; the others are only learnt from, unless those have too few events.
    """

    predictors: Mapping[str, Array]
    patient: Index
    fold: Index
    time: Array
    status: Index
    judges: NDArray[np.bool_]

    def take(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Only some rows."""
        return Rows(
            predictors={key: values[chosen] for key, values in self.predictors.items()},
            patient=self.patient[chosen],
            fold=self.fold[chosen],
            time=self.time[chosen],
            status=self.status[chosen],
            judges=self.judges[chosen],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One penalty: its strength, whether predictors are held apart, the mean loss of a judging row, what it counts."""

    strength: float
    is_apart: bool
    loss: float
    weight: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The model; out_of_fold: (N, H) the risk of each row by models that never saw its patient, nor did their penalty.

    `tried`: for each cause, each penalty with its mean loss and weight.
    """

    model: HazardModel
    out_of_fold: Array
    tried: Mapping[str, tuple[Tried, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fold:
    """The patients a fold trains on, and the judging rows of those it leaves out, laid out once for every penalty."""

    terms: tuple[Term, ...]
    laid: Matrix
    seen: Mapping[str, Seen]
    held: Rows
    asked: Matrix
    then: Mapping[str, Seen]


def cuts_for(horizons: Sequence[float]) -> Array:
    """Return the edges of the intervals: every horizon, and equal steps to the last."""
    return np.unique(np.round(np.concatenate((np.linspace(0.0, max(horizons), INTERVALS + 1), horizons)), 6))


@one_thread()
def choose(
    rows: Rows, horizons: Sequence[float], apart: Collection[str] = (), tell: Callable[[str], None] = lambda text: None
) -> Chosen:
    """Fit the model of `rows`, its penalty chosen for each cause by cross-validation over patients.

    Args:
        apart: predictors that say much of what others say already.

    Raises:
        TooFewEvents: fewer than ten patients with the event within the last horizon.
    """
    cuts = cuts_for(horizons)
    within = rows.time <= cuts[-1]
    if len(np.unique(rows.patient[(rows.status == 1) & within & rows.judges])) < EVENTS_AT_LEAST:
        rows = replace(rows, judges=np.ones(len(rows.time), dtype=np.bool_))  # too few events to judge by
    count = len(np.unique(rows.patient[(rows.status == 1) & within]))
    if count < EVENTS_AT_LEAST:
        raise TooFewEvents(f"{count} patients with the event within {cuts[-1]:g} years, {EVENTS_AT_LEAST} are needed")
    competing = len(np.unique(rows.patient[(rows.status == 2) & within])) >= EVENTS_AT_LEAST
    causes = {"event": 1, "competing": 2} if competing else {"event": 1}
    tell("five folds of patients")
    folds = [_fold(rows, rows.fold == number, cuts, causes) for number in range(FOLDS)]
    out_of_fold, tried, thetas = np.zeros((len(rows.time), len(horizons))), {}, {}
    for name in causes:
        tell(f"how hard to hold the coefficients: {name}")
        tried[name], thetas[name] = _search(folds, name, cuts, apart)
    for number, fold in enumerate(folds):
        bare = _model(fold.terms, cuts, {name: _bare(thetas[name][number]) for name in causes})
        mine = rows.fold == number
        if mine.any():
            left = rows.take(mine).predictors
            out_of_fold[mine] = risk(bare, left, horizons, has_interval=False).value
    tell("all patients")
    return Chosen(
        model=_whole(rows, cuts, causes, tried, apart),
        out_of_fold=out_of_fold,
        tried=tried,
    )


def _fold(rows: Rows, held: NDArray[np.bool_], cuts: Array, causes: Mapping[str, int]) -> _Fold:
    train, left = rows.take(~held), rows.take(held & rows.judges)
    chosen = terms(train.predictors)
    return _Fold(
        terms=chosen,
        laid=matrix(chosen, train.predictors),
        seen={name: Seen.of(train.time, train.status == status, cuts) for name, status in causes.items()},
        held=left,
        asked=matrix(chosen, left.predictors),
        then={name: Seen.of(left.time, left.status == status, cuts) for name, status in causes.items()},
    )


def _search(
    folds: Sequence[_Fold], name: str, cuts: Array, apart: Collection[str]
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
            np.add.at(losses[number], np.searchsorted(judged, fold.held.patient), loss)
    averaged = []
    for fold, path in zip(folds, zip(*paths, strict=True), strict=True):
        others = ~np.isin(judged, fold.held.patient)  # or a risk left out would rest on what became of its patient
        averaged.append(np.sum(_weights(losses[:, others], held_apart)[:, None] * np.array(path), axis=0))
    rows = sum(len(fold.held.time) for fold in folds)
    tried = tuple(
        Tried(strength=strength, is_apart=is_apart, loss=float(loss), weight=float(weight))
        for (strength, is_apart), loss, weight in zip(
            penalties, losses.sum(axis=1) / rows, _weights(losses, held_apart), strict=True
        )
    )
    return tried, averaged


def _weights(losses: Array, is_apart: NDArray[np.bool_]) -> Array:
    """How much each penalty counts, from the losses (K, P) by patient: alike within one standard error of the best.

    Penalties that hold some predictors apart count alone, unless the best of the others is better by more than that.
    """
    total = losses.sum(axis=1)
    best = int(np.argmin(total))
    if is_apart.any() and not is_apart[best]:
        held = int(np.argmin(np.where(is_apart, total, np.inf)))
        if _errors_worse(losses[held], losses[best]) <= 1:
            best = held
    counts = [
        is_apart[at] == is_apart[best] and _errors_worse(each, losses[best]) <= 1 for at, each in enumerate(losses)
    ]
    return np.asarray(np.array(counts) / sum(counts))


def _errors_worse(one: Array, other: Array) -> float:
    """By how many standard errors, over patients (P,), the sum of `one` is above that of `other`."""
    difference = one - other
    error = float(difference.std()) * np.sqrt(len(difference))
    return float(difference.sum()) / error if error > 0 else 0.0


def _left_out(fold: _Fold, name: str, cuts: Array, penalty: Penalty, start: Array | None) -> tuple[Array, Array]:
    """Return theta, and the negative log likelihood of each judging row left out."""
    theta = fit(fold.laid, fold.seen[name], cuts, penalty, start)
    then = fold.then[name]
    foretold = hazards(_model(fold.terms, cuts, {"event": _bare(theta)}), fold.asked, _bare(theta))
    return theta, np.asarray((then.exposure * foretold - then.events * np.log(foretold)).sum(axis=1))


def _penalty(chosen: Sequence[Term], strength: float, apart: Collection[str]) -> Penalty:
    return Penalty(strength=strength, factor=np.array([APART if key in apart else 1.0 for key in owners(chosen)]))


def _whole(
    rows: Rows, cuts: Array, causes: Mapping[str, int], tried: Mapping[str, Sequence[Tried]], apart: Collection[str]
) -> HazardModel:
    """Fit all patients with each penalty that counts, and average: the same columns, so one model."""
    chosen = terms(rows.predictors)
    laid = matrix(chosen, rows.predictors)
    fitted = {}
    for name, status in causes.items():
        seen = Seen.of(rows.time, rows.status == status, cuts)
        counting = [each for each in tried[name] if each.weight > 0]
        penalties = [_penalty(chosen, each.strength, apart if each.is_apart else ()) for each in counting]
        fits: list[Array] = []
        for penalty in penalties:
            fits.append(fit(laid, seen, cuts, penalty, fits[-1] if fits else None))
        theta = np.sum([each.weight * found for each, found in zip(counting, fits, strict=True)], axis=0)
        covariance = np.zeros((len(theta), len(theta)))
        for each, penalty, found in zip(counting, penalties, fits, strict=True):
            apart_by = found - theta
            within = _covariance(rows.patient, laid, seen, cuts, penalty, found)
            covariance += each.weight * (within + np.outer(apart_by, apart_by))
        fitted[name] = Cause(theta=theta, covariance=covariance)
    return _model(chosen, cuts, fitted)


def _covariance(patient: Index, laid: Matrix, seen: Seen, cuts: Array, penalty: Penalty, theta: Array) -> Array:
    """The sandwich: the inverse Hessian around the variance of the patients' gradients."""
    by_row = scores(laid, seen, cuts, theta)
    _, number = np.unique(patient, return_inverse=True)
    by_patient = np.zeros((number.max() + 1, by_row.shape[1]))
    np.add.at(by_patient, number, by_row)
    inverse = np.linalg.inv(hessian(laid, seen, cuts, penalty, theta))
    return np.asarray(inverse @ (by_patient.T @ by_patient) @ inverse)


def _model(chosen: tuple[Term, ...], cuts: Array, causes: Mapping[str, Cause]) -> HazardModel:
    return HazardModel(
        terms=chosen, cuts=cuts, growth=growth(cuts), event=causes["event"], competing=causes.get("competing")
    )


def _bare(theta: Array) -> Cause:
    """A cause without an uncertainty: for risks of patients left out."""
    return Cause(theta=theta, covariance=np.zeros((0, 0)))
