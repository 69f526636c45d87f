"""Every measure of a set of predictions, each with its interval.

Intervals are percentiles of a bootstrap over patients, all their rows together (Efron and Tibshirani 1993, chapter 13),
with the censoring weights held. A resampled calibration curve bends more than the data's own, so the draws of the ICI
are first moved by their bias (the same, chapter 10), and kept above 0. A group of the calibration plot with few events
has Wilson's interval (`share`). Intervals show chance in who was in the data, not what another place would show.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from twin.forecast.evaluate.accuracy import brier, event_rate, scaled_brier
from twin.forecast.evaluate.benefit import net_benefit, net_benefit_of_all
from twin.forecast.evaluate.calibration import groups, ici, intercept, observed_expected, slope
from twin.forecast.evaluate.cells import Cell, cells
from twin.forecast.evaluate.discrimination import auc
from twin.forecast.evaluate.figure import Figure, figure
from twin.forecast.evaluate.rows import Array, NotJudgeable, Outcomes, Predictions
from twin.forecast.evaluate.share import share

MEASURES = ("auc", "brier", "scaled_brier", "ici", "intercept", "slope", "observed_expected")
REPEATS = 200  # of the bootstrap: the ends of an interval move by about a tenth of its width between seeds
MOST_GROUPS = 10
EVENTS_A_GROUP = 5  # on average: fewer give intervals as wide as the plot (house value)
THRESHOLDS = (0.05, 0.1, 0.2, 0.3, 0.5)  # where a decision is conceivable (house value); sites read their own
_BENT = ("ici",)
_BATCH = 50  # repeats at a time: bounds memory to 50 rows of weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One group of the calibration plot: the mean risk that was said, and the share that had the event."""

    count: int
    expected: float
    observed: Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class Benefit:
    """Net benefit a person of acting on those at or above `threshold`, and of acting on all; on none it is 0."""

    threshold: float
    model: Figure
    everybody: Figure


