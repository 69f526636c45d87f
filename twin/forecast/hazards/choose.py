"""The model of the risk: for each cause a sum, and a net beside it where patients left out are not foretold worse.

The sum's penalty is chosen by cross-validation over patients (`penalty`). The net looks at the record in another way
(`rows.Looks`); the mean of both log hazards is the model's. A net stands unless the sum alone foretells patients left
out better, the leaner of them unless the fuller does, by more than one standard error (`weighing`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import TwinError
from twin.forecast.hazards import learn, penalty
from twin.forecast.hazards.design import LOG_HAZARD_AT_MOST, matrix, terms
from twin.forecast.hazards.model import Cause, HazardModel, incidences, log_hazards
from twin.forecast.hazards.newton import Seen, growth
from twin.forecast.hazards.penalty import Tried
from twin.forecast.hazards.rows import EVENTS_AT_LEAST, FOLDS, Looks, Rows
from twin.forecast.hazards.weighing import by_patient, preferred
from twin.forecast.one_thread import one_thread

Array = NDArray[np.float64]
Tell = Callable[[str], None]

INTERVALS = 5
FEW = Tried(strength=100_000.0, is_apart=False, loss=0.0, weight=1.0)
"""What competes and is too rare to choose by: so hard a hold that its hazard is nearly the same for everybody."""


class TooFewEvents(TwinError):
    """Too few patients with the event to fit a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What stands beside the sum: the place of its net among `Looks.nets`, None for the sum alone.

    losses: the mean loss of a judging row with each net that was tried and, last, by the sum alone.
    """

    losses: tuple[float, ...]
    net: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """The model; out_of_fold: (N, H) the risk of each row by models that never saw its patient.

    Which of them, the losses of other patients say; those come in part from models that did learn from this one.

    `tried`: for each cause, each penalty with its mean loss and weight. `beside`: for each cause.
    """

    model: HazardModel
    out_of_fold: Array
    tried: Mapping[str, tuple[Tried, ...]]
    beside: Mapping[str, Beside]


def cuts_for(horizons: Sequence[float]) -> Array:
    """Return the edges of the intervals: every horizon, and equal steps to the last."""
    return np.unique(np.round(np.concatenate((np.linspace(0.0, max(horizons), INTERVALS + 1), horizons)), 6))


@one_thread()
def choose(rows: Rows, horizons: Sequence[float], looks: Looks | None = None, tell: Tell = lambda text: None) -> Chosen:
    """Fit the model of `rows`, chosen for each cause by cross-validation over patients.

    Args:
        looks: which predictors each member looks at; default: a sum of all of them, no net.

    Raises:
        TooFewEvents: fewer than ten patients with the event within the last horizon.
    """
    looks = looks or Looks(summed=frozenset(rows.predictors))
    cuts = cuts_for(horizons)
    within = rows.time <= cuts[-1]
    if len(np.unique(rows.patient[(rows.status == 1) & within & rows.judges])) < EVENTS_AT_LEAST:
        rows = replace(rows, judges=np.ones(len(rows.time), dtype=np.bool_))  # too few events to judge by
    count = len(np.unique(rows.patient[(rows.status == 1) & within]))
    if count < EVENTS_AT_LEAST:
        raise TooFewEvents(f"{count} patients with the event within {cuts[-1]:g} years, {EVENTS_AT_LEAST} are needed")
    competing = len(np.unique(rows.patient[(rows.status == 2) & within]))
    causes = {"event": 1, "competing": 2} if competing >= EVENTS_AT_LEAST else {"event": 1}
    tell("five folds of patients")
    folds = [penalty.fold_of(rows, rows.fold == number, looks, cuts, causes) for number in range(FOLDS)]
    told, tried, beside, made = {}, {}, {}, {}
    for name, status in causes.items():
        tell(f"how hard to hold the coefficients: {name}")
        tried[name], thetas = penalty.search(folds, name, cuts, looks.apart)
        summed = _summed_left_out(rows, folds, thetas, cuts)
        tell(f"a net beside the sum: {name}")
        told[name], beside[name] = _beside(rows, looks, cuts, status, summed)
        tell(f"all patients: {name}")
        made[name] = _whole(rows, looks, cuts, status, tried[name], beside[name].net)
    chosen = terms(rows.of(looks.summed))
    if 0 < competing < EVENTS_AT_LEAST:  # too few to tell who, not how often
        made["competing"] = penalty.whole(rows, looks, cuts, 2, (FEW,))
        told["competing"] = log_hazards(matrix(chosen, rows.predictors), made["competing"].theta, growth(cuts))
    model = HazardModel(
        terms=chosen,
        cuts=cuts,
        growth=growth(cuts),
        event=made["event"],
        competing=made.get("competing"),
    )
    event = np.exp(told["event"])
    other = np.exp(told["competing"]) if "competing" in told else np.zeros_like(event)
    return Chosen(model=model, out_of_fold=incidences(event, other, cuts, horizons), tried=tried, beside=beside)


def _summed_left_out(rows: Rows, folds: Sequence[penalty.Fold], thetas: Sequence[Array], cuts: Array) -> Array:
    """The log hazards of each row (N, J) by the sum of the fold that left its patient out."""
    found = np.zeros((len(rows.time), len(cuts) - 1))
    for number, (fold, theta) in enumerate(zip(folds, thetas, strict=True)):
        mine = rows.fold == number
        if mine.any():
            found[mine] = log_hazards(matrix(fold.terms, rows.take(mine).predictors), theta, growth(cuts))
    return found


def _beside(rows: Rows, looks: Looks, cuts: Array, status: int, summed: Array) -> tuple[Array, Beside]:
    """Return the log hazards left out (N, J) of what is preferred, and what that is.

    For the rows of a fold, what the patients of the other folds prefer.
    """
    nets = (
        [learn.left_out(rows, keys, cuts, status) for keys in looks.nets] if learn.can_learn(rows, status, cuts) else []
    )
    known = [each for each in nets if each is not None]
    ways = [*(np.minimum((summed + each) / 2, LOG_HAZARD_AT_MOST) for each in known), summed]
    own, seen = rows.judges, Seen.of(rows.time, rows.status == status, cuts)
    judged = np.unique(rows.patient[own])
    losses = np.stack([by_patient(seen.loss(each)[own], rows.patient[own], judged) for each in ways])
    found = np.zeros_like(summed)
    for number in range(FOLDS):
        mine = rows.fold == number
        others = ~np.isin(judged, rows.patient[mine])
        found[mine] = ways[preferred(losses[:, others])][mine]
    places = [*(place for place, each in enumerate(nets) if each is not None), None]
    means = tuple(float(each) for each in losses.sum(axis=1) / own.sum())
    return found, Beside(losses=means, net=places[preferred(losses)])


def _whole(rows: Rows, looks: Looks, cuts: Array, status: int, tried: Sequence[Tried], net: int | None) -> Cause:
    made = penalty.whole(rows, looks, cuts, status, tried)
    return made if net is None else replace(made, net=learn.whole(rows, looks.nets[net], cuts, status))
