"""Are the patients of today still those the model was made on, and do its risks still come true?

Inputs and risks are compared with the spread on the card by the population stability index and the distance of
Kolmogorov and Smirnov; calibration with the card's own, on predictions whose outcome is known by now. A drift is a
question to a person, no proof that the model is wrong: an input can move and the risks still be right.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import sqrt
from typing import Any, Literal

import numpy as np
from scipy.special import gammaincinv

from twin.forecast.card.reference import shares
from twin.forecast.evaluate.cells import Cell, cells
from twin.forecast.evaluate.figure import PERCENTILES, Figure
from twin.forecast.evaluate.measures import CellMeasures, evaluate
from twin.forecast.evaluate.rows import Array, NotJudgeable, Outcomes, Predictions

Verdict = Literal["steady", "watch", "drifted", "too_few"]
VERDICTS: tuple[Verdict, ...] = ("steady", "watch", "drifted", "too_few")

PSI_WATCH, PSI_DRIFTED = (
    0.10,
    0.25,
)  # the custom of credit scoring, a rule of thumb: Siddiqi 2006, Credit Risk Scorecards
KS_WATCH = 0.10  # house value: a tenth of the patients lies elsewhere
KS_CHANCE = (
    1.95  # Smirnov 1948, doi:10.1214/aoms/1177730256: passed once in a thousand by chance, times sqrt(1/n + 1/m)
)
PSI_CHANCE_Z = 3.09  # of the normal: passed once in a thousand by chance
FEWEST = 100  # predictions: below it ten bins hold ten each (house value)
FEWEST_EVENTS = 20  # patients with the event, seen or expected, as for a recalibration (`twin.forecast.calibrate`)
OBSERVED_EXPECTED = (0.80, 1.25)  # house value: a quarter more or less than was said
SLOPE = (0.80, 1.25)  # house value, the same on the slope


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """How one input (or the risk at one horizon) lies today against the card.

    `psi` and `ks` are NaN where there are too few to say. `ks` is taken at the card's bin edges: the true distance is
    as large or larger.
    """

    key: str
    count: int
    missing_then: float
    missing_now: float
    psi: float
    ks: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Calibration:
    """What was said and what came, at one horizon, beside the same on the card; None where too few to say.

    Where many events were expected and few came, the ratio is of patients, with an exact interval, and has no slope.
    """

    horizon: float
    count: int
    events: int
    observed_expected: Figure | None
    slope: Figure | None
    then: float | None
    """Observed / expected on the card."""
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Drift:
    """Everything that was compared."""

    inputs: tuple[Spread, ...]
    risks: tuple[Spread, ...]
    calibration: tuple[Calibration, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all; too few where nothing could be compared."""
        found = {each.verdict for part in (self.inputs, self.risks, self.calibration) for each in part}
        return next((each for each in ("drifted", "watch", "steady") if each in found), "too_few")


def compare(
    card: Mapping[str, Any],
    inputs: Mapping[str, Array],
    recent: Predictions,
    matured: Predictions,
    outcomes: Outcomes,
    *,
    repeats: int = 200,
) -> Drift:
    """Return how the model's inputs, risks and calibration of late stand against its card.

    Args:
        inputs: by key, values (N,) of recent predictions, NaN missing; one a patient, or chance is taken for too small.
        recent: recent predictions, likewise. matured: those that can be judged by now, with the outcomes known so far.
    """
    return Drift(
        inputs=tuple(
            spread(each["key"], each, inputs[each["key"]]) for each in card["inputs"] if each["key"] in inputs
        ),
        risks=tuple(
            spread(f"risk within {each['horizon']:g} years", each, recent.risk[recent.horizon == each["horizon"]])
            for each in card["risks"]
        ),
        calibration=calibration(card, matured, outcomes, repeats=repeats),
    )


def spread(key: str, then: Mapping[str, Any], values: Array) -> Spread:
    """Return how values (N,) lie against a spread on the card (`card.reference`)."""
    count, base = len(values), int(then["count"])
    missing = float(np.mean(~np.isfinite(values))) if count else float("nan")
    missing_then = float(then["shares"][-1])
    if min(count, base) < FEWEST:
        return Spread(
            key=key, count=count, missing_then=missing_then, missing_now=missing, psi=float("nan"), ks=float("nan"),
            verdict="too_few",
        )  # fmt: skip
    before = np.array(then["shares"])
    now = shares(values, np.array(then["edges"], dtype=np.float64))
    index, distance = _psi(before, now, base, count), _ks(before, now)
    return Spread(
        key=key, count=count, missing_then=missing_then, missing_now=missing, psi=index, ks=distance,
        verdict=_verdict(index, distance, len(before), 1 / base + 1 / count),
    )  # fmt: skip


