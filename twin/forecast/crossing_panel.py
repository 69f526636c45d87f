"""One threshold of one patient: is its rule for them, is the line passed, and when will it be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from twin.forecast.crossing import (
    MODEL_FACTORS,
    CrossingDate,
    Driver,
    Outlook,
    Passage,
    Probability,
    crossing_date,
    drivers,
    outlook,
    passage,
    probabilities,
)
from twin.forecast.futures import Futures
from twin.forecast.result import UNSHOWN
from twin.forecast.score_course import ScoreCourse
from twin.forecast.score_panel import ScorePanel
from twin.forecast.score_paths import moving_keys, score_paths
from twin.forecast.signal_panel import SignalPanel, Trend
from twin.organs.applies import why_not
from twin.organs.base import Comparison, Rule, Text, Threshold
from twin.record.fact import Absent
from twin.record.timeline import Timeline
from twin.scores.gather import Site

Array = NDArray[np.float64]
Status = Literal["on", "off_unverified", "not_applicable"]
ALREADY_FROM = 0.5
"""P(past now) from which a newest value past the line is taken for the true level."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crossing:
    """A threshold as it stands for this patient.

    `already_past`: the newest value is past the line and so, more likely than not, is the true level.
    `rests_on` are the inputs of the newest value, `evidence_at` the newest of their times; `contradicted`: another
    value of the same moment contradicts one of them.
    """

    key: str
    on: Mapping[str, str]
    comparison: Comparison
    value: float
    unit: str
    label: Text
    rule: Rule
    action: Text
    examination: Text
    closes_with: tuple[str, ...]
    status: Status
    why: Text | None
    newest: float | None
    evidence_at: datetime | None
    rests_on: tuple[Mapping[str, object], ...]
    contradicted: bool
    trend: Trend | None
    already_past: bool
    past_since: date | None
    probabilities: tuple[Probability, ...]
    crossing: CrossingDate | Absent
    reaches_level_on: date | None
    drivers: tuple[Driver, ...]
    outlook: Outlook | None = field(metadata=UNSHOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What is known of the quantity a threshold is on."""

    past: tuple[tuple[datetime, float], ...]
    rests_on: tuple[Mapping[str, object], ...]
    trend: Trend | None


def crossing(
    threshold: Threshold,
    panel: SignalPanel | ScorePanel,
    course: ScoreCourse | None,
    timeline: Timeline,
    futures: Futures,
    *,
    enabled: frozenset[str],
    recall_level: float,
    horizon_months: int,
    site: Site,
) -> Crossing:
    """Return how one threshold stands for this patient at `as_of`.

    Args:
        panel: of the signal or score the threshold is on. course: of the score, None for a signal.
        enabled: ids of unverified rules switched on here. site: what it has answered; of competing rule sets one acts.
    """
    known = _known(panel)
    why = why_not(threshold, timeline, site)
    values = Absent(reason="not_applicable") if why else line_values(threshold, course, futures)
    newest = known.past[-1][1] if known.past else None
    already, level_on, looked = False, None, None
    chances: tuple[Probability, ...] = ()
    pulled: tuple[Driver, ...] = ()
    dated: CrossingDate | Absent
    if isinstance(values, Absent):
        dated = values
    else:
        central, looked = passage(threshold, values, futures.start), outlook(threshold, values, horizon_months)
        already = is_past(threshold, newest) and central.by(0) >= ALREADY_FROM
        others = (_scaled_passage(threshold, course, futures, factor) for factor in MODEL_FACTORS)
        chances = probabilities(central, tuple(item for item in others if isinstance(item, Passage)), horizon_months)
        dated = Absent(reason="already_past") if already else _dated(central)
        level_on = central.reached(recall_level)
        pulled = () if course is None else _drivers(threshold, course, futures, horizon_months)
    return Crossing(
        key=threshold.key,
        on={"kind": threshold.on, "key": threshold.of, "output": threshold.output},
        comparison=threshold.comparison,
        value=threshold.value,
        unit=threshold.unit,
        label=threshold.label,
        rule=threshold.rule,
        action=threshold.action,
        examination=threshold.examination,
        closes_with=threshold.closes_with,
        status=line_status(threshold, why, enabled),
        why=why,
        newest=newest,
        evidence_at=known.past[-1][0] if known.past else None,
        rests_on=known.rests_on,
        contradicted=_is_contradicted(panel, course),
        trend=known.trend,
        already_past=already,
        past_since=_past_since(threshold, known.past) if already else None,
        probabilities=chances,
        crossing=dated,
        reaches_level_on=level_on,
        drivers=pulled,
        outlook=looked,
    )


def is_past(threshold: Threshold, newest: float | None) -> bool:
    """Return True where the newest value is there and past the line."""
    return newest is not None and bool(threshold.is_past(np.array([newest]))[0])


def line_values(threshold: Threshold, course: ScoreCourse | None, futures: Futures) -> Array | Absent:
    """Return the simulated true values (P, M) of what a line is on, or why there are none.

    Args:
        course: of the score the line is on, None for a signal.
    """
    if course is None:
        values = futures.levels(threshold.of)
        return Absent(reason="missing_input", detail=threshold.of) if values is None else values
    return course.paths if isinstance(course.paths, Absent) else course.paths[threshold.output]


def line_status(threshold: Threshold, why: Text | None, enabled: frozenset[str]) -> Status:
    """Return whether the rule of a line acts for this patient; `why` not, where it is for others."""
    if why is not None:
        return "not_applicable"
    is_off = threshold.rule.status == "unverified" and threshold.rule.rule_id not in enabled
    return "off_unverified" if is_off else "on"


def _known(panel: SignalPanel | ScorePanel) -> _Known:
    if isinstance(panel, ScorePanel):
        return _Known(
            past=tuple((row.at, row.value) for row in panel.history),
            rests_on=tuple(
                {
                    "key": item.key,
                    "value": item.value,
                    "unit": item.unit,
                    "fact_id": item.fact_id,
                    "observed_at": item.observed_at,
                    "assumed": item.assumed,
                }
                for item in panel.inputs
            ),
            trend=panel.trend,
        )
    used = tuple(point for point in panel.points if point.used and point.value is not None)
    newest = tuple(
        {
            "key": panel.key,
            "value": point.value,
            "unit": panel.unit,
            "fact_id": point.fact_id,
            "observed_at": point.observed_at,
            "assumed": False,
        }
        for point in used[-1:]
    )
    past = tuple((point.observed_at, point.value) for point in used if point.value is not None)
    return _Known(past=past, rests_on=newest, trend=panel.trend)


def _is_contradicted(panel: SignalPanel | ScorePanel, course: ScoreCourse | None) -> bool:
    if isinstance(panel, ScorePanel):
        return course is not None and course.is_contradicted
    used = [point.fact_id for point in panel.points if point.used]
    return any(used[-1] in each.fact_ids for each in panel.conflicts)


def _scaled_passage(
    threshold: Threshold, course: ScoreCourse | None, futures: Futures, factor: float
) -> Passage | Absent:
    """The passage under other house values."""
    if course is None:
        levels = line_values(threshold, None, futures.scaled(factor, (threshold.of,)))
        return levels if isinstance(levels, Absent) else passage(threshold, levels, futures.start)
    if factor not in course.scaled:
        scaled = futures.scaled(factor, moving_keys(course.today, futures))
        course.scaled[factor] = score_paths(course.score, course.today, scaled.levels, scaled.ages())
    paths = course.scaled[factor]
    return paths if isinstance(paths, Absent) else passage(threshold, paths[threshold.output], futures.start)


def _dated(central: Passage) -> CrossingDate | Absent:
    return crossing_date(central) or Absent(reason="beyond_forecast")


def _past_since(threshold: Threshold, past: tuple[tuple[datetime, float], ...]) -> date | None:
    """The first day of the unbroken run of values past the line that goes on today."""
    beyond = threshold.is_past(np.array([value for _, value in past]))
    before = np.flatnonzero(~beyond)
    first = int(before[-1]) + 1 if before.size else 0
    return past[first][0].date()


def _drivers(threshold: Threshold, course: ScoreCourse, futures: Futures, months: int) -> tuple[Driver, ...]:
    """What moves a score by the horizon; a signal is moved by nothing but itself."""
    ages, column = futures.ages(), slice(months, months + 1)

    def levels(held: str | None, key: str) -> Array | None:
        whole = futures.without_trend(key) if key == held else futures.levels(key)
        return None if whole is None else whole[:, column]

    def value_at(held: str | None) -> Array:
        then = ages if ages is None else ages[:, :1] if held == "age" else ages[:, column]
        paths = score_paths(course.score, course.today, partial(levels, held), then)
        assert not isinstance(paths, Absent)  # the passage along the same inputs was there
        return paths[threshold.output].ravel()

    return drivers(threshold, moving_keys(course.today, futures), value_at, futures, months)
