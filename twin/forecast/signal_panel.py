"""One signal of one patient: every value as received, the trajectory through them, and the fan ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Literal

import numpy as np

from twin.forecast.change import Judged, Verdict, judge, odd, told, verdict_of_course
from twin.forecast.change_limit import Limit, limits
from twin.forecast.change_method import reading
from twin.forecast.conflict import Conflict, conflicts
from twin.forecast.dynamics import fan, spread
from twin.forecast.following import FOLLOWED_FOR, Course, Seen, refused
from twin.forecast.futures import MONTH, MONTH_YEARS, MONTHS, Followed
from twin.forecast.motion import Motion, motions
from twin.forecast.moved_by import MovedBy, moved_by, moves_with
from twin.organs.base import OrganSignal, Text
from twin.organs.change_words import because
from twin.record.codes import OWN_FINDING
from twin.record.fact import Absent, Fact
from twin.record.reference import Reference, reference
from twin.record.signal import signal
from twin.record.timeline import Timeline
from twin.scores.gather import newest

FAN_MONTHS = tuple(range(0, MONTHS + 1, 3))
TREND_WITHIN = timedelta(days=5 * 365.25)
TREND_AT_LEAST = timedelta(days=180)

_UNITS = {"1": "", "{score}": "", "mm[Hg]": "mmHg", "[hnsf'U]": "HU"}

NEVER = Text("Never measured: a first result would start the curve.", "尚未测量：首个结果将开始曲线。")
NONE_USED = Text("No value could be used: see the reasons at the points.", "没有可用的数值：原因见各数据点。")
TOO_OLD = Text("Not measured for more than ten years: a new result is needed.", "已超过十年未测量：需要新的结果。")


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One value as received. `used`: models compute on it; `weight` below 1: it lay beyond the gate.

    `change` is the verdict against the patient's own recent level, `judged` why; None for the first value.
    """

    fact_id: int
    observed_at: datetime
    known_at: datetime
    value: float | None
    received: Mapping[str, str | None]
    used: bool
    reason: str | None
    change: Verdict | None
    judged: Mapping[str, object] | None
    weight: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """Where a signal stands today: level and slope in the canonical unit, with the 80 % band of the level."""

    at: datetime
    level: float
    slope_per_year: float
    low80: float
    high80: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """The newest value against the oldest of the last five years by the same method; whether they really differ."""

    at_from: datetime
    at_to: datetime
    value_from: float
    value_to: float
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class SignalPanel:
    """What the panel of a signal shows. `forecast` is empty where there is no state; `missing` says what would help.

    `verdict` says of the newest value whether it is a real change, and why; `limit` by which source. `moved_by`: what
    has begun that the curve takes into account; `moves_with`: the other signals whose values it rests on too.
    `conflicts`: used values of one moment that contradict each other.
    """

    key: str
    label: Text
    unit: str
    scale: Literal["log", "linear"]
    reference: Reference
    points: tuple[Point, ...]
    conflicts: tuple[Conflict, ...]
    state: Level | Absent
    fitted: tuple[Mapping[str, date | float], ...]
    forecast: tuple[Mapping[str, date | float], ...]
    moved_by: tuple[MovedBy, ...]
    moves_with: tuple[str, ...]
    trend: Trend | None
    verdict: Text | None
    limit: str | None
    missing: str | None


def signal_panel(declared: OrganSignal, timeline: Timeline, course: Course) -> SignalPanel:
    """Return the panel of one signal at `as_of`."""
    motion = motions()[declared.key]
    measured = signal(declared.key)
    seen, here = course.seen, course.followed
    weights = {fact.id: weight for (fact, _), weight in zip(seen, course.weights, strict=True)}
    judged = _judged(timeline, motion)
    fitted = [
        _row(item.at, motion, state.level, *spread(motion, state))
        for (_, item), state in zip(seen, course.states, strict=True)
    ]
    if here is not None:
        fitted.append(_row(timeline.as_of, motion, here.state.level, *spread(motion, here.state)))
    return SignalPanel(
        key=declared.key,
        label=declared.label,
        unit=measured.unit,
        scale=motion.scale,
        reference=reference(declared.key, timeline),
        points=_points(timeline, motion, weights, judged),
        conflicts=conflicts(declared.key, timeline),
        state=_absent_state(timeline, seen) if here is None else _level(here, timeline.as_of),
        fitted=tuple(fitted),
        forecast=() if here is None else _fan(here, timeline.as_of),
        moved_by=() if here is None else moved_by(here, timeline),
        moves_with=() if here is None else moves_with(here),
        trend=_trend(motion, tuple(fact for fact, _ in seen), judged),
        verdict=_verdict(measured.unit, judged, tuple(fact for fact, _ in seen)),
        limit=_source(declared.key),
        missing=_missing(timeline, declared.key, seen),
    )


