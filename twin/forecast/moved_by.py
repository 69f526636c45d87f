"""What a signal's curve expects besides its own values: age, genes, treatments, diagnoses, and what it moves with."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import exp
from typing import Literal

from twin.forecast.dynamics import Entry, follow, predictive
from twin.forecast.futures import Followed, Held
from twin.forecast.genes import People, inborn
from twin.forecast.kernels import RAMP, READING, STEP
from twin.forecast.motion import ageing_source
from twin.forecast.starts import acting, moves_at
from twin.record.timeline import Timeline

A_YEAR = timedelta(days=365.25)


@dataclass(frozen=True, kw_only=True, slots=True)
class InAYear:
    """The median of the forecast a year from now, canonical unit: as it is, and as it would be without one gene."""

    median: float
    without: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MovedBy:
    """What a curve takes into account by a published effect: a ratio or a difference, once or a year.

    Age and genes have no beginning. `signal`: the one that is moved. `is_unread`: there is no reading since. Of a gene
    alone: `people`, whom most of those studied descend from, and the forecast with and without it.
    """

    cause: str
    signal: str
    since: datetime | None
    fact_id: int | None
    per: Literal["once", "year"]
    form: Literal["ratio", "difference"]
    mean: float
    is_unread: bool
    source: str
    status: Literal["verified", "derived"]
    people: People | None = None
    in_a_year: InAYear | None = None


def moved_by(here: Followed, timeline: Timeline) -> tuple[MovedBy, ...]:
    """Return what acts on the curve; a treatment from before the first reading is in that reading already."""
    return (*_ageing(here), *_inborn(here, timeline), *_begun(here, timeline))


def moves_with(here: Followed) -> tuple[str, ...]:
    """Return the signals it is linked with of which there is a reading."""
    read = {each.place for each in here.held.entries if each.kind == READING}
    return tuple(each.key for place, each in enumerate(here.held.group.motions) if place in read - {here.place})


def _begun(here: Followed, timeline: Timeline) -> Iterator[MovedBy]:
    """What has begun and acted."""
    first, acted = _firsts(here.held)[here.motion.key], _acted(here)
    for each in acting(timeline, here.motion.key):
        effect, at = each.effect, moves_at(each, first)
        if at is not None and at in acted:
            yield MovedBy(
                cause=each.cause,
                signal=effect.signal,
                since=each.since,
                fact_id=each.fact_id,
                per="year" if effect.kind == RAMP else "once",
                form=effect.form,
                mean=effect.mean,
                is_unread=effect.kind != RAMP and at > here.newest,
                source=effect.source,
                status=effect.status,
            )


def _inborn(here: Followed, timeline: Timeline) -> Iterator[MovedBy]:
    """The genotypes that move this signal; one that moves only what it is linked with stands there."""
    found = tuple(inborn(timeline, here.held.group, _firsts(here.held)))
    for each, entry in found:
        if entry.place == here.place:
            effect = each.gene.effect
            of_it = {other for one, other in found if one.gene.cause == each.gene.cause}
            yield MovedBy(
                cause=each.gene.cause,
                signal=effect.signal,
                since=None,
                fact_id=each.fact_id,
                per="year" if effect.kind == RAMP else "once",
                form=effect.form,
                mean=effect.mean,
                is_unread=False,
                source=effect.source,
                status=effect.status,
                people=each.gene.people,
                in_a_year=InAYear(median=_median(here), without=_median(_without(here, of_it))),
            )


def _firsts(held: Held) -> dict[str, datetime]:
    """The first reading of each signal."""
    firsts: dict[str, datetime] = {}
    for each in held.entries:
        if each.kind == READING:
            firsts.setdefault(held.group.motions[each.place].key, each.at)
    return firsts


def _without(here: Followed, left_out: set[Entry]) -> Followed:
    """The same signal followed again with some entries left out."""
    held = here.held
    entries = tuple(each for each in held.entries if each not in left_out)
    last = follow(held.group, entries, held.ageing).last
    return Held.until(held.now.at, held.group, entries, last, held.ageing).follow(here.place, here.newest)


def _median(here: Followed) -> float:
    ahead = predictive(here.motion, here.state, here.state.at + A_YEAR)
    return here.motion.canonical(ahead.mean)


def _acted(here: Followed) -> set[datetime]:
    """When something that began moved this signal; nothing does where the level stands too low for its effect."""
    entries = here.held.entries
    if not any(each.kind != READING and each.place == here.place for each in entries):
        return set()
    weights = follow(here.held.group, entries, here.held.ageing).weights
    own = ((each, weight) for each, weight in zip(entries, weights, strict=True) if each.place == here.place)
    return {each.at for each, weight in own if each.kind in (STEP, RAMP) and weight > 0}


def _ageing(here: Followed) -> tuple[MovedBy, ...]:
    motion, ageing = here.motion, here.held.ageing
    source = ageing_source(motion.key)
    if source is None or ageing is None:
        return ()
    grows, is_log = motion.trend(ageing), motion.scale == "log"
    return (
        MovedBy(
            cause="age",
            signal=motion.key,
            since=None,
            fact_id=None,
            per="year",
            form="ratio" if is_log else "difference",
            mean=exp(grows) if is_log else grows,
            is_unread=False,
            source=source.text,
            status=source.status,
        ),
    )
