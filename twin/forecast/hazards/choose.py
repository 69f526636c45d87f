"""How hard to hold the coefficients: by how well patients left out are foretold; and the model so chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards.design import Matrix, matrix, terms
from twin.forecast.hazards.model import Cause, HazardModel, hazards, risk
from twin.forecast.hazards.newton import Fit, Penalty, Seen, fit, growth, scores
from twin.forecast.joint.threads import one_thread

Array = NDArray[np.float64]
Index = NDArray[np.int64]

STRENGTHS = (3000.0, 1000.0, 300.0, 100.0, 30.0)  # strongest first: each fit starts from the one before
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

    `tried`: for each cause, (strength, mean loss a row of patients left out), the strongest first.
    """

    model: HazardModel
    out_of_fold: Array
    tried: Mapping[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Path:
    """One cause in one fold: theta at each strength, and the loss of the rows left out."""

    thetas: tuple[Array, ...]
    losses: Array


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
    folds = []
    for number in range(FOLDS):
        tell(f"fold {number + 1} of {FOLDS}")
        folds.append(_fold(rows, rows.fold == number, cuts, causes))
    tried, best = {}, {}
    for name in causes:
        losses = np.sum([paths[name].losses for _, paths in folds], axis=0) / len(rows.time)
        best[name] = int(np.argmin(losses))
        tried[name] = tuple(zip(STRENGTHS, losses.tolist(), strict=True))
    out_of_fold = np.zeros((len(rows.time), len(horizons)))
    for number, (bare, paths) in enumerate(folds):
        held = rows.fold == number
        if held.any():
            fitted = _with(bare, {name: paths[name].thetas[best[name]] for name in causes})
            out_of_fold[held] = risk(fitted, rows.take(held).predictors, horizons).value
    tell("all patients")
    return Chosen(
        model=_whole(rows, cuts, causes, {name: STRENGTHS[at] for name, at in best.items()}),
        out_of_fold=out_of_fold,
        tried=tried,
    )


def _fold(
    rows: Rows, held: NDArray[np.bool_], cuts: Array, causes: Mapping[str, int]
) -> tuple[HazardModel, dict[str, _Path]]:
    train, left = rows.take(~held), rows.take(held)
    chosen = terms(train.predictors)
    laid, asked = matrix(chosen, train.predictors), matrix(chosen, left.predictors)
    bare = HazardModel(terms=chosen, cuts=cuts, growth=growth(cuts), event=_bare(np.zeros(0)), competing=None)
    paths = {}
    for name, status in causes.items():
        seen = Seen.of(train.time, train.status == status, cuts)
        then = Seen.of(left.time, left.status == status, cuts)
        thetas, losses, start = [], [], None
        for strength in STRENGTHS:
            start = fit(laid, seen, cuts, Penalty.of(strength), start).theta
            thetas.append(start)
            foretold = hazards(bare, asked, _bare(start))
            losses.append(float((then.exposure * foretold - then.events * np.log(foretold)).sum()))
        paths[name] = _Path(thetas=tuple(thetas), losses=np.array(losses))
    return bare, paths


def _whole(rows: Rows, cuts: Array, causes: Mapping[str, int], strengths: Mapping[str, float]) -> HazardModel:
    chosen = terms(rows.predictors)
    laid = matrix(chosen, rows.predictors)
    fitted = {}
    for name, status in causes.items():
        seen = Seen.of(rows.time, rows.status == status, cuts)
        made = fit(laid, seen, cuts, Penalty.of(strengths[name]))
        fitted[name] = Cause(theta=made.theta, covariance=_covariance(rows.patient, laid, seen, cuts, made))
    return HazardModel(
        terms=chosen, cuts=cuts, growth=growth(cuts), event=fitted["event"], competing=fitted.get("competing")
    )


def _covariance(patient: Index, laid: Matrix, seen: Seen, cuts: Array, made: Fit) -> Array:
    """The sandwich: the inverse Hessian around the variance of the patients' gradients."""
    by_row = scores(laid, seen, cuts, made.theta)
    _, number = np.unique(patient, return_inverse=True)
    by_patient = np.zeros((number.max() + 1, by_row.shape[1]))
    np.add.at(by_patient, number, by_row)
    inverse = np.linalg.inv(made.hessian)
    return np.asarray(inverse @ (by_patient.T @ by_patient) @ inverse)


def _with(bare: HazardModel, thetas: Mapping[str, Array]) -> HazardModel:
    causes = {name: _bare(theta, exact=True) for name, theta in thetas.items()}
    return HazardModel(
        terms=bare.terms, cuts=bare.cuts, growth=bare.growth, event=causes["event"], competing=causes.get("competing")
    )


def _bare(theta: Array, exact: bool = False) -> Cause:
    """A cause without an uncertainty: for risks of rows left out."""
    return Cause(theta=theta, covariance=np.zeros((len(theta), len(theta))) if exact else np.zeros((0, 0)))
