"""What has begun that moves a signal: treatments and diagnoses with a published effect (`data/effects.csv`).

A treatment moves the level from the day after its start, a diagnosis what is expected a year; by the published mean,
with the scatter between patients, so that the next readings soon outweigh it. Only in adults, and only where the level
is one that the trials treated: a list of medicines often tells when a medicine was written down, not when it began.
An end moves nothing: records lose prescriptions more often than patients stop.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from math import inf, log
from typing import Literal

from twin.forecast.dynamics import Entry
from twin.forecast.group import Group
from twin.forecast.kernels import LEVEL, RAMP, STEP
from twin.forecast.motion import motion, rows
from twin.record.holding import holding
from twin.record.timeline import Timeline

RENEWED_WITHIN = timedelta(days=180)
"""House value: a prescription that follows another of its kind so soon goes on with it."""
FROM_THE_NEXT_DAY = timedelta(days=1)
"""House value: the reading of the day on which a treatment starts is before it."""
_NEVER = datetime.max.replace(tzinfo=UTC)
ADULT = 18.0
"""Years from which the trials and cohorts behind the effects took people."""
TAKES_THE_PLACE = "|"
"""Between causes in the table: who changes from one to the other has begun nothing."""
OTHER_KIDNEYS = ("dialysis", "kidney_transplant")
"""With these creatinine follows other laws: nothing is expected of it with age or diagnoses."""
OF_KIDNEYS = "creatinine"
_KINDS = {"step": STEP, "ramp": RAMP, "level": LEVEL}


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What causes do to a signal: `value`, `sd` on the working scale (a year, of a ramp); `mean` as published.

    `least`: the working-scale level below which nothing is expected.
    """

    causes: tuple[str, ...]
    signal: str
    kind: int
    form: Literal["ratio", "difference"]
    mean: float
    value: float
    sd: float
    least: float
    source: str
    status: Literal["verified", "derived"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Acting:
    """An effect on one patient: since when, by which of its causes and which fact."""

    effect: Effect
    cause: str
    since: datetime
    fact_id: int


@cache
def effects() -> Mapping[str, tuple[Effect, ...]]:
    """Every published effect, by the signal it moves."""
    found: dict[str, list[Effect]] = {}
    for row in rows("effects.csv"):
        found.setdefault(row["signal"], []).append(effect_of(row, f"effects.csv: {row['cause']} on {row['signal']}"))
    return {key: tuple(each) for key, each in found.items()}


def acting(timeline: Timeline, key: str) -> tuple[Acting, ...]:
    """Return what has begun that may move a signal, as far as it acts at `as_of`, oldest first."""
    found = (one for effect in effects().get(key, ()) for one in _begun(timeline, effect))
    there = [one for one in found if one.since + FROM_THE_NEXT_DAY <= timeline.as_of]
    return tuple(sorted(there, key=lambda each: (each.since, each.cause)))


def moves_at(one: Acting, first: datetime) -> datetime | None:
    """Return from when what has begun moves a signal whose first reading was at `first`, None where it does not.

    A step before it is in that reading already. A trend that was there before counts from there on.
    """
    begins = one.since + FROM_THE_NEXT_DAY
    if one.effect.kind == RAMP:
        return max(begins, first)
    return begins if begins > first else None


def begun(timeline: Timeline, group: Group, firsts: Mapping[str, datetime]) -> Iterator[Entry]:
    """Yield what the group takes in of what has begun up to `as_of`; `firsts`: the first reading of each signal."""
    for place, each in enumerate(group.motions):
        for one in acting(timeline, each.key) if each.key in firsts else ():
            at = moves_at(one, firsts[each.key])
            if at is not None:
                effect = one.effect
                yield Entry(
                    at=at, place=place, kind=effect.kind, value=effect.value, variance=effect.sd**2, least=effect.least
                )


def changes(timeline: Timeline, keys: Iterable[str]) -> Iterator[datetime]:
    """Yield the moments from which these signals are expected elsewhere; a start of today acts tomorrow."""
    for key in keys:
        for effect in effects().get(key, ()):
            for one in _begun(timeline, effect):
                yield one.since + FROM_THE_NEXT_DAY


def _begun(timeline: Timeline, effect: Effect) -> Iterator[Acting]:
    """The starts of an effect in an adult, renewals and changes to a cause in its place left out; a diagnosis once.

    Prescriptions side by side last until the later end. One that is open is taken to go on, until a later one ends.
    """
    if effect.kind == RAMP and is_replaced(timeline, (effect.signal,)):
        return
    facts = sorted(
        ((fact, cause) for cause in effect.causes for fact in timeline.series(cause)),
        key=lambda each: (each[0].observed_at, each[0].id),
    )
    over = ended = datetime.min.replace(tzinfo=UTC)  # when what was there last was over; the latest end written down
    for fact, cause in facts:
        if fact.observed_at > timeline.as_of or (fact.ended_at is not None and fact.ended_at <= fact.observed_at):
            continue
        if fact.observed_at > over and is_adult(timeline, fact.observed_at):
            yield Acting(effect=effect, cause=cause, since=fact.observed_at, fact_id=fact.id)
        if fact.kind != "medication" or fact.ended_at is None:
            over = _NEVER
        else:
            over = ended = max(ended, fact.ended_at + RENEWED_WITHIN)


def is_replaced(timeline: Timeline, keys: Iterable[str]) -> bool:
    """Return True where these signals tell of kidneys that are not the patient's own any more."""
    return OF_KIDNEYS in keys and any(holding(timeline, concept, timeline.as_of) for concept in OTHER_KIDNEYS)


def is_adult(timeline: Timeline, at: datetime) -> bool:
    """Return False where somebody was known to be a child."""
    age = timeline.age(at)
    return not isinstance(age, float) or age >= ADULT


def effect_of(row: Mapping[str, str], named: str) -> Effect:
    """Return the effect that a row of a table states; without `from`, none is too low for it.

    Raises:
        ValueError: the row, which `named` tells, states what can't be.
    """
    scale, mean = motion(row["signal"]).scale, float(row["mean"])
    if (row["form"] == "ratio") != (scale == "log"):
        raise ValueError(f"{named}: a ratio is for the log scale only")
    value = log(mean) if scale == "log" else mean
    kind, status = _KINDS[row["kind"]], row["status"]
    if status not in ("verified", "derived"):
        raise ValueError(f"{named}: no status is called {status!r}")
    least = motion(row["signal"]).working(float(row["from"])) if row.get("from") else -inf
    if least is None:
        raise ValueError(f"{named}: no level is {row['from']}")
    return Effect(
        causes=tuple(row["cause"].split(TAKES_THE_PLACE)),
        signal=row["signal"],
        kind=kind,
        form="ratio" if scale == "log" else "difference",
        mean=mean,
        value=value,
        sd=float(row["sd"]) if row["sd"] else abs(value) / 2,  # house value where no scatter is published
        least=least,
        source=row["source"],
        status="verified" if status == "verified" else "derived",
    )
