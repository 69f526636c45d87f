"""How hard to hold the coefficients: by how well patients left out are foretold; and the model so chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards.design import Matrix, Term, matrix, terms
from twin.forecast.hazards.model import Cause, HazardModel, hazards, risk
from twin.forecast.hazards.newton import Penalty, Seen, fit, growth, hessian, scores
from twin.forecast.one_thread import one_thread

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STRENGTHS = (3000.0, 1000.0, 300.0, 100.0, 30.0)  # strongest first: each fit starts from the one before
_WEIGHT_AT_LEAST = 0.05  # of the best: less moves no digit that anybody reads
FOLDS = 5
EVENTS_AT_LEAST = 10  # patients with the event: below it nothing can be chosen, and no model is made
INTERVALS = 5


class TooFewEvents(TwinError):
    """Too few patients with the event to fit a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """What is known at each landmark and what became of it.

    predictors: (N,) each. patient: (N,) index. fold: (N,) 0..4, one for all rows of a patient. time: (N,) years from
    the landmark to the end. status: (N,) 0 censored, 1 event, 2 competing event.
    """

    predictors: Mapping[str, Array]
    patient: Index
    fold: Index
    time: Array
    status: Index

    def take(self, chosen: NDArray[np.bool_]) -> "Rows":
        """Only some rows."""
        return Rows(
            predictors={key: values[chosen] for key, values in self.predictors.items()},
            patient=self.patient[chosen],
            fold=self.fold[chosen],
            time=self.time[chosen],
            status=self.status[chosen],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The model; out_of_fold: (N, H) the risk of each row by models that never saw its patient.

    `tried`: for each cause, each strength of the penalty, the mean loss a row of patients left out, and its weight.
    """

    model: HazardModel
    out_of_fold: Array
    tried: Mapping[str, tuple[tuple[float, float, float], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fold:
    """The patients a fold trains on, and those it leaves out, laid out once for every penalty."""

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
def choose(rows: Rows, horizons: Sequence[float], tell: Callable[[str], None] = lambda text: None) -> Chosen:
    """Fit the model of `rows`, its penalty chosen for each cause by cross-validation over patients.

    Raises:
        TooFewEvents: fewer than ten patients with the event within the last horizon.
    """
    cuts = cuts_for(horizons)
    within = rows.time <= cuts[-1]
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
        tried[name], thetas[name] = _search(folds, name, cuts, len(np.unique(rows.patient)))
    for number, fold in enumerate(folds):
        bare = _model(fold.terms, cuts, {name: _bare(thetas[name][number]) for name in causes})
        if len(fold.held.time):
            out_of_fold[rows.fold == number] = risk(bare, fold.held.predictors, horizons, has_interval=False).value
    tell("all patients")
    return Chosen(
        model=_whole(rows, cuts, causes, tried),
        out_of_fold=out_of_fold,
        tried=tried,
    )


def _fold(rows: Rows, held: NDArray[np.bool_], cuts: Array, causes: Mapping[str, int]) -> _Fold:
    train, left = rows.take(~held), rows.take(held)
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
    folds: Sequence[_Fold], name: str, cuts: Array, patients: int
) -> tuple[tuple[tuple[float, float, float], ...], list[Array]]:
    """Return each strength with its loss and weight, and each fold's theta, averaged by those weights."""
    rows = sum(len(fold.held.time) for fold in folds)
    losses, thetas = np.zeros(len(STRENGTHS)), []
    start: Sequence[Array | None] = [None] * len(folds)
    for number, strength in enumerate(STRENGTHS):
        found = [
            _left_out(fold, name, cuts, Penalty(strength=strength), at) for fold, at in zip(folds, start, strict=True)
        ]
        start = [theta for theta, _ in found]
        thetas.append(start)
        losses[number] = sum(loss for _, loss in found) / rows
    weights = _weights(losses, patients)
    averaged = [np.sum(weights[:, None] * np.array(path), axis=0) for path in zip(*thetas, strict=True)]
    return tuple(zip(STRENGTHS, losses.tolist(), weights.tolist(), strict=True)), averaged


def _weights(losses: Array, patients: int) -> Array:
    """How much each counts: by the likelihood of the patients left out, one row a patient, as Akaike weights are."""
    weights = np.exp(-patients * (losses - losses.min()))
    weights[weights < _WEIGHT_AT_LEAST] = 0.0
    return np.asarray(weights / weights.sum())


def _left_out(fold: _Fold, name: str, cuts: Array, penalty: Penalty, start: Array | None) -> tuple[Array, float]:
    """Return theta, and the negative log likelihood of the patients left out."""
    theta = fit(fold.laid, fold.seen[name], cuts, penalty, start)
    then = fold.then[name]
    foretold = hazards(_model(fold.terms, cuts, {"event": _bare(theta)}), fold.asked, _bare(theta))
    return theta, float((then.exposure * foretold - then.events * np.log(foretold)).sum())


def _whole(
    rows: Rows, cuts: Array, causes: Mapping[str, int], tried: Mapping[str, tuple[tuple[float, float, float], ...]]
) -> HazardModel:
    """Fit all patients at each strength that counts, and average: the columns are the same, so the sum is one model."""
    chosen = terms(rows.predictors)
    laid = matrix(chosen, rows.predictors)
    fitted = {}
    for name, status in causes.items():
        seen = Seen.of(rows.time, rows.status == status, cuts)
        counting = [(strength, weight) for strength, _, weight in tried[name] if weight > 0]
        fits: list[Array] = []
        for strength, _ in counting:
            fits.append(fit(laid, seen, cuts, Penalty(strength=strength), fits[-1] if fits else None))
        theta = np.sum([weight * each for (_, weight), each in zip(counting, fits, strict=True)], axis=0)
        heaviest = Penalty(strength=max(counting, key=lambda each: each[1])[0])
        fitted[name] = Cause(theta=theta, covariance=_covariance(rows.patient, laid, seen, cuts, heaviest, theta))
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