def _judged(timeline: Timeline, motion: Motion) -> Mapping[int, Judged]:
    """The verdict on each value, by fact; the first has none, nor has one that is refused.

    A CT measurement with a caution is used by no model, and judged against others that carry one.
    """
    key = motion.key
    limit = limits().get(key, Limit(key=key, form="stated"))
    facts = [fact for fact in timeline.about(key) if _is_judged(fact, refused(fact, timeline, motion))]
    mass = newest(timeline, "bmi", timeline.as_of) if limit.form == "calcium" else None
    body_mass = None if mass is None else mass.derived.value
    found = judge([reading(key, fact) for fact in facts], limit, body_mass)
    return {fact.id: one for fact, one in zip(facts, found, strict=True) if one is not None}


def _is_judged(fact: Fact, why: str | None) -> bool:
    is_cautioned = why == "not_final" and fact.coding.system == OWN_FINDING
    return fact.derived.value is not None and (why is None or is_cautioned)


def _verdict(unit: str, judged: Mapping[int, Judged], facts: tuple[Fact, ...]) -> Text | None:
    latest = judged.get(facts[-1].id) if facts else None
    return None if latest is None else because(told(latest), _UNITS.get(unit, unit))


def _source(key: str) -> str | None:
    limit = limits().get(key)
    if limit is None:
        return None
    return limit.source if limit.is_verified else f"{limit.source} (not verified)"


def _points(
    timeline: Timeline, motion: Motion, weights: Mapping[int, float], judged: Mapping[int, Judged]
) -> tuple[Point, ...]:
    points = []
    for fact in timeline.about(motion.key):
        why = refused(fact, timeline, motion)
        value = fact.derived.value
        here = judged.get(fact.id)
        points.append(
            Point(
                fact_id=fact.id,
                observed_at=fact.observed_at,
                known_at=fact.known_at,
                value=value,
                received={"value": fact.value, "unit": fact.unit, "comparator": fact.comparator},
                used=why is None,
                reason=why,
                change=None if here is None else here.verdict,
                judged=None if here is None else told(here),
                weight=weights.get(fact.id),
            )
        )
    return tuple(points)


def _level(here: Followed, at: datetime) -> Level:
    low, high = spread(here.motion, here.state)
    level = here.motion.canonical(here.state.level)
    slope = (here.state.slope + here.state.trend) * (level if here.motion.scale == "log" else 1.0)
    return Level(at=at, level=level, slope_per_year=slope, low80=low, high80=high)


def _absent_state(timeline: Timeline, seen: Seen) -> Absent:
    if timeline.died_at is not None:
        return Absent(reason="died")
    return Absent(reason="stale_input" if seen else "missing_input")


def _fan(here: Followed, start: datetime) -> tuple[Mapping[str, date | float], ...]:
    fans = fan(here.motion, here.state, np.array(FAN_MONTHS) * MONTH_YEARS)
    return tuple(
        {"at": (start + months * MONTH).date(), **quantiles} for months, quantiles in zip(FAN_MONTHS, fans, strict=True)
    )


def _row(at: datetime, motion: Motion, level: float, low: float, high: float) -> Mapping[str, date | float]:
    return {"at": at, "median": motion.canonical(level), "q10": low, "q90": high}


def _trend(motion: Motion, facts: tuple[Fact, ...], judged: Mapping[int, Judged]) -> Trend | None:
    """From the first to the last value of some years made by one method, without those that stand alone."""
    if not facts:
        return None
    method = reading(motion.key, facts[-1]).method
    same = [fact for fact in facts if reading(motion.key, fact).method == method]
    verdicts = [None if (one := judged.get(fact.id)) is None else one.verdict for fact in same]
    recent = [
        fact
        for fact, is_odd in zip(same, odd(verdicts), strict=True)
        if facts[-1].observed_at - fact.observed_at <= TREND_WITHIN and not is_odd
    ]
    if recent[-1].observed_at - recent[0].observed_at < TREND_AT_LEAST:
        return None
    values = [fact.derived.value or 0.0 for fact in recent]
    return Trend(
        at_from=recent[0].observed_at,
        at_to=recent[-1].observed_at,
        value_from=values[0],
        value_to=values[-1],
        verdict=verdict_of_course(values, _sd(motion, values[0]), _sd(motion, values[-1])),
    )


def _sd(motion: Motion, value: float) -> float:
    """The standard deviation of one value's noise, canonical unit."""
    return sqrt(motion.noise(value)) * (value if motion.scale == "log" else 1.0)


def _missing(timeline: Timeline, key: str, seen: Seen) -> str | None:
    if not seen:
        return (NONE_USED if timeline.about(key) else NEVER).en
    return TOO_OLD.en if timeline.as_of - seen[-1][1].at > FOLLOWED_FOR else None