def calibration(
    card: Mapping[str, Any], matured: Predictions, outcomes: Outcomes, *, repeats: int = 200
) -> tuple[Calibration, ...]:
    """Return observed against expected at each horizon of the card, all landmarks together.

    Of a recalibrated model it is the local figures on the card that are compared.
    """
    there: dict[float, Cell] = {}
    judged: dict[float, CellMeasures] = {}
    if len(matured):
        with suppress(NotJudgeable):
            there = {cell.horizon: cell for cell in cells(matured, outcomes, by_landmark=False)}
            found = evaluate(matured, outcomes, by_landmark=False, repeats=repeats)
            judged = {cell.horizon: cell for cell in found.cells}
    return tuple(
        _calibration(before, there.get(before["horizon"]), judged.get(before["horizon"]))
        for before in (card.get("recalibration") or card["validation"])["by_horizon"]
    )


def _calibration(before: Mapping[str, Any], there: Cell | None, now: CellMeasures | None) -> Calibration:
    then = before["figures"]["observed_expected"]
    events = there.patients_with_event if there is not None else 0
    expected = _patients_expected(there) if there is not None else 0.0
    ratio: Figure | None = None
    slope: Figure | None = None
    worst: Verdict = "too_few"
    if now is not None and events >= FEWEST_EVENTS:
        ratio, slope = now.figures["observed_expected"], now.figures["slope"]
        off = (_off(ratio, OBSERVED_EXPECTED, then), _off(slope, SLOPE, before["figures"]["slope"]))
        worst = "drifted" if "drifted" in off else "watch" if "watch" in off else "steady"
    elif events < FEWEST_EVENTS <= expected:
        ratio = _exact(events, expected)
        worst = _off(ratio, OBSERVED_EXPECTED, then)
    return Calibration(
        horizon=before["horizon"], count=len(there.risk) if there is not None else 0, events=events,
        observed_expected=ratio, slope=slope, then=then["value"], verdict=worst,
    )  # fmt: skip


def _patients_expected(cell: Cell) -> float:
    """How many patients with the event were expected at the least, of those of whom it is known whether they had it.

    A patient of many rows counts once, at their mean risk. Those censored are left out, which lowers what is expected
    more than what is seen.
    """
    is_known = cell.weight > 0
    _, number, rows = np.unique(cell.patient[is_known], return_inverse=True, return_counts=True)
    return float((np.bincount(number, weights=cell.risk[is_known], minlength=len(rows)) / rows).sum())


def _exact(events: int, expected: float) -> Figure:
    """Observed / expected with the exact 95 % interval of a Poisson count: Garwood 1936, doi:10.1093/biomet/28.3-4.437.

    A bootstrap has no interval where no event came.
    """
    lower, upper = (level / 100 for level in PERCENTILES)
    low = float(gammaincinv(events, lower)) if events else 0.0
    high = float(gammaincinv(events + 1, upper))
    return Figure(value=events / expected, low=low / expected, high=high / expected)


def _off(now: Figure, bounds: tuple[float, float], then: Mapping[str, float | None]) -> Verdict:
    """Drifted: out of bounds, and surely neither 1 nor what the card has; one of the two is worth a look."""
    is_out = not bounds[0] <= now.value <= bounds[1]
    is_not_one = now.low > 1 or now.high < 1
    low, high = then["low"], then["high"]
    is_other = low is None or high is None or now.low > high or now.high < low
    if is_out and is_not_one and is_other:
        return "drifted"
    return "watch" if is_not_one and (is_out or is_other) else "steady"


def _psi(before: Array, now: Array, base: int, count: int) -> float:
    """The population stability index; a bin that is empty counts half a patient, so that it stays finite."""
    is_used = (before > 0) | (now > 0)
    p, q = np.maximum(before[is_used], 0.5 / base), np.maximum(now[is_used], 0.5 / count)
    return float(((q - p) * np.log(q / p)).sum())


def _ks(before: Array, now: Array) -> float:
    """The largest distance of the distributions of what is there, at the edges."""
    there = before[:-1].sum(), now[:-1].sum()
    if min(there) <= 0:
        return 1.0 if max(there) > 0 else 0.0
    return float(np.abs(np.cumsum(before[:-1]) / there[0] - np.cumsum(now[:-1]) / there[1]).max())


def _verdict(index: float, distance: float, bins: int, noise: float) -> Verdict:
    """A bound that chance alone passes in samples of this size does not count.

    Without drift the index is about chi-square with bins - 1 degrees of freedom, times (1/n + 1/m): Yurdakul 2018,
    Statistical properties of population stability index (Western Michigan University, dissertation 3208).
    """
    free = bins - 1
    by_chance = noise * free * (1 - 2 / (9 * free) + PSI_CHANCE_Z * sqrt(2 / (9 * free))) ** 3  # Wilson, Hilferty 1931
    if index > max(PSI_DRIFTED, by_chance):
        return "drifted"
    if index > max(PSI_WATCH, by_chance) or distance > max(KS_WATCH, KS_CHANCE * sqrt(noise)):
        return "watch"
    return "steady"
