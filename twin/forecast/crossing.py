"""When will a threshold be passed: the chance by each date, the date itself, and what drives it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from twin.forecast.futures import MONTH, MONTHS, PATHS, Futures
from twin.organs.base import Threshold

Array = NDArray[np.float64]

HORIZONS = (3, 6, 12, 24, 36)
"""Months for which a probability is given."""
CARRIED_MONTHS = 3
"""For so many months a forecast can be carried forward without being computed anew."""
MODEL_FACTORS = (0.5**0.5, 2.0**0.5)
"""Variances of drift and wander halved and doubled: the stated uncertainty of the house values."""
_MONTE_CARLO_Z = 1.2815515655446004  # 80 % of the sampling error of 1,024 paths
_WORTH_NAMING = 0.02  # of the threshold: a smaller expected move over the horizon has no drivers worth naming


@dataclass(frozen=True, kw_only=True, slots=True)
class Probability:
    """P(past the threshold by `months` from today), with the interval that halved and doubled variances span."""

    months: int
    p: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Driver:
    """The share of the expected move towards the threshold that one input's trend makes."""

    key: str
    share: float
    direction: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CrossingDate:
    """When half of the futures have crossed, and the 80 % interval; an end beyond the forecast is None."""

    median: date
    low80: date | None
    high80: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """The chance of having been past the line at or before each month: (M,), rising; column 0 is today."""

    start: datetime
    by_month: Array

    def by(self, months: float) -> float:
        """Return the probability by `months` from today."""
        return float(np.interp(months, np.arange(len(self.by_month)), self.by_month))

    def reached(self, share: float) -> date | None:
        """Return the day on which the probability reaches `share`, or None within the forecast."""
        if not self.by_month[-1] >= share:
            return None
        month = int(np.argmax(self.by_month >= share))
        if month == 0:
            return self.start.date()
        before, after = self.by_month[month - 1], self.by_month[month]
        return (self.start + (month - 1 + float((share - before) / (after - before))) * MONTH).date()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What today's futures say of a line today and in each of the next months, should nothing new be learnt: (K,) each.

    `within`: P(past it at or before the horizon from then on). `here`: P(past it then). NaN beyond the forecast.
    """

    within: Array
    here: Array


def outlook(threshold: Threshold, values: Array, horizon_months: int) -> Outlook:
    """Return the outlook of a line from simulated true values (P, M); its first `within` is what a snapshot shows.

    That later futures are today's, seen later, is the tower rule: what is expected of a later forecast is today's.
    """
    is_past = threshold.is_past(values)
    within = np.full(CARRIED_MONTHS + 1, np.nan)
    for month in range(min(CARRIED_MONTHS, MONTHS - horizon_months) + 1):
        within[month] = is_past[:, month : month + horizon_months + 1].any(axis=1).mean()
    return Outlook(within=within, here=is_past[:, : CARRIED_MONTHS + 1].mean(axis=0))


def passage(threshold: Threshold, values: Array, start: datetime) -> Passage:
    """Return the first passage of simulated true values (P, M) past a threshold, looked at month by month.

    It is the true level that crosses, not a noisy reading. A path on which the value is undefined is not past.
    """
    ever = np.logical_or.accumulate(threshold.is_past(values), axis=1)
    return Passage(start=start, by_month=ever.mean(axis=0))


def probabilities(central: Passage, others: tuple[Passage, ...], horizon_months: int) -> tuple[Probability, ...]:
    """Return P at each of `HORIZONS` and at the recall horizon.

    The interval is the span over the other models too, widened by the sampling error.
    """
    found = []
    for months in sorted({*HORIZONS, horizon_months}):
        p = central.by(months)
        span = [p, *(other.by(months) for other in others)]
        error = _MONTE_CARLO_Z * sqrt(p * (1 - p) / PATHS)
        found.append(Probability(months=months, p=p, low=max(0.0, min(span) - error), high=min(1.0, max(span) + error)))
    return tuple(found)


def crossing_date(central: Passage) -> CrossingDate | None:
    """Return the date of the crossing, or None where fewer than half of the futures cross."""
    median = central.reached(0.5)
    if median is None:
        return None
    return CrossingDate(median=median, low80=central.reached(0.1), high80=central.reached(0.9))


def drivers(
    threshold: Threshold,
    keys: tuple[str, ...],
    value_at: Callable[[str | None], Array],
    futures: Futures,
    horizon_months: int,
) -> tuple[Driver, ...]:
    """Return which inputs' trends make the expected move towards the threshold, largest share first.

    Args:
        value_at: the values (P,) at the horizon, with the trend of the named input held still (None: with none).

    An input's share is how much less far the expected value moves without its trend; inputs that pull the other way
    have none. Empty where the whole move is too small to explain.
    """
    full = _mean(value_at(None))
    pulls = {key: threshold.adverse * (full - _mean(value_at(key))) for key in keys}
    towards = {key: pull for key, pull in pulls.items() if pull > 0}
    total = sum(towards.values())
    if total < _WORTH_NAMING * abs(threshold.value):
        return ()
    ordered = sorted(towards.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Driver(
            key=key,
            share=pull / total,
            direction="rising" if key == "age" or futures.drift(key, horizon_months) > 0 else "falling",
        )
        for key, pull in ordered
    )


def _mean(values: Array) -> float:
    """The mean over the paths on which the value is defined; NaN, which pulls nowhere, where it is on none."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if defined.size else float("nan")


assert HORIZONS[-1] == MONTHS