@dataclass(frozen=True, kw_only=True, slots=True)
class CellMeasures:
    """One landmark and horizon. `rate` is the observed share with the event, `expected` the mean risk.

    `cases` counts rows with the event, `patients_with_event` the patients they are.
    """

    landmark: float | None
    horizon: float
    count: int
    cases: int
    patients_with_event: int
    expected: float
    rate: Figure
    figures: Mapping[str, Figure]
    points: tuple[Point, ...]
    benefit: tuple[Benefit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class TooFew:
    """A cell that was not judged: fewer than five cases or controls."""

    landmark: float | None
    horizon: float
    count: int
    cases: int
    controls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """Plain means over the usable cells, and each of them."""

    patients: int
    mean: Mapping[str, Figure]
    cells: tuple[CellMeasures, ...]
    too_few: tuple[TooFew, ...]


Measure = Callable[[Array, Array], Array]
"""(weights (R, N), multiplicities (R, N)) to (R,)."""


def evaluate(
    predictions: Predictions,
    outcomes: Outcomes,
    *,
    by_landmark: bool = True,
    repeats: int = REPEATS,
    seed: int = 0,
) -> Evaluation:
    """Return every measure of the predictions with its interval.

    Args:
        by_landmark: judge each landmark time by itself; else all rows of a horizon together, as where every visit is
            a landmark.

    Raises:
        NotJudgeable: no cell has five cases and five controls, or as `cells` says.
    """
    found = list(cells(predictions, outcomes, by_landmark=by_landmark))
    usable = [cell for cell in found if cell.is_usable]
    if not usable:
        raise NotJudgeable("nowhere are there five patients with the event and five without")
    people, numbers = numbered(usable)
    draws = drawn_patients(people, repeats, seed)
    measured = [_measured(cell, place, draws) for cell, place in zip(usable, numbers, strict=True)]
    return Evaluation(
        patients=people,
        mean={name: _mean(name, [drawn[name] for _, drawn in measured]) for name in MEASURES},
        cells=tuple(one for one, _ in measured),
        too_few=tuple(
            TooFew(
                landmark=cell.landmark,
                horizon=cell.horizon,
                count=len(cell.risk),
                cases=cell.cases,
                controls=cell.controls,
            )
            for cell in found
            if not cell.is_usable
        ),
    )


def numbered(usable: list[Cell]) -> tuple[int, list[np.ndarray]]:
    """Return how many patients there are, and the number of each row's in each cell."""
    people = np.unique(np.concatenate([cell.patient for cell in usable]))
    return len(people), [np.searchsorted(people, cell.patient) for cell in usable]


def drawn_patients(people: int, repeats: int, seed: int) -> Array:
    """Return how often each patient is in each sample: (1 + repeats, people); the first is the data themselves."""
    random = np.random.default_rng(seed)
    drawn = [np.bincount(random.integers(0, people, people), minlength=people) for _ in range(repeats)]
    return np.stack([np.ones(people), *drawn]).astype(np.float64)


def _measured(cell: Cell, place: np.ndarray, draws: Array) -> tuple[CellMeasures, dict[str, Array]]:
    """The measures of one cell, and their (1 + repeats,) draws by name."""
    bins = groups(cell, max(1, min(MOST_GROUPS, cell.cases // EVENTS_A_GROUP)))
    wanted: dict[str, Measure] = {
        **_measures(cell),
        "rate": lambda weights, times: event_rate(cell, weights),
        **{f"point {number}": _rate_in(cell, rows) for number, rows in enumerate(bins)},
        **{f"model {at}": _benefit(cell, at, net_benefit) for at in THRESHOLDS},
        **{f"everybody {at}": _benefit(cell, at, net_benefit_of_all) for at in THRESHOLDS},
    }
    drawn = _drawn(cell, place, draws, wanted)
    figures = {name: figure(values, is_bent=name in _BENT) for name, values in drawn.items()}
    return (
        CellMeasures(
            landmark=cell.landmark,
            horizon=cell.horizon,
            count=len(cell.risk),
            cases=cell.cases,
            patients_with_event=cell.patients_with_event,
            expected=float(cell.risk.mean()),
            rate=figures["rate"],
            figures={name: figures[name] for name in MEASURES},
            points=tuple(
                Point(
                    count=len(rows),
                    expected=float(cell.risk[rows].mean()),
                    observed=share(cell, rows, drawn[f"point {number}"]),
                )
                for number, rows in enumerate(bins)
            ),
            benefit=tuple(
                Benefit(threshold=at, model=figures[f"model {at}"], everybody=figures[f"everybody {at}"])
                for at in THRESHOLDS
            ),
        ),
        drawn,
    )


def _measures(cell: Cell) -> dict[str, Measure]:
    discrimination, index = auc(cell), ici(cell)
    return {
        "auc": lambda weights, times: discrimination(weights),
        "brier": lambda weights, times: brier(cell, weights, times.sum(axis=1)),
        "scaled_brier": lambda weights, times: scaled_brier(cell, weights, times.sum(axis=1)),
        "ici": index,
        "intercept": lambda weights, times: intercept(cell, weights),
        "slope": lambda weights, times: slope(cell, weights),
        "observed_expected": lambda weights, times: observed_expected(cell, weights, times),
    }


def _rate_in(cell: Cell, rows: np.ndarray) -> Measure:
    def measure(weights: Array, times: Array) -> Array:
        return np.asarray((weights[:, rows] @ cell.event[rows]) / weights[:, rows].sum(axis=1))

    return measure


def _benefit(cell: Cell, threshold: float, net: Callable[[Cell, Array, float], Array]) -> Measure:
    return lambda weights, times: net(cell, weights, threshold)


def _drawn(cell: Cell, place: np.ndarray, draws: Array, wanted: Mapping[str, Measure]) -> dict[str, Array]:
    parts: dict[str, list[Array]] = {name: [] for name in wanted}
    for start in range(0, len(draws), _BATCH):
        times = draws[start : start + _BATCH, place]
        weights = times * cell.weight
        is_one_sided = (weights @ cell.event == 0) | (weights @ (1 - cell.event) == 0)
        with np.errstate(invalid="ignore", divide="ignore"):  # a sample without anybody of a group says nothing of it
            for name, measure in wanted.items():
                parts[name].append(np.where(is_one_sided, np.nan, measure(weights, times)))
    return {name: np.concatenate(values) for name, values in parts.items()}


def _mean(name: str, drawn: list[Array]) -> Figure:
    """The plain mean over cells, of those that a draw gives."""
    together = np.stack(drawn)
    given = np.isfinite(together)
    counted = np.where(given.any(axis=0), given.sum(axis=0), np.nan)
    return figure(np.where(given, together, 0.0).sum(axis=0) / counted, is_bent=name in _BENT)
