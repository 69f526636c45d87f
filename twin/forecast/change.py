"""Is this change real? Each value is judged against the patient's own recent level (formulas.md section 6).

The own level is the mean of up to `LEVEL_OF` values made by the same method since the last real change. A mean of n
values has one n-th of the variance of one value, so a value lies outside the level where

    |value - level| > max(least, Z sqrt(var + var / n))

with `var` of one value's noise: within-person and analytical variation, or the repeat limit of a CT measurement
(`change_limit`), and `least` where a change is defined (growth of a nodule), which averaging does not shrink. One odd
value makes no new level; a second one on the same side does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp, isfinite, log, sqrt
from typing import Literal

from twin.forecast.change_limit import Limit, Spread, Z

Verdict = Literal["changed", "no_real_change", "cannot_tell"]
Because = Literal["beyond", "within", "other_method", "unstated_protocol", "unknown_variation", "no_ratio"]

AVERAGED = 3
LEVEL_OF = 4
"""House value: beyond four values a longer mean narrows the limit by less than a tenth (sqrt(1 + 1/n): 1.12 to 1)."""
LEVEL_WITHIN = 3 * 365.25 * 86_400.0
"""Seconds. House value: older values say where the patient was, not where they stand; one is used where there is no
other. The earliest of these years count, so that a slow drift does not take its own level along."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One value to judge, canonical unit; `sd` where its source states one; `method` by which it was made.

    `unstated` names what of its method must be known and is not: it is compared with nothing.
    """

    at: datetime
    value: float
    sd: float | None = None
    method: tuple[str, ...] = ()
    unstated: tuple[str, ...] = ()
    scanner: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A verdict, why, and against what: the own level (canonical unit), of how many values, from when to when.

    A real change lies outside `low`..`high`. `differs` names what of the method is not the same, as (before, now);
    `unstated` what of it is not known.
    """

    verdict: Verdict
    because: Because
    level: float | None = None
    count: int = 0
    since: datetime | None = None
    until: datetime | None = None
    low: float | None = None
    high: float | None = None
    differs: tuple[tuple[str, str], ...] = ()
    unstated: tuple[str, ...] = ()


def judge(readings: Sequence[Reading], limit: Limit, body_mass: float | None = None) -> tuple[Judged | None, ...]:
    """Return the verdict on each value against those before it; None for the first, which has nothing before it.

    Args:
        readings: oldest first. body_mass: kg/m2, for the repeat limit of coronary calcium.

    Variation is that of healthy adults over weeks: over years, or in illness, more of what is "changed" is nothing new.
    """
    return tuple(_each(readings, limit, body_mass))


def told(judged: Judged) -> dict[str, object]:
    """Return why, as a snapshot holds it of every value: what there is, and days instead of times."""
    if judged.level is None:
        details = {"differs": judged.differs, "unstated": judged.unstated}
        return {"because": judged.because} | {name: each for name, each in details.items() if each}
    assert judged.since is not None and judged.until is not None  # a level is of some values
    return {
        "because": judged.because,
        "level": judged.level,
        "count": judged.count,
        "since": judged.since.date(),
        "until": judged.until.date(),
        "low": judged.low,
        "high": judged.high,
    }


def odd(verdicts: Sequence[Verdict | None]) -> tuple[bool, ...]:
    """Return which values stand alone: each differs from the level of its past, and neither neighbour does.

    Of the newest nobody knows yet.
    """
    return tuple(
        verdict == "changed" and verdicts[at - 1] != "changed" and "no_real_change" in verdicts[at + 1 : at + 2]
        for at, verdict in enumerate(verdicts)
    )


