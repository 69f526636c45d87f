"""What has begun that moves a signal: treatments and diagnoses with a published effect (`data/effects.csv`).

A treatment moves the level from the day after its start, and back after its end; a diagnosis changes what is expected
a year. Both by the published mean, with the scatter between patients, so that the next readings soon outweigh it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import log
from typing import Literal

from twin.forecast.dynamics import Entry
from twin.forecast.group import Group
from twin.forecast.kernels import RAMP, STEP
from twin.forecast.motion import motion, rows
from twin.record.fact import Fact
from twin.record.timeline import Timeline

RENEWED_WITHIN = timedelta(days=180)
"""House value: a prescription that follows another of its kind so soon goes on with it."""
FROM_THE_NEXT_DAY = timedelta(days=1)
"""House value: the reading of the day on which a treatment starts is before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What a cause does to a signal: `value`, `sd` on the working scale (a year, of a ramp); `mean` as published."""

    cause: str
    signal: str
    kind: int
    form: Literal["ratio", "difference"]
    mean: float
    value: float
    sd: float
    source: str
    status: Literal["verified", "derived", "unverified"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """An effect on one patient: from when, until when (None: still), and by which fact."""

    effect: Effect
    since: datetime
    until: datetime | None
    fact_id: int


@cache
def effects() -> Mapping[str, tuple[Effect, ...]]:
    """Every published effect, by the signal it moves."""
    found: dict[str, list[Effect]] = {}
    for row in rows("effects.csv"):
        found.setdefault(row["signal"], []).append(_effect(row))
    return {key: tuple(each) for key, each in found.items()}


def causes_of(keys: Iterable[str]) -> frozenset[str]:
    """Return the concepts that move any of these signals."""
    return frozenset(effect.cause for key in keys for effect in effects().get(key, ()))


def acting(timeline: Timeline, key: str) -> tuple[Acting, ...]:
    """Return what has begun that moves a signal, as far as it acts at `as_of`, oldest first."""
    found = [
        Acting(effect=effect, since=since, until=until, fact_id=fact.id)
        for effect in effects().get(key, ())
        for since, until, fact in _spans(timeline, effect)
        if since + FROM_THE_NEXT_DAY <= timeline.as_of
    ]
    return tuple(sorted(found, key=lambda each: (each.since, each.effect.cause)))


def moves(one: Acting, first: datetime, as_of: datetime) -> tuple[tuple[datetime, float], ...]:
    """Return when what has begun moves a signal up to `as_of`, and by how much; `first`: its first reading.

    A step before it is in that reading already. A trend that was there before counts from there on.
    """
    value, begins = one.effect.value, one.since + FROM_THE_NEXT_DAY
    if one.effect.kind == RAMP:
        return ((max(begins, first), value),)
    ends = as_of + FROM_THE_NEXT_DAY if one.until is None else one.until + FROM_THE_NEXT_DAY
    return tuple((at, by) for at, by in ((begins, value), (ends, -value)) if first < at <= as_of)


def begun(timeline: Timeline, group: Group, first: datetime) -> Iterator[Entry]:
    """Yield what the group takes in of starts and ends up to `as_of`; `first`: its first reading."""
    for place, each in enumerate(group.motions):
        for one in acting(timeline, each.key):
            for at, value in moves(one, first, timeline.as_of):
                yield Entry(at=at, place=place, kind=one.effect.kind, value=value, variance=one.effect.sd**2)


def changes(timeline: Timeline, keys: Iterable[str]) -> Iterator[datetime]:
    """Yield the moments from which these signals are expected elsewhere; a start of today acts tomorrow."""
    for key in keys:
        for effect in effects().get(key, ()):
            for since, until, _ in _spans(timeline, effect):
                yield since + FROM_THE_NEXT_DAY
                if until is not None:
                    yield until + FROM_THE_NEXT_DAY


def _spans(timeline: Timeline, effect: Effect) -> list[tuple[datetime, datetime | None, Fact]]:
    """From when until when the cause was there, renewals as one; a diagnosis stays."""
    spans: list[tuple[datetime, datetime | None, Fact]] = []
    for fact in timeline.series(effect.cause):
        if fact.observed_at > timeline.as_of:
            continue
        ends = fact.ended_at if fact.kind == "medication" else None
        if ends is not None and ends <= fact.observed_at:
            continue
        if spans and (spans[-1][1] is None or fact.observed_at <= spans[-1][1] + RENEWED_WITHIN):
            since, until, first = spans[-1]
            spans[-1] = (since, None if until is None or ends is None else max(until, ends), first)
        else:
            spans.append((fact.observed_at, ends, fact))
    return spans


def _effect(row: Mapping[str, str]) -> Effect:
    moves, mean = motion(row["signal"]), float(row["mean"])
    is_log = moves.scale == "log"
    if (row["form"] == "ratio") != is_log:
        raise ValueError(f"effects.csv: {row['cause']} on {row['signal']}: a ratio is for the log scale only")
    value = log(mean) if is_log else mean
    kind, status = {"step": STEP, "ramp": RAMP}[row["kind"]], row["status"]
    if status not in ("verified", "derived", "unverified"):
        raise ValueError(f"effects.csv: {row['cause']} on {row['signal']}: no status is called {status!r}")
    return Effect(
        cause=row["cause"],
        signal=row["signal"],
        kind=kind,
        form="ratio" if is_log else "difference",
        mean=mean,
        value=value,
        sd=float(row["sd"]) if row["sd"] else abs(value) / 2,  # house value where no scatter is published
        source=row["source"],
        status=status,  # type: ignore[arg-type]  # checked above
    )