def verdict_of_course(values: Sequence[float], sd_first: float, sd_last: float) -> Verdict:
    """Return whether a course differs between its two ends, judged on the means of up to three values at each.

    Args:
        values: oldest first, at least two. sd_first, sd_last: of one value's noise at either end.

    The variance of a mean of n values is that of one divided by n (formulas.md section 6). Where the first and the last
    value themselves differ the other way, or by less than half as much, nothing has really changed.
    """
    count = min(AVERAGED, len(values) // 2)
    spread = sqrt((sd_first * sd_first + sd_last * sd_last) / count)
    if not spread > 0:
        return "cannot_tell"
    change = (sum(values[-count:]) - sum(values[:count])) / count
    shown = (values[-1] - values[0]) * (1 if change > 0 else -1)
    return "changed" if shown >= abs(change) / 2 and abs(change) > Z * spread else "no_real_change"


class _Run:
    """The values of one method since the last real change, oldest first, and one odd value that may start a new one."""

    def __init__(self, first: Reading) -> None:
        self.values: list[Reading] = [first]
        self.start = 0
        self.odd: Reading | None = None

    def level(self, at: datetime) -> Sequence[Reading]:
        """The earliest values within `LEVEL_WITHIN` before `at`; the last one where there is none."""
        oldest, values = at.timestamp() - LEVEL_WITHIN, self.values
        while self.start < len(values) - 1 and values[self.start].at.timestamp() < oldest:
            self.start += 1
        return values[self.start : self.start + LEVEL_OF]


def _each(readings: Sequence[Reading], limit: Limit, body_mass: float | None) -> Iterator[Judged | None]:
    runs: dict[tuple[str, ...], _Run] = {}
    latest: Reading | None = None
    for reading in readings:
        run = runs.get(reading.method)
        if run is None:
            runs[reading.method] = _Run(reading)
            yield None if latest is None else _incomparable(latest, reading)
        elif reading.unstated:
            yield Judged(verdict="cannot_tell", because="unstated_protocol", unstated=reading.unstated)
        else:
            told = _against(run.level(reading.at), reading, limit, body_mass)
            yield told
            _take(run, reading, told, limit, body_mass)
        latest = reading


def _take(run: _Run, reading: Reading, told: Judged, limit: Limit, body_mass: float | None) -> None:
    """Let a value join the run, wait as an odd one, or found a new level together with the odd one before it."""
    if told.verdict != "changed" or told.level is None:
        run.values.append(reading)
        run.odd = None
        return
    odd = run.odd
    is_same_side = odd is not None and (odd.value > told.level) == (reading.value > told.level)
    if odd is None or not is_same_side or _against((odd,), reading, limit, body_mass).verdict == "changed":
        run.odd = reading
        return
    run.values, run.start, run.odd = [odd, reading], 0, None


def _against(level: Sequence[Reading], reading: Reading, limit: Limit, body_mass: float | None) -> Judged:
    centre = sum(each.value for each in level) / len(level)
    spread = limit.spread(
        centre,
        reading.value,
        sds=(*(each.sd for each in level), reading.sd),
        body_mass=body_mass,
        is_other_scanner=any(each.scanner != reading.scanner for each in level),
    )
    if not isinstance(spread, Spread):
        return Judged(verdict="cannot_tell", because=spread)
    if not isfinite(reading.value) or (spread.is_log and min(reading.value, *(each.value for each in level)) <= 0):
        return Judged(verdict="cannot_tell", because="no_ratio")
    reach = max(spread.least, Z * spread.sd * sqrt(1 + 1 / len(level)))
    if spread.is_log:
        middle = sum(log(each.value) for each in level) / len(level)
        centre, low, high = exp(middle), exp(middle - reach), exp(middle + reach)
        is_beyond = abs(log(reading.value) - middle) > reach
    else:
        low, high = centre - reach, centre + reach
        is_beyond = abs(reading.value - centre) > reach
    return Judged(
        verdict="changed" if is_beyond else "no_real_change",
        because="beyond" if is_beyond else "within",
        level=centre,
        count=len(level),
        since=level[0].at,
        until=level[-1].at,
        low=low,
        high=high,
    )


def _incomparable(before: Reading, reading: Reading) -> Judged:
    pairs = zip(before.method, reading.method, strict=True)
    return Judged(
        verdict="cannot_tell",
        because="other_method",
        differs=tuple((old, new) for old, new in pairs if old != new),
    )
